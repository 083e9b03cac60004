//! The receiving organ objects, within five working days (art. 23(3)).

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_proto::events::v1::ForwardingObjected;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::{ObjectToForwardingRequest, ObjectToForwardingResponse};
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::lock_for;
use crate::service::Service;
use crate::{store, wire};

#[derive(Clone, Debug)]
struct Objecting {
    matter: MatterId,
    organ: OrganId,
    reason: String,
}

/// Records an objection.
pub(crate) async fn object_to_forwarding(
    service: &Service,
    request: Request<ObjectToForwardingRequest>,
) -> Result<ObjectToForwardingResponse, Problem> {
    let objecting = parse(request.get_ref())?;
    permit(About::Organ(objecting.organ)).await?;
    let asked = Asked::of(
        request.metadata(),
        &request.get_ref().request_id,
        request.get_ref(),
    );
    let almanac = service.desk.almanac.clone();
    service
        .desk
        .database
        .once("object_to_forwarding", asked, move |tx| {
            let (almanac, objecting) = (almanac.clone(), objecting.clone());
            Box::pin(async move { object(tx, &almanac, objecting).await })
        })
        .await
}

fn parse(request: &ObjectToForwardingRequest) -> Result<Objecting, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&request.request_id);
    let matter = violations.id("matter_id", &request.matter_id);
    let organ = violations.id("organ_id", &request.organ_id);
    let reason = violations.text("reason", &request.reason, 1, 1000);
    let (matter, organ) = violations.finish_with(matter.zip(organ))?;
    Ok(Objecting {
        matter,
        organ,
        reason,
    })
}

async fn object(
    tx: &mut Tx,
    almanac: &Almanac,
    objecting: Objecting,
) -> Result<ObjectToForwardingResponse, Problem> {
    let Objecting {
        matter,
        organ,
        reason,
    } = objecting;
    let now = tx.now();
    let mut chains = lock_for(tx, matter, |_| Some(organ)).await?;
    let calendars = almanac.current(tx.connection()).await?;
    let hop = chains
        .get(matter)?
        .object(organ, (now, &calendars), reason)?;
    tx.tell(Fact::ForwardingObjected(ForwardingObjected {
        matter_id: matter.to_string(),
        forwarding_id: hop.id.to_string(),
        organ_id: organ.to_string(),
    }));
    store::chain::save(tx.connection(), &chains).await?;
    Ok(ObjectToForwardingResponse {
        forwarding: Some(wire::forwarding(matter, &hop)),
    })
}
