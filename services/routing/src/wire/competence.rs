//! Competence rules.

use huiyin_domain::routing::{CompetenceFile, CompetenceRule, CompetenceRules};
use huiyin_domain::territory::TerritoryCode;
use huiyin_proto::events::v1 as events;
use huiyin_proto::routing::v1 as pb;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::timestamp;

use super::{level, level_word};
use crate::store::competence_rules::Activated;

/// The competence rules of a request; everything that is wrong with them is a violation of the field.
pub(crate) fn competence_rules(
    violations: &mut Violations,
    field: &str,
    given: Option<&pb::CompetenceRules>,
) -> Option<CompetenceRules> {
    const MOST: usize = 10_000;
    let Some(given) = given else {
        violations.add(field, "is missing");
        return None;
    };
    let number = given.rules.len();
    if number > MOST {
        violations.add(
            field,
            format!("has {number} rules; at most {MOST} are allowed"),
        );
        return None;
    }
    let valid_from = violations.date(&format!("{field}.valid_from"), &given.valid_from);
    let mut rules = Vec::with_capacity(number);
    for (place, rule) in given.rules.iter().enumerate() {
        rules.extend(competence_rule(
            violations,
            &format!("{field}.rules[{place}]"),
            rule,
        ));
    }
    let file = CompetenceFile {
        version: given.version.clone(),
        valid_from: valid_from?,
        source: given.source.clone(),
        rules,
    };
    if file.rules.len() < number {
        return None;
    }
    match CompetenceRules::new(file) {
        Ok(rules) => Some(rules),
        Err(faults) => {
            for fault in faults {
                violations.add(field, fault.to_string());
            }
            None
        }
    }
}

fn competence_rule(
    violations: &mut Violations,
    field: &str,
    rule: &pb::CompetenceRule,
) -> Option<CompetenceRule> {
    let place = match rule.place_code.as_str() {
        "" => Some(TerritoryCode::NATION),
        code => violations.territory_code(&format!("{field}.place_code"), code),
    };
    let level = level(violations, &format!("{field}.level"), rule.level);
    Some(CompetenceRule {
        subject: rule.subject.clone(),
        place: place?,
        level: level?,
        function: (!rule.function.is_empty()).then(|| rule.function.clone()),
    })
}

/// The competence rules in the contract's words.
pub(crate) fn told_rules(file: &CompetenceFile) -> pb::CompetenceRules {
    let rule = |rule: &CompetenceRule| pb::CompetenceRule {
        subject: rule.subject.clone(),
        place_code: rule.place.to_string(),
        level: level_word(rule.level).into(),
        function: rule.function.clone().unwrap_or_default(),
    };
    pb::CompetenceRules {
        version: file.version.clone(),
        valid_from: file.valid_from.to_string(),
        source: file.source.clone(),
        rules: file.rules.iter().map(rule).collect(),
    }
}

/// A version that a post put in force, in an event.
pub(crate) fn told_activation(activated: &Activated) -> events::RulesActivated {
    let file = &activated.file;
    let rule = |rule: &CompetenceRule| events::ActivatedRule {
        subject: rule.subject.clone(),
        place_code: rule.place.to_string(),
        level: level_word(rule.level).into(),
        function: rule.function.clone().unwrap_or_default(),
    };
    events::RulesActivated {
        version: file.version.clone(),
        valid_from: file.valid_from.to_string(),
        post: activated.post.clone(),
        source: file.source.clone(),
        rules: file.rules.iter().map(rule).collect(),
    }
}

/// A version that a post put in force.
pub(crate) fn activated(activated: &Activated) -> pb::RulesVersion {
    pb::RulesVersion {
        rules: Some(told_rules(&activated.file)),
        activated_by_post: activated.post.clone(),
        reason: activated.reason.clone(),
        activated_time: Some(timestamp(activated.at)),
        in_force: false,
    }
}
