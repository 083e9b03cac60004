//! One look at everything, and what is remembered from one to the next.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::server::StreamServer;
use huiyin_service_kit::road::{mirror, streams};
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::status::Problem;
use tokio::time::{Instant, timeout_at};

use crate::findings::Findings;
use crate::invariant::Invariant;
use crate::report::{Compared, Lag, Lateness, Missed, Report};
use crate::schema::{Cursor, Head, Schema};
use crate::streams::{Sample, compare};

/// How long a look at one schema may take; what is not seen by then is missed.
pub const LOOK_WITHIN: Duration = Duration::from_secs(5);
/// The same where everything is looked at.
const LOOK_AT_ALL_WITHIN: Duration = Duration::from_mins(30);
/// How long one statement may take.
const STATEMENT_WITHIN: Duration = Duration::from_secs(3);
/// Entries of an inbox that are compared with the feed of another service's database, and the same where everything is looked at.
const ACROSS: i64 = 500;
const ACROSS_AT_ALL: i64 = 100_000;
/// Entries of each stream that are compared with the feed at each look, twice.
const SAMPLE: i64 = 50;

/// How far a look goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To the newest so many rows that the settings name: what is looked at again and again does not grow with the years.
    Newest,
    /// To the beginning.
    Everything,
}

/// Why nothing can be looked at.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// No schema is named.
    #[error(
        "[audit] names no database: give database_url, or the address of a service such as intake_database_url"
    )]
    NoDatabase,
    /// An address cannot be used.
    #[error("the address of the schema of {service} in [audit] cannot be used")]
    Address {
        /// Whose schema.
        service: ServiceName,
    },
    /// The address of the stream server cannot be used.
    #[error("[streams] url is not a redis:// address: {0}")]
    Streams(#[from] redis::RedisError),
}

/// Looks at the schemas of the services and at the stream server.
#[derive(Debug)]
pub struct Auditor {
    schemas: Vec<Schema>,
    streams: Option<StreamServer>,
    silent_after: Duration,
    looks_back: i64,
    reach: Reach,
    /// The highest place at which each cursor was seen.
    highest: BTreeMap<(ServiceName, String, String), (i32, i64)>,
    /// Looks so far.
    round: i64,
}

/// What was read of one schema, as far as it could be.
#[derive(Default)]
struct Look {
    findings: Findings,
    cursors: Vec<Cursor>,
    heads: Vec<Head>,
    lateness: Option<Lateness>,
}

impl Auditor {
    /// Opens the schemas that the settings name; nobody is connected to yet.
    ///
    /// # Errors
    /// When they name none, or an address cannot be used.
    pub fn open(settings: &Settings, reach: Reach) -> Result<Self, AuditError> {
        let audit = &settings.audit;
        let within = match reach {
            Reach::Newest => STATEMENT_WITHIN,
            Reach::Everything => LOOK_AT_ALL_WITHIN,
        };
        let schemas = audit.databases.iter().map(|(service, address)| {
            Schema::open((*service, address), settings.profile, within)
                .map_err(|_| AuditError::Address { service: *service })
        });
        let schemas: Vec<Schema> = schemas.collect::<Result<_, _>>()?;
        if schemas.is_empty() {
            return Err(AuditError::NoDatabase);
        }
        Ok(Self {
            schemas,
            streams: settings.stream_server()?,
            silent_after: audit.silent_after,
            looks_back: match reach {
                Reach::Newest => audit.looks_back.into(),
                Reach::Everything => i64::MAX,
            },
            reach,
            highest: BTreeMap::new(),
            round: 0,
        })
    }

    /// Looks at everything once. What cannot be looked at is named in the report, and the rest is looked at all the same.
    pub async fn look(&mut self) -> Report {
        let deadline = Instant::now()
            + match self.reach {
                Reach::Newest => LOOK_WITHIN,
                Reach::Everything => LOOK_AT_ALL_WITHIN,
            };
        let mut report = Report::default();
        self.round = self.round.wrapping_add(1);
        let reached = self.processes(deadline, &mut report).await;
        let mut read = Vec::new();
        for (schema, look, problem) in self.read_all(deadline, &reached).await {
            let problem = problem.map(|problem| missed(schema.service, &problem));
            report.missed.extend(problem);
            read.push((schema, look));
        }
        self.across(deadline, &read, &mut report).await;
        self.mirrors(deadline, &read, &mut report).await;
        self.remember(&read, &mut report);
        for (_, look) in read {
            report.findings.add(look.findings);
            report.lateness.extend(look.lateness);
        }
        report
    }

    /// First of all, and by itself: a stopped process is found although other things take long. Gives the schemas that were reached.
    async fn processes(&self, deadline: Instant, report: &mut Report) -> Vec<ServiceName> {
        let seen = join_all(self.schemas.iter().map(|schema| async move {
            let seen = timeout_at(deadline, schema.processes(self.silent_after)).await;
            let seen = seen.map_err(|_| too_long()).and_then(|seen| Ok(seen?));
            (schema.service, seen)
        }));
        for (service, seen) in seen.await {
            match seen {
                Ok(processes) => report.processes.push(processes),
                Err(problem) => report.missed.push(missed(service, &problem)),
            }
        }
        report.processes.iter().map(|of| of.service).collect()
    }

    async fn read_all(
        &self,
        deadline: Instant,
        reached: &[ServiceName],
    ) -> Vec<(Schema, Look, Option<Problem>)> {
        let schemas = self.schemas.iter();
        let schemas = schemas.filter(|schema| reached.contains(&schema.service));
        let looks = schemas.map(|schema| async move {
            let mut look = Look::default();
            // what was seen before something went wrong is kept
            let read = timeout_at(deadline, self.read(schema, &mut look)).await;
            let problem = read.unwrap_or_else(|_| Err(too_long())).err();
            (schema.clone(), look, problem)
        });
        join_all(looks).await
    }

    async fn read(&self, schema: &Schema, look: &mut Look) -> Result<(), Problem> {
        let now = schema.now().await?;
        // cursors before heads: a consumer is never seen before what it consumes
        look.cursors = schema.cursors().await?;
        look.heads = schema.heads().await?;
        look.lateness = Some(schema.lateness(now).await?);
        let asked = (self.looks_back, now);
        Ok(schema.evaluate(asked, &mut look.findings).await?)
    }

    /// I9 between two schemas, which may be in two databases: the inbox was read of one, then the feed is of the other.
    async fn across(&self, deadline: Instant, read: &[(Schema, Look)], report: &mut Report) {
        let newest = match self.reach {
            Reach::Newest => ACROSS.min(self.looks_back),
            Reach::Everything => ACROSS_AT_ALL,
        };
        for (schema, look) in read {
            for cursor in &look.cursors {
                let Some((source, _)) = writer(&cursor.stream)
                    .filter(|writer| *writer != schema.service)
                    .and_then(|writer| read.iter().find(|(other, _)| other.service == writer))
                else {
                    continue;
                };
                let lost = timeout_at(deadline, lost(schema, source, (cursor, newest))).await;
                match lost.unwrap_or_else(|_| Err(too_long())) {
                    Ok(keys) => report.findings.found(Invariant::InboxHasItsFeed, keys),
                    Err(problem) => report.missed.push(missed(schema.service, &problem)),
                }
            }
        }
    }

    /// I4.
    async fn mirrors(&self, deadline: Instant, read: &[(Schema, Look)], report: &mut Report) {
        let Some(client) = &self.streams else {
            return;
        };
        let Some(mut connection) = mirror::connect(client).await else {
            report.streams = Compared::NotReached;
            return;
        };
        let sample = Sample {
            entries: match self.reach {
                Reach::Newest => SAMPLE,
                Reach::Everything => mirror::KEEPS,
            },
            round: self.round,
        };
        let mut entries = 0;
        let mut missing = false;
        report
            .findings
            .found(Invariant::MirrorIsTheFeed, Vec::new());
        for (schema, look) in read {
            for head in &look.heads {
                let compared = compare(&mut connection, schema, (head, sample));
                match timeout_at(deadline, compared).await {
                    Ok(Ok(Some((keys, compared)))) => {
                        report.findings.found(Invariant::MirrorIsTheFeed, keys);
                        entries += compared;
                    }
                    // what the other nodes of a cluster have is compared all the same
                    Ok(Ok(None)) if connection.is_to_many() => missing = true,
                    Ok(Ok(None)) => {
                        report.streams = Compared::NotReached;
                        return;
                    }
                    Ok(Err(error)) => report.missed.push(missed(schema.service, &error.into())),
                    Err(_) => report.missed.push(missed(schema.service, &too_long())),
                }
            }
        }
        report.streams = if missing {
            Compared::NotReached
        } else {
            Compared::Entries(entries)
        };
    }

    /// I5 from one look to the next, and how far consumers are behind.
    fn remember(&mut self, read: &[(Schema, Look)], report: &mut Report) {
        for (schema, look) in read {
            for cursor in &look.cursors {
                let name = (
                    schema.service,
                    cursor.consumer.clone(),
                    cursor.stream.clone(),
                );
                let place = (cursor.epoch, cursor.seq);
                let highest = self.highest.entry(name).or_insert(place);
                if place < *highest {
                    let (epoch, seq) = *highest;
                    let key = format!(
                        "{}: {} fell from {epoch}:{seq} to {}:{}",
                        schema.service, cursor.stream, cursor.epoch, cursor.seq
                    );
                    report.findings.found(Invariant::CursorIsTheTop, vec![key]);
                }
                *highest = place.max(*highest);
                let heads = read.iter().flat_map(|(_, look)| &look.heads);
                report.lags.extend(lag(schema.service, cursor, heads));
            }
        }
    }
}

/// The entries of an inbox that are not in the feed they came from.
async fn lost(
    schema: &Schema,
    source: &Schema,
    (cursor, newest): (&Cursor, i64),
) -> Result<Vec<String>, Problem> {
    let applied = schema.applied(cursor, newest).await?;
    let lost = source.not_in_feed(&cursor.stream, &applied).await?;
    let key = |placed: &crate::schema::Placed| {
        format!(
            "{}: {} {}:{}",
            schema.service, cursor.stream, placed.epoch, placed.seq
        )
    };
    Ok(lost.iter().map(key).collect())
}

fn lag<'h>(
    service: ServiceName,
    cursor: &Cursor,
    mut heads: impl Iterator<Item = &'h Head>,
) -> Option<Lag> {
    let head = heads.find(|head| head.stream == cursor.stream)?;
    let reached = if head.epoch == cursor.epoch {
        cursor.seq
    } else {
        0
    };
    Some(Lag {
        service,
        stream: cursor.stream.clone(),
        entries: (head.seq - reached).max(0),
    })
}

/// Who writes a stream; `None` when nobody of the house does.
fn writer(stream: &str) -> Option<ServiceName> {
    let is_urgent = Level::all()
        .iter()
        .any(|level| stream == streams::alerts(*level));
    if is_urgent {
        return Some(ServiceName::StabilityEarlyWarning);
    }
    ServiceName::ALL
        .into_iter()
        .find(|service| stream == streams::ordinary(*service))
}

fn missed(service: ServiceName, problem: &Problem) -> Missed {
    Missed {
        service,
        words: problem.to_string(),
    }
}

fn too_long() -> Problem {
    Problem::DeadlinePassed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_has_its_writer() {
        assert_eq!(
            writer("alerts:{county:0}"),
            Some(ServiceName::StabilityEarlyWarning)
        );
        assert_eq!(writer("events:{intake:0}"), Some(ServiceName::Intake));
        assert_eq!(writer("events:{elsewhere:0}"), None);
    }

    #[test]
    fn a_consumer_in_an_older_epoch_is_behind_by_all_of_the_newest() {
        let head = Head {
            stream: "s".to_owned(),
            epoch: 2,
            seq: 9,
        };
        let cursor = |epoch, seq| Cursor {
            consumer: "statistics".to_owned(),
            stream: "s".to_owned(),
            epoch,
            seq,
        };
        let entries = |cursor| {
            let lag = lag(ServiceName::Statistics, &cursor, std::iter::once(&head));
            lag.unwrap().entries
        };
        assert_eq!(
            [cursor(2, 7), cursor(1, 40), cursor(2, 12)].map(entries),
            [2, 9, 0]
        );
    }
}
