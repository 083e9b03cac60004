//! What happened to a matter, as far as clocks care.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ForwardingId, OrganId, RecommendationId},
    law::{ClockId, PauseCause},
    time::{Date, Instant},
    vocabulary::ForwardingKind,
};

/// Something that happened. Facts are only ever added. They sort by time, and at the same instant in
/// the order in which a matter can live through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// When it happened, not when it became known.
    pub at: Instant,
    /// What happened.
    pub kind: FactKind,
}

/// The limits of the simplified procedure where and when a matter was forwarded under it (local), in working days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SimplifiedLimits {
    /// For a petition office that passes it on.
    pub passing: u32,
    /// For the written acceptance.
    pub acceptance: u32,
    /// For the opinion.
    pub opinion: u32,
}

/// The kinds of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum FactKind {
    /// The petition office received the matter.
    Registered,
    /// The matter was forwarded.
    Forwarded {
        /// This hop.
        forwarding: ForwardingId,
        /// The organ it went to.
        to: OrganId,
        /// The organ it came from.
        by: OrganId,
        /// How.
        kind: ForwardingKind,
        /// Whether acceptance starts the opinion clock (art. 34).
        opinion_clock: bool,
        /// The limit set with it, in calendar days; an assignment without one has the default.
        limit_days: Option<u32>,
        /// The limits of the simplified procedure; none under the ordinary one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        simplified: Option<SimplifiedLimits>,
    },
    /// The matter was referred to a statutory channel.
    Referred,
    /// The organ objected to the forwarding (art. 23(3)).
    ObjectionRaised {
        /// The hop objected to.
        forwarding: ForwardingId,
    },
    /// The sender agreed; the material goes back.
    ObjectionAgreed {
        /// The hop objected to.
        forwarding: ForwardingId,
    },
    /// The organ accepted in writing.
    Accepted {
        /// The organ.
        by: OrganId,
    },
    /// The organ declined in writing.
    Declined {
        /// The organ.
        by: OrganId,
    },
    /// The organ's head prolonged a clock and the petitioner was told why (art. 34). Counts only when
    /// lawful: before the due date and within the most the rule allows.
    Extended {
        /// The clock, in its latest cycle at that time.
        clock: ClockId,
        /// By how many days.
        days: u32,
    },
    /// A clock stands still from this day on. Counts only when lawful: while it runs, before the due date,
    /// for a cause its rule knows.
    Paused {
        /// The clock, in its latest cycle at that time.
        clock: ClockId,
        /// For what.
        cause: PauseCause,
    },
    /// What the clock stood still for has ended.
    Resumed {
        /// The clock, in its latest cycle at that time.
        clock: ClockId,
        /// What has ended.
        cause: PauseCause,
    },
    /// A named post set the due day of a clock, against the computed one. Counts only when lawful: before the due date, to
    /// a day that is not past.
    DueSet {
        /// The clock, in its latest cycle at that time.
        clock: ClockId,
        /// The day.
        due: Date,
    },
    /// The organ issued its opinion. Ends no clock: the opinion must be delivered.
    OpinionIssued {
        /// The organ.
        by: OrganId,
    },
    /// The organ's opinion was delivered to the petitioner.
    ReplyDelivered {
        /// The organ whose opinion it is.
        by: OrganId,
    },
    /// The organ reported that an assignment is completed. Keeps its limit from that day on, unless the report is returned.
    CompletionReported {
        /// The hop that assigned it.
        forwarding: ForwardingId,
    },
    /// The assigning organ returned the report; it counts for nothing.
    CompletionReturned {
        /// The hop that assigned it.
        forwarding: ForwardingId,
    },
    /// The assigning organ accepted the report, or the matter as completed without one (art. 22).
    CompletionAccepted {
        /// The hop that assigned it.
        forwarding: ForwardingId,
    },
    /// The petitioner asked for review (art. 35). Counts only while the right has not lapsed.
    ReviewRequested {
        /// The organ above that must review.
        to: OrganId,
    },
    /// The review opinion was delivered to the petitioner (art. 35).
    ReviewOpinionDelivered {
        /// The organ that reviewed.
        by: OrganId,
    },
    /// The petitioner asked for re-examination (art. 36). Counts only while the right has not lapsed.
    ReexaminationRequested {
        /// The organ above the reviewing one.
        to: OrganId,
    },
    /// The final opinion was delivered to the petitioner (art. 36).
    FinalOpinionDelivered {
        /// The organ that re-examined.
        by: OrganId,
    },
    /// A petition office recommended something to an organ (art. 40).
    Recommended {
        /// The recommendation.
        recommendation: RecommendationId,
        /// The organ that must answer.
        to: OrganId,
        /// The limit where and when it was made, in days (local).
        limit_days: u32,
    },
    /// The organ answered in writing on adoption (art. 40).
    AdoptionAnswered {
        /// The recommendation.
        recommendation: RecommendationId,
    },
    /// The petitioner withdrew the matter.
    Withdrawn,
}
