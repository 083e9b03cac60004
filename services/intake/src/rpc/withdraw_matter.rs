//! Records the petitioner's withdrawal: the petitioner's act alone, so by number and query code.

use huiyin_domain::ids::MatterId;
use huiyin_proto::events::v1::MatterWithdrawn;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::{WithdrawMatterRequest, WithdrawMatterResponse};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{matter_of_petitioner, number_and_code};
use crate::service::Service;
use crate::{store, wire};

/// Withdraws a matter.
pub(crate) async fn withdraw_matter(
    service: &Service,
    request: Request<WithdrawMatterRequest>,
) -> Result<WithdrawMatterResponse, Problem> {
    let message = request.get_ref();
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let (number, code) = number_and_code(&mut violations, &message.number, &message.query_code);
    violations.finish()?;
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let mut reading = service.desk.database.reading().await?;
    let matter = matter_of_petitioner(service, &mut reading, (&number, &code)).await?;
    drop(reading);
    service
        .desk
        .database
        .once("withdraw_matter", asked, move |tx| {
            Box::pin(withdraw(tx, matter))
        })
        .await
}

async fn withdraw(tx: &mut Tx, id: MatterId) -> Result<WithdrawMatterResponse, Problem> {
    let now = tx.now();
    // the number and the code fit
    tx.as_house().await?;
    let mut matter = store::matter::lock_one(tx.connection(), id).await?;
    matter.reach(matter.stage.withdraw(now)?);
    store::matter::save(tx.connection(), &[&matter]).await?;
    tx.tell(Fact::MatterWithdrawn(MatterWithdrawn {
        matter_id: id.to_string(),
    }));
    Ok(WithdrawMatterResponse {
        matter: Some(wire::matter(&matter)),
    })
}
