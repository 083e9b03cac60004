//! Between the contract's messages and our types.

pub(crate) use huiyin_service_kit::wire::level;

use huiyin_domain::ids::{Id, Kind, OrganId};
use huiyin_domain::matter::Stage;
use huiyin_domain::vocabulary::{
    Category, Channel, DeclineReason, EvaluationAddressee, Remedy, RemedyOutcome, Satisfaction,
};
use huiyin_proto::intake::v1 as pb;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::timestamp;

use crate::matter::Matter;
use crate::store::progress_step::Step;
use crate::store::remedy_step::RemedyStep;

/// A channel that must be given.
pub(crate) fn channel(violations: &mut Violations, field: &str, given: i32) -> Option<Channel> {
    match violations.choice(field, given, words::Channel::as_str_name)? {
        words::Channel::Letter => Some(Channel::Letter),
        words::Channel::Visit => Some(Channel::Visit),
        words::Channel::Call => Some(Channel::Call),
        words::Channel::Online => Some(Channel::Online),
        words::Channel::Fax => Some(Channel::Fax),
        words::Channel::LeaderMailbox => Some(Channel::LeaderMailbox),
        words::Channel::Unspecified => None,
    }
}

/// A reason of a decline that must be given.
pub(crate) fn decline_reason(
    violations: &mut Violations,
    field: &str,
    given: i32,
) -> Option<DeclineReason> {
    match violations.choice(field, given, words::DeclineReason::as_str_name)? {
        words::DeclineReason::OutsideCompetence => Some(DeclineReason::OutsideCompetence),
        words::DeclineReason::StatutoryRoute => Some(DeclineReason::StatutoryRoute),
        words::DeclineReason::AlreadyFinal => Some(DeclineReason::AlreadyFinal),
        words::DeclineReason::InHandling => Some(DeclineReason::InHandling),
        words::DeclineReason::Unspecified => None,
    }
}

/// An addressee of an evaluation that must be given.
pub(crate) fn addressee(
    violations: &mut Violations,
    field: &str,
    given: i32,
) -> Option<EvaluationAddressee> {
    match violations.choice(field, given, words::EvaluationAddressee::as_str_name)? {
        words::EvaluationAddressee::PetitionOffice => Some(EvaluationAddressee::PetitionOffice),
        words::EvaluationAddressee::HandlingOrgan => Some(EvaluationAddressee::HandlingOrgan),
        words::EvaluationAddressee::Unspecified => None,
    }
}

/// A word of the petitioner on the handling that must be given.
pub(crate) fn satisfaction(
    violations: &mut Violations,
    field: &str,
    given: i32,
) -> Option<Satisfaction> {
    match violations.choice(field, given, words::Satisfaction::as_str_name)? {
        words::Satisfaction::Satisfied => Some(Satisfaction::Satisfied),
        words::Satisfaction::BasicallySatisfied => Some(Satisfaction::BasicallySatisfied),
        words::Satisfaction::NotSatisfied => Some(Satisfaction::NotSatisfied),
        words::Satisfaction::Unspecified => None,
    }
}

/// The word of a stage a list is filtered by; empty when it is not.
pub(crate) fn stage_filter(violations: &mut Violations, field: &str, given: i32) -> &'static str {
    if given == 0 {
        return "";
    }
    violations
        .choice(field, given, words::Stage::as_str_name)
        .map_or("", stage_text)
}

/// A channel in an event.
pub(crate) fn channel_word(channel: Channel) -> words::Channel {
    match channel {
        Channel::Letter => words::Channel::Letter,
        Channel::Visit => words::Channel::Visit,
        Channel::Call => words::Channel::Call,
        Channel::Online => words::Channel::Online,
        Channel::Fax => words::Channel::Fax,
        Channel::LeaderMailbox => words::Channel::LeaderMailbox,
    }
}

/// A category in an event.
pub(crate) fn category_word(category: Category) -> words::Category {
    match category {
        Category::Suggestion => words::Category::Suggestion,
        Category::Denunciation => words::Category::Denunciation,
        Category::Claim => words::Category::Claim,
    }
}

/// The stages in the order a matter meets them, each with its word in the register.
const STAGES: [(words::Stage, &str); 8] = [
    (words::Stage::Registered, "registered"),
    (words::Stage::Forwarded, "forwarded"),
    (words::Stage::Accepted, "accepted"),
    (words::Stage::Declined, "declined"),
    (words::Stage::OpinionIssued, "opinion_issued"),
    (words::Stage::Replied, "replied"),
    (words::Stage::Referred, "referred"),
    (words::Stage::Withdrawn, "withdrawn"),
];

fn stage_text(stage: words::Stage) -> &'static str {
    STAGES
        .iter()
        .find(|(word, _)| *word == stage)
        .map_or("", |(_, text)| text)
}

/// A stage on the wire, from its word in the register.
fn stage_word(text: &str) -> words::Stage {
    STAGES
        .iter()
        .find(|(_, known)| *known == text)
        .map_or(words::Stage::Unspecified, |(word, _)| *word)
}

/// An optional id in an answer; empty when there is none.
pub(crate) fn id_or_empty<K: Kind>(id: Option<Id<K>>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// Where a matter stands, in an answer.
pub(crate) fn stage(stage: &Stage) -> words::Stage {
    stage_word(stage.as_str())
}

/// A matter in an answer.
pub(crate) fn matter(matter: &Matter) -> pb::Matter {
    pb::Matter {
        matter_id: matter.id.to_string(),
        number: matter.number.clone(),
        channel: channel_word(matter.channel).into(),
        category: category_word(matter.category).into(),
        subject: matter.subject.clone(),
        place_code: matter.place.to_string(),
        persons: matter.persons,
        registered_by: matter.registered_by.to_string(),
        received_time: Some(timestamp(matter.received_at)),
        stage: stage(&matter.stage).into(),
        organ_id: id_or_empty(matter.stage.organ()),
        stage_time: Some(timestamp(matter.stage_at())),
        repeat_of: id_or_empty(matter.repeat_of),
        actions_allowed: matter
            .stage
            .actions_allowed()
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

/// A step in an answer.
pub(crate) fn progress_step(step: &Step) -> pb::ProgressStep {
    pb::ProgressStep {
        stage: stage_word(&step.stage).into(),
        step_time: Some(timestamp(step.reached_at)),
        organ_id: id_or_empty(step.organ_id.map(OrganId::from_uuid)),
    }
}

/// A remedy in the answer to whoever asks for progress.
pub(crate) fn remedy_step(step: &RemedyStep) -> pb::RemedyStep {
    let remedy = match step.remedy {
        Remedy::Review => words::Remedy::Review,
        Remedy::Reexamination => words::Remedy::Reexamination,
    };
    let outcome = match step.delivered.map(|(_, outcome)| outcome) {
        None => words::RemedyOutcome::Unspecified,
        Some(RemedyOutcome::Upheld) => words::RemedyOutcome::Upheld,
        Some(RemedyOutcome::Changed) => words::RemedyOutcome::Changed,
    };
    pb::RemedyStep {
        remedy: remedy.into(),
        organ_id: step.organ.to_string(),
        requested_time: step.requested_at.map(timestamp),
        delivered_time: step.delivered.map(|(at, _)| timestamp(at)),
        outcome: outcome.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_of_the_contract_has_its_word() {
        for number in 1..=8 {
            let stage = words::Stage::try_from(number).unwrap();
            assert_eq!(stage_word(stage_text(stage)), stage);
            let name = stage
                .as_str_name()
                .trim_start_matches("STAGE_")
                .to_lowercase();
            assert_eq!(stage_text(stage), name);
        }
        assert!(words::Stage::try_from(9).is_err());
    }
}
