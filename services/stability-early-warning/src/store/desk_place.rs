//! How far the desk of a level has come on its stream: what is shown has been received.

use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Place;
use huiyin_service_kit::road::streams;
use sqlx::PgConnection;

/// The place of the level's desk; the beginning before its first event.
pub(crate) async fn of(connection: &mut PgConnection, level: Level) -> Result<Place, sqlx::Error> {
    let place = sqlx::query_as!(
        Place,
        "SELECT epoch, seq FROM cursor WHERE consumer = $1 AND stream = $2",
        ServiceName::StabilityEarlyWarning.as_str(),
        streams::alerts(level),
    )
    .fetch_optional(connection)
    .await?;
    Ok(place.unwrap_or(Place { epoch: 1, seq: 0 }))
}
