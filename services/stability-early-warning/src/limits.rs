//! How long a report and its acknowledgement may take: local rules of the place.

use std::sync::Arc;

use huiyin_domain::local::{Asked, LocalRuleId, LocalRules};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Duration, Instant, local_date};
use huiyin_domain::vocabulary::{Level, UrgentKind};
use huiyin_domain::warning::Step;

use crate::alert::Report;

/// Posts that a quorum can ask for at most.
const MOST_POSTS: u32 = 20;
/// Notices that a budget can allow at most.
pub(crate) const MOST_NOTICES: u32 = 100;

/// The limits in force.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// What places set.
    pub(crate) local: Arc<LocalRules>,
    /// Between two reminders of an alert that nobody acknowledges.
    pub(crate) repeat: Duration,
}

impl Limits {
    /// The time a recipient of the level has before the next step.
    pub(crate) fn acknowledgement(&self, report: &Report, level: Level, now: Instant) -> Duration {
        self.minutes(LocalRuleId::AcknowledgementLimit, asked(report, level, now))
    }

    /// How many posts of a recipient of the level must acknowledge.
    pub(crate) fn quorum(&self, report: &Report, level: Level, now: Instant) -> u32 {
        let quorum = self.local.value(
            LocalRuleId::AcknowledgementQuorum,
            asked(report, level, now),
        );
        quorum.min(MOST_POSTS)
    }

    /// The time from an acknowledgement, or the last report, to the next report of the thread.
    pub(crate) fn reporting_on(&self, report: &Report, level: Level, now: Instant) -> Duration {
        self.minutes(LocalRuleId::ReportingOnLimit, asked(report, level, now))
    }

    /// The time until the step after this one.
    pub(crate) fn step(&self, step: Step, report: &Report, level: Level, now: Instant) -> Duration {
        match step {
            Step::Duty | Step::Deputy | Step::Leader | Step::LevelAbove => {
                self.acknowledgement(report, level, now)
            }
            Step::Repeat(_) => self.repeat,
        }
    }

    /// The time a report of the kind may take from the moment the problem was known.
    pub(crate) fn lateness(
        &self,
        place: TerritoryCode,
        kind: UrgentKind,
        known: Instant,
    ) -> Duration {
        let asked = Asked {
            kind: Some(kind),
            ..Asked::of(place, local_date(known))
        };
        self.minutes(LocalRuleId::UrgentLateness, asked)
    }

    /// From how many persons on a visit is reported.
    pub(crate) fn collective(&self, place: TerritoryCode, at: Instant) -> u32 {
        let asked = Asked::of(place, local_date(at));
        self.local.value(LocalRuleId::CollectiveUrgent, asked)
    }

    /// How many notices ring at the desk of an organ of the level and place within the window of storm control, danger to
    /// life apart.
    pub(crate) fn desk_notices(&self, place: TerritoryCode, level: Level, now: Instant) -> u32 {
        let asked = Asked {
            level: Some(level),
            ..Asked::of(place, local_date(now))
        };
        let notices = self.local.value(LocalRuleId::DeskNotices, asked);
        notices.min(MOST_NOTICES)
    }

    fn minutes(&self, rule: LocalRuleId, asked: Asked) -> Duration {
        Duration::minutes(self.local.value(rule, asked).into())
    }
}

fn asked(report: &Report, level: Level, now: Instant) -> Asked {
    Asked {
        place: report.place,
        on: local_date(now),
        level: Some(level),
        kind: Some(report.kind),
    }
}
