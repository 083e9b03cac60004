//! The assigning organ accepts or returns a report of completion (art. 22).

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{CompletionAccepted, CompletionReturned};
use huiyin_proto::routing::v1::{
    AcceptCompletionRequest, AcceptCompletionResponse, Forwarding, ReturnCompletionRequest,
    ReturnCompletionResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::lock_for;
use crate::chain::CompletionRuling;
use crate::service::Service;
use crate::{store, wire};

#[derive(Clone, Debug)]
struct Ruling {
    matter: MatterId,
    organ: OrganId,
    post: String,
    /// What is missing; none when it is accepted.
    reason: Option<String>,
}

/// Accepts a report of completion.
pub(crate) async fn accept_completion(
    service: &Service,
    request: Request<AcceptCompletionRequest>,
) -> Result<AcceptCompletionResponse, Problem> {
    let message = request.get_ref();
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let matter = violations.id("matter_id", &message.matter_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let post = violations.text("post", &message.post, 1, 100);
    let (matter, organ) = violations.finish_with(matter.zip(organ))?;
    permit(About::Organ(organ)).await?;
    let ruling = Ruling {
        matter,
        organ,
        post,
        reason: None,
    };
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    service
        .desk
        .database
        .once("accept_completion", asked, move |tx| {
            let ruling = ruling.clone();
            Box::pin(async move {
                let forwarding = Some(rule(tx, ruling).await?);
                Ok(AcceptCompletionResponse { forwarding })
            })
        })
        .await
}

/// Returns a report of completion.
pub(crate) async fn return_completion(
    service: &Service,
    request: Request<ReturnCompletionRequest>,
) -> Result<ReturnCompletionResponse, Problem> {
    let message = request.get_ref();
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let matter = violations.id("matter_id", &message.matter_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let post = violations.text("post", &message.post, 1, 100);
    let reason = violations.text("reason", &message.reason, 1, 1000);
    let (matter, organ) = violations.finish_with(matter.zip(organ))?;
    permit(About::Organ(organ)).await?;
    let ruling = Ruling {
        matter,
        organ,
        post,
        reason: Some(reason),
    };
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    service
        .desk
        .database
        .once("return_completion", asked, move |tx| {
            let ruling = ruling.clone();
            Box::pin(async move {
                let forwarding = Some(rule(tx, ruling).await?);
                Ok(ReturnCompletionResponse { forwarding })
            })
        })
        .await
}

async fn rule(tx: &mut Tx, ruling: Ruling) -> Result<Forwarding, Problem> {
    let Ruling {
        matter,
        organ,
        post,
        reason,
    } = ruling;
    let accepted = reason.is_none();
    let ruling = CompletionRuling {
        at: tx.now(),
        post,
        accepted,
        reason: reason.unwrap_or_default(),
    };
    let mut chains = lock_for(tx, matter, |_| Some(organ)).await?;
    let hop = chains.get(matter)?.rule_completion(organ, ruling)?;
    let (matter_id, forwarding_id) = (matter.to_string(), hop.id.to_string());
    let organ_id = organ.to_string();
    tx.tell(if accepted {
        Fact::CompletionAccepted(CompletionAccepted {
            matter_id,
            forwarding_id,
            organ_id,
        })
    } else {
        Fact::CompletionReturned(CompletionReturned {
            matter_id,
            forwarding_id,
            organ_id,
        })
    });
    store::chain::save(tx.connection(), &chains).await?;
    Ok(wire::forwarding(matter, &hop))
}
