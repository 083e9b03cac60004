//! The one statement of a registration; its text is `register.sql`.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::road::outbox::Outgoing;
use sqlx::PgPool;

use crate::raised::Raised;
use crate::screening::Repeat;

/// Everything a registration writes, computed before.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Who asked, under which request id.
    pub(crate) asked: &'a Asked,
    /// The encoded receipt, given again to whoever asks again.
    pub(crate) response: &'a [u8],
    /// Id of the matter.
    pub(crate) id: MatterId,
    /// Its number.
    pub(crate) number: &'a str,
    /// When it is registered.
    pub(crate) now: Instant,
    /// What was raised.
    pub(crate) raised: &'a Raised,
    /// What it repeats.
    pub(crate) repeat: Option<&'a Repeat>,
    /// Hash of the query code.
    pub(crate) code_hash: &'a [u8],
    /// Hash of the petitioner and the matter; none when the petitioner gave nothing.
    pub(crate) screening_hash: Option<&'a [u8]>,
    /// What is told.
    pub(crate) told: &'a Outgoing,
}

/// Writes a registration in one round trip; false when the request id was used before, and then
/// nothing is written.
pub(crate) async fn register(pool: &PgPool, entry: Entry<'_>) -> Result<bool, sqlx::Error> {
    let Entry {
        asked,
        raised,
        repeat,
        told,
        ..
    } = entry;
    let petition = &raised.petition;
    sqlx::query_file_scalar!(
        "src/store/register.sql",
        asked.caller,
        asked.request_id,
        &asked.body_hash[..],
        entry.response,
        entry.id.uuid(),
        entry.number,
        raised.channel.as_str(),
        raised.category.as_str(),
        raised.subject.code,
        raised.place.as_str(),
        i32::try_from(raised.persons).unwrap_or(i32::MAX),
        raised.office.id.uuid(),
        raised.received_at,
        entry.now,
        raised.agent,
        raised.about.map(OrganId::uuid),
        repeat.map(|repeat| repeat.matter.uuid()),
        repeat.map(|repeat| repeat.reason.as_str()),
        petition.name,
        petition.address,
        petition.phone,
        petition.id_number,
        petition.main_request,
        petition.facts,
        &petition.representatives,
        entry.code_hash,
        entry.screening_hash,
        told.stream,
        told.event_id,
        told.payload.as_slice(),
    )
    .fetch_one(pool)
    .await
}

/// Whether the same matter was registered as an initial one at the same moment.
pub(crate) fn met_its_repeat(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::constraint)
        == Some("petition_initial_once")
}
