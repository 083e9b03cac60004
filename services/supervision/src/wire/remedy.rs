//! Remedies and recommendations.

use huiyin_domain::vocabulary::{Adoption, RecommendationKind, Remedy, RemedyOutcome};
use huiyin_proto::supervision::v1 as rpc;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire::timestamp;

use crate::store::recommendation::Recommendation;
use crate::store::remedy::RemedyCase;

/// A remedy; none when it is not given.
pub(crate) const fn remedy(given: words::Remedy) -> Option<Remedy> {
    match given {
        words::Remedy::Unspecified => None,
        words::Remedy::Review => Some(Remedy::Review),
        words::Remedy::Reexamination => Some(Remedy::Reexamination),
    }
}

/// The remedy in the contract's words.
pub(crate) const fn remedy_word(remedy: Remedy) -> words::Remedy {
    match remedy {
        Remedy::Review => words::Remedy::Review,
        Remedy::Reexamination => words::Remedy::Reexamination,
    }
}

/// An outcome; none when it is not given.
pub(crate) const fn outcome(given: words::RemedyOutcome) -> Option<RemedyOutcome> {
    match given {
        words::RemedyOutcome::Unspecified => None,
        words::RemedyOutcome::Upheld => Some(RemedyOutcome::Upheld),
        words::RemedyOutcome::Changed => Some(RemedyOutcome::Changed),
    }
}

/// The outcome in the contract's words.
pub(crate) const fn outcome_word(outcome: RemedyOutcome) -> words::RemedyOutcome {
    match outcome {
        RemedyOutcome::Upheld => words::RemedyOutcome::Upheld,
        RemedyOutcome::Changed => words::RemedyOutcome::Changed,
    }
}

/// A kind of recommendation; none when it is not given.
pub(crate) const fn recommendation_kind(
    given: words::RecommendationKind,
) -> Option<RecommendationKind> {
    match given {
        words::RecommendationKind::Unspecified => None,
        words::RecommendationKind::ImproveWork => Some(RecommendationKind::ImproveWork),
        words::RecommendationKind::CompletePolicy => Some(RecommendationKind::CompletePolicy),
        words::RecommendationKind::HoldResponsible => Some(RecommendationKind::HoldResponsible),
    }
}

/// The kind of recommendation in the contract's words.
pub(crate) const fn recommendation_word(kind: RecommendationKind) -> words::RecommendationKind {
    match kind {
        RecommendationKind::ImproveWork => words::RecommendationKind::ImproveWork,
        RecommendationKind::CompletePolicy => words::RecommendationKind::CompletePolicy,
        RecommendationKind::HoldResponsible => words::RecommendationKind::HoldResponsible,
    }
}

/// An adoption; none when it is not given.
pub(crate) const fn adoption(given: words::Adoption) -> Option<Adoption> {
    match given {
        words::Adoption::Unspecified => None,
        words::Adoption::Adopted => Some(Adoption::Adopted),
        words::Adoption::PartlyAdopted => Some(Adoption::PartlyAdopted),
        words::Adoption::NotAdopted => Some(Adoption::NotAdopted),
    }
}

/// The adoption in the contract's words.
pub(crate) const fn adoption_word(adoption: Adoption) -> words::Adoption {
    match adoption {
        Adoption::Adopted => words::Adoption::Adopted,
        Adoption::PartlyAdopted => words::Adoption::PartlyAdopted,
        Adoption::NotAdopted => words::Adoption::NotAdopted,
    }
}

/// A remedy as it is answered.
pub(crate) fn remedy_case(case: &RemedyCase) -> rpc::RemedyCase {
    rpc::RemedyCase {
        remedy_id: case.id.to_string(),
        matter_id: case.matter.to_string(),
        remedy: remedy_word(case.remedy).into(),
        about_organ: case.about.to_string(),
        organ_id: case.organ.to_string(),
        requested_time: Some(timestamp(case.requested_at)),
        delivered_time: case.delivered.map(|(at, _)| timestamp(at)),
        outcome: case
            .delivered
            .map_or(words::RemedyOutcome::Unspecified, |(_, outcome)| {
                outcome_word(outcome)
            })
            .into(),
    }
}

/// A recommendation as it is answered.
pub(crate) fn recommendation(known: &Recommendation) -> rpc::Recommendation {
    rpc::Recommendation {
        recommendation_id: known.id.to_string(),
        matter_id: known.matter.to_string(),
        from_organ: known.from.to_string(),
        organ_id: known.organ.to_string(),
        kind: recommendation_word(known.kind).into(),
        made_time: Some(timestamp(known.made_at)),
        due_date: known.due.map(|due| due.to_string()).unwrap_or_default(),
        adoption: known
            .answered
            .map_or(words::Adoption::Unspecified, |(_, adoption)| {
                adoption_word(adoption)
            })
            .into(),
        answered_time: known.answered.map(|(at, _)| timestamp(at)),
    }
}
