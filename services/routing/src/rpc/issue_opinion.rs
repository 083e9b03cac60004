//! The organ that accepted issues its opinion (art. 32).

use huiyin_domain::ids::{MatterId, OpinionId, OrganId};
use huiyin_domain::law::{ClockId, rules};
use huiyin_domain::time::{Instant, local_date};
use huiyin_domain::vocabulary::{Category, OpinionKind};
use huiyin_proto::events::v1::OpinionIssued;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::{IssueOpinionRequest, IssueOpinionResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::safe::{Sealed, seal_reasons};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::lock_for;
use crate::service::Service;
use crate::store::opinion::Opinion;
use crate::{store, wire};

#[derive(Clone, Debug)]
struct Issuing {
    matter: MatterId,
    organ: OrganId,
    kind: OpinionKind,
    reasons: String,
    legal_basis: String,
}

/// An opinion that is issued when the chain allows it.
#[derive(Clone, Debug)]
struct Drafted {
    id: OpinionId,
    matter: MatterId,
    organ: OrganId,
    kind: OpinionKind,
    sealed: Sealed<2>,
}

/// Issues an opinion.
pub(crate) async fn issue_opinion(
    service: &Service,
    request: Request<IssueOpinionRequest>,
) -> Result<IssueOpinionResponse, Problem> {
    let issuing = parse(request.get_ref())?;
    permit(About::Organ(issuing.organ)).await?;
    let asked = Asked::of(
        request.metadata(),
        &request.get_ref().request_id,
        request.get_ref(),
    );
    let asked = service.opinions.keyed(asked)?;
    let drafted = draft(service, &issuing).await?;
    service
        .desk
        .database
        .once("issue_opinion", asked, move |tx| {
            let drafted = drafted.clone();
            Box::pin(async move { issue(tx, drafted).await })
        })
        .await
}

fn parse(request: &IssueOpinionRequest) -> Result<Issuing, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&request.request_id);
    let matter = violations.id("matter_id", &request.matter_id);
    let organ = violations.id("organ_id", &request.organ_id);
    let kind = wire::opinion_kind(&mut violations, "kind", request.kind);
    let reasons = violations.text("reasons", &request.reasons, 1, 100_000);
    let legal_basis = violations.text("legal_basis", &request.legal_basis, 1, 4000);
    let ((matter, organ), kind) = violations.finish_with(matter.zip(organ).zip(kind))?;
    Ok(Issuing {
        matter,
        organ,
        kind,
        reasons,
        legal_basis,
    })
}

/// Seals the words before the transaction, which then holds nobody up.
async fn draft(service: &Service, issuing: &Issuing) -> Result<Drafted, Problem> {
    let safe = &service.opinions;
    let (leaf, id) = (safe.next_leaf().await?, chance::new_id());
    let words = (issuing.reasons.as_str(), issuing.legal_basis.as_str());
    Ok(Drafted {
        id,
        matter: issuing.matter,
        organ: issuing.organ,
        kind: issuing.kind,
        sealed: seal_reasons(safe, (leaf, id.uuid()), words)?,
    })
}

async fn issue(tx: &mut Tx, drafted: Drafted) -> Result<IssueOpinionResponse, Problem> {
    let Drafted {
        id,
        matter,
        organ,
        kind,
        sealed,
    } = drafted;
    let issued_at = tx.now();
    let mut chains = lock_for(tx, matter, |_| Some(organ)).await?;
    let chain = chains.get(matter)?;
    chain.issue_opinion(organ, id, issued_at)?;
    let next_remedy = next_remedy(chain.matter.category, issued_at);
    store::chain::save(tx.connection(), &chains).await?;
    let opinion = Opinion {
        id,
        matter,
        organ,
        kind,
        sealed,
        issued_at,
    };
    store::opinion::insert(tx.connection(), &opinion).await?;
    tx.tell(Fact::OpinionIssued(OpinionIssued {
        matter_id: matter.to_string(),
        organ_id: organ.to_string(),
        opinion_id: id.to_string(),
        kind: wire::opinion_word(kind).into(),
    }));
    Ok(IssueOpinionResponse {
        opinion_id: id.to_string(),
        next_remedy,
    })
}

fn next_remedy(category: Category, issued_at: Instant) -> String {
    let rule = rules().rule_on(ClockId::AskReview, local_date(issued_at));
    match category {
        Category::Claim => format!(
            "Whoever does not agree with this opinion may ask the next-higher organ for a review within {} days of \
             receiving it (Regulations on Petition Work, article {}).",
            rule.limit.n(),
            rule.article
        ),
        Category::Suggestion | Category::Denunciation => {
            "Reviews are provided for claims (Regulations on Petition Work, article 35); new facts or reasons can be \
             raised at any time."
                .to_owned()
        }
    }
}
