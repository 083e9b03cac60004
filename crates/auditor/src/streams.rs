//! I4: an entry of the stream server equals its feed row. Entries are read first and their rows after: a row that is published
//! was committed before.

use std::time::Duration;

use huiyin_service_kit::road::server::Connection;
use huiyin_service_kit::road::{mirror, streams};
use redis::streams::StreamRangeReply;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::schema::{FeedRow, Head, Schema};

/// Which entries of a stream are compared: so many of the newest, and as many from a place that wanders with each look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) entries: i64,
    pub(crate) round: i64,
}

/// How long the stream server may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// An entry as the stream server has it; what it says is kept as its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    seq: i64,
    event_id: Option<Uuid>,
    sha256: Vec<u8>,
}

/// What is wrong with the mirror of one stream, and how many entries were compared; `None` when the server does not answer.
pub(crate) async fn compare(
    connection: &mut Connection,
    schema: &Schema,
    (head, sample): (&Head, Sample),
) -> Result<Option<(Vec<String>, usize)>, sqlx::Error> {
    let Some(entries) = sampled(connection, head, sample).await else {
        return Ok(None);
    };
    let seqs: Vec<i64> = entries.iter().map(|entry| entry.seq).collect();
    let rows = schema.rows_at((&head.stream, head.epoch), &seqs).await?;
    let wrong = entries.iter().filter(|entry| !is_mirrored(entry, &rows));
    let key = |entry: &Entry| {
        format!(
            "{}: {} {}:{}",
            schema.service, head.stream, head.epoch, entry.seq
        )
    };
    Ok(Some((wrong.map(key).collect(), entries.len())))
}

fn is_mirrored(entry: &Entry, rows: &[FeedRow]) -> bool {
    let row = rows.iter().find(|row| row.seq == entry.seq);
    row.is_some_and(|row| entry.event_id == Some(row.event_id) && entry.sha256 == row.sha256)
}

async fn sampled(
    connection: &mut Connection,
    head: &Head,
    Sample { entries, round }: Sample,
) -> Option<Vec<Entry>> {
    let key = streams::mirror_key(&head.stream, head.epoch);
    let mut newest = redis::cmd("XREVRANGE");
    newest.arg(&key).arg("+").arg("-").arg("COUNT").arg(entries);
    let mut wandering = redis::cmd("XRANGE");
    let first = wandered_to(head.seq, Sample { entries, round });
    wandering
        .arg(&key)
        .arg(format!("{first}-0"))
        .arg("+")
        .arg("COUNT")
        .arg(entries);
    let mut read_back = Vec::new();
    for command in [newest, wandering] {
        let answer = command.query_async::<StreamRangeReply>(connection);
        let answer = tokio::time::timeout(ANSWER_WITHIN, answer).await;
        read_back.extend(answer.ok()?.ok()?.ids.into_iter().map(|read| {
            Entry {
                seq: seq_of(&read.id),
                event_id: read
                    .get::<String>("id")
                    .and_then(|id| Uuid::parse_str(&id).ok()),
                sha256: Sha256::digest(read.get::<Vec<u8>>("event").unwrap_or_default()).to_vec(),
            }
        }));
    }
    read_back.sort_unstable_by_key(|entry: &Entry| entry.seq);
    read_back.dedup();
    Some(read_back)
}

/// Where the wandering sample of a round begins: a mirror is walked through from its floor to its head, and again.
fn wandered_to(head: i64, Sample { entries, round }: Sample) -> i64 {
    let floor = (head - mirror::KEEPS).max(0);
    let samples = (head - floor)
        .max(1)
        .unsigned_abs()
        .div_ceil(entries.unsigned_abs());
    floor + round.rem_euclid(samples.cast_signed()) * entries + 1
}

/// The place of an entry; 0, where nothing is in a feed, when it is not one of ours.
fn seq_of(id: &str) -> i64 {
    let ours = id.strip_suffix("-0");
    ours.and_then(|seq| seq.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_mirrored_at_its_place_with_its_id_and_hash() {
        let row = FeedRow {
            seq: 7,
            event_id: Uuid::from_u128(1),
            sha256: vec![1],
        };
        let entry = Entry {
            seq: 7,
            event_id: Some(row.event_id),
            sha256: vec![1],
        };
        let rows = [row];
        assert!(is_mirrored(&entry, &rows));
        let wrong = [
            Entry {
                seq: 8,
                ..entry.clone()
            },
            Entry {
                event_id: None,
                ..entry.clone()
            },
            Entry {
                sha256: vec![2],
                ..entry
            },
        ];
        assert!(wrong.iter().all(|entry| !is_mirrored(entry, &rows)));
    }

    #[test]
    fn every_entry_that_a_mirror_keeps_is_compared_in_its_turn() {
        for head in [0, 1, 49, 50, 51, 137, 10_000, 123_456] {
            let floor = (head - mirror::KEEPS).max(0);
            let rounds = 7..7 + 1 + (head - floor) / 50;
            let entries = 50;
            let begins = rounds.map(|round| wandered_to(head, Sample { entries, round }));
            let mut compared: Vec<i64> = begins.flat_map(|first| first..first + entries).collect();
            compared.sort_unstable();
            let wanted = floor + 1..=head;
            let compared = wanted
                .clone()
                .filter(|seq| compared.binary_search(seq).is_ok());
            assert_eq!(compared.count(), wanted.count(), "{head}");
        }
    }

    #[test]
    fn an_entry_of_somebody_else_has_no_place() {
        assert_eq!([seq_of("12-0"), seq_of("12-1"), seq_of("x")], [12, 0, 0]);
    }
}
