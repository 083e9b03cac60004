//! The event road: PostgreSQL is the truth, Redis streams are the fast road, a mirror that can be
//! lost at any moment and rebuilt.
//!
//! A fact is written to an outbox in the transaction that made it true ([`outbox`]), moved in commit
//! order into a dense feed ([`sequencer`]), copied to a stream by compare-and-append ([`mirror`]) and
//! applied by consumers whose cursor moves in the transaction of the effect ([`consumer`]), read from
//! the stream or, when that has a gap, is silent or is gone, from the feed ([`feed`]).

pub mod consumer;
pub mod feed;
pub mod lease;
pub mod mirror;
pub mod outbox;
pub mod quarantine;
pub mod replay;
pub mod sequencer;
pub mod server;
pub mod streams;
pub mod upkeep;

use std::sync::Arc;

use tokio::sync::Notify;

/// A lane of the road. Imports on the ordinary lane never delay an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Urgent reports.
    Urgent,
    /// Everything else.
    Ordinary,
}

impl Lane {
    /// Both lanes.
    pub const ALL: [Self; 2] = [Self::Urgent, Self::Ordinary];

    /// The word used in leases, metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Ordinary => "ordinary",
        }
    }
}

/// Which lanes were written to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lanes {
    /// The urgent lane.
    pub urgent: bool,
    /// The ordinary lane.
    pub ordinary: bool,
}

/// Wake-up calls inside one process, given after a commit so that nobody waits for a poll.
#[derive(Clone, Debug, Default)]
pub struct Pokes {
    urgent: Arc<Notify>,
    ordinary: Arc<Notify>,
    sweeps: Arc<Notify>,
    log: Arc<Notify>,
}

impl Pokes {
    /// Wakes the sequencers of the lanes that were written to.
    pub fn poke(&self, lanes: Lanes) {
        if lanes.urgent {
            self.urgent.notify_one();
        }
        if lanes.ordinary {
            self.ordinary.notify_one();
        }
    }

    /// Wakes every sweep.
    pub fn poke_sweeps(&self) {
        self.sweeps.notify_waiters();
    }

    /// Wakes whoever logs what was sequenced.
    pub fn poke_log(&self) {
        self.log.notify_one();
    }

    /// The call the log's recorder waits for.
    #[must_use]
    pub fn log(&self) -> &Notify {
        &self.log
    }

    /// The call a lane's sequencer waits for.
    #[must_use]
    pub fn lane(&self, lane: Lane) -> &Notify {
        match lane {
            Lane::Urgent => &self.urgent,
            Lane::Ordinary => &self.ordinary,
        }
    }

    /// The call sweeps wait for.
    #[must_use]
    pub fn sweeps(&self) -> &Notify {
        &self.sweeps
    }
}
