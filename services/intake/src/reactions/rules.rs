//! Competence rules were put in force.

use huiyin_domain::routing::{CompetenceFile, CompetenceRule, CompetenceRules};
use huiyin_proto::events::v1::{ActivatedRule, RulesActivated};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::wire;

/// The rules of the event.
pub(super) fn read(fact: &RulesActivated) -> Result<CompetenceRules, Problem> {
    let mut violations = Violations::default();
    let valid_from = violations.date("valid_from", &fact.valid_from);
    let valid_from = violations.finish_with(valid_from)?;
    let file = CompetenceFile {
        version: fact.version.clone(),
        valid_from,
        source: fact.source.clone(),
        rules: fact.rules.iter().map(rule).collect::<Result<_, _>>()?,
    };
    CompetenceRules::new(file).map_err(|faults| {
        let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Problem::Unexpected(format!(
            "an event breaks the contract: {}",
            words.join("; ")
        ))
    })
}

fn rule(told: &ActivatedRule) -> Result<CompetenceRule, Problem> {
    let mut violations = Violations::default();
    let place = violations.territory_code("place_code", &told.place_code);
    let level = wire::level(&mut violations, "level", told.level);
    let (place, level) = violations.finish_with(place.zip(level))?;
    Ok(CompetenceRule {
        subject: told.subject.clone(),
        place,
        level,
        function: (!told.function.is_empty()).then(|| told.function.clone()),
    })
}
