//! The heads of the logs.

use huiyin_domain::time::Instant;
use sqlx::PgConnection;
use sqlx::types::chrono::{DateTime, Utc};

use super::{counted, hash, key, read, signature, stored};
use crate::evidence::entry::Blind;
use crate::evidence::head::{Head, LogName, SignedHead};
use crate::evidence::tree::Frontier;
use crate::status::Problem;

/// A log as it is stored.
#[derive(Clone, Debug)]
pub(in crate::evidence) struct LogState {
    /// Its newest head.
    pub(in crate::evidence) signed: SignedHead,
    /// Its secret.
    pub(in crate::evidence) blind: Blind,
    /// What its tree goes on from.
    pub(in crate::evidence) frontier: Frontier,
    /// When the newest head of its history was signed.
    pub(in crate::evidence) kept_at: Option<Instant>,
}

struct Row {
    log: String,
    suite: String,
    blind: Vec<u8>,
    origin: String,
    size: i64,
    root: Vec<u8>,
    signed_at: DateTime<Utc>,
    kept: i64,
    public_key: Vec<u8>,
    signature: Vec<u8>,
    frontier: Vec<u8>,
    kept_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for LogState {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let size = counted(row.size);
        let blind = Blind::of_slice(&row.blind).ok_or("no secret of 16 bytes");
        let frontier = Frontier::of_bytes(size, &row.frontier);
        let head = Head {
            origin: read("log_head.origin", row.origin.parse())?,
            log: read("log_head.log", row.log.parse())?,
            suite: read("log_head.suite", row.suite.parse())?,
            size,
            root: hash("log_head.root", &row.root)?,
            at: row.signed_at,
            kept: counted(row.kept),
        };
        Ok(Self {
            signed: SignedHead {
                head,
                key: key("log_head.public_key", &row.public_key)?,
                signature: signature("log_head.signature", &row.signature)?,
            },
            blind: read("log_head.blind", blind)?,
            frontier: read("log_head.frontier", frontier.ok_or("does not fit the size"))?,
            kept_at: row.kept_at,
        })
    }
}

/// The logs there are, locked until the end of the transaction: whoever adds to them waits for whoever adds now.
pub(in crate::evidence) async fn lock(
    connection: &mut PgConnection,
) -> Result<Vec<LogState>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT h.log, h.suite, h.blind, h.origin, h.size, h.root, h.signed_at, h.kept, h.public_key, h.signature,
                  h.frontier,
                  (SELECT k.signed_at FROM log_head_history k WHERE k.log = h.log AND k.number = h.kept) AS kept_at
           FROM log_head h ORDER BY h.log LIMIT 2 FOR UPDATE"#
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(LogState::try_from).collect()
}

/// A log as it stands; none before it begins.
pub(in crate::evidence) async fn find(
    connection: &mut PgConnection,
    log: LogName,
) -> Result<Option<LogState>, Problem> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT log, suite, blind, origin, size, root, signed_at, kept, public_key, signature, frontier,
                  NULL::timestamptz AS kept_at
           FROM log_head WHERE log = $1"#,
        log.as_str(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(LogState::try_from).transpose()
}

/// Begins a log; false when somebody else has begun it, for whom this waits.
pub(in crate::evidence) async fn begin(
    connection: &mut PgConnection,
    signed: &SignedHead,
    blind: &Blind,
) -> Result<bool, sqlx::Error> {
    let head = &signed.head;
    let begun = sqlx::query!(
        "INSERT INTO log_head (log, suite, blind, origin, size, root, signed_at, kept, public_key, signature, frontier)
         VALUES ($1, $2, $3, $4, 0, $5, $6, 0, $7, $8, '')
         ON CONFLICT DO NOTHING",
        head.log.as_str(),
        head.suite.as_str(),
        blind.as_bytes().as_slice(),
        head.origin.as_str(),
        head.root.0.as_slice(),
        head.at,
        signed.key.as_bytes().as_slice(),
        signed.signature.as_slice(),
    )
    .execute(connection)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// Writes the newest head over the one of this size.
///
/// # Errors
/// [`Problem::ChangedMeanwhile`] when another one stands there.
pub(in crate::evidence) async fn advance(
    connection: &mut PgConnection,
    (from, signed): (u64, &SignedHead),
    frontier: &Frontier,
) -> Result<(), Problem> {
    let head = &signed.head;
    let advanced = sqlx::query!(
        "UPDATE log_head SET origin = $3, size = $4, root = $5, signed_at = $6, kept = $7, public_key = $8,
                             signature = $9, frontier = $10
         WHERE log = $1 AND size = $2",
        head.log.as_str(),
        stored(from),
        head.origin.as_str(),
        stored(head.size),
        head.root.0.as_slice(),
        head.at,
        stored(head.kept),
        signed.key.as_bytes().as_slice(),
        signed.signature.as_slice(),
        frontier.to_bytes(),
    )
    .execute(connection)
    .await?;
    if advanced.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Problem::ChangedMeanwhile)
    }
}

/// Keeps a head in the history.
pub(in crate::evidence) async fn keep(
    connection: &mut PgConnection,
    signed: &SignedHead,
) -> Result<(), sqlx::Error> {
    let head = &signed.head;
    sqlx::query!(
        "INSERT INTO log_head_history (log, number, origin, size, root, signed_at, public_key, signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        head.log.as_str(),
        stored(head.kept),
        head.origin.as_str(),
        stored(head.size),
        head.root.0.as_slice(),
        head.at,
        signed.key.as_bytes().as_slice(),
        signed.signature.as_slice(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
