//! Where a consumer reads: the stream when it continues, the feed when it does not.

use std::time::Duration;

use huiyin_proto::feed::v1::ReadFeedRequest;
use huiyin_proto::feed::v1::feed_service_client::FeedServiceClient;
use redis::streams::{StreamReadOptions, StreamReadReply};
use uuid::Uuid;

use super::{Place, Reaction};
use crate::client::Calling;
use crate::database::Database;
use crate::metrics;
use crate::road::sequencer::Sequenced;
use crate::road::server::{Connection, StreamServer};
use crate::road::{feed, mirror, streams};
use crate::status::Problem;

/// A silence of this length sends the reader to the feed.
const SILENCE: Duration = Duration::from_millis(500);
/// Without a stream server the feed is read this often.
const POLL: Duration = Duration::from_millis(250);
/// How long until a stream server that was gone is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Entries read at once.
const RUN: usize = 500;

/// The roads to a stream: the fast one, and the sure one.
#[derive(Clone)]
pub struct Roads {
    /// The stream server; `None` reads the feed only.
    pub streams: Option<StreamServer>,
    /// The feed of the service that writes the stream; `None` when it is our own.
    pub feed: Option<FeedServiceClient<Calling>>,
}

/// The road a run came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The stream server.
    Stream,
    /// The feed.
    Feed,
}

impl Via {
    /// The word for metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Feed => "feed",
        }
    }

    /// The word for traces.
    #[must_use]
    pub fn system(self) -> &'static str {
        match self {
            Self::Stream => "redis",
            Self::Feed => "feed",
        }
    }
}

pub(super) struct Source {
    database: Database,
    stream: String,
    roads: Roads,
    connection: Option<Connection>,
    asked: Option<tokio::time::Instant>,
}

impl Source {
    pub(super) fn new(database: &Database, reaction: &Reaction, roads: Roads) -> Self {
        Self {
            database: database.clone(),
            stream: reaction.stream.clone(),
            roads,
            connection: None,
            asked: None,
        }
    }

    /// The entries that continue `at`; empty after a silence in which nothing was told.
    pub(super) async fn next(&mut self, at: Place) -> Result<(Vec<Sequenced>, Via), Problem> {
        let run = self.read_stream(at).await;
        if run.first().is_some_and(|first| first.seq == at.seq + 1) {
            self.count(run.len(), Via::Stream);
            self.lag(0);
            return Ok((run, Via::Stream));
        }
        let run = self.read_feed_after(at).await?;
        self.count(run.len(), Via::Feed);
        Ok((run, Via::Feed))
    }

    fn count(&self, entries: usize, via: Via) {
        let labels = [
            ("service", self.database.service().as_str()),
            ("stream", &self.stream),
            ("source", via.as_str()),
        ];
        metrics::count("huiyin_consumer_source", entries as u64, &labels);
    }

    async fn read_stream(&mut self, at: Place) -> Vec<Sequenced> {
        self.connect().await;
        let Some(connection) = self.connection.as_mut() else {
            tokio::time::sleep(POLL).await;
            return Vec::new();
        };
        let key = streams::mirror_key(&self.stream, at.epoch);
        let block = usize::try_from(SILENCE.as_millis()).unwrap_or(500);
        let options = StreamReadOptions::default().count(RUN).block(block);
        let mut command = redis::cmd("XREAD");
        redis::ToRedisArgs::write_redis_args(&options, &mut command);
        command
            .arg("STREAMS")
            .arg(&key)
            .arg(format!("{}-0", at.seq));
        let reply = tokio::time::timeout(
            SILENCE * 3,
            command.query_async::<Option<StreamReadReply>>(connection),
        )
        .await;
        match reply {
            Ok(Ok(reply)) => entries(&self.stream, at, reply.unwrap_or_default()),
            Ok(Err(error)) => {
                tracing::debug!(stream = self.stream, %error, "the stream was not read");
                self.connection = None;
                Vec::new()
            }
            Err(_) => {
                tracing::debug!(stream = self.stream, "the stream server is silent");
                self.connection = None;
                Vec::new()
            }
        }
    }

    async fn connect(&mut self) {
        if self.connection.is_some() || self.asked.is_some_and(|asked| asked.elapsed() < ASK_AGAIN)
        {
            return;
        }
        let Some(server) = &self.roads.streams else {
            return;
        };
        self.asked = Some(tokio::time::Instant::now());
        // Blocking reads must not be cut off by the client's own answer limit.
        self.connection = server.connect(None).await.ok();
    }

    async fn read_feed_after(&mut self, at: Place) -> Result<Vec<Sequenced>, Problem> {
        let (run, head) = match self.roads.feed.as_mut() {
            None => {
                let (run, head) =
                    feed::read_after(self.database.pool(), &self.stream, (at.epoch, at.seq), 500)
                        .await?;
                (run, head.map_or(0, |head| head.seq))
            }
            Some(client) => read_remote(client, &self.stream, at).await?,
        };
        let reached = run.last().map_or(at.seq, |last| last.seq);
        self.lag(head - reached);
        Ok(run)
    }

    /// Entries between the reader and the head as far as it is known.
    fn lag(&self, entries: i64) {
        let labels = [
            ("service", self.database.service().as_str()),
            ("stream", self.stream.as_str()),
        ];
        #[expect(
            clippy::cast_precision_loss,
            reason = "a lag beyond 2^52 entries needs no exact gauge"
        )]
        metrics::gauge("huiyin_consumer_lag", entries.max(0) as f64, &labels);
    }
}

async fn read_remote(
    client: &mut FeedServiceClient<Calling>,
    stream: &str,
    at: Place,
) -> Result<(Vec<Sequenced>, i64), Problem> {
    let request = ReadFeedRequest {
        stream: stream.to_owned(),
        epoch: u32::try_from(at.epoch).unwrap_or(1),
        after_seq: u64::try_from(at.seq).unwrap_or(0),
        limit: 500,
    };
    let answer = client
        .read_feed(request)
        .await
        .map_err(|status| Problem::Unavailable {
            words: format!("the feed of {stream} was not read: {}", status.message()),
        })?
        .into_inner();
    let epoch = i32::try_from(answer.epoch).unwrap_or(at.epoch);
    let mut run = Vec::with_capacity(answer.entries.len());
    for entry in answer.entries {
        let event_id = entry
            .event_id
            .parse::<huiyin_domain::ids::EventId>()
            .map_err(|error| {
                Problem::Unexpected(format!(
                    "the feed of {stream} holds an event id that cannot be read: {error}"
                ))
            })?;
        run.push(Sequenced {
            stream: stream.to_owned(),
            epoch,
            seq: i64::try_from(entry.seq).unwrap_or(0),
            event_id: event_id.uuid(),
            payload: entry.payload,
        });
    }
    Ok((run, i64::try_from(answer.head_seq).unwrap_or(0)))
}

/// The entries of a reply as far as they are dense.
fn entries(stream: &str, at: Place, reply: StreamReadReply) -> Vec<Sequenced> {
    let mut run: Vec<Sequenced> = Vec::new();
    for entry in reply.keys.into_iter().flat_map(|key| key.ids) {
        let seq = mirror::sequence_of(&entry.id);
        let expected = run.last().map_or(at.seq, |last| last.seq) + 1;
        let event_id = entry
            .get::<String>("id")
            .and_then(|id| Uuid::parse_str(&id).ok());
        let payload = entry.get::<Vec<u8>>("event");
        let (Some(event_id), Some(payload)) = (event_id, payload) else {
            break;
        };
        if seq != expected {
            break;
        }
        run.push(Sequenced {
            stream: stream.to_owned(),
            epoch: at.epoch,
            seq,
            event_id,
            payload,
        });
    }
    run
}
