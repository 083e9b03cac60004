//! Periodic reports: what organs owe those above them, what came, and the rolling ledger of disputes in it. What is due follows
//! from `domain::reporting`; a report that is not there in time is recorded by a sweep (`missing`).

pub(crate) mod filing;
pub(crate) mod missing;
mod service;
pub(crate) mod told;
pub(crate) mod wire;

use huiyin_domain::ids::{AssessmentId, DisputeId, OrganId, ReportId, ScheduleId};
use huiyin_domain::reporting::{
    AssessedKind, OrderAnswer, Period, ReportClass, ReportState, RiskLevel, RiskOutcome, Schedule,
};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Instant};

/// A schedule as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct KeptSchedule {
    /// Its id.
    pub(crate) id: ScheduleId,
    /// The organ that reports.
    pub(crate) organ: OrganId,
    /// The organ that receives.
    pub(crate) to: OrganId,
    /// Where the latter stands.
    pub(crate) to_place: TerritoryCode,
    /// How often, how soon and how long.
    pub(crate) schedule: Schedule,
    /// Whether the organ keeps a duty round the clock meanwhile.
    pub(crate) round_the_clock: bool,
    /// The decision it rests on.
    pub(crate) source: String,
    /// First day of the next period of which nothing is recorded as missing; none when all have been looked at.
    pub(crate) next_from: Option<Date>,
}

impl KeptSchedule {
    /// The next period of which nothing is recorded as missing.
    pub(crate) fn next(&self) -> Option<Period> {
        self.schedule.periods_from(self.next_from?).next()
    }
}

/// A report, or that one is missing.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// Its id.
    pub(crate) id: ReportId,
    /// The schedule it is due by; none for an important report.
    pub(crate) schedule: Option<ScheduleId>,
    /// The organ that reports.
    pub(crate) organ: OrganId,
    /// The organ that receives.
    pub(crate) to: OrganId,
    /// Where the latter stands.
    pub(crate) to_place: TerritoryCode,
    /// Its class.
    pub(crate) class: ReportClass,
    /// What it speaks of.
    pub(crate) period: Period,
    /// When it was recorded as missing, if it ever was.
    pub(crate) missing_at: Option<Instant>,
    /// Where it stands.
    pub(crate) state: ReportState,
}

/// What a report said at a time.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// Its number, from 1.
    pub(crate) number: u32,
    /// When it came.
    pub(crate) at: Instant,
    /// Whether it has no item.
    pub(crate) zero: bool,
    /// The situation in words.
    pub(crate) summary: String,
    /// The phone of the organ's duty desk; may be empty.
    pub(crate) duty_phone: String,
    /// The post that reported.
    pub(crate) post: String,
    /// The ledger as it stands in it, oldest dispute first.
    pub(crate) ledger: Vec<Entry>,
    /// When and by which post it was received.
    pub(crate) received: Option<(Instant, String)>,
    /// Why it was found false.
    pub(crate) false_reason: Option<String>,
}

/// What a report says of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// It is opened.
    Opened,
    /// It is open and carried over from the report before.
    Carried,
    /// It is closed.
    Closed,
}

impl EntryKind {
    /// The word as it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Carried => "carried",
            Self::Closed => "closed",
        }
    }
}

impl std::str::FromStr for EntryKind {
    type Err = String;

    fn from_str(stored: &str) -> Result<Self, String> {
        [Self::Opened, Self::Carried, Self::Closed]
            .into_iter()
            .find(|kind| kind.as_str() == stored)
            .ok_or_else(|| format!("{stored} is no kind of entry"))
    }
}

/// A line of the ledger in a version.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The dispute.
    pub(crate) dispute: DisputeId,
    /// What is said of it.
    pub(crate) kind: EntryKind,
    /// Facts, progress or result.
    pub(crate) words: String,
}

/// A dispute in the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Dispute {
    /// Its id.
    pub(crate) id: DisputeId,
    /// The organ that reports it.
    pub(crate) reported_by: OrganId,
    /// The organ that receives its reports.
    pub(crate) to: OrganId,
    /// Where the latter stands.
    pub(crate) to_place: TerritoryCode,
    /// Where it is.
    pub(crate) place: TerritoryCode,
    /// Code of the subject.
    pub(crate) subject: String,
    /// When it was found.
    pub(crate) found: Date,
    /// The organ that must settle it.
    pub(crate) organ: OrganId,
    /// By when.
    pub(crate) limit: Date,
    /// What it is about.
    pub(crate) facts: String,
    /// The report that opened it.
    pub(crate) opened_in: ReportId,
    /// When.
    pub(crate) opened_at: Instant,
    /// How it came to its end; none while it is open.
    pub(crate) closed: Option<Closing>,
    /// In how many versions of reports it has appeared.
    pub(crate) reported_times: u32,
}

/// The end of a dispute.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    /// The report that closed it.
    pub(crate) report: ReportId,
    /// When.
    pub(crate) at: Instant,
    /// Its result.
    pub(crate) result: String,
}

/// An order on a report.
#[derive(Clone, Debug)]
pub(crate) struct ReportOrder {
    /// Its number among those on the report, from 1; given when it is written.
    pub(crate) number: u32,
    /// The dispute it is about; none for the report as a whole.
    pub(crate) dispute: Option<DisputeId>,
    /// What is to be done.
    pub(crate) words: String,
    /// By when.
    pub(crate) due: Date,
    /// The post that orders.
    pub(crate) post: String,
    /// When.
    pub(crate) at: Instant,
    /// What became of it; none until it is answered.
    pub(crate) answer: Option<ReportOrderAnswer>,
}

/// What the organ that reported says of an order.
#[derive(Clone, Debug)]
pub(crate) struct ReportOrderAnswer {
    /// When, and whether in time.
    pub(crate) given: OrderAnswer,
    /// What was done.
    pub(crate) words: String,
    /// The post that answers.
    pub(crate) post: String,
    /// The last version of the report then.
    pub(crate) version: u32,
}

/// A risk assessment.
#[derive(Clone, Debug)]
pub(crate) struct RiskAssessment {
    /// Its id.
    pub(crate) id: AssessmentId,
    /// The organ that decides on what is assessed.
    pub(crate) organ: OrganId,
    /// Where it takes effect.
    pub(crate) place: TerritoryCode,
    /// What is assessed.
    pub(crate) kind: AssessedKind,
    /// What it is called.
    pub(crate) title: String,
    /// Code of the subject on which disputes are to be expected.
    pub(crate) subject: String,
    /// How great the risk is.
    pub(crate) risk: RiskLevel,
    /// What the organ does.
    pub(crate) outcome: RiskOutcome,
    /// What is done against the risk.
    pub(crate) measures: String,
    /// When it was assessed.
    pub(crate) assessed: Date,
    /// The post that records it.
    pub(crate) post: String,
    /// When it was recorded.
    pub(crate) recorded_at: Instant,
}
