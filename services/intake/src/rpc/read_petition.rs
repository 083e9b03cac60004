//! The petition text and the petitioner, for the organ that handles the matter only. Every reading is
//! recorded, and told for the log, in the transaction that reads.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_proto::events::v1::PetitionRead;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::{ReadPetitionRequest, ReadPetitionResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use secrecy::ExposeSecret as _;
use tonic::Request;

use super::{asking_post, matter_of_organ};
use crate::petition::Petition;
use crate::service::Service;
use crate::store;
use crate::vault::{Kind, Vaults};

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
    let vaults = service.vaults.clone();
    permit(About::Organ(reading.organ)).await?;
    service
        .desk
        .database
        .transaction("read_petition", move |tx| {
            let (reading, vaults) = (reading.clone(), vaults.clone());
            Box::pin(async move { read(tx, &vaults, reading).await })
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

/// That it was read, and by which post; for which duty is told to nobody.
fn told(matter: MatterId, organ: OrganId) -> Fact {
    Fact::PetitionRead(PetitionRead {
        matter_id: matter.to_string(),
        organ_id: organ.to_string(),
        post: asking_post(),
    })
}

async fn read(
    tx: &mut Tx,
    vaults: &Vaults,
    reading: Reading,
) -> Result<ReadPetitionResponse, Problem> {
    let Reading {
        matter: id,
        organ,
        purpose,
    } = reading;
    let now = tx.now();
    // locked, so that the organ still handles it when the reading is recorded
    let matter = matter_of_organ(tx, id, organ).await?;
    if matter.handled_by() != Some(organ) {
        return Err(Problem::NotYours {
            words: format!(
                "a petition is read only by the organ that handles the matter now; {organ} does not"
            ),
        });
    }
    let kind = Kind::of(matter.category);
    let texts = store::petition_text::of_matter(tx.connection(), (kind, id)).await?;
    let mut answer = None;
    let mut evaluations = Vec::new();
    for text in texts {
        let Some(opened) = vaults.open(kind, text.record, &text.sealed)? else {
            continue;
        };
        if text.record == id.uuid() {
            answer = Some(Petition::answer(opened.expose_secret())?);
        } else {
            evaluations.push(String::from_utf8_lossy(opened.expose_secret()).into_owned());
        }
    }
    let answer = answer.ok_or_else(|| erased(id))?;
    store::petition_reading::insert(tx.connection(), (id, organ), &purpose, now).await?;
    tx.tell(told(id, organ));
    Ok(ReadPetitionResponse {
        evaluations,
        ..answer
    })
}

fn erased(id: MatterId) -> Problem {
    Problem::NotFound {
        what: "petition",
        id: format!("of {id}; it was erased"),
    }
}
