//! Step 4: applies a stream in order. The cursor is in PostgreSQL and moves in the transaction of the
//! effect; only the next entry is accepted; on a gap, a silence or no Redis the feed is read.

mod parts;
mod source;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use sqlx::PgConnection;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::authorization;
use crate::database::{Database, Tx};
use crate::evidence::keep_sealed;
use crate::lifecycle::Stopper;
use crate::names::ServiceName;
use crate::road::sequencer::Sequenced;
use crate::road::streams;
use crate::status::Problem;
use crate::{metrics, wire};

pub(crate) use parts::decode;
use parts::{parts, span_of};

pub use source::{Roads, Via};

/// How often an entry whose effect fails is tried before it is set aside.
const TRIES: u32 = 3;
/// The pause after a failure that may pass.
const PAUSE: Duration = Duration::from_millis(100);

/// The effect of a run of events, in order, in one transaction.
pub type React = Arc<
    dyn for<'a> Fn(&'a mut Tx, &'a [Event]) -> BoxFuture<'a, Result<(), Problem>> + Send + Sync,
>;
/// Called after the commit of an effect.
pub type AfterCommit = Arc<dyn Fn() + Send + Sync>;

/// What a service does about one stream.
#[derive(Clone)]
pub struct Reaction {
    /// The stream.
    pub stream: String,
    /// Who writes it.
    pub from: ServiceName,
    /// The effect.
    pub react: React,
    /// Called after each commit.
    pub after_commit: Option<AfterCommit>,
}

impl Reaction {
    /// A reaction to the ordinary stream of another service.
    pub fn to<F>(from: ServiceName, react: F) -> Self
    where
        F: for<'a> Fn(&'a mut Tx, &'a [Event]) -> BoxFuture<'a, Result<(), Problem>>
            + Send
            + Sync
            + 'static,
    {
        let react: React = Arc::new(react);
        Self {
            stream: streams::ordinary(from),
            from,
            // whatever else a service does about them, it knows where organs stand and which matters are sealed
            react: match from {
                ServiceName::Routing => keep_standings(react),
                ServiceName::Intake => keep_sealed(react),
                ServiceName::Supervision
                | ServiceName::StabilityEarlyWarning
                | ServiceName::Statistics => react,
            },
            after_commit: None,
        }
    }

    /// A reaction to the urgent stream of a level.
    pub fn to_alerts<F>(level: Level, from: ServiceName, react: F) -> Self
    where
        F: for<'a> Fn(&'a mut Tx, &'a [Event]) -> BoxFuture<'a, Result<(), Problem>>
            + Send
            + Sync
            + 'static,
    {
        Self {
            stream: streams::alerts(level),
            from,
            react: Arc::new(react),
            after_commit: None,
        }
    }

    /// The same reaction, with a call after each commit.
    #[must_use]
    pub fn then(mut self, after_commit: AfterCommit) -> Self {
        self.after_commit = Some(after_commit);
        self
    }
}

fn keep_standings(react: React) -> React {
    Arc::new(move |tx, events| {
        let react = Arc::clone(&react);
        Box::pin(async move {
            let mut standings = Vec::new();
            for event in events {
                if let Some(Fact::OrgansEstablished(told)) = &event.fact {
                    standings.extend(authorization::told(told)?);
                }
            }
            authorization::stand(tx.connection(), &standings).await?;
            react(tx, events).await
        })
    })
}

/// A place reached in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Epoch.
    pub epoch: i32,
    /// Sequence number of the last entry applied.
    pub seq: i64,
}

struct Consumer {
    database: Database,
    reaction: Reaction,
}

/// Consumes one stream until the process stops.
pub async fn run(database: Database, reaction: Reaction, roads: Roads, stopper: Stopper) {
    let mut source = source::Source::new(&database, &reaction, roads);
    let consumer = Consumer { database, reaction };
    let mut place = None;
    loop {
        let step = async {
            let at = match place {
                Some(at) => at,
                None => consumer.load_place().await?,
            };
            let (run, via) = source.next(at).await?;
            consumer.apply(at, run, via).await
        };
        let outcome = tokio::select! {
            outcome = step => outcome,
            () = stopper.stopping() => break,
        };
        place = match outcome {
            Ok(reached) => reached,
            Err(problem) => {
                tracing::warn!(stream = consumer.reaction.stream, %problem, "a stream cannot be followed; trying again");
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = stopper.stopping() => break,
                }
                None
            }
        };
    }
}

/// Applies entries of a stream behind those that were applied, in one transaction; an entry that fails is not set aside.
///
/// # Errors
/// What the reaction refuses; also when somebody else moved the cursor meanwhile.
pub(crate) async fn follow(
    database: &Database,
    reaction: &Reaction,
    run: Vec<Sequenced>,
) -> Result<(), Problem> {
    let consumer = Consumer {
        database: database.clone(),
        reaction: reaction.clone(),
    };
    let at = consumer.load_place().await?;
    let reached = consumer.attempt(at, &run.into(), true).await?;
    reached.map(|_| ()).ok_or(Problem::ChangedMeanwhile)
}

impl Consumer {
    fn name(&self) -> &'static str {
        self.database.service().as_str()
    }

    async fn load_place(&self) -> Result<Place, Problem> {
        let mut connection = self.database.pool().acquire().await?;
        sqlx::query!(
            "INSERT INTO cursor (consumer, stream, epoch, seq) VALUES ($1, $2, 1, 0) ON CONFLICT DO NOTHING",
            self.name(),
            self.reaction.stream,
        )
        .execute(&mut *connection)
        .await?;
        let place = sqlx::query_as!(
            Place,
            "SELECT epoch, seq FROM cursor WHERE consumer = $1 AND stream = $2",
            self.name(),
            self.reaction.stream,
        )
        .fetch_one(&mut *connection)
        .await?;
        Ok(place)
    }

    /// Applies a run; `None` when somebody else moved the cursor meanwhile.
    async fn apply(
        &self,
        at: Place,
        run: Vec<Sequenced>,
        via: Via,
    ) -> Result<Option<Place>, Problem> {
        let mut at = at;
        for part in parts(run) {
            let first = part.as_slice();
            let span = span_of(first, &self.reaction.stream, via);
            let Some(reached) = self.apply_part(at, part).instrument(span).await? else {
                return Ok(None);
            };
            at = reached;
        }
        Ok(Some(at))
    }

    /// Applies a part in one transaction; one that fails in halves, until what fails stands alone.
    async fn apply_part(&self, at: Place, part: Vec<Sequenced>) -> Result<Option<Place>, Problem> {
        let mut at = at;
        let mut waiting: Vec<Arc<[Sequenced]>> = vec![part.into()];
        while let Some(part) = waiting.pop() {
            let outcome = match self.attempt(at, &part, true).await {
                Err(problem) if !problem.is_retryable() && part.len() > 1 => {
                    let (first, rest) = part.split_at(part.len() / 2);
                    waiting.extend([Arc::from(rest), Arc::from(first)]);
                    continue;
                }
                Err(problem) if !problem.is_retryable() => self.persist(at, &part, problem).await?,
                other => other?,
            };
            let Some(reached) = outcome else {
                return Ok(None);
            };
            at = reached;
        }
        Ok(Some(at))
    }

    /// Tries a failing entry again and sets it aside when it keeps failing.
    async fn persist(
        &self,
        at: Place,
        alone: &Arc<[Sequenced]>,
        first: Problem,
    ) -> Result<Option<Place>, Problem> {
        let mut problem = first;
        for _ in 1..TRIES {
            match self.attempt(at, alone, true).await {
                Err(again) if !again.is_retryable() => problem = again,
                other => return other,
            }
        }
        tracing::error!(stream = self.reaction.stream, seq = at.seq + 1, %problem, "an entry is set aside in quarantine");
        self.quarantine(at, alone, &problem).await
    }

    async fn quarantine(
        &self,
        at: Place,
        alone: &Arc<[Sequenced]>,
        problem: &Problem,
    ) -> Result<Option<Place>, Problem> {
        if let Some(entry) = alone.first() {
            sqlx::query!(
                "INSERT INTO quarantine (consumer, stream, epoch, seq, event_id, payload, reason)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                self.name(),
                entry.stream,
                entry.epoch,
                entry.seq,
                entry.event_id,
                entry.payload,
                problem.to_string(),
            )
            .execute(self.database.pool())
            .await?;
        }
        self.count(alone.len(), "quarantined");
        self.attempt(at, alone, false).await
    }

    async fn attempt(
        &self,
        at: Place,
        part: &Arc<[Sequenced]>,
        react: bool,
    ) -> Result<Option<Place>, Problem> {
        let Some(last) = part.last() else {
            return Ok(Some(at));
        };
        let reached = Place {
            epoch: last.epoch,
            seq: last.seq,
        };
        let events: Arc<[Event]> = if react {
            decode(part)?.into()
        } else {
            Arc::from(Vec::new())
        };
        for at in events
            .iter()
            .filter_map(|event| event.occurred_time.as_ref())
        {
            if let Some(at) = wire::instant(at) {
                self.database.clock().move_to(at);
            }
        }
        let (name, reaction, part_of_tx) = (self.name(), self.reaction.clone(), Arc::clone(part));
        let moved = self
            .database
            .transaction("react", move |tx| {
                let (part, events, reaction) = (
                    Arc::clone(&part_of_tx),
                    Arc::clone(&events),
                    reaction.clone(),
                );
                Box::pin(async move {
                    let told = told_again(tx.connection(), (name, &reaction.stream), &part).await?;
                    if !move_cursor(tx.connection(), (name, &reaction.stream), at, &part).await? {
                        return Ok::<Option<usize>, Problem>(None);
                    }
                    react_to(tx, &reaction, (&part, &events), &told).await?;
                    Ok(Some(told.len()))
                })
            })
            .await?;
        let Some(again) = moved else {
            self.count(part.len(), "seen");
            return Ok(None);
        };
        if again > 0 {
            self.count(again, "seen");
        }
        if react {
            self.count(part.len().saturating_sub(again), "applied");
        }
        if let Some(after_commit) = &self.reaction.after_commit {
            after_commit();
        }
        Ok(Some(reached))
    }

    fn count(&self, entries: usize, outcome: &str) {
        let labels = [
            ("service", self.name()),
            ("stream", self.reaction.stream.as_str()),
            ("outcome", outcome),
        ];
        metrics::count("huiyin_consumer_effects", entries as u64, &labels);
    }
}

/// The effect of a run, without that of events that were told before.
async fn react_to(
    tx: &mut Tx,
    reaction: &Reaction,
    (part, events): (&[Sequenced], &[Event]),
    told: &HashSet<Uuid>,
) -> Result<(), Problem> {
    if events.is_empty() {
        return Ok(());
    }
    if told.is_empty() {
        return (reaction.react)(tx, events).await;
    }
    let fresh = part.iter().zip(events);
    let fresh = fresh.filter(|(entry, _)| !told.contains(&entry.event_id));
    let fresh: Vec<Event> = fresh.map(|(_, event)| event.clone()).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    (reaction.react)(tx, &fresh).await
}

/// Events of a run that were received in an earlier epoch: a restored database tells again what was committed at its instant and
/// not yet sequenced, and it has its effect once.
async fn told_again(
    connection: &mut PgConnection,
    (consumer, stream): (&str, &str),
    run: &[Sequenced],
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let Some(first) = run.first().filter(|first| first.epoch > 1) else {
        return Ok(HashSet::new());
    };
    let ids: Vec<Uuid> = run.iter().map(|entry| entry.event_id).collect();
    let told = sqlx::query_scalar!(
        "SELECT DISTINCT event_id FROM inbox
         WHERE event_id = ANY($1) AND consumer = $2 AND stream = $3 AND epoch < $4 LIMIT $5",
        &ids,
        consumer,
        stream,
        first.epoch,
        i64::try_from(ids.len()).unwrap_or(i64::MAX),
    )
    .fetch_all(connection)
    .await?;
    Ok(told.into_iter().collect())
}

/// Moves the cursor from exactly where we think it stands behind the last entry of the run, and writes the
/// run into the inbox, in one statement: a second consumer of the same stream finds the cursor moved and
/// applies nothing.
async fn move_cursor(
    connection: &mut PgConnection,
    (consumer, stream): (&str, &str),
    at: Place,
    run: &[Sequenced],
) -> Result<bool, sqlx::Error> {
    let Some(last) = run.last() else {
        return Ok(true);
    };
    let seqs: Vec<i64> = run.iter().map(|entry| entry.seq).collect();
    let ids: Vec<Uuid> = run.iter().map(|entry| entry.event_id).collect();
    let written = sqlx::query!(
        "WITH moved AS (
             UPDATE cursor SET epoch = $5, seq = $6
             WHERE consumer = $1 AND stream = $2 AND epoch = $3 AND seq = $4
             RETURNING consumer, stream, epoch)
         INSERT INTO inbox (consumer, stream, epoch, seq, event_id)
         SELECT moved.consumer, moved.stream, moved.epoch, entry.seq, entry.event_id
         FROM moved, unnest($7::bigint[], $8::uuid[]) AS entry (seq, event_id)",
        consumer,
        stream,
        at.epoch,
        at.seq,
        last.epoch,
        last.seq,
        &seqs,
        &ids,
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() > 0)
}
