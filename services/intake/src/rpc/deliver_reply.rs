//! Records that the issued opinion was delivered to the petitioner.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::matter::Stage;
use huiyin_proto::events::v1::ReplyDelivered;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::{DeliverReplyRequest, DeliverReplyResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use tonic::Request;

use super::{act_of_organ, matter_of_organ};
use crate::service::Service;
use crate::{store, wire};

/// Delivers the reply to a matter.
pub(crate) async fn deliver_reply(
    service: &Service,
    request: Request<DeliverReplyRequest>,
) -> Result<DeliverReplyResponse, Problem> {
    let message = request.get_ref();
    let (violations, act) =
        act_of_organ(&message.request_id, &message.matter_id, &message.organ_id);
    let (matter, organ) = violations.finish_with(act)?;
    permit(About::Organ(organ)).await?;
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    service
        .desk
        .database
        .once("deliver_reply", asked, move |tx| {
            Box::pin(deliver(tx, matter, organ))
        })
        .await
}

async fn deliver(
    tx: &mut Tx,
    id: MatterId,
    organ: OrganId,
) -> Result<DeliverReplyResponse, Problem> {
    let now = tx.now();
    let mut matter = matter_of_organ(tx, id, organ).await?;
    let opinion = match matter.stage {
        Stage::OpinionIssued { opinion, .. } => Some(opinion),
        Stage::Registered
        | Stage::Forwarded { .. }
        | Stage::Accepted { .. }
        | Stage::Declined { .. }
        | Stage::Replied { .. }
        | Stage::Referred { .. }
        | Stage::Withdrawn { .. } => None,
    };
    matter.reach(matter.stage.reply(organ, now)?);
    store::matter::save(tx.connection(), &[&matter]).await?;
    tx.tell(Fact::ReplyDelivered(ReplyDelivered {
        matter_id: id.to_string(),
        organ_id: organ.to_string(),
        opinion_id: wire::id_or_empty(opinion),
    }));
    Ok(DeliverReplyResponse {
        matter: Some(wire::matter(&matter)),
    })
}
