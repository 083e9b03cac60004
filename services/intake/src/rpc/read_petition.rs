//! The petition text and the petitioner, for the organ that handles the matter only. Every reading is
//! recorded in the transaction that reads.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_proto::intake::v1::{Petitioner, ReadPetitionRequest, ReadPetitionResponse};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::is_sealed;
use crate::service::Service;
use crate::store;

#[derive(Clone, Debug)]
struct Reading {
    matter: MatterId,
    organ: OrganId,
    purpose: String,
}

/// Reads a petition.
pub(crate) async fn read_petition(
    service: &Service,
    request: Request<ReadPetitionRequest>,
) -> Result<ReadPetitionResponse, Problem> {
    let reading = parse(request.get_ref())?;
    let service_of_tx = service.clone();
    service
        .desk
        .database
        .transaction("read_petition", move |tx| {
            let (service, reading) = (service_of_tx.clone(), reading.clone());
            Box::pin(async move { read(&service, tx, reading).await })
        })
        .await
}

fn parse(request: &ReadPetitionRequest) -> Result<Reading, Problem> {
    let mut violations = Violations::default();
    let matter = violations.id("matter_id", &request.matter_id);
    let organ = violations.id("organ_id", &request.organ_id);
    let purpose = violations.text("purpose", &request.purpose, 1, 200);
    let (matter, organ) = violations.finish_with(matter.zip(organ))?;
    Ok(Reading {
        matter,
        organ,
        purpose,
    })
}

async fn read(
    service: &Service,
    tx: &mut Tx,
    reading: Reading,
) -> Result<ReadPetitionResponse, Problem> {
    let Reading {
        matter: id,
        organ,
        purpose,
    } = reading;
    let now = tx.now();
    let not_found = || Problem::NotFound {
        what: "matter",
        id: id.to_string(),
    };
    // locked, so that the organ still handles it when the reading is recorded
    let matter = store::matter::lock_one(tx.connection(), id).await?;
    if is_sealed(service, &matter, Some(organ)).await? {
        return Err(not_found());
    }
    if matter.handled_by() != Some(organ) {
        return Err(Problem::NotYours {
            words: format!(
                "a petition is read only by the organ that handles the matter now; {organ} does not"
            ),
        });
    }
    let petition = store::petition::read(tx.connection(), id)
        .await?
        .ok_or_else(not_found)?;
    store::petition_reading::insert(tx.connection(), (id, organ), &purpose, now).await?;
    Ok(ReadPetitionResponse {
        petitioner: Some(Petitioner {
            name: petition.name,
            address: petition.address,
            phone: petition.phone,
            id_number: petition.id_number,
        }),
        main_request: petition.main_request,
        facts: petition.facts,
        representatives: petition.representatives,
    })
}
