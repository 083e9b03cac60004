//! Ids with kinds: the id of a matter cannot be passed where an organ's is wanted.
//!
//! On the wire, in logs and in messages an id is written `matter_<32 lowercase hex digits>`.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;
use uuid::Uuid;

/// What an id is the id of.
pub trait Kind {
    /// The word before the underscore.
    const PREFIX: &'static str;
}

/// The kinds of things that have ids.
pub mod kind {
    use super::Kind;

    /// A petition with one subject.
    #[derive(Debug)]
    pub enum Matter {}
    /// Anybody that can be competent for a matter.
    #[derive(Debug)]
    pub enum Organ {}
    /// One hop of a matter from organ to organ.
    #[derive(Debug)]
    pub enum Forwarding {}
    /// A written result.
    #[derive(Debug)]
    pub enum Opinion {}
    /// A supervise order.
    #[derive(Debug)]
    pub enum Order {}
    /// An urgent report on its way.
    #[derive(Debug)]
    pub enum Alert {}
    /// A periodic or published report.
    #[derive(Debug)]
    pub enum Report {}
    /// An event of the contract.
    #[derive(Debug)]
    pub enum Event {}
    /// A granted prolongation of a clock.
    #[derive(Debug)]
    pub enum Extension {}
    /// A pause of a clock, or its end.
    #[derive(Debug)]
    pub enum Pause {}
    /// A due day that a named post set.
    #[derive(Debug)]
    pub enum DueDay {}
    /// A batch of clocks computed anew.
    #[derive(Debug)]
    pub enum Batch {}
    /// A petitioner's evaluation of an office or organ.
    #[derive(Debug)]
    pub enum Evaluation {}
    /// A step of a review or re-examination.
    #[derive(Debug)]
    pub enum Remedy {}
    /// A recommendation to an organ.
    #[derive(Debug)]
    pub enum Recommendation {}
    /// A place and subject in which more matters are raised than is normal there.
    #[derive(Debug)]
    pub enum HotSpot {}
    /// How often an organ reports to one above it.
    #[derive(Debug)]
    pub enum Schedule {}
    /// An item of the rolling ledger.
    #[derive(Debug)]
    pub enum Dispute {}
    /// The assessment of the risk of a decision or project.
    #[derive(Debug)]
    pub enum Assessment {}
    /// Shifts and hours of a duty that were set at a time.
    #[derive(Debug)]
    pub enum Roster {}
    /// A shift of a duty.
    #[derive(Debug)]
    pub enum Shift {}
    /// Hours in which nobody is on duty and somebody must be.
    #[derive(Debug)]
    pub enum Gap {}
    /// A special period of a place.
    #[derive(Debug)]
    pub enum SpecialPeriod {}
    /// What rings at a duty desk: one alert, or a bundle of them.
    #[derive(Debug)]
    pub enum Notice {}
    /// Where an organ's own system is told of its alerts.
    #[derive(Debug)]
    pub enum Webhook {}

    impl Kind for Matter {
        const PREFIX: &'static str = "matter";
    }
    impl Kind for Organ {
        const PREFIX: &'static str = "organ";
    }
    impl Kind for Forwarding {
        const PREFIX: &'static str = "forwarding";
    }
    impl Kind for Opinion {
        const PREFIX: &'static str = "opinion";
    }
    impl Kind for Order {
        const PREFIX: &'static str = "order";
    }
    impl Kind for Alert {
        const PREFIX: &'static str = "alert";
    }
    impl Kind for Report {
        const PREFIX: &'static str = "report";
    }
    impl Kind for Event {
        const PREFIX: &'static str = "event";
    }
    impl Kind for Extension {
        const PREFIX: &'static str = "extension";
    }
    impl Kind for Pause {
        const PREFIX: &'static str = "pause";
    }
    impl Kind for DueDay {
        const PREFIX: &'static str = "due_day";
    }
    impl Kind for Batch {
        const PREFIX: &'static str = "batch";
    }
    impl Kind for Evaluation {
        const PREFIX: &'static str = "evaluation";
    }
    impl Kind for Remedy {
        const PREFIX: &'static str = "remedy";
    }
    impl Kind for Recommendation {
        const PREFIX: &'static str = "recommendation";
    }
    impl Kind for HotSpot {
        const PREFIX: &'static str = "hot_spot";
    }
    impl Kind for Schedule {
        const PREFIX: &'static str = "schedule";
    }
    impl Kind for Dispute {
        const PREFIX: &'static str = "dispute";
    }
    impl Kind for Assessment {
        const PREFIX: &'static str = "assessment";
    }
    impl Kind for Roster {
        const PREFIX: &'static str = "roster";
    }
    impl Kind for Shift {
        const PREFIX: &'static str = "shift";
    }
    impl Kind for Gap {
        const PREFIX: &'static str = "gap";
    }
    impl Kind for SpecialPeriod {
        const PREFIX: &'static str = "period";
    }
    impl Kind for Notice {
        const PREFIX: &'static str = "notice";
    }
    impl Kind for Webhook {
        const PREFIX: &'static str = "webhook";
    }
}

/// The id of a matter.
pub type MatterId = Id<kind::Matter>;
/// The id of an organ.
pub type OrganId = Id<kind::Organ>;
/// The id of a forwarding.
pub type ForwardingId = Id<kind::Forwarding>;
/// The id of an opinion.
pub type OpinionId = Id<kind::Opinion>;
/// The id of a supervise order.
pub type OrderId = Id<kind::Order>;
/// The id of an alert.
pub type AlertId = Id<kind::Alert>;
/// The id of a report.
pub type ReportId = Id<kind::Report>;
/// The id of an event.
pub type EventId = Id<kind::Event>;
/// The id of an extension.
pub type ExtensionId = Id<kind::Extension>;
/// The id of a pause or of its end.
pub type PauseId = Id<kind::Pause>;
/// The id of a due day that was set.
pub type DueDayId = Id<kind::DueDay>;
/// The id of a batch of clocks computed anew.
pub type BatchId = Id<kind::Batch>;
/// The id of an evaluation.
pub type EvaluationId = Id<kind::Evaluation>;
/// The id of a step of a review or re-examination.
pub type RemedyId = Id<kind::Remedy>;
/// The id of a recommendation.
pub type RecommendationId = Id<kind::Recommendation>;
/// The id of a hot spot.
pub type HotSpotId = Id<kind::HotSpot>;
/// The id of a schedule of reports.
pub type ScheduleId = Id<kind::Schedule>;
/// The id of a dispute.
pub type DisputeId = Id<kind::Dispute>;
/// The id of a risk assessment.
pub type AssessmentId = Id<kind::Assessment>;
/// The id of a roster of a duty.
pub type RosterId = Id<kind::Roster>;
/// The id of a shift of a duty.
pub type ShiftId = Id<kind::Shift>;
/// The id of a gap of a duty.
pub type GapId = Id<kind::Gap>;
/// The id of a special period.
pub type SpecialPeriodId = Id<kind::SpecialPeriod>;
/// The id of a notice at a duty desk.
pub type NoticeId = Id<kind::Notice>;
/// The id of a webhook.
pub type WebhookId = Id<kind::Webhook>;

/// A UUID that knows what it is the id of.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

impl<K> Id<K> {
    /// The id with this UUID.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self {
            uuid,
            kind: PhantomData,
        }
    }

    /// The bare UUID, for a database column.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

/// A text that is not the id it was read as.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{given:?} is no {expected} id; expected {expected}_ followed by 32 hexadecimal digits")]
pub struct InvalidId {
    /// The prefix the id must have.
    pub expected: &'static str,
    /// What was given.
    pub given: String,
}

impl<K: Kind> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(given: &str) -> Result<Self, InvalidId> {
        given
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .filter(|hex| hex.len() == 32)
            .and_then(|hex| Uuid::try_parse(hex).ok())
            .map(Self::from_uuid)
            .ok_or_else(|| InvalidId {
                expected: K::PREFIX,
                given: given.to_owned(),
            })
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.uuid.simple())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

// Written out because `derive` would ask the marker types for the same traits.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K> Eq for Id<K> {}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints() {
        let id = MatterId::from_uuid(Uuid::from_u128(0xABCD));
        assert_eq!(id.to_string(), "matter_0000000000000000000000000000abcd");
        assert_eq!(id.to_string().parse(), Ok(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<MatterId>(&json).unwrap(), id);
    }

    #[test]
    fn an_id_of_another_kind_is_refused_by_name() {
        let organ = OrganId::from_uuid(Uuid::from_u128(1)).to_string();
        let refused = organ.parse::<MatterId>().unwrap_err().to_string();
        assert!(
            refused.contains("expected matter_ followed by 32"),
            "{refused}"
        );
        assert!("matter_12".parse::<MatterId>().is_err());
        assert!(
            "matter_00000000-0000-0000-0000-00000000abcd"
                .parse::<MatterId>()
                .is_err()
        );
    }
}
