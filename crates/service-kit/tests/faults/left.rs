//! What a house left behind: in the databases of both services, and at the stream server.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::Event;
use prost::Message as _;
use sqlx::{AssertSqlSafe, PgPool};

use crate::history::{Applied, History};
use crate::house::{House, WITHIN};
use crate::process::{LEVELS, number_of, stream_of};
use crate::server::Row;

impl House {
    /// Waits until what nobody confirmed has come to its end too: nothing waits in an outbox, and everybody stands at the head.
    pub(crate) async fn sequenced_and_read(&self) {
        let (teller, reader) = (
            self.server.pool(&self.names[0]),
            self.server.pool(&self.names[1]),
        );
        let behind = async {
            loop {
                let progress = self.effects.progress.notified();
                let heads: Vec<(String, i32, i64)> = rows(
                    &teller,
                    "SELECT stream, epoch, seq FROM intake.stream_head WHERE NOT EXISTS (SELECT FROM intake.outbox)
                         AND NOT EXISTS (SELECT FROM intake.outbox_urgent)",
                )
                .await;
                let own: Vec<(String, i32, i64)> =
                    rows(&teller, "SELECT stream, epoch, seq FROM intake.cursor").await;
                let others: Vec<(String, i32, i64)> =
                    rows(&reader, "SELECT stream, epoch, seq FROM statistics.cursor").await;
                let reached = |head: &&(String, i32, i64), cursors: &[(String, i32, i64)]| {
                    head.2 == 0 || cursors.contains(*head)
                };
                let ordinary = stream_of(None);
                if !heads.is_empty()
                    && heads.iter().all(|head| {
                        reached(&head, &others) && (head.0 == ordinary || reached(&head, &own))
                    })
                {
                    return;
                }
                tokio::time::timeout(Duration::from_millis(50), progress)
                    .await
                    .ok();
            }
        };
        tokio::time::timeout(WITHIN, behind)
            .await
            .expect("nobody reaches the head");
    }

    /// Waits until each mirror is what its feed is: it ends where the feed ends, and has no entry that the feed has not.
    pub(crate) async fn mirrored(&self) {
        let mirroring = async {
            let mut looked = tokio::time::interval(Duration::from_millis(20));
            loop {
                looked.tick().await;
                if self.streams.mirrors(&self.feed().await).await {
                    return;
                }
            }
        };
        let whole = tokio::time::timeout(WITHIN, mirroring).await;
        whole.expect("a mirror is not what its feed is");
    }

    /// Waits until the cluster has whatever is in the feed by now; what comes meanwhile may be there too.
    pub(crate) async fn mirrored_in_cluster(&self) {
        let (feed, cluster) = (self.feed().await, self.cluster.as_ref().unwrap());
        let mirroring = async {
            let mut looked = tokio::time::interval(Duration::from_millis(20));
            while cluster.beyond(&feed).await.is_none() {
                looked.tick().await;
            }
        };
        let whole = tokio::time::timeout(WITHIN, mirroring).await;
        whole.expect("a mirror lacks what is in its feed");
    }

    async fn feed(&self) -> Vec<Row> {
        let feed = "SELECT stream, epoch, feed.seq, event_id::text FROM intake.feed JOIN intake.stream_head USING (stream, epoch)
                    ORDER BY stream, feed.seq";
        rows(&self.server.pool(&self.names[0]), feed).await
    }

    /// What was told, sequenced and applied so far.
    pub(crate) async fn history(&self) -> History {
        let (teller, reader) = (
            self.server.pool(&self.names[0]),
            self.server.pool(&self.names[1]),
        );
        let mut feeds: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        let fed: Vec<(String, Vec<u8>)> = rows(
            &teller,
            "SELECT stream, payload FROM intake.feed ORDER BY stream, epoch, seq",
        )
        .await;
        for (stream, payload) in fed {
            feeds.entry(stream).or_default().push(number_in(&payload));
        }
        let told = self.told();
        let numbers = told.iter().map(|told| told.number);
        let poison: BTreeSet<i64> = numbers
            .filter(|number| self.effects.is_poison(*number))
            .collect();
        let mut applied = consumed(&teller, "intake", &LEVELS.map(Some)).await;
        let all = [Some(LEVELS[0]), Some(LEVELS[1]), None];
        applied.extend(consumed(&reader, "statistics", &all).await);
        History {
            told,
            feeds,
            applied,
            poison,
            retold: self.retold.clone(),
        }
    }
}

/// How many of the numbers a service has applied.
pub(crate) async fn applied(pool: &PgPool, schema: &str, numbers: &[i64]) -> usize {
    let counted: Result<i64, sqlx::Error> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT count(DISTINCT number) FROM {schema}.applied WHERE number = ANY($1)"
    )))
    .bind(numbers)
    .fetch_one(pool)
    .await;
    counted.map_or(0, |counted| usize::try_from(counted).unwrap())
}

pub(crate) async fn rows<T>(pool: &PgPool, statement: &str) -> Vec<T>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::query_as(statement)
        .fetch_all(pool)
        .await
        .unwrap_or_default()
}

async fn consumed(pool: &PgPool, schema: &'static str, levels: &[Option<Level>]) -> Vec<Applied> {
    let written: Vec<(String, i64)> = rows(
        pool,
        &format!("SELECT stream, number FROM {schema}.applied ORDER BY id"),
    )
    .await;
    let aside: Vec<(String, Vec<u8>)> = rows(
        pool,
        &format!("SELECT stream, payload FROM {schema}.quarantine ORDER BY seq"),
    )
    .await;
    let of_stream = |level: &Option<Level>| {
        let stream = stream_of(*level);
        let numbers = written.iter().filter(|(written, _)| *written == stream);
        let set_aside = aside.iter().filter(|(aside, _)| *aside == stream);
        Applied {
            consumer: schema,
            numbers: numbers.map(|(_, number)| *number).collect(),
            set_aside: set_aside.map(|(_, payload)| number_in(payload)).collect(),
            stream,
        }
    };
    levels.iter().map(of_stream).collect()
}

pub(crate) fn number_in(payload: &[u8]) -> i64 {
    number_of(&Event::decode(payload).unwrap())
}
