//! Open clocks are computed anew after a change of the calendar, some matters at a time, so that nobody waits long.

use huiyin_domain::ids::{BatchId, MatterId};
use huiyin_proto::events::v1::DeadlinesReprojected;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer::{self, Sweep};

use crate::follow::follow_calendars;
use crate::store::{clock, register_line, reprojection};

/// Kind of the timers: one a batch that is not finished.
pub(crate) const TIMER: &str = "reprojection";
/// Matters of one transaction.
const MATTERS: i64 = 1000;

/// Goes on with the batches that are not finished.
pub(crate) fn reprojection(almanac: Almanac) -> Sweep {
    Sweep::of(TIMER, move |tx, due| {
        let almanac = almanac.clone();
        Box::pin(async move {
            for due in due {
                go_on(tx, &almanac, BatchId::from_uuid(due.reference)).await?;
            }
            Ok(())
        })
    })
}

async fn go_on(tx: &mut Tx, almanac: &Almanac, id: BatchId) -> Result<(), Problem> {
    let Some(batch) = reprojection::read(tx.connection(), id).await? else {
        return Ok(());
    };
    reprojection::share(tx.connection()).await?;
    let calendars = almanac.current(tx.connection()).await?;
    let matters = clock::running(tx.connection(), batch.after_matter, MATTERS).await?;
    let lines = register_line::lock_all(tx.connection(), &matters).await?;
    let anew = follow_calendars(tx, &calendars, &lines).await?;
    reprojection::insert_moved(tx.connection(), id, &anew.moved).await?;
    let now = tx.now();
    let finished = (i64::try_from(matters.len()).unwrap_or(i64::MAX) < MATTERS).then_some(now);
    let last = matters.last().copied().map(MatterId::from_uuid);
    reprojection::advance(tx.connection(), id, &anew, (last, finished)).await?;
    if finished.is_none() {
        timer::arm(tx.connection(), TIMER, id.uuid(), now).await?;
        return Ok(());
    }
    let moved = batch.moved + u64::try_from(anew.moved.len()).unwrap_or(u64::MAX);
    tx.tell(Told::DeadlinesReprojected(DeadlinesReprojected {
        batch_id: id.to_string(),
        calendar_version: batch.calendar_version,
        open_clocks: batch.open_clocks + anew.running,
        moved,
        confirmed: batch.confirmed + anew.confirmed,
    }));
    Ok(())
}
