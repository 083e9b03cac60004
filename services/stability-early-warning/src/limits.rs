//! How long a report and its acknowledgement may take: local rules of the place.

use std::sync::Arc;

use huiyin_domain::local::{Asked, LocalRuleId, LocalRules};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Duration, Instant, local_date};
use huiyin_domain::vocabulary::{Level, UrgentKind};
use huiyin_domain::warning::{EscalationLadder, EscalationLadders, NamedWait, Step, Wait};

use crate::alert::Report;

/// Posts that a quorum can ask for at most.
const MOST_POSTS: u32 = 20;
/// Days ahead that gaps of a duty can be looked for at most.
const MOST_DAYS_AHEAD: u32 = 60;
/// Notices that a budget can allow at most.
pub(crate) const MOST_NOTICES: u32 = 100;

/// The limits in force.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// What places set.
    pub(crate) local: Arc<LocalRules>,
    /// Who is called after whom, and how soon.
    pub(crate) ladders: Arc<EscalationLadders>,
    /// Between two reminders of an alert that nobody acknowledges, where its ladder says no other time.
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

    /// The ladder by which a recipient that is addressed now is called.
    pub(crate) fn ladder(&self, report: &Report, now: Instant) -> &EscalationLadder {
        self.ladders
            .in_force(report.place, report.kind, local_date(now))
    }

    /// The ladder of the version that a recipient keeps; the one in force where no release of that version is here any more.
    pub(crate) fn kept_ladder(
        &self,
        kept: &str,
        report: &Report,
        now: Instant,
    ) -> &EscalationLadder {
        self.ladders
            .kept(kept)
            .unwrap_or_else(|| self.ladder(report, now))
    }

    /// The time until the step after this one. No ladder makes danger to life slower than the limits of the place do.
    pub(crate) fn step(
        &self,
        (ladder, step): (&EscalationLadder, Step),
        report: &Report,
        level: Level,
        now: Instant,
    ) -> Duration {
        let limit = self.acknowledgement(report, level, now);
        match ladder.wait(step, level) {
            Wait::Named(NamedWait::AcknowledgementLimit) => limit,
            Wait::Named(NamedWait::RepeatInterval) => self.repeat,
            Wait::Minutes(minutes) => {
                let given = Duration::minutes(minutes.into());
                match (report.kind, step) {
                    (UrgentKind::DangerToLife, Step::Repeat(_)) => given.min(self.repeat),
                    (UrgentKind::DangerToLife, _) => given.min(limit),
                    _ => given,
                }
            }
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

    /// How far ahead the gaps of a duty are looked for.
    pub(crate) fn duty_gaps_ahead(&self, place: TerritoryCode, at: Instant) -> Duration {
        let asked = Asked::of(place, local_date(at));
        let days = self.local.value(LocalRuleId::DutyGapDays, asked);
        Duration::days(days.min(MOST_DAYS_AHEAD).into())
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
