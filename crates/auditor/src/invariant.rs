//! What must never be true, each a statement that must return no row.

/// One of the eleven invariants of the delivery of urgent reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// I1.
    RecipientsAreTold,
    /// I2.
    FeedIsDense,
    /// I3.
    EventIsOnce,
    /// I4.
    MirrorIsTheFeed,
    /// I5.
    CursorIsTheTop,
    /// I6.
    TimerIsArmed,
    /// I7.
    StepIsTaken,
    /// I8.
    NobodyExcludedIsTold,
    /// I9.
    InboxHasItsFeed,
    /// I10.
    OutboxIsYoung,
    /// I11.
    CallIsInItsNotice,
}

/// Whose schema a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// That of each service.
    EveryService,
    /// That of stability-early-warning.
    Alerts,
}

/// A statement that returns one row, named `key`, for each thing that is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statement {
    pub(crate) invariant: Invariant,
    pub(crate) of: Of,
    pub(crate) text: &'static str,
}

/// All statements. I4 and a part of I5 and I9 compare what no one statement sees.
pub(crate) const STATEMENTS: [Statement; 11] = [
    Statement {
        invariant: Invariant::OutboxIsYoung,
        of: Of::EveryService,
        text: include_str!("../invariants/i10_outbox.sql"),
    },
    Statement {
        invariant: Invariant::RecipientsAreTold,
        of: Of::Alerts,
        text: include_str!("../invariants/i01_recipients.sql"),
    },
    Statement {
        invariant: Invariant::TimerIsArmed,
        of: Of::Alerts,
        text: include_str!("../invariants/i06_timers.sql"),
    },
    Statement {
        invariant: Invariant::StepIsTaken,
        of: Of::Alerts,
        text: include_str!("../invariants/i07_steps.sql"),
    },
    Statement {
        invariant: Invariant::NobodyExcludedIsTold,
        of: Of::Alerts,
        text: include_str!("../invariants/i08_excluded.sql"),
    },
    Statement {
        invariant: Invariant::CallIsInItsNotice,
        of: Of::Alerts,
        text: include_str!("../invariants/i11_calls.sql"),
    },
    Statement {
        invariant: Invariant::InboxHasItsFeed,
        of: Of::Alerts,
        text: include_str!("../invariants/i09_alert.sql"),
    },
    Statement {
        invariant: Invariant::FeedIsDense,
        of: Of::EveryService,
        text: include_str!("../invariants/i02_feed.sql"),
    },
    Statement {
        invariant: Invariant::EventIsOnce,
        of: Of::EveryService,
        text: include_str!("../invariants/i03_once.sql"),
    },
    Statement {
        invariant: Invariant::CursorIsTheTop,
        of: Of::EveryService,
        text: include_str!("../invariants/i05_cursor.sql"),
    },
    Statement {
        invariant: Invariant::InboxHasItsFeed,
        of: Of::EveryService,
        text: include_str!("../invariants/i09_own_inbox.sql"),
    },
];

impl Invariant {
    /// All eleven, in their order.
    pub const ALL: [Self; 11] = [
        Self::RecipientsAreTold,
        Self::FeedIsDense,
        Self::EventIsOnce,
        Self::MirrorIsTheFeed,
        Self::CursorIsTheTop,
        Self::TimerIsArmed,
        Self::StepIsTaken,
        Self::NobodyExcludedIsTold,
        Self::InboxHasItsFeed,
        Self::OutboxIsYoung,
        Self::CallIsInItsNotice,
    ];

    /// Its name in metrics and documents: I1 to I11.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RecipientsAreTold => "I1",
            Self::FeedIsDense => "I2",
            Self::EventIsOnce => "I3",
            Self::MirrorIsTheFeed => "I4",
            Self::CursorIsTheTop => "I5",
            Self::TimerIsArmed => "I6",
            Self::StepIsTaken => "I7",
            Self::NobodyExcludedIsTold => "I8",
            Self::InboxHasItsFeed => "I9",
            Self::OutboxIsYoung => "I10",
            Self::CallIsInItsNotice => "I11",
        }
    }

    /// What holds as long as it is not broken.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::RecipientsAreTold => "an alert has recipients, and each of them is told",
            Self::FeedIsDense => "the feed is dense, and its last place is the head",
            Self::EventIsOnce => "an event is in a stream's feed once",
            Self::MirrorIsTheFeed => "an entry of the stream server equals its feed row",
            Self::CursorIsTheTop => "a cursor is the top of a contiguous inbox and never falls",
            Self::TimerIsArmed => "who waits has one armed timer, who acknowledged none",
            Self::StepIsTaken => "a step never falls, and one that expired has a successor",
            Self::NobodyExcludedIsTold => "no recipient is excluded",
            Self::InboxHasItsFeed => "nothing is in an inbox without a feed row and an alert",
            Self::OutboxIsYoung => "the oldest urgent outbox row is younger than 2 s",
            Self::CallIsInItsNotice => {
                "every call of a desk is in its notice, and every notice that rings has its calls"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_invariant_is_looked_at_and_each_statement_says_what_it_is_for() {
        let mut stated: BTreeSet<Invariant> = STATEMENTS.map(|one| one.invariant).into();
        // the stream server is no database
        stated.insert(Invariant::MirrorIsTheFeed);
        assert_eq!(stated, Invariant::ALL.into());
        for statement in STATEMENTS {
            let says = format!("-- {}: ", statement.invariant.name());
            assert!(statement.text.starts_with(&says), "{}", statement.text);
        }
    }

    #[test]
    fn no_statement_writes_locks_or_reads_what_an_event_says() {
        for statement in STATEMENTS {
            let text = statement.text.to_lowercase();
            let said: Vec<&str> = text
                .lines()
                .filter(|line| !line.starts_with("--"))
                .collect();
            for word in [
                "insert",
                "update",
                "delete",
                "for share",
                "payload",
                "facts",
            ] {
                assert!(!said.join("\n").contains(word), "{word} in {text}");
            }
        }
    }
}
