//! Where a matter goes next: after an objection was agreed, or by the decision of a named post.

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::{OrganProfile, PETITION_OFFICE};
use huiyin_domain::routing::{Decision, Directory, Reason, Rules, arbitrate, route};
use huiyin_domain::standing::Standing;
use huiyin_domain::vocabulary::{Category, ForwardingKind};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::chain::{Chain, Onward, Post, RoutedMatter};
use crate::rulebook::InForce;

/// The first hop, by rule.
pub(crate) fn by_rule(from: OrganId, decision: Decision) -> Onward {
    let Decision {
        to, kind, reasons, ..
    } = decision;
    Onward {
        from,
        to,
        kind,
        limit_days: 0,
        simplified: None,
        reasons,
        post: None,
    }
}

/// The hop after an objection the sender agreed to: to arbitration when the matter has come back as often as its
/// place allows (local), else to the organ the sender wishes, else by rule to one that has not given it back.
///
/// # Errors
/// When no organ is left, or the wished one may not have the matter.
pub(crate) fn after_objection(
    chain: &Chain,
    wish: Option<OrganId>,
    sender: (OrganId, Post),
    in_force: &InForce,
) -> Result<Onward, Problem> {
    let tried = chain.tried();
    let directory = &*in_force.directory;
    let (from, post) = sender;
    let bounces = u32::try_from(tried.len()).unwrap_or(u32::MAX);
    let decision = if bounces >= in_force.bounce_limit(chain.matter.place) {
        arbitrate(&chain.to_route(), &tried, directory).map_err(nobody)?
    } else if let Some(to) = wish {
        may_receive(&chain.matter, "to_organ", to, directory)?;
        let reasons = vec![agreed(format!(
            "the sender agreed to the objection and sends it to {to}"
        ))];
        return Ok(Onward {
            from,
            to,
            kind: ForwardingKind::Transfer,
            limit_days: 0,
            simplified: None,
            reasons,
            post: Some(post),
        });
    } else {
        let others = without(chain, &tried, directory);
        let rules = Rules {
            directory: &others,
            ..in_force.rules()
        };
        route(&chain.to_route(), &rules).map_err(nobody)?
    };
    let set_aside = match wish {
        Some(wish) if wish != decision.to => {
            format!("; {wish} was wished and yields to arbitration")
        }
        Some(_) | None => String::new(),
    };
    let words =
        format!("the sender agreed to the objection; {bounces} so far gave it back{set_aside}");
    let mut onward = by_rule(from, decision);
    onward.reasons.insert(0, agreed(words));
    onward.post = Some(post);
    Ok(onward)
}

/// Checks a hop that a named post decides: the sender has a part in the matter or is a petition office
/// above the place; the receiver is known and is not whom the matter is about.
///
/// # Errors
/// Names the field, or who may send.
pub(crate) fn by_post(
    chain: &Chain,
    onward: &Onward,
    directory: &Directory,
) -> Result<(), Problem> {
    may_receive(&chain.matter, "to_organ", onward.to, directory)?;
    let Some(sender) = directory.get(onward.from) else {
        return Err(field("from_organ", "is no organ that was loaded"));
    };
    let office_above = chain.matter.place.is_within(&sender.territory)
        && sender
            .functions
            .iter()
            .any(|function| function == PETITION_OFFICE);
    if chain.involves(onward.from) || office_above {
        return Ok(());
    }
    Err(Problem::NotYours {
        words: "only an organ that registered, sent or received the matter, or a petition office of its place \
                or above, may send it on"
            .to_owned(),
    })
}

/// The reason that is told of a hop decided by a named post; its own words stay here.
pub(crate) fn post_decided() -> Reason {
    Reason {
        rule_id: "routing/named-post art. 22".to_owned(),
        words: "decided by a named post".to_owned(),
    }
}

/// No organ can be competent.
pub(crate) fn nobody(nobody: impl std::fmt::Display) -> Problem {
    Problem::NoCompetentOrgan {
        words: nobody.to_string(),
    }
}

fn agreed(words: String) -> Reason {
    Reason {
        rule_id: "routing/objection-agreed art. 23(3)".to_owned(),
        words,
    }
}

/// An organ never receives a matter about itself (art. 28(3)); a denunciation also never goes to an
/// organ below the denounced one, or headed by it (art. 30(3)).
fn may_receive(
    matter: &RoutedMatter,
    name: &str,
    to: OrganId,
    directory: &Directory,
) -> Result<(), Problem> {
    let Some(receiver) = directory.get(to) else {
        return Err(field(name, "is no organ that was loaded"));
    };
    if matter.about == Some(to) {
        return Err(field(
            name,
            "is the organ the matter is about; another one must answer, art. 28(3)",
        ));
    }
    let denounced = matter.about.and_then(|about| directory.get(about));
    match (matter.category, denounced) {
        (Category::Denunciation, Some(denounced))
            if standing(receiver).is_sealed_from(&standing(denounced)) =>
        {
            Err(field(
                name,
                "is below the denounced organ, or headed by it; one above it must answer, art. 30(3)",
            ))
        }
        (Category::Denunciation | Category::Claim | Category::Suggestion, _) => Ok(()),
    }
}

fn standing(organ: &OrganProfile) -> Standing {
    Standing::new(organ.id, (organ.level, organ.territory), &organ.functions)
}

/// The organs a decision on the matter could look at, those that gave it back holding no function.
fn without(chain: &Chain, tried: &[OrganId], directory: &Directory) -> Directory {
    let RoutedMatter { place, about, .. } = chain.matter;
    let about = about
        .and_then(|organ| directory.get(organ))
        .map(|organ| organ.territory);
    let mut near: Vec<OrganProfile> = directory
        .iter()
        .filter(|organ| {
            place.is_within(&organ.territory)
                || about.is_some_and(|about| about.is_within(&organ.territory))
        })
        .cloned()
        .collect();
    near.sort_by_key(|organ| (organ.territory, organ.id));
    for organ in near.iter_mut().filter(|organ| tried.contains(&organ.id)) {
        organ.functions.clear();
    }
    Directory::new(near)
}

fn field(name: &str, wrong: &str) -> Problem {
    let mut violations = Violations::default();
    violations.add(name, wrong);
    Problem::InvalidFields(violations)
}
