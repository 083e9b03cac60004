//! The proof that a registration stands in the log, for whoever has the number and the query code.

use huiyin_domain::ids::MatterId;
use huiyin_domain::vocabulary::Category;
use huiyin_proto::intake::v1::{GetReceiptRequest, GetReceiptResponse};
use huiyin_service_kit::database::Reading;
use huiyin_service_kit::evidence::proof;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::streams;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{matter_of_petitioner, not_found, number_and_code};
use crate::service::Service;
use crate::store;

/// Gives the proof.
pub(crate) async fn get_receipt(
    service: &Service,
    request: Request<GetReceiptRequest>,
) -> Result<GetReceiptResponse, Problem> {
    let message = request.get_ref();
    let mut violations = Violations::default();
    let (number, code) = number_and_code(&mut violations, &message.number, &message.query_code);
    violations.finish()?;
    let mut reading = service.desk.database.reading().await?;
    let matter = matter_of_petitioner(service, &mut reading, (&number, &code)).await?;
    // the event of a registration has the id of its matter, but for those of releases that kept no log
    let stream = streams::ordinary(ServiceName::Intake);
    let receipt = proof::receipt(&mut reading, &stream, matter.uuid()).await?;
    let receipt = receipt.ok_or_else(|| Problem::NotFound {
        what: "receipt of the matter",
        id: number,
    })?;
    let receipt = if is_sealed_from_its_office(service, &mut reading, matter).await? {
        receipt.without_event()
    } else {
        receipt
    };
    Ok(GetReceiptResponse {
        receipt: Some(receipt.to_wire()),
    })
}

/// Whether it is a denunciation that is sealed, or repeats one that is, from the very office that registered it and that prints its
/// receipt: the event names the earlier matter, of which that office learns nothing.
async fn is_sealed_from_its_office(
    service: &Service,
    reading: &mut Reading,
    id: MatterId,
) -> Result<bool, Problem> {
    let matter = store::matter::find(reading, Some(id), "").await?;
    let matter = matter.ok_or_else(|| not_found(id))?;
    match matter.category {
        Category::Suggestion | Category::Claim => return Ok(false),
        Category::Denunciation => {}
    }
    let earlier = match matter.repeat_of {
        Some(earlier) => store::matter::find(reading, Some(earlier), "").await?,
        None => None,
    };
    let office = service.known.organ(matter.registered_by).await?;
    for about in [matter.about, earlier.and_then(|earlier| earlier.about)] {
        let Some(about) = about else { continue };
        let about = service.known.organ(about).await?;
        // of organs that nobody told of, the worse is taken
        let both = office.as_ref().zip(about.as_ref());
        if both.is_none_or(|(office, about)| office.is_sealed_from(about)) {
            return Ok(true);
        }
    }
    Ok(false)
}
