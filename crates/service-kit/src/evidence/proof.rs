//! Proofs out of what is stored.

use sqlx::PgConnection;
use uuid::Uuid;

use super::digest::Digest;
use super::entry::Place;
use super::head::{LogName, SignedHead};
use super::receipt::Receipt;
use super::store::heads::LogState;
use super::store::{entries, heads};
use super::tree::{consistency, inclusion};
use crate::status::Problem;

/// The newest head of a log.
///
/// # Errors
/// [`Problem::Unavailable`] until the log begins.
pub async fn newest(connection: &mut PgConnection, log: LogName) -> Result<SignedHead, Problem> {
    Ok(state(connection, log).await?.signed)
}

async fn state(connection: &mut PgConnection, log: LogName) -> Result<LogState, Problem> {
    let state = heads::find(connection, log).await?;
    state.ok_or_else(|| Problem::Unavailable {
        words: format!("the log {log} has not begun yet; try again"),
    })
}

/// The proof that the log of one size is the beginning of that of another, both within this head.
///
/// # Errors
/// When hashes are missing.
pub async fn grown(
    connection: &mut PgConnection,
    of: &SignedHead,
    (from, to): (u64, u64),
) -> Result<Vec<Digest>, Problem> {
    let log = (of.head.log, of.head.suite);
    entries::roots(connection, log, &consistency(from, to)).await
}

/// The receipt of an event of this service; none when no such event was told.
///
/// # Errors
/// [`Problem::Unavailable`] until the event is logged.
pub async fn receipt(
    connection: &mut PgConnection,
    stream: &str,
    event_id: Uuid,
) -> Result<Option<Receipt>, Problem> {
    let Some(entry) = entries::of_event(connection, stream, event_id).await? else {
        if !entries::is_told(connection, stream, event_id).await? {
            return Ok(None);
        }
        return Err(Problem::Unavailable {
            words: "it is not in the log yet; try again in a moment".to_owned(),
        });
    };
    // an entry and the head that covers it were written together
    let LogState { signed, blind, .. } = state(connection, entry.log).await?;
    let (suite, (epoch, seq)) = (signed.head.suite, entry.reached);
    let place = Place { stream, epoch, seq };
    let spans = inclusion(entry.index, signed.head.size);
    Ok(Some(Receipt {
        index: entry.index,
        event_id,
        place: place.hashed(suite, &blind),
        payload_hash: suite.hash(&[&entry.payload]),
        payload: entry.payload,
        path: entries::roots(connection, (entry.log, suite), &spans).await?,
        head: signed,
    }))
}
