//! A named post hands a matter on, with a reason.

use huiyin_domain::ids::MatterId;
use huiyin_domain::routing::{Simplifiable, route};
use huiyin_domain::supervision::SimplifiedLimits;
use huiyin_domain::time::local_date;
use huiyin_domain::vocabulary::ForwardingKind;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{ComputedDecision, DecisionOverridden};
use huiyin_proto::routing::v1::{ForwardMatterRequest, ForwardMatterResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::{chance, metrics};
use tonic::Request;

use super::{latest, lock_for};
use crate::chain::{Chain, Onward, Post};
use crate::onward::{by_post, post_decided};
use crate::rulebook::{InForce, Rulebook};
use crate::service::Service;
use crate::{store, wire};

/// Hands a matter on.
pub(crate) async fn forward_matter(
    service: &Service,
    request: Request<ForwardMatterRequest>,
) -> Result<ForwardMatterResponse, Problem> {
    let (matter, onward) = parse(request.get_ref())?;
    permit(About::Organ(onward.from)).await?;
    let simplified = request.get_ref().simplified;
    let asked = Asked::of(
        request.metadata(),
        &request.get_ref().request_id,
        request.get_ref(),
    );
    let rulebook = service.rulebook.clone();
    service
        .desk
        .database
        .once("forward_matter", asked, move |tx| {
            let (rulebook, onward) = (rulebook.clone(), onward.clone());
            let way = Way { onward, simplified };
            Box::pin(async move { forward(&rulebook, tx, matter, way).await })
        })
        .await
}

/// A hop as it is asked for.
#[derive(Clone, Debug)]
struct Way {
    onward: Onward,
    /// Under the simplified procedure.
    simplified: bool,
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
            simplified: None,
            reasons,
            post: Some(Post { name, reason }),
        },
    ))
}

/// What is told when the post sends a matter elsewhere than the rules would.
fn overridden(chain: &Chain, onward: &Onward, in_force: &InForce) -> Option<DecisionOverridden> {
    let computed = route(&chain.to_route(), &in_force.rules()).ok()?.to;
    let post = onward.post.as_ref().filter(|_| computed != onward.to)?;
    Some(DecisionOverridden {
        matter_id: chain.matter.id.to_string(),
        decision: ComputedDecision::Competence.into(),
        computed: computed.to_string(),
        decided: onward.to.to_string(),
        organ_id: onward.to.to_string(),
        post: post.name.clone(),
        ..DecisionOverridden::default()
    })
}

/// The limits of the simplified procedure, if it is open for the matter.
fn limits(
    chain: &Chain,
    kind: ForwardingKind,
    in_force: &InForce,
) -> Result<SimplifiedLimits, Problem> {
    let matter = Simplifiable {
        kind,
        opinion_owed: chain.opinion_clock_after(kind),
        initial: chain.matter.initial,
        persons: chain.matter.persons,
    };
    let limits = in_force.simplified(&matter, chain.matter.place);
    limits.map_err(|why| {
        let mut violations = Violations::default();
        violations.add("simplified", why.to_string());
        Problem::InvalidFields(violations)
    })
}

async fn forward(
    rulebook: &Rulebook,
    tx: &mut Tx,
    matter: MatterId,
    Way {
        mut onward,
        simplified,
    }: Way,
) -> Result<ForwardMatterResponse, Problem> {
    let mut chains = lock_for(tx, matter, |_| Some(onward.from)).await?;
    let on = local_date(tx.now());
    let in_force = rulebook.in_force(tx.connection(), on).await?;
    let (now, kind) = (tx.now(), onward.kind);
    let chain = chains.get(matter)?;
    by_post(chain, &onward, &in_force.directory)?;
    if simplified {
        onward.simplified = Some(limits(chain, onward.kind, &in_force)?);
    }
    if let Some(overridden) = overridden(chain, &onward, &in_force) {
        tx.tell(Fact::DecisionOverridden(overridden));
    }
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
