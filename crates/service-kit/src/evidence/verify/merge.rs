//! Brings the entries of both logs together with the rows of the feed they were made of. Each stream is in its order in the feed,
//! and what a log took of it is in the same order there; so at any time an entry that comes next in its log belongs to the
//! row that comes next in its stream, unless somebody changed something.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::VerifyError;
use super::copy::{Rows, Snapshot};
use super::findings::{EventAt, Finding, Findings};
use super::log_walk::{Keys, LogReport, LogWalk};
use super::recomputed::event;
use super::tables::{self, At, EntryRow, FeedRow};

/// Streams that a service may have; it tells on seven at most.
const STREAMS: usize = 32;

/// The streams, by name; none where the feed has no row.
const NAMES: &str = "
    WITH RECURSIVE found (stream) AS (
        (SELECT stream FROM feed ORDER BY stream LIMIT 1)
        UNION ALL
        SELECT (SELECT f.stream FROM feed f WHERE f.stream > found.stream ORDER BY f.stream LIMIT 1)
        FROM found WHERE found.stream IS NOT NULL
    )
    SELECT stream FROM found WHERE stream IS NOT NULL
    UNION SELECT stream FROM stream_head UNION SELECT stream FROM log_cursor LIMIT 1000";

type Sides<'a> = (&'a mut Keys, &'a mut Findings);

/// Both logs and all streams, on their way.
pub(super) struct Merge {
    logs: Vec<(LogWalk, Rows<EntryRow>)>,
    streams: BTreeMap<Arc<str>, Stream>,
}

struct Stream {
    rows: Rows<FeedRow>,
    head: Option<At>,
    cursor: Option<At>,
    /// The last event that an entry was found for.
    logged: Option<At>,
    /// The last row.
    last: Option<At>,
}

impl Merge {
    /// At the first entries and rows.
    pub(super) async fn over(
        snapshot: &mut Snapshot,
        logs: Vec<(LogWalk, Rows<EntryRow>)>,
    ) -> Result<Self, VerifyError> {
        let connection = snapshot.connection();
        let names: Vec<String> = sqlx::query_scalar(NAMES)
            .fetch_all(&mut *connection)
            .await?;
        if names.len() > STREAMS {
            return Err(VerifyError::Streams(names.len()));
        }
        let heads = places(connection, "SELECT stream, epoch, seq FROM stream_head").await?;
        let cursors = places(connection, "SELECT stream, epoch, seq FROM log_cursor").await?;
        let mut streams = BTreeMap::new();
        for name in names {
            let stream = Stream {
                rows: snapshot.rows(&tables::feed(&name)),
                head: heads.get(&name).copied(),
                cursor: cursors.get(&name).copied(),
                logged: None,
                last: None,
            };
            streams.insert(Arc::from(name), stream);
        }
        Ok(Self { logs, streams })
    }

    /// Goes to the end; gives what each log came to and how many rows wait to be logged.
    pub(super) async fn run(
        mut self,
        (keys, findings): Sides<'_>,
    ) -> Result<(Vec<LogReport>, u64), VerifyError> {
        for (walk, _) in &mut self.logs {
            walk.compare_heads(keys, findings).await?;
        }
        loop {
            let went_on = self.go_on((&mut *keys, &mut *findings)).await?;
            if !went_on && !self.step_over((&mut *keys, &mut *findings)).await? {
                break;
            }
        }
        let mut waiting = 0;
        for (name, stream) in &mut self.streams {
            waiting += stream.finish(name, findings).await?;
        }
        let mut reports = Vec::new();
        for (walk, _) in self.logs {
            reports.push(walk.finish((&mut *keys, &mut *findings)).await?);
        }
        Ok((reports, waiting))
    }

    /// Takes entries whose rows come next; false when there are none.
    async fn go_on(&mut self, (keys, findings): Sides<'_>) -> Result<bool, VerifyError> {
        let mut went_on = false;
        for (walk, entries) in &mut self.logs {
            while let Some(entry) = entries.peek().await? {
                let Some(stream) = self.streams.get_mut(&entry.stream) else {
                    break;
                };
                let at = entry.at;
                if stream.rows.peek().await?.is_none_or(|row| row.at != at) {
                    break;
                }
                let (entry, row) = (entries.next().await?, stream.rows.next().await?);
                let Some((entry, row)) = entry.zip(row) else {
                    break;
                };
                stream.passed(&event(&entry), findings);
                stream.logged = Some(at);
                walk.take((&entry, Some(&row)), (&mut *keys, &mut *findings))
                    .await?;
                went_on = true;
            }
        }
        Ok(went_on)
    }

    /// Steps over what does not fit: an entry without a row, or a row without an entry. False when no entry is left.
    async fn step_over(&mut self, (keys, findings): Sides<'_>) -> Result<bool, VerifyError> {
        for (walk, entries) in &mut self.logs {
            let Some(entry) = entries.peek().await? else {
                continue;
            };
            let event = event(entry);
            if let Some(stream) = self.streams.get_mut(&event.stream)
                && stream
                    .rows
                    .peek()
                    .await?
                    .is_some_and(|row| row.at < event.at)
                && let Some(row) = stream.rows.next().await?
            {
                let unlogged = EventAt {
                    at: row.at,
                    ..event
                };
                stream.passed(&unlogged, findings);
                findings.add(Finding::EventUnlogged(unlogged));
                return Ok(true);
            }
            if let Some(entry) = entries.next().await? {
                let gone = Finding::EventGone(walk.log(), entry.index, event);
                findings.add(gone);
                walk.take((&entry, None), (&mut *keys, &mut *findings))
                    .await?;
            }
            return Ok(true);
        }
        Ok(false)
    }
}

impl Stream {
    /// Passes a row, which must follow the one before it.
    fn passed(&mut self, event: &EventAt, findings: &mut Findings) {
        if !follows(self.last, event.at) {
            findings.add(Finding::EventsMissing {
                before: self.last,
                next: event.clone(),
            });
        }
        self.last = Some(event.at);
    }

    /// Behind the last entry: what is left waits to be logged.
    async fn finish(
        &mut self,
        name: &Arc<str>,
        findings: &mut Findings,
    ) -> Result<u64, VerifyError> {
        let mut waiting = 0;
        while let Some(row) = self.rows.next().await? {
            let event = EventAt {
                stream: Arc::clone(name),
                at: row.at,
            };
            self.passed(&event, findings);
            if self.cursor.is_some_and(|cursor| row.at <= cursor) {
                findings.add(Finding::EventUnlogged(event));
            } else {
                waiting += 1;
            }
        }
        if self.cursor != self.logged {
            findings.add(Finding::CursorDiffers {
                stream: Arc::clone(name),
                cursor: self.cursor,
                logged: self.logged,
            });
        }
        // an epoch may have begun in which nothing was told yet
        let is_head = self.head == self.last
            || self.head.is_some_and(|(epoch, seq)| {
                seq == 0 && self.last.is_some_and(|(last, _)| last < epoch)
            });
        if !is_head {
            findings.add(Finding::StreamDiffers {
                stream: Arc::clone(name),
                head: self.head,
                last: self.last,
            });
        }
        Ok(waiting)
    }
}

fn follows(last: Option<At>, at: At) -> bool {
    let (epoch, seq) = last.unwrap_or((0, 0));
    at == (epoch, seq + 1) || (at.0 > epoch && at.1 == 1)
}

async fn places(
    connection: &mut sqlx::PgConnection,
    query: &'static str,
) -> Result<BTreeMap<String, At>, VerifyError> {
    let rows: Vec<(String, i32, i64)> = sqlx::query_as(query).fetch_all(connection).await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(stream, epoch, seq)| (stream, (epoch, seq)))
        .collect())
}
