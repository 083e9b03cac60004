//! `UpkeepService` over one service's database.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use huiyin_domain::ids::EventId;
use huiyin_proto::feed::v1::upkeep_service_server::UpkeepService;
use huiyin_proto::feed::v1::{
    ListQuarantineRequest, ListQuarantineResponse, QuarantinedEntry, RebuildMirrorRequest,
    RebuildMirrorResponse, RedriveQuarantinedRequest, RedriveQuarantinedResponse, RedrivenEntry,
    ReplayFeedRequest, ReplayFeedResponse,
};
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

use crate::authorization::{About, permit_matter};
use crate::database::Database;
use crate::lifecycle::Stopper;
use crate::page::{PageToken, instant_key, page_size, read_instant_key};
use crate::road::consumer::{Place, Reaction};
use crate::road::feed::{entry, unsigned, unsigned32};
use crate::road::quarantine::{Behind, Redriven, SetAside};
use crate::road::replay::{Run, Wanted, no_stream, replay};
use crate::road::server::StreamServer;
use crate::road::{mirror, quarantine};
use crate::status::Problem;
use crate::violations::Violations;
use crate::wire::timestamp;

/// Entries of a page unless more or fewer are asked for, and at most.
const PAGES: (u32, u32) = (100, 1000);
/// What a page token is for.
const LIST: &str = "quarantine";
/// Events that are redriven at once at most.
const EVENTS: usize = 100;
/// How streams begin that tell of alerts, and of no denunciation.
const OF_ALERTS: &str = "alerts:";

/// `UpkeepService` over one service's database.
#[derive(Clone)]
pub struct UpkeepRpc {
    /// The database.
    pub database: Database,
    /// What the service does about streams.
    pub reactions: Arc<[Reaction]>,
    /// The stream server, if there is one.
    pub streams: Option<StreamServer>,
    /// Ends what is replayed.
    pub stopper: Stopper,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl UpkeepService for UpkeepRpc {
    type ReplayFeedStream = BoxStream<'static, Result<ReplayFeedResponse, Status>>;

    async fn replay_feed(
        &self,
        request: Request<ReplayFeedRequest>,
    ) -> Answer<Self::ReplayFeedStream> {
        let request = request.into_inner();
        let mut violations = Violations::default();
        violations.text("stream", &request.stream, 1, 100);
        let place = place(&mut violations, &request);
        let after = violations.finish_with(place)?;
        permit_matter(About::House, !request.stream.starts_with(OF_ALERTS)).await?;
        let wanted = Wanted {
            stream: request.stream,
            after,
            until_head: request.until_head,
        };
        let runs = replay(&self.database, wanted, &self.stopper).await?;
        let answers = runs.map(|run| run.map(answer).map_err(Status::from));
        Ok(Response::new(answers.boxed()))
    }

    async fn rebuild_mirror(
        &self,
        request: Request<RebuildMirrorRequest>,
    ) -> Answer<RebuildMirrorResponse> {
        let stream = request.into_inner().stream;
        let mut violations = Violations::default();
        violations.text("stream", &stream, 1, 100);
        violations.finish()?;
        permit_matter(About::House, false).await?;
        let absent = || Problem::Unavailable {
            words: "the stream server does not answer".to_owned(),
        };
        let client = self.streams.as_ref().ok_or_else(absent)?;
        let mut connection = mirror::connect(client).await.ok_or_else(absent)?;
        let rebuilt = mirror::rebuild(&self.database, &mut connection, &stream).await;
        let rebuilt = rebuilt.map_err(|error| Problem::Unavailable {
            words: error.to_string(),
        })?;
        let head = rebuilt.ok_or_else(no_stream)?;
        Ok(Response::new(RebuildMirrorResponse {
            epoch: unsigned32(head.epoch),
            seq: unsigned(head.seq),
        }))
    }

    async fn list_quarantine(
        &self,
        request: Request<ListQuarantineRequest>,
    ) -> Answer<ListQuarantineResponse> {
        let request = request.into_inner();
        let mut violations = Violations::default();
        let size = page_size(&mut violations, request.page_size, PAGES.0, PAGES.1);
        violations.finish()?;
        permit_matter(About::House, false).await?;
        let after = PageToken::parse(&request.page_token, LIST)?
            .map(|token| behind(&token.last_key).ok_or(Problem::WrongPageToken))
            .transpose()?;
        let limit = i64::from(size) + 1;
        let found = quarantine::list(self.database.pool(), after, limit).await;
        let mut found = found.map_err(Problem::from)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let next_page_token = last.map(|last| PageToken::issue(&key(last), LIST));
        Ok(Response::new(ListQuarantineResponse {
            next_page_token: next_page_token.unwrap_or_default(),
            entries: found.into_iter().map(set_aside).collect(),
        }))
    }

    async fn redrive_quarantined(
        &self,
        request: Request<RedriveQuarantinedRequest>,
    ) -> Answer<RedriveQuarantinedResponse> {
        let events = events(&request.into_inner())?;
        permit_matter(About::House, false).await?;
        let rpc = self.clone();
        let applying = async move {
            let mut entries = Vec::new();
            for event in events {
                let came = quarantine::redrive(&rpc.database, &rpc.reactions, event).await?;
                entries.extend(came.into_iter().map(redriven));
            }
            Ok::<Vec<RedrivenEntry>, Problem>(entries)
        };
        // by the house, as a consumer does: whoever asked may go, and is nobody to what is applied
        let applied = tokio::spawn(applying.in_current_span()).await;
        let entries = applied.map_err(|error| Problem::Unexpected(error.to_string()))??;
        Ok(Response::new(RedriveQuarantinedResponse { entries }))
    }
}

fn place(violations: &mut Violations, request: &ReplayFeedRequest) -> Option<Place> {
    let epoch = i32::try_from(request.epoch.max(1)).ok();
    let seq = i64::try_from(request.after_seq).ok();
    violations.check("epoch", epoch.is_some(), "is larger than any epoch");
    violations.check("after_seq", seq.is_some(), "is larger than any number");
    let words = "is given without an epoch";
    violations.check(
        "after_seq",
        request.epoch > 0 || request.after_seq == 0,
        words,
    );
    let (epoch, seq) = epoch.zip(seq)?;
    Some(Place { epoch, seq })
}

fn events(request: &RedriveQuarantinedRequest) -> Result<Vec<EventId>, Problem> {
    let mut violations = Violations::default();
    let count = request.event_ids.len();
    let words = format!("has {count} entries; 1 to {EVENTS} are allowed");
    violations.check("event_ids", (1..=EVENTS).contains(&count), words);
    let mut events: Vec<EventId> = Vec::new();
    for (number, given) in request.event_ids.iter().take(EVENTS).enumerate() {
        let event = violations.id(&format!("event_ids[{number}]"), given);
        events.extend(event.filter(|event| !events.contains(event)));
    }
    violations.finish()?;
    Ok(events)
}

fn answer(run: Run) -> ReplayFeedResponse {
    ReplayFeedResponse {
        epoch: unsigned32(run.epoch),
        entries: run.entries.into_iter().map(entry).collect(),
        at_head: run.at_head,
    }
}

fn key(last: &SetAside) -> String {
    let at = instant_key(last.set_aside_at);
    format!("{at} {} {} {}", last.epoch, last.seq, last.stream)
}

fn behind(key: &str) -> Option<Behind> {
    let mut parts = key.splitn(4, ' ');
    let at = read_instant_key(parts.next()?)?;
    let (epoch, seq) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((at, parts.next()?.to_owned(), epoch, seq))
}

fn set_aside(entry: SetAside) -> QuarantinedEntry {
    QuarantinedEntry {
        consumer: entry.consumer,
        stream: entry.stream,
        epoch: unsigned32(entry.epoch),
        seq: unsigned(entry.seq),
        event_id: EventId::from_uuid(entry.event_id).to_string(),
        reason: entry.reason,
        set_aside_time: Some(timestamp(entry.set_aside_at)),
    }
}

fn redriven(redriven: Redriven) -> RedrivenEntry {
    RedrivenEntry {
        event_id: redriven.event.to_string(),
        stream: redriven.stream,
        applied: redriven.outcome.is_ok(),
        reason: redriven.outcome.err().unwrap_or_default(),
    }
}
