//! Records one evaluation per addressee after the reply. Silence is never an evaluation.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::matter::Stage;
use huiyin_domain::vocabulary::{EvaluationAddressee, Satisfaction};
use huiyin_proto::events::v1::MatterEvaluated;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::{EvaluateMatterRequest, EvaluateMatterResponse};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{matter_of_petitioner, number_and_code};
use crate::matter::Matter;
use crate::service::Service;
use crate::store::evaluation::Evaluation;
use crate::store::petition_text::Text;
use crate::vault::{Kind, Vaults};
use crate::{store, wire};

#[derive(Clone)]
struct Evaluating {
    number: String,
    code: String,
    addressee: EvaluationAddressee,
    satisfaction: Satisfaction,
    /// Both as they came, to be told again.
    told: (i32, i32),
    words: String,
}

/// Evaluates the handling of a matter.
pub(crate) async fn evaluate_matter(
    service: &Service,
    request: Request<EvaluateMatterRequest>,
) -> Result<EvaluateMatterResponse, Problem> {
    let evaluating = parse(request.get_ref())?;
    let asked = Asked::of(
        request.metadata(),
        &request.get_ref().request_id,
        request.get_ref(),
    );
    let mut reading = service.desk.database.reading().await?;
    let matter = matter_of_petitioner(
        service,
        &mut reading,
        (&evaluating.number, &evaluating.code),
    )
    .await?;
    drop(reading);
    let vaults = service.vaults.clone();
    service
        .desk
        .database
        .once("evaluate_matter", asked, move |tx| {
            let (evaluating, vaults) = (evaluating.clone(), vaults.clone());
            Box::pin(async move { evaluate(tx, &vaults, matter, evaluating).await })
        })
        .await
}

fn parse(request: &EvaluateMatterRequest) -> Result<Evaluating, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&request.request_id);
    let (number, code) = number_and_code(&mut violations, &request.number, &request.query_code);
    let addressee = wire::addressee(&mut violations, "addressee", request.addressee);
    let satisfaction = wire::satisfaction(&mut violations, "satisfaction", request.satisfaction);
    let words = violations.text("text", &request.text, 0, 4000);
    let (addressee, satisfaction) = violations.finish_with(addressee.zip(satisfaction))?;
    let told = (request.addressee, request.satisfaction);
    Ok(Evaluating {
        number,
        code,
        addressee,
        satisfaction,
        told,
        words,
    })
}

async fn evaluate(
    tx: &mut Tx,
    vaults: &Vaults,
    id: MatterId,
    evaluating: Evaluating,
) -> Result<EvaluateMatterResponse, Problem> {
    let Evaluating {
        addressee,
        satisfaction,
        told,
        words,
        ..
    } = evaluating;
    let at = tx.now();
    // the number and the code fit
    tx.as_house().await?;
    let matter = store::matter::lock_one(tx.connection(), id).await?;
    let organ = evaluated_organ(&matter, addressee)?;
    let evaluation = Evaluation {
        id: chance::new_id(),
        matter: id,
        addressee,
        satisfaction,
        organ,
        at,
    };
    if !store::evaluation::insert(tx.connection(), &evaluation).await? {
        return Err(Problem::NotAllowedNow {
            action: format!("evaluate {addressee}"),
            state: format!("{addressee} evaluated"),
            allowed: Vec::new(),
        });
    }
    if !words.is_empty() {
        let (kind, record) = (Kind::of(matter.category), evaluation.id.uuid());
        let sealed = vaults.seal(kind, record, words.as_bytes()).await?;
        let text = Text { record, sealed };
        store::petition_text::insert(tx.connection(), (kind, id), &text).await?;
    }
    tx.tell(Fact::MatterEvaluated(MatterEvaluated {
        matter_id: id.to_string(),
        addressee: told.0,
        satisfaction: told.1,
        organ_id: organ.to_string(),
    }));
    Ok(EvaluateMatterResponse {
        evaluation_id: evaluation.id.to_string(),
    })
}

/// The organ an evaluation is about; only after the reply is there one.
fn evaluated_organ(matter: &Matter, addressee: EvaluationAddressee) -> Result<OrganId, Problem> {
    let Stage::Replied { by, .. } = matter.stage else {
        return Err(Problem::NotAllowedNow {
            action: "evaluate".to_owned(),
            state: matter.stage.as_str().to_owned(),
            allowed: matter
                .stage
                .actions_allowed()
                .iter()
                .map(ToString::to_string)
                .collect(),
        });
    };
    Ok(match addressee {
        EvaluationAddressee::PetitionOffice => matter.registered_by,
        EvaluationAddressee::HandlingOrgan => by,
    })
}
