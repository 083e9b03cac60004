//! The sender upholds a forwarding against an objection.

use huiyin_domain::ids::MatterId;
use huiyin_proto::events::v1::ObjectionRefused;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::{RefuseObjectionRequest, RefuseObjectionResponse};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::lock_for;
use crate::chain::Ruling;
use crate::service::Service;
use crate::{store, wire};

#[derive(Clone, Debug)]
struct Refusing {
    matter: MatterId,
    post: String,
    reason: String,
}

/// Refuses an objection.
pub(crate) async fn refuse_objection(
    service: &Service,
    request: Request<RefuseObjectionRequest>,
) -> Result<RefuseObjectionResponse, Problem> {
    let refusing = parse(request.get_ref())?;
    let asked = Asked::of(
        request.metadata(),
        &request.get_ref().request_id,
        request.get_ref(),
    );
    service
        .desk
        .database
        .once("refuse_objection", asked, move |tx| {
            let refusing = refusing.clone();
            Box::pin(async move { refuse(tx, refusing).await })
        })
        .await
}

fn parse(request: &RefuseObjectionRequest) -> Result<Refusing, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&request.request_id);
    let matter = violations.id("matter_id", &request.matter_id);
    let post = violations.text("post", &request.post, 1, 100);
    let reason = violations.text("reason", &request.reason, 1, 1000);
    let matter = violations.finish_with(matter)?;
    Ok(Refusing {
        matter,
        post,
        reason,
    })
}

async fn refuse(tx: &mut Tx, refusing: Refusing) -> Result<RefuseObjectionResponse, Problem> {
    let Refusing {
        matter,
        post,
        reason,
    } = refusing;
    let now = tx.now();
    let mut chains = lock_for(tx, matter, super::sender).await?;
    let hop = chains.get(matter)?.rule(Ruling {
        at: now,
        post,
        agreed: false,
        reason,
    })?;
    tx.tell(Fact::ObjectionRefused(ObjectionRefused {
        matter_id: matter.to_string(),
        forwarding_id: hop.id.to_string(),
        organ_id: hop.to().to_string(),
    }));
    store::chain::save(tx.connection(), &chains).await?;
    Ok(RefuseObjectionResponse {
        forwarding: Some(wire::forwarding(matter, &hop)),
    })
}
