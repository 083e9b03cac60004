//! The schema of one service, by a role that only reads.

use std::str::FromStr as _;
use std::time::Duration;

use huiyin_domain::time::Instant;
use huiyin_service_kit::clock::Clock;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Profile;
use huiyin_service_kit::status::Problem;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::findings::Findings;
use crate::invariant::{Of, STATEMENTS, Statement};
use crate::report::{Lateness, Processes, Silent};

/// Things that one statement tells of at most.
const MOST: i64 = 1_000;
/// Milliseconds for which a statement waits for a lock at most: only a migration holds one that readers meet.
const LOCK_WITHIN: &str = "500";

/// How long a connection may take: looks come every quarter of a minute, and a busy machine is no silent house.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

const LATENESS: &str = include_str!("../invariants/lateness.sql");

/// The schema of one service.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) service: ServiceName,
    profile: Profile,
    pool: PgPool,
}

/// How far a consumer has come.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Cursor {
    pub(crate) consumer: String,
    pub(crate) stream: String,
    pub(crate) epoch: i32,
    pub(crate) seq: i64,
}

/// The newest place of a stream.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Head {
    pub(crate) stream: String,
    pub(crate) epoch: i32,
    pub(crate) seq: i64,
}

/// An event at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Placed {
    pub(crate) epoch: i32,
    pub(crate) seq: i64,
    pub(crate) event_id: Uuid,
}

/// A row of the feed, without what it says.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct FeedRow {
    pub(crate) seq: i64,
    pub(crate) event_id: Uuid,
    pub(crate) sha256: Vec<u8>,
}

impl Schema {
    /// A schema; nobody is connected to before it is read.
    pub(crate) fn open(
        (service, address): (ServiceName, &SecretString),
        profile: Profile,
        statement_within: Duration,
    ) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(address.expose_secret())?;
        let within = statement_within.as_millis().to_string();
        let options = options.application_name("auditor").options([
            ("search_path", service.key()),
            ("default_transaction_read_only", "on"),
            ("statement_timeout", &within),
            ("lock_timeout", LOCK_WITHIN),
            ("jit", "off"),
            ("max_parallel_workers_per_gather", "0"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(CONNECT_WITHIN)
            .connect_lazy_with(options);
        Ok(Self {
            service,
            profile,
            pool,
        })
    }

    /// The present instant by the clock of decisions.
    pub(crate) async fn now(&self) -> Result<Instant, Problem> {
        Ok(Clock::of(self.profile, &self.pool).await?.now())
    }

    /// Evaluates every statement that is for this schema, looking at so many of the newest rows. One that fails keeps no other from
    /// being evaluated.
    ///
    /// # Errors
    /// What the first statement said that failed.
    pub(crate) async fn evaluate(
        &self,
        (looks_back, now): (i64, Instant),
        findings: &mut Findings,
    ) -> Result<(), sqlx::Error> {
        let is_of_alerts = self.service == ServiceName::StabilityEarlyWarning;
        let mut first = Ok(());
        for statement in STATEMENTS {
            let wanted = match statement.of {
                Of::EveryService => true,
                Of::Alerts => is_of_alerts,
            };
            if !wanted {
                continue;
            }
            match self.keys(&statement, looks_back, now).await {
                Ok(keys) => findings.found(statement.invariant, keys),
                Err(error) => first = first.and(Err(error)),
            }
        }
        first
    }

    async fn keys(
        &self,
        statement: &Statement,
        looks_back: i64,
        now: Instant,
    ) -> Result<Vec<String>, sqlx::Error> {
        let text = format!("SELECT key FROM ({}) broken LIMIT {MOST}", statement.text);
        let keys: Vec<String> = sqlx::query_scalar(AssertSqlSafe(text))
            .bind(looks_back)
            .bind(now)
            .fetch_all(&self.pool)
            .await?;
        let service = self.service;
        Ok(keys
            .into_iter()
            .map(|key| format!("{service}: {key}"))
            .collect())
    }

    /// Which processes are alive.
    pub(crate) async fn processes(&self, silent_after: Duration) -> Result<Processes, sqlx::Error> {
        let rows: Vec<(String, f64)> = sqlx::query_as(
            "SELECT process, extract(epoch FROM clock_timestamp() - at)::float8 FROM heartbeat
             ORDER BY process LIMIT 1000",
        )
        .fetch_all(&self.pool)
        .await?;
        let (silent, beating): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|(_, seconds)| *seconds > silent_after.as_secs_f64());
        Ok(Processes {
            service: self.service,
            beating: beating.len(),
            silent: silent
                .into_iter()
                .map(|(process, seconds)| Silent { process, seconds })
                .collect(),
        })
    }

    /// What is late.
    pub(crate) async fn lateness(&self, now: Instant) -> Result<Lateness, sqlx::Error> {
        let (oldest_urgent, overdue) = sqlx::query_as(LATENESS)
            .bind(now)
            .fetch_one(&self.pool)
            .await?;
        Ok(Lateness {
            service: self.service,
            oldest_urgent,
            overdue,
        })
    }

    /// How far its consumers have come; there are at most a few dozen.
    pub(crate) async fn cursors(&self) -> Result<Vec<Cursor>, sqlx::Error> {
        sqlx::query_as(
            "SELECT consumer, stream, epoch, seq FROM cursor ORDER BY consumer, stream LIMIT 1000",
        )
        .fetch_all(&self.pool)
        .await
    }

    /// The heads of the streams that it writes; there are at most a few dozen.
    pub(crate) async fn heads(&self) -> Result<Vec<Head>, sqlx::Error> {
        sqlx::query_as("SELECT stream, epoch, seq FROM stream_head ORDER BY stream LIMIT 1000")
            .fetch_all(&self.pool)
            .await
    }

    /// The newest so many entries that a consumer has applied.
    pub(crate) async fn applied(
        &self,
        cursor: &Cursor,
        newest: i64,
    ) -> Result<Vec<Placed>, sqlx::Error> {
        sqlx::query_as(
            "SELECT epoch, seq, event_id FROM inbox WHERE consumer = $1 AND stream = $2
             ORDER BY epoch DESC, seq DESC LIMIT $3",
        )
        .bind(&cursor.consumer)
        .bind(&cursor.stream)
        .bind(newest)
        .fetch_all(&self.pool)
        .await
    }

    /// Those of the entries that are not in its feed as they are given.
    pub(crate) async fn not_in_feed(
        &self,
        stream: &str,
        applied: &[Placed],
    ) -> Result<Vec<Placed>, sqlx::Error> {
        let epochs: Vec<i32> = applied.iter().map(|placed| placed.epoch).collect();
        let seqs: Vec<i64> = applied.iter().map(|placed| placed.seq).collect();
        let ids: Vec<Uuid> = applied.iter().map(|placed| placed.event_id).collect();
        sqlx::query_as(
            "SELECT i.epoch, i.seq, i.event_id
             FROM unnest($2::integer[], $3::bigint[], $4::uuid[]) AS i (epoch, seq, event_id)
             LEFT JOIN LATERAL (
                 SELECT f.event_id FROM feed f
                 WHERE f.stream = $1 AND f.epoch = i.epoch AND f.seq = i.seq LIMIT 1) told ON true
             WHERE told.event_id IS DISTINCT FROM i.event_id
             ORDER BY i.epoch, i.seq LIMIT $5",
        )
        .bind(stream)
        .bind(epochs)
        .bind(seqs)
        .bind(ids)
        .bind(MOST)
        .fetch_all(&self.pool)
        .await
    }

    /// The rows of its feed at these places of a stream and epoch.
    pub(crate) async fn rows_at(
        &self,
        (stream, epoch): (&str, i32),
        seqs: &[i64],
    ) -> Result<Vec<FeedRow>, sqlx::Error> {
        sqlx::query_as(
            "SELECT seq, event_id, sha256 FROM feed WHERE stream = $1 AND epoch = $2 AND seq = ANY($3)
             ORDER BY seq LIMIT $4",
        )
        .bind(stream)
        .bind(epoch)
        .bind(seqs)
        .bind(i64::try_from(seqs.len()).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await
    }
}
