//! The sender agrees to an objection: the matter goes to the next organ, or to arbitration.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::time::local_date;
use huiyin_proto::events::v1::ObjectionAgreed;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::{AgreeToObjectionRequest, AgreeToObjectionResponse};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::{chance, metrics};
use tonic::Request;

use super::{latest, lock_for};
use crate::chain::{Post, Ruling};
use crate::onward::after_objection;
use crate::rulebook::Rulebook;
use crate::service::Service;
use crate::{store, wire};

#[derive(Clone, Debug)]
struct Agreeing {
    matter: MatterId,
    wish: Option<OrganId>,
    post: String,
}

/// Agrees to an objection.
pub(crate) async fn agree_to_objection(
    service: &Service,
    request: Request<AgreeToObjectionRequest>,
) -> Result<AgreeToObjectionResponse, Problem> {
    let agreeing = parse(request.get_ref())?;
    let asked = Asked::of(
        request.metadata(),
        &request.get_ref().request_id,
        request.get_ref(),
    );
    let rulebook = service.rulebook.clone();
    service
        .desk
        .database
        .once("agree_to_objection", asked, move |tx| {
            let (rulebook, agreeing) = (rulebook.clone(), agreeing.clone());
            Box::pin(async move { agree(&rulebook, tx, agreeing).await })
        })
        .await
}

fn parse(request: &AgreeToObjectionRequest) -> Result<Agreeing, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&request.request_id);
    let matter = violations.id("matter_id", &request.matter_id);
    let wish = match request.to_organ.as_str() {
        "" => None,
        organ => violations.id("to_organ", organ),
    };
    let post = violations.text("post", &request.post, 1, 100);
    let matter = violations.finish_with(matter)?;
    Ok(Agreeing { matter, wish, post })
}

async fn agree(
    rulebook: &Rulebook,
    tx: &mut Tx,
    agreeing: Agreeing,
) -> Result<AgreeToObjectionResponse, Problem> {
    let Agreeing { matter, wish, post } = agreeing;
    let mut chains = lock_for(tx, matter, super::sender).await?;
    let on = local_date(tx.now());
    let in_force = rulebook.in_force(tx.connection(), on).await?;
    let now = tx.now();
    let chain = chains.get(matter)?;
    let returned = chain.rule(Ruling {
        at: now,
        post: post.clone(),
        agreed: true,
        reason: String::new(),
    })?;
    let sender = (
        returned.from(),
        Post {
            name: post,
            reason: String::new(),
        },
    );
    let onward = after_objection(chain, wish, sender, &in_force)?;
    let kind = onward.kind;
    chain.hand_on(chance::new_id(), onward, now)?;
    let hop = latest(chain)?;
    let answer = wire::forwarding(matter, hop);
    tx.tell(Fact::ObjectionAgreed(ObjectionAgreed {
        matter_id: matter.to_string(),
        forwarding_id: returned.id.to_string(),
        organ_id: returned.to().to_string(),
    }));
    tx.tell(Fact::MatterForwarded(wire::told_forwarding(chain, hop)));
    store::chain::save(tx.connection(), &chains).await?;
    metrics::count("huiyin_forwardings", 1, &[("kind", kind.as_str())]);
    Ok(AgreeToObjectionResponse {
        forwarding: Some(answer),
    })
}
