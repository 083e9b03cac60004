//! Records the written decline, with its reason and the right channel.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::vocabulary::DeclineReason;
use huiyin_proto::events::v1::MatterDeclined;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::{DeclineMatterRequest, DeclineMatterResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use tonic::Request;

use super::{act_of_organ, matter_of_organ};
use crate::service::Service;
use crate::{store, wire};

#[derive(Clone, Debug)]
struct Declining {
    matter: MatterId,
    organ: OrganId,
    reason: DeclineReason,
    /// The reason as it came, to be told again.
    reason_word: i32,
    right_channel: String,
}

/// Declines a matter.
pub(crate) async fn decline_matter(
    service: &Service,
    request: Request<DeclineMatterRequest>,
) -> Result<DeclineMatterResponse, Problem> {
    let declining = parse(request.get_ref())?;
    permit(About::Organ(declining.organ)).await?;
    let asked = Asked::of(
        request.metadata(),
        &request.get_ref().request_id,
        request.get_ref(),
    );
    service
        .desk
        .database
        .once("decline_matter", asked, move |tx| {
            let declining = declining.clone();
            Box::pin(async move { decline(tx, declining).await })
        })
        .await
}

fn parse(request: &DeclineMatterRequest) -> Result<Declining, Problem> {
    let (mut violations, act) =
        act_of_organ(&request.request_id, &request.matter_id, &request.organ_id);
    let reason = wire::decline_reason(&mut violations, "reason", request.reason);
    let right_channel = violations.text("right_channel", &request.right_channel, 1, 500);
    let ((matter, organ), reason) = violations.finish_with(act.zip(reason))?;
    Ok(Declining {
        matter,
        organ,
        reason,
        reason_word: request.reason,
        right_channel,
    })
}

async fn decline(tx: &mut Tx, declining: Declining) -> Result<DeclineMatterResponse, Problem> {
    let Declining {
        matter: id,
        organ,
        reason,
        reason_word,
        right_channel,
    } = declining;
    let now = tx.now();
    let mut matter = matter_of_organ(tx, id, organ).await?;
    matter.reach(matter.stage.decline(organ, now, reason)?);
    store::matter::save(tx.connection(), &[&matter]).await?;
    store::decline_notice::insert(tx.connection(), id, matter.step + 1, &right_channel).await?;
    tx.tell(Fact::MatterDeclined(MatterDeclined {
        matter_id: id.to_string(),
        organ_id: organ.to_string(),
        reason: reason_word,
    }));
    Ok(DeclineMatterResponse {
        matter: Some(wire::matter(&matter)),
    })
}
