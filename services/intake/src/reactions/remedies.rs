//! Reviews and re-examinations, so that the petitioner can follow them.

use huiyin_domain::vocabulary::{Remedy, RemedyOutcome};
use huiyin_proto::events::v1::Event;
use huiyin_proto::topics::{RemedyFact, Topic};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::id;
use crate::store::remedy_step::RemedyStep;

/// What an event says of a remedy; none of any other.
pub(super) fn read(event: &Event) -> Result<Option<RemedyStep>, Problem> {
    let Some(Topic::Remedy(told)) = event.fact.as_ref().map(|fact| fact.topic()) else {
        return Ok(None);
    };
    let mut violations = Violations::default();
    let at = violations.time("occurred_time", event.occurred_time.as_ref());
    let (matter, organ, given, outcome) = match told {
        RemedyFact::RemedyRequested(fact) => (&fact.matter_id, &fact.organ_id, fact.remedy, None),
        RemedyFact::RemedyOpinionDelivered(fact) => {
            let outcome = violations
                .choice("outcome", fact.outcome, words::RemedyOutcome::as_str_name)
                .and_then(outcome);
            (&fact.matter_id, &fact.organ_id, fact.remedy, outcome)
        }
    };
    let remedy = violations
        .choice("remedy", given, words::Remedy::as_str_name)
        .and_then(remedy);
    let (at, remedy) = violations.finish_with(at.zip(remedy))?;
    Ok(Some(RemedyStep {
        matter: id("matter_id", matter)?,
        remedy,
        organ: id("organ_id", organ)?,
        requested_at: outcome.is_none().then_some(at),
        delivered: outcome.map(|outcome| (at, outcome)),
    }))
}

const fn remedy(given: words::Remedy) -> Option<Remedy> {
    match given {
        words::Remedy::Unspecified => None,
        words::Remedy::Review => Some(Remedy::Review),
        words::Remedy::Reexamination => Some(Remedy::Reexamination),
    }
}

const fn outcome(given: words::RemedyOutcome) -> Option<RemedyOutcome> {
    match given {
        words::RemedyOutcome::Unspecified => None,
        words::RemedyOutcome::Upheld => Some(RemedyOutcome::Upheld),
        words::RemedyOutcome::Changed => Some(RemedyOutcome::Changed),
    }
}
