//! The cursor of a watcher: the id of the last notice it was shown. A place in the stream would tell how much went by on it that
//! was not for this watcher. Callers only give it back.

use huiyin_domain::ids::{EventId, OrganId};
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::road::consumer::Place;
use huiyin_service_kit::road::{feed, streams};
use huiyin_service_kit::status::Problem;

use super::notice;
use crate::service::Service;

/// The place of the notice of a cursor that was given to a watcher of this stream, which has received up to `received`.
pub(super) async fn place(
    service: &Service,
    (level, organ): (Level, Option<OrganId>),
    given: &str,
    received: Place,
) -> Result<Place, Problem> {
    let event: EventId = given.parse().map_err(|_| wrong())?;
    let stream = streams::alerts(level);
    let pool = service.desk.database.pool();
    let entry = feed::find(pool, &stream, event).await?.ok_or_else(wrong)?;
    let place = Place {
        epoch: entry.epoch,
        seq: entry.seq,
    };
    let mut shown: Vec<_> = notice::of(&entry)?.into_iter().collect();
    if let Some(organ) = organ {
        let mut connection = service.desk.database.reading().await?;
        shown = notice::of_organ(&mut connection, shown, organ).await?;
    }
    if shown.is_empty() || (place.epoch, place.seq) > (received.epoch, received.seq) {
        return Err(wrong());
    }
    Ok(place)
}

fn wrong() -> Problem {
    Problem::WrongCursor {
        words: "the cursor was not given by this stream; begin anew without a cursor or from the beginning"
            .to_owned(),
    }
}
