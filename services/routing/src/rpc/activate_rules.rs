//! Puts competence rules in force.

use huiyin_domain::routing::CompetenceRules;
use huiyin_domain::time::local_date;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::{ActivateRulesRequest, ActivateRulesResponse, RulesVersion};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use crate::rulebook::Rulebook;
use crate::service::Service;
use crate::store::competence_rules::{self, Activated};
use crate::store::organ_edition;
use crate::wire;

#[derive(Clone, Debug)]
struct Activating {
    rules: CompetenceRules,
    post: String,
    reason: String,
}

/// Puts competence rules in force from their first day on.
pub(crate) async fn activate_rules(
    service: &Service,
    request: Request<ActivateRulesRequest>,
) -> Result<ActivateRulesResponse, Problem> {
    let message = request.get_ref();
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let rules = wire::competence_rules(&mut violations, "rules", message.rules.as_ref());
    let post = violations.text("post", &message.post, 1, 100);
    let reason = violations.text("reason", &message.reason, 1, 1000);
    let rules = violations.finish_with(rules)?;
    let activating = Activating {
        rules,
        post,
        reason,
    };
    let rulebook = service.rulebook.clone();
    let database = &service.desk.database;
    database
        .once("activate_rules", asked, move |tx| {
            let (rulebook, activating) = (rulebook.clone(), activating.clone());
            Box::pin(async move { activate(&rulebook, tx, activating).await })
        })
        .await
}

async fn activate(
    rulebook: &Rulebook,
    tx: &mut Tx,
    activating: Activating,
) -> Result<ActivateRulesResponse, Problem> {
    organ_edition::lock(tx.connection()).await?;
    let known = rulebook.competence(tx.connection()).await?;
    let Activating {
        rules,
        post,
        reason,
    } = activating;
    let (today, from) = (local_date(tx.now()), rules.valid_from());
    let mut violations = Violations::default();
    violations.check(
        "rules.valid_from",
        from >= today,
        format!("is {from}, but today is {today}: what was decided is not decided again"),
    );
    let same_day = known.iter().find(|other| other.valid_from() == from);
    violations.check(
        "rules.valid_from",
        same_day.is_none(),
        format!("is {from}, which is the first day of another version already"),
    );
    violations.check(
        "rules.version",
        known.iter().all(|other| other.version() != rules.version()),
        format!(
            "is {}, which is the name of a version already",
            rules.version()
        ),
    );
    violations.finish()?;
    let activated = Activated {
        file: rules.file().clone(),
        post,
        reason,
        at: tx.now(),
    };
    competence_rules::insert(tx.connection(), &activated).await?;
    organ_edition::advance(tx.connection()).await?;
    tx.tell(Fact::RulesActivated(wire::told_activation(&activated)));
    let version = RulesVersion {
        in_force: from == today,
        ..wire::activated(&activated)
    };
    Ok(ActivateRulesResponse {
        version: Some(version),
    })
}
