//! An urgent report, who was addressed, and how far each got.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use huiyin_domain::UnknownWord;
use huiyin_domain::ids::{AlertId, MatterId, OrganId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Duration, Instant};
use huiyin_domain::vocabulary::{Level, UrgentKind};
use huiyin_domain::warning::{self, RecipientRole, ReportStage, Step};
use uuid::Uuid;

use crate::limits::Limits;

/// What is reported, before anybody is addressed. No field of it is personal.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// Kind.
    pub(crate) kind: UrgentKind,
    /// Where it happens.
    pub(crate) place: TerritoryCode,
    /// Organ that reports.
    pub(crate) organ: OrganId,
    /// Matters it is about, at most 100.
    pub(crate) matters: Vec<MatterId>,
    /// Count of persons concerned.
    pub(crate) persons: u32,
    /// When it happened.
    pub(crate) happened_at: Instant,
    /// When the organ knew.
    pub(crate) known_at: Instant,
    /// Facts without names.
    pub(crate) facts: String,
    /// Measures taken.
    pub(crate) measures: String,
    /// Phone of the organ's duty desk; empty on what a registration raised.
    pub(crate) duty_phone: String,
    /// Where it comes from.
    pub(crate) source: Source,
    /// The rule by which its recipients are found, with its version.
    pub(crate) recipient_rule: String,
}

/// Where an alert comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// An organ reported it.
    Report,
    /// The register raised it by itself.
    Registration,
    /// Nobody is on duty at an organ where somebody must be.
    Duty,
}

impl Source {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Registration => "registration",
            Self::Duty => "duty",
        }
    }

    /// Whether no organ reported it.
    pub(crate) fn is_by_itself(self) -> bool {
        match self {
            Self::Report => false,
            Self::Registration | Self::Duty => true,
        }
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(stored: &str) -> Result<Self, String> {
        [Self::Report, Self::Registration, Self::Duty]
            .into_iter()
            .find(|source| source.as_str() == stored)
            .ok_or_else(|| format!("{stored} is no source of an alert"))
    }
}

/// A report that was made.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    /// Id.
    pub(crate) id: AlertId,
    /// What is reported.
    pub(crate) report: Report,
    /// When it was reported.
    pub(crate) reported_at: Instant,
    /// Reported minus known, never negative.
    pub(crate) lateness: Duration,
    /// Over the limit of its kind.
    pub(crate) late: bool,
}

impl Alert {
    /// The report as made at an instant.
    pub(crate) fn made(id: AlertId, report: Report, reported_at: Instant, limits: &Limits) -> Self {
        let lateness = warning::lateness(report.known_at, reported_at);
        let late = lateness > limits.lateness(report.place, report.kind, report.known_at);
        Self {
            id,
            report,
            reported_at,
            lateness,
            late,
        }
    }
}

/// Why an organ is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// By the rule, at once.
    AtOnce(RecipientRole),
    /// Because nobody acknowledged.
    AddedByEscalation,
}

const ADDED: &str = "added_by_escalation";

impl Role {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AtOnce(role) => role.as_str(),
            Self::AddedByEscalation => ADDED,
        }
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(given: &str) -> Result<Self, UnknownWord> {
        if given == ADDED {
            Ok(Self::AddedByEscalation)
        } else {
            given.parse().map(Self::AtOnce)
        }
    }
}

/// An organ that was addressed.
#[derive(Clone, Debug)]
pub(crate) struct Recipient {
    /// Its row, and the reference of its timer.
    pub(crate) id: Uuid,
    /// The alert.
    pub(crate) alert: AlertId,
    /// The organ.
    pub(crate) organ: OrganId,
    /// Its level.
    pub(crate) level: Level,
    /// Why, as a word.
    pub(crate) role: Role,
    /// Why, in words.
    pub(crate) reason: String,
    /// The step reached.
    pub(crate) step: Step,
    /// How often it has been escalated or repeated.
    pub(crate) escalations: u32,
    /// By when it has to acknowledge; never moves.
    pub(crate) ack_due: Instant,
    /// When it reached the desk.
    pub(crate) delivered_at: Option<Instant>,
    /// Whether somebody acknowledged.
    pub(crate) acknowledgement: Acknowledgement,
    /// The ladder by which it is called, with its version.
    pub(crate) ladder: String,
    /// How many posts must acknowledge, from 1.
    pub(crate) quorum: u32,
    /// How many have since it was last called.
    pub(crate) posts: u32,
    /// By when somebody must have reported on, while it holds the alert and the thread is open.
    pub(crate) report_due: Option<Instant>,
}

/// Recipients of one alert that an answer lists.
pub(crate) const LISTED: usize = 100;

/// Whom alerts are addressed to, as an answer lists them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addressed {
    /// Of each alert [`LISTED`] at most, offices below last, and whoever asks.
    pub(crate) listed: Vec<Recipient>,
    /// How many each alert has in all.
    pub(crate) counted: HashMap<AlertId, u32>,
}

impl Addressed {
    /// Those of an alert that has just found them.
    pub(crate) fn at_once(alert: AlertId, recipients: &[Recipient]) -> Self {
        let count = u32::try_from(recipients.len()).unwrap_or(u32::MAX);
        Self {
            listed: recipients.iter().take(LISTED).cloned().collect(),
            counted: HashMap::from([(alert, count)]),
        }
    }
}

/// A further report of the thread of an alert.
#[derive(Clone, Debug)]
pub(crate) struct FurtherReport {
    /// The alert.
    pub(crate) alert: AlertId,
    /// Place in the thread, from 1.
    pub(crate) number: u32,
    /// What it is.
    pub(crate) stage: ReportStage,
    /// The organ that reports.
    pub(crate) organ: OrganId,
    /// Its post.
    pub(crate) post: String,
    /// When.
    pub(crate) reported_at: Instant,
    /// Count of persons concerned now.
    pub(crate) persons: u32,
    /// Facts without names.
    pub(crate) facts: String,
    /// Measures.
    pub(crate) measures: String,
    /// Which report a correction corrects; 0 is the urgent report itself.
    pub(crate) corrects: Option<u32>,
}

/// Whether somebody acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledgement {
    /// Nobody yet.
    Waiting,
    /// A post did, within the limit.
    InTime(By),
    /// A post did, after the limit. Undoes nothing.
    Late(By),
    /// A post said that another organ answers.
    Refused {
        /// Who and when.
        by: By,
        /// Why.
        reason: String,
        /// Who answers.
        right_organ: OrganId,
    },
}

/// Who acknowledged, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct By {
    /// The post on duty.
    pub(crate) post: String,
    /// When.
    pub(crate) at: Instant,
}

/// There is nothing left to acknowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AlreadyAcknowledged {
    /// The state it is in.
    pub(crate) state: &'static str,
}

impl fmt::Display for AlreadyAcknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the alert is {}", self.state)
    }
}

impl Acknowledgement {
    /// The state as a word.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::InTime(_) => "acknowledged",
            Self::Late(_) => "acknowledged_late",
            Self::Refused { .. } => "refused",
        }
    }

    /// A post acknowledges. Only once: the first is on duty for it.
    pub(crate) fn acknowledge(&self, by: By, due: Instant) -> Result<Self, AlreadyAcknowledged> {
        match self {
            Self::Waiting if by.at > due => Ok(Self::Late(by)),
            Self::Waiting => Ok(Self::InTime(by)),
            Self::InTime(_) | Self::Late(_) | Self::Refused { .. } => Err(AlreadyAcknowledged {
                state: self.as_str(),
            }),
        }
    }

    /// Another post takes over from the one that acknowledged. Whether that was in time stays as it was.
    pub(crate) fn take_over(&self, post: String) -> Result<Self, AlreadyAcknowledged> {
        let by = |held: &By| By {
            post: post.clone(),
            at: held.at,
        };
        match self {
            Self::InTime(held) if held.post != post => Ok(Self::InTime(by(held))),
            Self::Late(held) if held.post != post => Ok(Self::Late(by(held))),
            Self::Waiting | Self::InTime(_) | Self::Late(_) | Self::Refused { .. } => {
                Err(AlreadyAcknowledged {
                    state: self.as_str(),
                })
            }
        }
    }

    /// Who acknowledged, if anybody.
    pub(crate) fn by(&self) -> Option<&By> {
        match self {
            Self::Waiting => None,
            Self::InTime(by) | Self::Late(by) | Self::Refused { by, .. } => Some(by),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(minute: i64) -> By {
        By {
            post: "officer on duty".to_owned(),
            at: Instant::UNIX_EPOCH + Duration::minutes(minute),
        }
    }

    #[test]
    fn an_acknowledgement_on_the_minute_is_in_time_and_after_it_late() {
        let due = Instant::UNIX_EPOCH + Duration::minutes(30);
        let waiting = Acknowledgement::Waiting;
        assert_eq!(
            waiting.acknowledge(by(30), due),
            Ok(Acknowledgement::InTime(by(30)))
        );
        assert_eq!(
            waiting.acknowledge(by(31), due),
            Ok(Acknowledgement::Late(by(31)))
        );
    }

    #[test]
    fn nobody_acknowledges_a_second_time() {
        let due = Instant::UNIX_EPOCH;
        let late = Acknowledgement::Late(by(1));
        assert_eq!(
            late.acknowledge(by(2), due),
            Err(AlreadyAcknowledged {
                state: "acknowledged_late"
            })
        );
    }

    #[test]
    fn another_post_takes_over_what_was_acknowledged_and_the_same_one_does_not() {
        let held = Acknowledgement::Late(by(31));
        let taken = held.take_over("deputy".to_owned()).unwrap();
        assert_eq!(taken.by().map(|by| by.post.as_str()), Some("deputy"));
        assert_eq!(taken.as_str(), "acknowledged_late");
        assert!(taken.take_over("deputy".to_owned()).is_err());
        assert!(
            Acknowledgement::Waiting
                .take_over("deputy".to_owned())
                .is_err()
        );
    }

    #[test]
    fn every_role_reads_back() {
        let added = [Role::AddedByEscalation];
        for role in RecipientRole::all()
            .iter()
            .copied()
            .map(Role::AtOnce)
            .chain(added)
        {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
    }
}
