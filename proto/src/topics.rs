//! What events are about: whoever follows one topic need not list every event of the others, and a new event breaks the build
//! of those alone who follow its topic.

use std::slice::from_ref;

use crate::events::v1::event::Fact;
use crate::events::v1::*;

/// The topic of an event.
#[derive(Clone, Copy, Debug)]
pub enum Topic<'a> {
    /// Places and organs.
    Places(PlacesFact<'a>),
    /// The way of a matter: registered, forwarded, answered.
    Matter(MatterFact<'a>),
    /// Reports that an assignment is completed.
    Completion(CompletionFact<'a>),
    /// Reviews and re-examinations.
    Remedy(RemedyFact<'a>),
    /// Recommendations to organs.
    Recommendation(RecommendationFact<'a>),
    /// Clocks.
    Deadline(DeadlineFact<'a>),
    /// Orders to organs.
    Order(OrderFact<'a>),
    /// Urgent reports.
    Alert(AlertFact<'a>),
    /// What decisions go by, and those that a post made otherwise.
    Decision(DecisionFact<'a>),
    /// A report was published.
    Report(&'a ReportPublished),
    /// Reports of organs to those above them.
    Reporting(ReportingFact<'a>),
    /// A hot spot was found.
    HotSpot(&'a HotSpotFound),
    /// Who is on duty.
    Duty(DutyFact<'a>),
    /// What a petition says was read, or erased.
    Petition(PetitionFact<'a>),
}

/// Who is on duty.
#[derive(Clone, Copy, Debug)]
pub enum DutyFact<'a> {
    /// See the contract.
    DutyGapFound(&'a DutyGapFound),
    /// See the contract.
    DutyHandedOver(&'a DutyHandedOver),
    /// See the contract.
    SpecialPeriodSet(&'a SpecialPeriodSet),
}

/// Reports of organs to those above them.
#[derive(Clone, Copy, Debug)]
pub enum ReportingFact<'a> {
    /// See the contract.
    ReportSubmitted(&'a ReportSubmitted),
    /// See the contract.
    ReportMissing(&'a ReportMissing),
    /// See the contract.
    ReportFoundFalse(&'a ReportFoundFalse),
    /// See the contract.
    ReportOrderAnswered(&'a ReportOrderAnswered),
}

/// What became of the words of a petition.
#[derive(Clone, Copy, Debug)]
pub enum PetitionFact<'a> {
    /// See the contract.
    PetitionRead(&'a PetitionRead),
    /// See the contract.
    PetitionErased(&'a PetitionErased),
}

/// Places and organs.
#[derive(Clone, Copy, Debug)]
pub enum PlacesFact<'a> {
    /// See the contract.
    TerritoriesEstablished(&'a TerritoriesEstablished),
    /// See the contract.
    OrgansEstablished(&'a OrgansEstablished),
}

/// The way of a matter: registered, forwarded, answered.
#[derive(Clone, Copy, Debug)]
pub enum MatterFact<'a> {
    /// See the contract.
    MatterRegistered(&'a MatterRegistered),
    /// See the contract.
    MatterForwarded(&'a MatterForwarded),
    /// See the contract.
    MatterUnrouted(&'a MatterUnrouted),
    /// See the contract.
    ForwardingObjected(&'a ForwardingObjected),
    /// See the contract.
    ObjectionAgreed(&'a ObjectionAgreed),
    /// See the contract.
    ObjectionRefused(&'a ObjectionRefused),
    /// See the contract.
    MatterAccepted(&'a MatterAccepted),
    /// See the contract.
    MatterDeclined(&'a MatterDeclined),
    /// See the contract.
    OpinionIssued(&'a OpinionIssued),
    /// See the contract.
    ReplyDelivered(&'a ReplyDelivered),
    /// See the contract.
    MatterEvaluated(&'a MatterEvaluated),
    /// See the contract.
    MatterWithdrawn(&'a MatterWithdrawn),
}

/// Reports that an assignment is completed.
#[derive(Clone, Copy, Debug)]
pub enum CompletionFact<'a> {
    /// See the contract.
    CompletionReported(&'a CompletionReported),
    /// See the contract.
    CompletionReturned(&'a CompletionReturned),
    /// See the contract.
    CompletionAccepted(&'a CompletionAccepted),
}

/// Reviews and re-examinations.
#[derive(Clone, Copy, Debug)]
pub enum RemedyFact<'a> {
    /// See the contract.
    RemedyRequested(&'a RemedyRequested),
    /// See the contract.
    RemedyOpinionDelivered(&'a RemedyOpinionDelivered),
}

/// Recommendations to organs.
#[derive(Clone, Copy, Debug)]
pub enum RecommendationFact<'a> {
    /// See the contract.
    RecommendationMade(&'a RecommendationMade),
    /// See the contract.
    RecommendationAnswered(&'a RecommendationAnswered),
}

/// Clocks.
#[derive(Clone, Copy, Debug)]
pub enum DeadlineFact<'a> {
    /// See the contract.
    DeadlineSet(&'a DeadlineSet),
    /// See the contract.
    DeadlineEnded(&'a DeadlineEnded),
    /// See the contract.
    DeadlinePassed(&'a DeadlinePassed),
    /// See the contract.
    DeadlineExtended(&'a DeadlineExtended),
    /// See the contract.
    DeadlinePaused(&'a DeadlinePaused),
    /// See the contract.
    DeadlineResumed(&'a DeadlineResumed),
}

/// Orders to organs.
#[derive(Clone, Copy, Debug)]
pub enum OrderFact<'a> {
    /// See the contract.
    SuperviseOrderIssued(&'a SuperviseOrderIssued),
    /// See the contract.
    SuperviseOrderAnswered(&'a SuperviseOrderAnswered),
}

/// Urgent reports.
#[derive(Clone, Copy, Debug)]
pub enum AlertFact<'a> {
    /// See the contract.
    AlertRaised(&'a AlertRaised),
    /// See the contract.
    AlertAcknowledged(&'a AlertAcknowledged),
    /// See the contract.
    AlertEscalated(&'a AlertEscalated),
    /// See the contract.
    AlertDelivered(&'a AlertDelivered),
    /// See the contract.
    AlertReportedOn(&'a AlertReportedOn),
    /// See the contract.
    AlertRefused(&'a AlertRefused),
    /// See the contract.
    NoticeRang(&'a NoticeRang),
}

/// What decisions go by, and those that a post made otherwise.
#[derive(Clone, Copy, Debug)]
pub enum DecisionFact<'a> {
    /// See the contract.
    RulesActivated(&'a RulesActivated),
    /// See the contract.
    DecisionOverridden(&'a DecisionOverridden),
    /// See the contract.
    WorkCalendarPublished(&'a WorkCalendarPublished),
    /// See the contract.
    DeadlinesReprojected(&'a DeadlinesReprojected),
}

impl Fact {
    /// What the event is about.
    #[must_use]
    pub const fn topic(&self) -> Topic<'_> {
        match self {
            Self::TerritoriesEstablished(fact) => {
                Topic::Places(PlacesFact::TerritoriesEstablished(fact))
            }
            Self::OrgansEstablished(fact) => Topic::Places(PlacesFact::OrgansEstablished(fact)),
            Self::MatterRegistered(fact) => Topic::Matter(MatterFact::MatterRegistered(fact)),
            Self::MatterForwarded(fact) => Topic::Matter(MatterFact::MatterForwarded(fact)),
            Self::MatterUnrouted(fact) => Topic::Matter(MatterFact::MatterUnrouted(fact)),
            Self::ForwardingObjected(fact) => Topic::Matter(MatterFact::ForwardingObjected(fact)),
            Self::ObjectionAgreed(fact) => Topic::Matter(MatterFact::ObjectionAgreed(fact)),
            Self::ObjectionRefused(fact) => Topic::Matter(MatterFact::ObjectionRefused(fact)),
            Self::MatterAccepted(fact) => Topic::Matter(MatterFact::MatterAccepted(fact)),
            Self::MatterDeclined(fact) => Topic::Matter(MatterFact::MatterDeclined(fact)),
            Self::OpinionIssued(fact) => Topic::Matter(MatterFact::OpinionIssued(fact)),
            Self::ReplyDelivered(fact) => Topic::Matter(MatterFact::ReplyDelivered(fact)),
            Self::MatterEvaluated(fact) => Topic::Matter(MatterFact::MatterEvaluated(fact)),
            Self::MatterWithdrawn(fact) => Topic::Matter(MatterFact::MatterWithdrawn(fact)),
            Self::CompletionReported(fact) => {
                Topic::Completion(CompletionFact::CompletionReported(fact))
            }
            Self::CompletionReturned(fact) => {
                Topic::Completion(CompletionFact::CompletionReturned(fact))
            }
            Self::CompletionAccepted(fact) => {
                Topic::Completion(CompletionFact::CompletionAccepted(fact))
            }
            Self::RemedyRequested(fact) => Topic::Remedy(RemedyFact::RemedyRequested(fact)),
            Self::RemedyOpinionDelivered(fact) => {
                Topic::Remedy(RemedyFact::RemedyOpinionDelivered(fact))
            }
            Self::RecommendationMade(fact) => {
                Topic::Recommendation(RecommendationFact::RecommendationMade(fact))
            }
            Self::RecommendationAnswered(fact) => {
                Topic::Recommendation(RecommendationFact::RecommendationAnswered(fact))
            }
            Self::DeadlineSet(fact) => Topic::Deadline(DeadlineFact::DeadlineSet(fact)),
            Self::DeadlineEnded(fact) => Topic::Deadline(DeadlineFact::DeadlineEnded(fact)),
            Self::DeadlinePassed(fact) => Topic::Deadline(DeadlineFact::DeadlinePassed(fact)),
            Self::DeadlineExtended(fact) => Topic::Deadline(DeadlineFact::DeadlineExtended(fact)),
            Self::DeadlinePaused(fact) => Topic::Deadline(DeadlineFact::DeadlinePaused(fact)),
            Self::DeadlineResumed(fact) => Topic::Deadline(DeadlineFact::DeadlineResumed(fact)),
            Self::SuperviseOrderIssued(fact) => Topic::Order(OrderFact::SuperviseOrderIssued(fact)),
            Self::SuperviseOrderAnswered(fact) => {
                Topic::Order(OrderFact::SuperviseOrderAnswered(fact))
            }
            Self::AlertRaised(fact) => Topic::Alert(AlertFact::AlertRaised(fact)),
            Self::AlertAcknowledged(fact) => Topic::Alert(AlertFact::AlertAcknowledged(fact)),
            Self::AlertEscalated(fact) => Topic::Alert(AlertFact::AlertEscalated(fact)),
            Self::AlertDelivered(fact) => Topic::Alert(AlertFact::AlertDelivered(fact)),
            Self::AlertReportedOn(fact) => Topic::Alert(AlertFact::AlertReportedOn(fact)),
            Self::AlertRefused(fact) => Topic::Alert(AlertFact::AlertRefused(fact)),
            Self::NoticeRang(fact) => Topic::Alert(AlertFact::NoticeRang(fact)),
            Self::RulesActivated(fact) => Topic::Decision(DecisionFact::RulesActivated(fact)),
            Self::DecisionOverridden(fact) => {
                Topic::Decision(DecisionFact::DecisionOverridden(fact))
            }
            Self::WorkCalendarPublished(fact) => {
                Topic::Decision(DecisionFact::WorkCalendarPublished(fact))
            }
            Self::DeadlinesReprojected(fact) => {
                Topic::Decision(DecisionFact::DeadlinesReprojected(fact))
            }
            Self::ReportPublished(fact) => Topic::Report(fact),
            Self::ReportSubmitted(fact) => Topic::Reporting(ReportingFact::ReportSubmitted(fact)),
            Self::ReportMissing(fact) => Topic::Reporting(ReportingFact::ReportMissing(fact)),
            Self::ReportFoundFalse(fact) => Topic::Reporting(ReportingFact::ReportFoundFalse(fact)),
            Self::ReportOrderAnswered(fact) => {
                Topic::Reporting(ReportingFact::ReportOrderAnswered(fact))
            }
            Self::HotSpotFound(fact) => Topic::HotSpot(fact),
            Self::DutyGapFound(fact) => Topic::Duty(DutyFact::DutyGapFound(fact)),
            Self::DutyHandedOver(fact) => Topic::Duty(DutyFact::DutyHandedOver(fact)),
            Self::SpecialPeriodSet(fact) => Topic::Duty(DutyFact::SpecialPeriodSet(fact)),
            Self::PetitionRead(fact) => Topic::Petition(PetitionFact::PetitionRead(fact)),
            Self::PetitionErased(fact) => Topic::Petition(PetitionFact::PetitionErased(fact)),
        }
    }

    /// The matters the event is about, by their ids; none for what concerns no matter. An alert names those it was raised for, and
    /// what becomes of it names the alert alone.
    #[must_use]
    pub fn matter_ids(&self) -> &[String] {
        match self.topic() {
            Topic::Matter(fact) => from_ref(fact.matter_id()),
            Topic::Completion(fact) => from_ref(match fact {
                CompletionFact::CompletionReported(fact) => &fact.matter_id,
                CompletionFact::CompletionReturned(fact) => &fact.matter_id,
                CompletionFact::CompletionAccepted(fact) => &fact.matter_id,
            }),
            Topic::Remedy(fact) => from_ref(match fact {
                RemedyFact::RemedyRequested(fact) => &fact.matter_id,
                RemedyFact::RemedyOpinionDelivered(fact) => &fact.matter_id,
            }),
            Topic::Recommendation(fact) => from_ref(match fact {
                RecommendationFact::RecommendationMade(fact) => &fact.matter_id,
                RecommendationFact::RecommendationAnswered(fact) => &fact.matter_id,
            }),
            Topic::Deadline(fact) => from_ref(fact.matter_id()),
            Topic::Order(fact) => from_ref(match fact {
                OrderFact::SuperviseOrderIssued(fact) => &fact.matter_id,
                OrderFact::SuperviseOrderAnswered(fact) => &fact.matter_id,
            }),
            Topic::Alert(fact) => match fact {
                AlertFact::AlertRaised(fact) => &fact.matter_ids,
                AlertFact::AlertAcknowledged(_)
                | AlertFact::AlertEscalated(_)
                | AlertFact::AlertDelivered(_)
                | AlertFact::AlertReportedOn(_)
                | AlertFact::AlertRefused(_)
                | AlertFact::NoticeRang(_) => &[],
            },
            Topic::Decision(fact) => match fact {
                DecisionFact::DecisionOverridden(fact) => from_ref(&fact.matter_id),
                DecisionFact::RulesActivated(_)
                | DecisionFact::WorkCalendarPublished(_)
                | DecisionFact::DeadlinesReprojected(_) => &[],
            },
            Topic::Petition(fact) => from_ref(match fact {
                PetitionFact::PetitionRead(fact) => &fact.matter_id,
                PetitionFact::PetitionErased(fact) => &fact.matter_id,
            }),
            Topic::Places(_)
            | Topic::Report(_)
            | Topic::Reporting(_)
            | Topic::HotSpot(_)
            | Topic::Duty(_) => &[],
        }
    }
}

impl<'a> MatterFact<'a> {
    /// The matter.
    #[must_use]
    pub const fn matter_id(self) -> &'a String {
        match self {
            Self::MatterRegistered(fact) => &fact.matter_id,
            Self::MatterForwarded(fact) => &fact.matter_id,
            Self::MatterUnrouted(fact) => &fact.matter_id,
            Self::ForwardingObjected(fact) => &fact.matter_id,
            Self::ObjectionAgreed(fact) => &fact.matter_id,
            Self::ObjectionRefused(fact) => &fact.matter_id,
            Self::MatterAccepted(fact) => &fact.matter_id,
            Self::MatterDeclined(fact) => &fact.matter_id,
            Self::OpinionIssued(fact) => &fact.matter_id,
            Self::ReplyDelivered(fact) => &fact.matter_id,
            Self::MatterEvaluated(fact) => &fact.matter_id,
            Self::MatterWithdrawn(fact) => &fact.matter_id,
        }
    }
}

impl<'a> DeadlineFact<'a> {
    /// The matter whose clock it is.
    #[must_use]
    pub const fn matter_id(self) -> &'a String {
        match self {
            Self::DeadlineSet(fact) => &fact.matter_id,
            Self::DeadlineEnded(fact) => &fact.matter_id,
            Self::DeadlinePassed(fact) => &fact.matter_id,
            Self::DeadlineExtended(fact) => &fact.matter_id,
            Self::DeadlinePaused(fact) => &fact.matter_id,
            Self::DeadlineResumed(fact) => &fact.matter_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(matter_ids: &[&str]) -> Fact {
        Fact::AlertRaised(AlertRaised {
            matter_ids: matter_ids.iter().map(|id| (*id).to_owned()).collect(),
            ..AlertRaised::default()
        })
    }

    #[test]
    fn an_event_names_the_matters_it_is_about() {
        let of = |matter_id: &str| matter_id.to_owned();
        let one = Fact::DeadlineEnded(DeadlineEnded {
            matter_id: of("one"),
            ..DeadlineEnded::default()
        });
        assert_eq!(one.matter_ids(), ["one"]);
        let read = Fact::PetitionRead(PetitionRead {
            matter_id: of("two"),
            ..PetitionRead::default()
        });
        assert_eq!(read.matter_ids(), ["two"]);
        assert_eq!(raised(&["one", "two"]).matter_ids(), ["one", "two"]);
        assert!(
            Fact::ReportPublished(ReportPublished::default())
                .matter_ids()
                .is_empty()
        );
    }
}
