//! The one statement of registrations; its text is `register.sql`.

use std::collections::HashSet;
use std::sync::Arc;

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::road::outbox::Outgoing;
use sqlx::PgPool;
use uuid::Uuid;

use crate::raised::Raised;
use crate::screening::Repeat;
use crate::vault::Sealed;

/// Everything a registration writes, computed before.
pub(crate) struct Entry {
    /// Who asked, under which request id.
    pub(crate) asked: Asked,
    /// The encoded receipt without the query code, given again to whoever asks again.
    pub(crate) response: Vec<u8>,
    /// Id of the matter.
    pub(crate) id: MatterId,
    /// Its number.
    pub(crate) number: String,
    /// When it is registered.
    pub(crate) now: Instant,
    /// What was raised.
    pub(crate) raised: Arc<Raised>,
    /// What it repeats.
    pub(crate) repeat: Option<Repeat>,
    /// The petition, sealed.
    pub(crate) sealed: Sealed,
    /// Hash of the petitioner and the matter; none when the petitioner gave nothing.
    pub(crate) screening_hash: Option<Vec<u8>>,
    /// What is told.
    pub(crate) told: Outgoing,
}

/// Writes registrations in one round trip, all or none, and gives the ids of those written: a
/// registration whose request id was used before, also by another one of the same call, is left out.
///
/// # Errors
/// What the database says; then nothing is written.
pub(crate) async fn register(
    pool: &PgPool,
    entries: &[Entry],
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let each = Column(entries);
    let written = sqlx::query_file_scalar!(
        "src/store/register.sql",
        &each.of(|entry| entry.asked.caller.clone()),
        &each.of(|entry| entry.asked.request_id.clone()),
        &each.of(|entry| entry.asked.body_hash.to_vec()),
        &each.of(|entry| entry.response.clone()),
        &each.of(|entry| entry.id.uuid()),
        &each.of(|entry| entry.number.clone()),
        &each.of(|entry| entry.raised.channel.as_str().to_owned()),
        &each.of(|entry| entry.raised.category.as_str().to_owned()),
        &each.of(|entry| entry.raised.subject.code.to_string()),
        &each.of(|entry| entry.raised.place.to_string()),
        &each.of(|entry| i32::try_from(entry.raised.persons).unwrap_or(i32::MAX)),
        &each.of(|entry| entry.raised.office.organ.uuid()),
        &each.of(|entry| entry.raised.received_at),
        &each.of(|entry| entry.now),
        &each.of(|entry| entry.raised.agent),
        &each.of(|entry| entry.raised.about.map(OrganId::uuid)) as &[Option<Uuid>],
        &each.of(|entry| entry.repeat.as_ref().map(|repeat| repeat.matter.uuid()))
            as &[Option<Uuid>],
        &each.of(|entry| entry.repeat.as_ref().map(|repeat| repeat.reason.clone()))
            as &[Option<String>],
        &each.of(|entry| entry.sealed.leaf),
        &each.of(|entry| entry.sealed.epoch),
        &each.of(|entry| entry.sealed.wrapped_key.clone()),
        &each.of(|entry| entry.sealed.body.clone()),
        &each.of(|entry| entry.screening_hash.clone()) as &[Option<Vec<u8>>],
        &each.of(|entry| entry.told.stream.clone()),
        &each.of(|entry| entry.told.event_id),
        &each.of(|entry| entry.told.payload.clone()),
    )
    .fetch_all(pool)
    .await?;
    Ok(written.into_iter().collect())
}

/// Entries seen as columns, as the statement takes them.
struct Column<'a>(&'a [Entry]);

impl Column<'_> {
    fn of<T>(&self, part: impl Fn(&Entry) -> T) -> Vec<T> {
        self.0.iter().map(part).collect()
    }
}

/// Whether the same matter was registered as an initial one at the same moment.
pub(crate) fn met_its_repeat(error: &sqlx::Error) -> bool {
    constraint(error) == Some("petition_initial_once")
}

/// Whether another matter has the number.
pub(crate) fn number_is_given(error: &sqlx::Error) -> bool {
    constraint(error) == Some("matter_number_once")
}

fn constraint(error: &sqlx::Error) -> Option<&str> {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::constraint)
}
