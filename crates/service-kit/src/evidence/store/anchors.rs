//! Heads that are kept for others.

use huiyin_domain::time::Instant;
use sqlx::PgConnection;
use sqlx::types::chrono::{DateTime, Utc};

use super::{counted, hash, key, read, signature, stored};
use crate::evidence::head::{Head, LogName, Origin, SignedHead};
use crate::evidence::key::PublicKey;
use crate::status::Problem;

/// A head that is kept for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The head.
    pub signed: SignedHead,
    /// When it was handed in, by the clock of the machine.
    pub anchored_at: Instant,
}

struct Row {
    origin: String,
    log: String,
    public_key: Vec<u8>,
    size: i64,
    suite: String,
    root: Vec<u8>,
    signed_at: DateTime<Utc>,
    kept: i64,
    signature: Vec<u8>,
    anchored_at: DateTime<Utc>,
}

impl TryFrom<Row> for Anchor {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let head = Head {
            origin: read("anchor.origin", row.origin.parse())?,
            log: read("anchor.log", row.log.parse())?,
            suite: read("anchor.suite", row.suite.parse())?,
            size: counted(row.size),
            root: hash("anchor.root", &row.root)?,
            at: row.signed_at,
            kept: counted(row.kept),
        };
        Ok(Self {
            signed: SignedHead {
                head,
                key: key("anchor.public_key", &row.public_key)?,
                signature: signature("anchor.signature", &row.signature)?,
            },
            anchored_at: row.anchored_at,
        })
    }
}

/// Keeps others from anchoring for the same log until the end of the transaction.
pub(in crate::evidence) async fn lock(
    connection: &mut PgConnection,
    origin: &Origin,
    log: LogName,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('anchor ' || $1 || ' ' || $2, 0))",
        origin.as_str(),
        log.as_str(),
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// The largest head that is kept of a log and key.
pub(in crate::evidence) async fn newest(
    connection: &mut PgConnection,
    (origin, log): (&Origin, LogName),
    key: &PublicKey,
) -> Result<Option<Anchor>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT origin, log, public_key, size, suite, root, signed_at, kept, signature, anchored_at
         FROM anchor WHERE origin = $1 AND log = $2 AND public_key = $3 ORDER BY size DESC LIMIT 1",
        origin.as_str(),
        log.as_str(),
        key.as_bytes().as_slice(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(Anchor::try_from).transpose()
}

/// Keeps a head.
pub(in crate::evidence) async fn insert(
    connection: &mut PgConnection,
    signed: &SignedHead,
    anchored_at: Instant,
) -> Result<(), sqlx::Error> {
    let head = &signed.head;
    sqlx::query!(
        "INSERT INTO anchor (origin, log, public_key, size, suite, root, signed_at, kept, signature, anchored_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        head.origin.as_str(),
        head.log.as_str(),
        signed.key.as_bytes().as_slice(),
        stored(head.size),
        head.suite.as_str(),
        head.root.0.as_slice(),
        head.at,
        stored(head.kept),
        signed.signature.as_slice(),
        anchored_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A page of the heads that are kept of a log, the smallest first, behind this size and key.
pub(in crate::evidence) async fn list(
    connection: &mut PgConnection,
    (origin, log): (&Origin, LogName),
    (size, key): (i64, &[u8]),
    limit: i64,
) -> Result<Vec<Anchor>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT origin, log, public_key, size, suite, root, signed_at, kept, signature, anchored_at
         FROM anchor WHERE origin = $1 AND log = $2 AND (size, public_key) > ($3, $4)
         ORDER BY size, public_key LIMIT $5",
        origin.as_str(),
        log.as_str(),
        size,
        key,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Anchor::try_from).collect()
}
