//! Step 5 of the delivery protocol: what reaches a desk, resumable from a cursor. Only what the desk of
//! the level has received is shown.

mod cursor;
pub(crate) mod notice;

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use huiyin_domain::ids::OrganId;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::stability_early_warning::v1::{WatchAlertsRequest, WatchAlertsResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::road::consumer::Place;
use huiyin_service_kit::road::sequencer::Sequenced;
use huiyin_service_kit::road::{feed, streams};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tokio::sync::watch;
use tonic::Status;

use crate::service::Service;
use crate::store::desk_place;
use crate::wire;

/// Entries read at once.
const RUN: i64 = 200;
/// The longest pause between two looks: another process may have received for this desk.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Whose notices are wanted.
#[derive(Clone, Copy, Debug)]
struct Desk {
    level: Level,
    organ: Option<OrganId>,
}

/// A watcher and how far it has seen.
struct Watching {
    service: Service,
    desk: Desk,
    seen: Place,
    ready: VecDeque<WatchAlertsResponse>,
    bell: watch::Receiver<u64>,
}

/// Begins to watch.
///
/// # Errors
/// When the organ is not known, or the cursor is not of this stream.
pub(crate) async fn answer(
    service: &Service,
    message: WatchAlertsRequest,
) -> Result<BoxStream<'static, Result<WatchAlertsResponse, Status>>, Problem> {
    let desk = desk(service, &message).await?;
    match desk.organ {
        Some(organ) => permit(About::Organ(organ)).await?,
        // every desk of a level is shown to nobody; a service that asks itself may
        None => permit(About::House).await?,
    }
    // Heard before the place is read: what comes in between rings again.
    let bell = service.bells.hear(desk.level);
    let mut connection = service.desk.database.reading().await?;
    let received = desk_place::of(&mut connection, desk.level).await?;
    let seen = match message.cursor.as_str() {
        "" if message.from_beginning => Place { epoch: 1, seq: 0 },
        "" => received,
        given => cursor::place(service, (desk.level, desk.organ), given, received).await?,
    };
    let watching = Watching {
        service: service.clone(),
        desk,
        seen,
        ready: VecDeque::new(),
        bell,
    };
    let notices = futures::stream::unfold(Some(watching), |watching| async move {
        let mut watching = watching?;
        match watching.next().await {
            Ok(Some(notice)) => Some((Ok(notice), Some(watching))),
            Ok(None) => None,
            Err(problem) => Some((Err(problem.into()), None)),
        }
    });
    Ok(notices.boxed())
}

async fn desk(service: &Service, message: &WatchAlertsRequest) -> Result<Desk, Problem> {
    let mut violations = Violations::default();
    let organ: Option<OrganId> = match message.organ_id.as_str() {
        "" => None,
        given => violations.id("organ_id", given),
    };
    let level = match message.level {
        0 if !message.organ_id.is_empty() => None,
        given => wire::level(&mut violations, "level", given),
    };
    violations.finish()?;
    let standing = match organ {
        None => None,
        Some(organ) => Some(standing(service, organ).await?),
    };
    let mut violations = Violations::default();
    if let (Some(level), Some(standing)) = (level, standing) {
        violations.check(
            "level",
            level == standing,
            format!("is not the organ's; it stands at level {standing}"),
        );
    }
    let level = violations.finish_with(standing.or(level))?;
    Ok(Desk { level, organ })
}

async fn standing(service: &Service, organ: OrganId) -> Result<Level, Problem> {
    let mut connection = service.desk.database.reading().await?;
    let directory = service.offices.current(&mut connection).await?;
    let known = directory.get(organ).map(|organ| organ.level);
    known.ok_or_else(|| Problem::NotFound {
        what: "organ",
        id: organ.to_string(),
    })
}

impl Watching {
    /// The next notice; `None` when the service stops.
    async fn next(&mut self) -> Result<Option<WatchAlertsResponse>, Problem> {
        let stopper = self.service.desk.stopper.clone();
        loop {
            if let Some(notice) = self.ready.pop_front() {
                return Ok(Some(notice));
            }
            if stopper.is_stopping() {
                return Ok(None);
            }
            self.bell.mark_unchanged();
            if self.read().await? {
                continue;
            }
            tokio::select! {
                _ = self.bell.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = stopper.stopping() => return Ok(None),
            }
        }
    }

    /// Reads on, up to what the desk has received; false when there is nothing new.
    async fn read(&mut self) -> Result<bool, Problem> {
        let pool = self.service.desk.database.pool();
        let received = desk_place::of(&mut *pool.acquire().await?, self.desk.level).await?;
        if self.seen == received {
            return Ok(false);
        }
        let stream = streams::alerts(self.desk.level);
        let (mut run, _) =
            feed::read_after(pool, &stream, (self.seen.epoch, self.seen.seq), RUN).await?;
        run.retain(|entry| (entry.epoch, entry.seq) <= (received.epoch, received.seq));
        let Some(last) = run.last().map(|last| Place {
            epoch: last.epoch,
            seq: last.seq,
        }) else {
            return Ok(false);
        };
        self.ready = self.notices(&run).await?;
        self.seen = last;
        Ok(true)
    }

    async fn notices(&self, run: &[Sequenced]) -> Result<VecDeque<WatchAlertsResponse>, Problem> {
        let mut notices = Vec::with_capacity(run.len());
        for entry in run {
            notices.extend(notice::of(entry)?);
        }
        let mut connection = self.service.desk.database.reading().await?;
        if let Some(organ) = self.desk.organ {
            notices = notice::of_organ(&mut connection, notices, organ).await?;
        }
        notice::place(&mut connection, &mut notices, self.desk.organ).await?;
        Ok(notices.into())
    }
}
