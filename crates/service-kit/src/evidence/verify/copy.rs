//! Rows as PostgreSQL copies them out: in one pass, in bounded memory, all of one instant.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use futures::TryStreamExt as _;
use huiyin_domain::time::Instant;
use prost::bytes::{Buf as _, Bytes, BytesMut};
use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::VerifyError;
use crate::database::begun;

/// Rows handed on at a time.
const BATCH: usize = 512;
/// Batches that wait to be looked at.
const WAITING: usize = 4;
/// What a copy begins with, and the bytes after it that say nothing to us.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// The instant from which PostgreSQL counts microseconds, in seconds since 1970.
const EPOCH: i64 = 946_684_800;

/// A database at one instant, read by several connections at a time.
pub(super) struct Snapshot {
    pool: PgPool,
    /// Keeps the instant.
    holder: Transaction<'static, Postgres>,
    name: String,
    readers: JoinSet<()>,
}

impl Snapshot {
    /// The database as it is now.
    pub(super) async fn of(pool: &PgPool) -> Result<Self, VerifyError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut holder = begun(pool, begin).await?;
        let name = sqlx::query_scalar("SELECT pg_export_snapshot()")
            .fetch_one(&mut *holder)
            .await?;
        Ok(Self {
            pool: pool.clone(),
            holder,
            name,
            readers: JoinSet::new(),
        })
    }

    /// The connection that keeps the instant, for what is small.
    pub(super) fn connection(&mut self) -> &mut sqlx::PgConnection {
        &mut self.holder
    }

    /// The rows of a query, in its order.
    pub(super) fn rows<T: Row>(&mut self, query: &str) -> Rows<T> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let copy = format!("COPY ({query}) TO STDOUT (FORMAT BINARY)");
        let (pool, name) = (self.pool.clone(), self.name.clone());
        self.readers.spawn(async move {
            if let Err(error) = read(&pool, (&name, copy), &sender).await {
                // nobody listens when the reading was given up
                drop(sender.send(Err(error)).await);
            }
        });
        Rows::of(receiver)
    }

    /// Ends the reading.
    pub(super) async fn end(self) -> Result<(), VerifyError> {
        let Self {
            holder, readers, ..
        } = self;
        drop(readers.join_all().await);
        Ok(holder.rollback().await?)
    }
}

async fn read<T: Row>(
    pool: &PgPool,
    (snapshot, copy): (&str, String),
    sender: &mpsc::Sender<Result<Vec<T>, VerifyError>>,
) -> Result<(), VerifyError> {
    let mut tx = begun(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    // in the order of an index, without sorting, whatever else the planner likes better
    let instant = format!(
        "SET TRANSACTION SNAPSHOT '{snapshot}'; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
         SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"
    );
    sqlx::raw_sql(AssertSqlSafe(instant))
        .execute(&mut *tx)
        .await?;
    let mut reader = Reader::default();
    let mut copied = tx.copy_out_raw(&copy).await?;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(message) = copied.try_next().await? {
        reader.take(message);
        while let Some(fields) = reader.row()? {
            batch.push(T::read(fields, &mut reader.names)?);
        }
        if batch.len() >= BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if sender.send(Ok(full)).await.is_err() {
                return Ok(());
            }
        }
    }
    drop(copied);
    drop(sender.send(Ok(batch)).await);
    Ok(tx.rollback().await?)
}

/// A row of what was asked for.
pub(super) trait Row: Send + Sized + 'static {
    /// Reads the fields of a row.
    fn read(fields: Fields, names: &mut Names) -> Result<Self, VerifyError>;
}

/// Rows that are still to come.
pub struct Rows<T> {
    batches: mpsc::Receiver<Result<Vec<T>, VerifyError>>,
    batch: VecDeque<T>,
}

impl<T> Rows<T> {
    /// Rows that somebody sends.
    #[must_use]
    pub fn of(batches: mpsc::Receiver<Result<Vec<T>, VerifyError>>) -> Self {
        Self {
            batches,
            batch: VecDeque::new(),
        }
    }

    /// No rows.
    #[must_use]
    pub fn none() -> Self {
        Self::of(mpsc::channel(1).1)
    }

    /// The next row, which stays there; none behind the last.
    pub(super) async fn peek(&mut self) -> Result<Option<&T>, VerifyError> {
        while self.batch.is_empty() {
            match self.batches.recv().await {
                Some(batch) => self.batch = batch?.into(),
                None => return Ok(None),
            }
        }
        Ok(self.batch.front())
    }

    /// Takes the next row.
    pub(super) async fn next(&mut self) -> Result<Option<T>, VerifyError> {
        self.peek().await?;
        Ok(self.batch.pop_front())
    }
}

/// Texts that come again and again.
#[derive(Default)]
pub(super) struct Names(Vec<Arc<str>>);

impl Names {
    fn get(&mut self, bytes: &[u8]) -> Result<Arc<str>, VerifyError> {
        if let Some(known) = self.0.iter().find(|known| known.as_bytes() == bytes) {
            return Ok(Arc::clone(known));
        }
        let name =
            std::str::from_utf8(bytes).map_err(|_| VerifyError::Copy("a text is not UTF-8"))?;
        let name: Arc<str> = Arc::from(name);
        // names that somebody made up by the million are not kept
        if self.0.len() < 100 {
            self.0.push(Arc::clone(&name));
        }
        Ok(name)
    }
}

/// Takes a copy apart.
#[derive(Default)]
struct Reader {
    pending: Bytes,
    has_begun: bool,
    names: Names,
}

impl Reader {
    fn take(&mut self, message: Bytes) {
        self.pending = if self.pending.is_empty() {
            message
        } else {
            let mut joined = BytesMut::from(&*self.pending);
            joined.extend_from_slice(&message);
            joined.freeze()
        };
    }

    /// The fields of the next row, as far as it has arrived whole.
    fn row(&mut self) -> Result<Option<Fields>, VerifyError> {
        if !self.has_begun && !self.begin()? {
            return Ok(None);
        }
        let Some(end) = row_end(&self.pending) else {
            return Ok(None);
        };
        let mut row = self.pending.split_to(end);
        // the trailer says that there are -1 fields
        Ok((row.get_i16() >= 0).then_some(Fields(row)))
    }

    fn begin(&mut self) -> Result<bool, VerifyError> {
        let head = SIGNATURE.len() + 8;
        if self.pending.len() < head {
            return Ok(false);
        }
        if !self.pending.starts_with(SIGNATURE) {
            return Err(VerifyError::Copy("it does not begin as a copy does"));
        }
        self.pending.advance(head);
        self.has_begun = true;
        Ok(true)
    }
}

/// Where the first row ends; none when it has not arrived whole.
fn row_end(pending: &[u8]) -> Option<usize> {
    let fields = i16::from_be_bytes(pending.get(..2)?.try_into().ok()?);
    let mut end = 2;
    for _ in 0..fields {
        let length = i32::from_be_bytes(pending.get(end..end + 4)?.try_into().ok()?);
        end += 4 + usize::try_from(length).unwrap_or(0);
    }
    (end <= pending.len()).then_some(end)
}

/// The fields of a row that have not been read.
pub(super) struct Fields(Bytes);

impl Fields {
    /// The bytes of the next field; none for NULL.
    pub(super) fn bytes(&mut self) -> Result<Option<Bytes>, VerifyError> {
        if self.0.len() < 4 {
            return Err(VerifyError::Copy("a row is too short"));
        }
        let length = usize::try_from(self.0.get_i32());
        Ok(length.ok().map(|length| self.0.split_to(length)))
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], VerifyError> {
        let bytes = self.bytes()?;
        let fixed = bytes.and_then(|bytes| bytes.as_ref().try_into().ok());
        fixed.ok_or(VerifyError::Copy(
            "a field has another length than its type",
        ))
    }

    /// A `smallint`.
    pub(super) fn small(&mut self) -> Result<i16, VerifyError> {
        Ok(i16::from_be_bytes(self.fixed()?))
    }

    /// An `integer`.
    pub(super) fn integer(&mut self) -> Result<i32, VerifyError> {
        Ok(i32::from_be_bytes(self.fixed()?))
    }

    /// A `bigint`.
    pub(super) fn big(&mut self) -> Result<i64, VerifyError> {
        Ok(i64::from_be_bytes(self.fixed()?))
    }

    /// A `uuid`.
    pub(super) fn uuid(&mut self) -> Result<Uuid, VerifyError> {
        Ok(Uuid::from_bytes(self.fixed()?))
    }

    /// A `bytea` that is not NULL.
    pub(super) fn bytea(&mut self) -> Result<Bytes, VerifyError> {
        let bytes = self.bytes()?;
        bytes.ok_or(VerifyError::Copy("a field is NULL"))
    }

    /// A `text` that is one of few.
    pub(super) fn name(&mut self, names: &mut Names) -> Result<Arc<str>, VerifyError> {
        names.get(&self.bytea()?)
    }

    /// A `timestamptz`.
    pub(super) fn instant(&mut self) -> Result<Instant, VerifyError> {
        let micros = self.big()?;
        let epoch = DateTime::from_timestamp(EPOCH, 0);
        let instant =
            epoch.and_then(|epoch| epoch.checked_add_signed(TimeDelta::microseconds(micros)));
        instant.ok_or(VerifyError::Copy("an instant is outside every calendar"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A copy of two rows of an `integer` and a `text` that may be NULL.
    fn copy() -> Vec<u8> {
        let mut copy = SIGNATURE.to_vec();
        copy.extend([0; 8]);
        for (number, text) in [(7_i32, Some("seven")), (8, None)] {
            copy.extend(2_i16.to_be_bytes());
            copy.extend(4_i32.to_be_bytes());
            copy.extend(number.to_be_bytes());
            match text {
                Some(text) => {
                    copy.extend(i32::try_from(text.len()).unwrap().to_be_bytes());
                    copy.extend(text.as_bytes());
                }
                None => copy.extend((-1_i32).to_be_bytes()),
            }
        }
        copy.extend((-1_i16).to_be_bytes());
        copy
    }

    #[test]
    fn a_copy_is_read_however_it_is_cut() {
        let copy = copy();
        for cut in 1..copy.len() {
            let mut reader = Reader::default();
            let mut rows = Vec::new();
            for part in copy.chunks(cut) {
                reader.take(Bytes::copy_from_slice(part));
                while let Some(mut fields) = reader.row().unwrap() {
                    rows.push((fields.integer().unwrap(), fields.bytes().unwrap()));
                }
            }
            let expected = [(7, Some(Bytes::from_static(b"seven"))), (8, None)];
            assert_eq!(rows, expected, "cut into {cut}");
        }
    }

    #[test]
    fn what_is_no_copy_is_refused() {
        let mut reader = Reader::default();
        reader.take(Bytes::from_static(b"something else entirely"));
        assert!(reader.row().is_err());
        let mut fields = Fields(Bytes::from_static(&[0, 0, 0, 2, 1, 1]));
        assert!(fields.integer().is_err());
        assert!(fields.big().is_err());
    }
}
