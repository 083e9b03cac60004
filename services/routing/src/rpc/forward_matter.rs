//! A named post hands a matter on, with a reason.

use huiyin_domain::ids::MatterId;
use huiyin_domain::vocabulary::ForwardingKind;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::{ForwardMatterRequest, ForwardMatterResponse};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::{chance, metrics};
use tonic::Request;

use super::latest;
use crate::chain::{Onward, Post};
use crate::onward::{by_post, post_decided};
use crate::organs::Organs;
use crate::service::Service;
use crate::{store, wire};

/// Hands a matter on.
pub(crate) async fn forward_matter(
    service: &Service,
    request: Request<ForwardMatterRequest>,
) -> Result<ForwardMatterResponse, Problem> {
    let (matter, onward) = parse(request.get_ref())?;
    let asked = Asked::of(
        request.metadata(),
        &request.get_ref().request_id,
        request.get_ref(),
    );
    let organs = service.organs.clone();
    service
        .desk
        .database
        .once("forward_matter", asked, move |tx| {
            let (organs, onward) = (organs.clone(), onward.clone());
            Box::pin(async move { forward(&organs, tx, matter, onward).await })
        })
        .await
}

fn parse(request: &ForwardMatterRequest) -> Result<(MatterId, Onward), Problem> {
    let mut violations = Violations::default();
    violations.request_id(&request.request_id);
    let matter = violations.id("matter_id", &request.matter_id);
    let from = violations.id("from_organ", &request.from_organ);
    let to = violations.id("to_organ", &request.to_organ);
    violations.check(
        "to_organ",
        from.is_none() || from != to,
        "is the organ that sends",
    );
    let kind = wire::forwarding_kind(&mut violations, "kind", request.kind);
    let limit_days = match kind {
        Some(ForwardingKind::Assign) => {
            violations.within("limit_days", request.limit_days, 1..=180)
        }
        Some(
            ForwardingKind::Transfer
            | ForwardingKind::HandDown
            | ForwardingKind::ReportUp
            | ForwardingKind::Refer,
        ) => violations.within("limit_days", request.limit_days, 0..=0),
        None => 0,
    };
    let name = violations.text("post", &request.post, 1, 100);
    let reason = violations.text("reason", &request.reason, 1, 1000);
    let (matter, ((from, to), kind)) =
        violations.finish_with(matter.zip(from.zip(to).zip(kind)))?;
    let reasons = vec![post_decided()];
    Ok((
        matter,
        Onward {
            from,
            to,
            kind,
            limit_days,
            reasons,
            post: Some(Post { name, reason }),
        },
    ))
}

async fn forward(
    organs: &Organs,
    tx: &mut Tx,
    matter: MatterId,
    onward: Onward,
) -> Result<ForwardMatterResponse, Problem> {
    let mut chains = store::chain::lock(tx.connection(), &[matter]).await?;
    let directory = organs.current(tx.connection()).await?;
    let (now, kind) = (tx.now(), onward.kind);
    let chain = chains.get(matter)?;
    by_post(chain, &onward, &directory)?;
    chain.hand_on(chance::new_id(), onward, now)?;
    let hop = latest(chain)?;
    let answer = wire::forwarding(matter, hop);
    tx.tell(Fact::MatterForwarded(wire::told_forwarding(chain, hop)));
    store::chain::save(tx.connection(), &chains).await?;
    metrics::count("huiyin_forwardings", 1, &[("kind", kind.as_str())]);
    Ok(ForwardMatterResponse {
        forwarding: Some(answer),
    })
}
