//! Records the written acceptance by the organ that has the matter.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_proto::events::v1::MatterAccepted;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::{AcceptMatterRequest, AcceptMatterResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use tonic::Request;

use super::{act_of_organ, matter_of_organ};
use crate::service::Service;
use crate::{store, wire};

/// Accepts a matter.
pub(crate) async fn accept_matter(
    service: &Service,
    request: Request<AcceptMatterRequest>,
) -> Result<AcceptMatterResponse, Problem> {
    let message = request.get_ref();
    let (violations, act) =
        act_of_organ(&message.request_id, &message.matter_id, &message.organ_id);
    let (matter, organ) = violations.finish_with(act)?;
    permit(About::Organ(organ)).await?;
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    service
        .desk
        .database
        .once("accept_matter", asked, move |tx| {
            Box::pin(accept(tx, matter, organ))
        })
        .await
}

async fn accept(
    tx: &mut Tx,
    id: MatterId,
    organ: OrganId,
) -> Result<AcceptMatterResponse, Problem> {
    let now = tx.now();
    let mut matter = matter_of_organ(tx, id, organ).await?;
    matter.reach(matter.stage.accept(organ, now)?);
    store::matter::save(tx.connection(), &[&matter]).await?;
    tx.tell(Fact::MatterAccepted(MatterAccepted {
        matter_id: id.to_string(),
        organ_id: organ.to_string(),
    }));
    Ok(AcceptMatterResponse {
        matter: Some(wire::matter(&matter)),
    })
}
