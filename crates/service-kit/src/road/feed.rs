//! The dense feed: read by SQL inside a service, over `FeedService.ReadFeed` from outside.

use huiyin_domain::ids::EventId;
use huiyin_proto::feed::v1::{
    FeedEntry, ListStreamsRequest, ListStreamsResponse, ReadFeedRequest, ReadFeedResponse,
    StreamHead, feed_service_server::FeedService,
};
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use crate::database::Database;
use crate::page::page_size;
use crate::road::sequencer::Sequenced;
use crate::status::Problem;
use crate::violations::Violations;

/// The newest place of a stream.
#[derive(Clone, Debug)]
pub struct Head {
    /// Stream.
    pub stream: String,
    /// Epoch.
    pub epoch: i32,
    /// Sequence number.
    pub seq: i64,
}

/// The head of one stream; `None` before its first event.
///
/// # Errors
/// When the database does not answer.
pub async fn head(pool: &PgPool, stream: &str) -> Result<Option<Head>, sqlx::Error> {
    sqlx::query_as!(
        Head,
        "SELECT stream, epoch, seq FROM stream_head WHERE stream = $1",
        stream
    )
    .fetch_optional(pool)
    .await
}

/// The heads of every stream this service writes; there are at most a few dozen.
///
/// # Errors
/// When the database does not answer.
pub async fn heads(pool: &PgPool) -> Result<Vec<Head>, sqlx::Error> {
    sqlx::query_as!(
        Head,
        "SELECT stream, epoch, seq FROM stream_head ORDER BY stream LIMIT 1000"
    )
    .fetch_all(pool)
    .await
}

/// Bytes of one run, the entry that reaches them included whole: a run is always shorter than an
/// answer may be, whatever its entries hold.
const RUN_BYTES: i64 = 4 * 1024 * 1024;

/// Up to `limit` entries of one epoch after a sequence number: fewer when they are long, but one at
/// least.
///
/// # Errors
/// When the database does not answer.
pub async fn read(
    pool: &PgPool,
    stream: &str,
    (epoch, after): (i32, i64),
    limit: i64,
) -> Result<Vec<Sequenced>, sqlx::Error> {
    sqlx::query_as!(
        Sequenced,
        "SELECT stream, epoch, seq, event_id, payload FROM (
             SELECT stream, epoch, seq, event_id, payload,
                    sum(octet_length(payload)) OVER (ORDER BY seq) - octet_length(payload) AS before
             FROM feed WHERE stream = $1 AND epoch = $2 AND seq > $3 ORDER BY seq LIMIT $4
         ) run WHERE before < $5 ORDER BY seq",
        stream,
        epoch,
        after,
        limit,
        RUN_BYTES,
    )
    .fetch_all(pool)
    .await
}

/// The last sequence number of an epoch; 0 when it has no entry.
///
/// # Errors
/// When the database does not answer.
pub async fn last_of(pool: &PgPool, stream: &str, epoch: i32) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(max(seq), 0) AS "last!" FROM feed WHERE stream = $1 AND epoch = $2"#,
        stream,
        epoch,
    )
    .fetch_one(pool)
    .await
}

/// The entry of an event in a stream; `None` when it is not in it.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    pool: &PgPool,
    stream: &str,
    event: EventId,
) -> Result<Option<Sequenced>, sqlx::Error> {
    sqlx::query_as!(
        Sequenced,
        "SELECT stream, epoch, seq, event_id, payload FROM feed WHERE stream = $1 AND event_id = $2",
        stream,
        event.uuid(),
    )
    .fetch_optional(pool)
    .await
}

/// Begins the epoch after `epoch`, unless somebody already did.
///
/// # Errors
/// When the database does not answer.
pub async fn begin_epoch(pool: &PgPool, stream: &str, epoch: i32) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE stream_head SET epoch = epoch + 1, seq = 0 WHERE stream = $1 AND epoch = $2",
        stream,
        epoch,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// A run of a stream after a cursor: of the cursor's epoch or, when that is read to its end, of the next.
///
/// # Errors
/// When the database does not answer.
pub async fn read_after(
    pool: &PgPool,
    stream: &str,
    (epoch, after): (i32, i64),
    limit: i64,
) -> Result<(Vec<Sequenced>, Option<Head>), sqlx::Error> {
    // The head is read first: what is sequenced in between only makes the run longer.
    let head = head(pool, stream).await?;
    let mut rows = read(pool, stream, (epoch.max(1), after), limit).await?;
    if rows.is_empty()
        && let Some(head) = &head
        && head.epoch > epoch.max(1)
    {
        rows = read(pool, stream, (epoch.max(1) + 1, 0), limit).await?;
    }
    Ok((rows, head))
}

/// `FeedService` over one service's database.
#[derive(Clone, Debug)]
pub struct FeedRpc {
    /// The database whose feed is read.
    pub database: Database,
}

#[tonic::async_trait]
impl FeedService for FeedRpc {
    async fn read_feed(
        &self,
        request: Request<ReadFeedRequest>,
    ) -> Result<Response<ReadFeedResponse>, Status> {
        let request = request.into_inner();
        let mut violations = Violations::default();
        violations.within("limit", request.limit, 0..=1000);
        violations.text("stream", &request.stream, 1, 100);
        violations.finish()?;
        let epoch = i32::try_from(request.epoch.max(1)).map_err(|_| wrong_cursor())?;
        let after = i64::try_from(request.after_seq).map_err(|_| wrong_cursor())?;
        let limit = if request.limit == 0 {
            200
        } else {
            i64::from(request.limit)
        };
        let (rows, head) = read_after(self.database.pool(), &request.stream, (epoch, after), limit)
            .await
            .map_err(Problem::from)?;
        let (head_epoch, head_seq) = head.map_or((1, 0), |head| (head.epoch, head.seq));
        if epoch > head_epoch
            || (epoch == head_epoch && after > head_seq.max(rows.last().map_or(0, |row| row.seq)))
        {
            return Err(wrong_cursor().into());
        }
        Ok(Response::new(ReadFeedResponse {
            epoch: unsigned32(rows.first().map_or(epoch, |row| row.epoch)),
            head_seq: unsigned(head_seq),
            head_epoch: unsigned32(head_epoch),
            entries: rows.into_iter().map(entry).collect(),
        }))
    }

    async fn list_streams(
        &self,
        request: Request<ListStreamsRequest>,
    ) -> Result<Response<ListStreamsResponse>, Status> {
        let request = request.into_inner();
        let mut violations = Violations::default();
        let size = page_size(&mut violations, request.page_size, 100, 1000);
        violations.finish()?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let heads = heads(self.database.pool()).await.map_err(Problem::from)?;
        let mut streams: Vec<StreamHead> = heads
            .into_iter()
            .filter(|head| head.stream.as_str() > request.page_token.as_str())
            .map(|head| StreamHead {
                stream: head.stream,
                epoch: unsigned32(head.epoch),
                seq: unsigned(head.seq),
            })
            .collect();
        let more = streams.len() > size;
        streams.truncate(size);
        let next_page_token = match streams.last() {
            Some(last) if more => last.stream.clone(),
            Some(_) | None => String::new(),
        };
        Ok(Response::new(ListStreamsResponse {
            streams,
            next_page_token,
        }))
    }
}

fn wrong_cursor() -> Problem {
    Problem::WrongCursor {
        words: "the cursor is ahead of the stream, or of an epoch that has not begun".to_owned(),
    }
}

pub(crate) fn entry(row: Sequenced) -> FeedEntry {
    use sha2::Digest as _;
    FeedEntry {
        seq: unsigned(row.seq),
        event_id: huiyin_domain::ids::EventId::from_uuid(row.event_id).to_string(),
        sha256: sha2::Sha256::digest(&row.payload).to_vec(),
        payload: row.payload,
    }
}

pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(crate) fn unsigned32(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}
