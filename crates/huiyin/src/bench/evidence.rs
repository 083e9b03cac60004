//! What the log costs registrations: accepted registrations a second while each is logged, over those while none is, in turn on the
//! same server and in the same process, each pair the other way round than the one before. To stop the recorder the bench takes its
//! lease away. A turn begins when everything is sequenced and logged; what is not logged at its end is told.

use std::time::Duration;

use anyhow::{Result, ensure};
use huiyin_service_kit::names::ServiceName;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::intake::{open_loop, ours};
use super::measure::{median, milliseconds};
use super::{BenchArgs, Found, over_constellation};
use crate::connect::Clients;
use crate::constellation::{Constellation, DATABASE};

/// Pairs of a turn with the recorder and one without.
const PAIRS: u64 = 8;
/// How long the log may take to catch up between two turns.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows that are not sequenced, and rows that are not logged.
const WAITING: &str = "
    SELECT (SELECT count(*) FROM intake.outbox),
           coalesce((SELECT sum(h.seq - coalesce(c.seq, 0))::bigint FROM intake.stream_head h
                     LEFT JOIN intake.log_cursor c USING (stream, epoch)), 0)";
/// Takes the lease of the recorder away for as long as a bench may last.
const STOP: &str = "
    INSERT INTO intake.lease (name, holder, term, expires_at)
    VALUES ('log', 'bench', 1, clock_timestamp() + interval '1 day')
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, term = lease.term + 1, expires_at = excluded.expires_at";
/// Gives it back.
const GO_ON: &str = "UPDATE intake.lease SET expires_at = clock_timestamp() - interval '1 second' WHERE name = 'log'";

pub(super) async fn run(args: &BenchArgs) -> Result<Found> {
    over_constellation(args, async |constellation| {
        // only intake is measured: what others do with its events is not part of an accepted registration
        constellation.processes.keep_only(ServiceName::Intake).await;
        measure(args, constellation).await
    })
    .await
}

/// The two sides of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Logged,
    Unlogged,
}

struct Bench {
    clients: Clients,
    database: PgConnection,
    turn: Duration,
}

async fn measure(args: &BenchArgs, constellation: &Constellation) -> Result<Found> {
    let mut bench = Bench {
        clients: constellation.clients()?,
        database: PgConnection::connect(&constellation.postgres.url(DATABASE)).await?,
        turn: Duration::from_secs((args.seconds / (2 * PAIRS)).max(2)),
    };
    for side in [Side::Logged, Side::Unlogged] {
        bench.turn(side, &format!("warm-{side:?}")).await?;
    }
    let (mut ratios, mut rates, mut behind) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let (logged, unlogged) = bench.pair(pair).await?;
        let ratio = logged.rate / unlogged.rate;
        eprintln!(
            "huiyin: pair {pair}: logged {:.0}/s ({} rows behind at its end), not logged {:.0}/s, ratio {ratio:.3}",
            logged.rate, logged.behind, unlogged.rate
        );
        ratios.push(ratio);
        rates.push(logged.rate);
        behind.push(logged.behind);
    }
    bench.settle(Side::Logged).await?;
    let rate = median(rates.clone());
    let latency = open_loop(&bench.clients, rate / 2.0, bench.turn).await?;
    ratios.sort_by(f64::total_cmp);
    Ok(Found {
        ratio: median(ratios.clone()),
        goal: ">=0.95".to_owned(),
        p50: milliseconds(&latency, 0.5),
        p99: milliseconds(&latency, 0.99),
        more: json!({
            "ratios": ratios, "registrations_per_second_logged": rates, "rows_behind": behind,
            "latency_at_per_second": rate / 2.0, "fsync": "on",
        }),
    })
}

/// What a turn came to.
struct Turn {
    rate: f64,
    /// Rows that were not logged at its end.
    behind: i64,
}

impl Bench {
    /// A turn of each side; which comes first changes.
    async fn pair(&mut self, pair: u64) -> Result<(Turn, Turn)> {
        let name = |side: Side| format!("pair{pair}-{side:?}");
        let (first, second) = if pair.is_multiple_of(2) {
            (Side::Logged, Side::Unlogged)
        } else {
            (Side::Unlogged, Side::Logged)
        };
        let one = self.turn(first, &name(first)).await?;
        let two = self.turn(second, &name(second)).await?;
        Ok(match first {
            Side::Logged => (one, two),
            Side::Unlogged => (two, one),
        })
    }

    async fn turn(&mut self, side: Side, name: &str) -> Result<Turn> {
        self.settle(side).await?;
        let rate = ours(&self.clients, name, self.turn).await?;
        let (_, behind) = self.waiting().await?;
        Ok(Turn { rate, behind })
    }

    /// Everything is sequenced and logged; then the recorder goes on, or does not.
    async fn settle(&mut self, side: Side) -> Result<()> {
        sqlx::query(GO_ON).execute(&mut self.database).await?;
        let begun = std::time::Instant::now();
        while self.waiting().await? != (0, 0) {
            ensure!(begun.elapsed() < PATIENCE, "the log does not catch up");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if side == Side::Unlogged {
            sqlx::query(STOP).execute(&mut self.database).await?;
        }
        Ok(())
    }

    async fn waiting(&mut self) -> Result<(i64, i64)> {
        Ok(sqlx::query_as(WAITING)
            .fetch_one(&mut self.database)
            .await?)
    }
}
