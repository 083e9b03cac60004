//! A stream from any place on, over all its epochs, and then as it grows.

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;

use crate::database::Database;
use crate::lifecycle::Stopper;
use crate::road::consumer::Place;
use crate::road::feed;
use crate::road::sequencer::Sequenced;
use crate::status::Problem;

/// Entries read at once.
const RUN: i64 = 500;
/// How often a head that was reached is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// A run of entries of one epoch.
#[derive(Clone, Debug)]
pub struct Run {
    /// The epoch.
    pub epoch: i32,
    /// The entries, dense.
    pub entries: Vec<Sequenced>,
    /// Whether nothing was behind them when they were read.
    pub at_head: bool,
}

/// From where a stream is read, and how long.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The stream.
    pub stream: String,
    /// The last entry that the reader has.
    pub after: Place,
    /// Ends at the head.
    pub until_head: bool,
}

struct Replay {
    database: Database,
    stopper: Stopper,
    stream: String,
    at: Place,
    /// The place of which the reader was told that it is the head.
    told: Option<Place>,
    until_head: bool,
    /// Whether it ends behind what was given last.
    ended: bool,
}

/// Reads a stream in runs that fit an answer each; nothing is read before it is asked for.
///
/// # Errors
/// [`Problem::NotFound`] for a stream that this service does not write; [`Problem::WrongCursor`] for a place that no entry has: of an
/// epoch that has not begun, ahead of the head, or behind the end of an epoch that has ended.
pub async fn replay(
    database: &Database,
    wanted: Wanted,
    stopper: &Stopper,
) -> Result<BoxStream<'static, Result<Run, Problem>>, Problem> {
    check(database, &wanted).await?;
    let replay = Replay {
        database: database.clone(),
        stopper: stopper.clone(),
        stream: wanted.stream,
        at: wanted.after,
        told: None,
        until_head: wanted.until_head,
        ended: false,
    };
    let runs = futures::stream::unfold(Some(replay), |replay| async move {
        let mut replay = replay?;
        match replay.next().await {
            Ok(Some(run)) => Some((Ok(run), Some(replay))),
            Ok(None) => None,
            Err(problem) => Some((Err(problem), None)),
        }
    });
    Ok(runs.boxed())
}

/// What was asked for is not repeated: it may be anything.
pub(super) fn no_stream() -> Problem {
    Problem::NotFound {
        what: "stream",
        id: "of that name; ListStreams names those there are".to_owned(),
    }
}

/// A place must be one that was given out: the beginning of an epoch that has begun, or an entry of it.
async fn check(database: &Database, wanted: &Wanted) -> Result<(), Problem> {
    let head = feed::head(database.pool(), &wanted.stream).await?;
    let head = head.ok_or_else(no_stream)?;
    let Place { epoch, seq } = wanted.after;
    let words = if epoch > head.epoch {
        format!(
            "the cursor is of epoch {epoch}, which has not begun; the newest is {}",
            head.epoch
        )
    } else {
        let last = if epoch == head.epoch {
            head.seq
        } else {
            feed::last_of(database.pool(), &wanted.stream, epoch).await?
        };
        if seq <= last {
            return Ok(());
        }
        format!("the cursor is of another epoch, or ahead: epoch {epoch} ends at {last}")
    };
    Err(Problem::WrongCursor { words })
}

impl Replay {
    async fn next(&mut self) -> Result<Option<Run>, Problem> {
        loop {
            if self.ended || self.stopper.is_stopping() {
                return Ok(None);
            }
            if let Some(run) = self.read().await? {
                self.ended = run.at_head && self.until_head;
                return Ok(Some(run));
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = self.stopper.stopping() => {}
            }
        }
    }

    /// What is behind the place, or once that nothing is.
    async fn read(&mut self) -> Result<Option<Run>, Problem> {
        let after = (self.at.epoch, self.at.seq);
        let (entries, head) =
            feed::read_after(self.database.pool(), &self.stream, after, RUN).await?;
        let head = head.map(|head| Place {
            epoch: head.epoch,
            seq: head.seq,
        });
        let entries: VecDeque<Sequenced> = entries.into();
        if let Some(last) = entries.back() {
            self.at = Place {
                epoch: last.epoch,
                seq: last.seq,
            };
        } else if head.is_some_and(|head| head.epoch > self.at.epoch) {
            // an epoch that ended without the next having an entry: that one is read on
            self.at = Place {
                epoch: self.at.epoch + 1,
                seq: 0,
            };
        }
        // the head was read first: what was sequenced in between is behind it
        let at = (self.at.epoch, self.at.seq);
        let at_head = head.is_none_or(|head| (head.epoch, head.seq) <= at);
        if entries.is_empty() && (!at_head || self.told == Some(self.at)) {
            return Ok(None);
        }
        if at_head {
            self.told = Some(self.at);
        }
        Ok(Some(Run {
            epoch: self.at.epoch,
            entries: entries.into(),
            at_head,
        }))
    }
}
