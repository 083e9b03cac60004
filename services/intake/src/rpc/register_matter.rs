//! Registers a matter: everything is computed before, then the registrar writes it in one round trip.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin_domain::ids::MatterId;
use huiyin_domain::vocabulary::Channel;
use huiyin_proto::events::v1::MatterRegistered;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::{RegisterMatterRequest, RegisterMatterResponse};
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::outbox::Outgoing;
use huiyin_service_kit::road::{Lane, streams};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::wire::timestamp;
use huiyin_service_kit::{chance, metrics};
use prost::Message as _;
use tonic::Request;

use crate::raised::Raised;
use crate::receipt::{Named, receipt};
use crate::screening::{self, Repeat};
use crate::service::Service;
use crate::store::register::{Entry, met_its_repeat};
use crate::{numbers, store, wire};

/// How often a registration is written again because the same matter was raised at the same moment:
/// the second time it is found as the repeat it is.
const TRIES: u32 = 3;

/// A registration before it is written.
struct Draft {
    asked: Asked,
    raised: Arc<Raised>,
    id: MatterId,
    number: String,
    query_code: String,
    code_hash: Vec<u8>,
    screening_hash: Option<Vec<u8>>,
    now: DateTime<Utc>,
}

/// Registers a matter.
pub(crate) async fn register_matter(
    service: &Service,
    request: Request<RegisterMatterRequest>,
) -> Result<RegisterMatterResponse, Problem> {
    let draft = draft(service, request).await?;
    for _ in 0..TRIES {
        let repeat = find_repeat(service, &draft).await?;
        match write(service, &draft, repeat.as_ref()).await {
            Ok(Some(receipt)) => return Ok(receipt),
            Ok(None) => {
                let answered = service.desk.database.answered(&draft.asked).await?;
                return answered.ok_or(Problem::ChangedMeanwhile);
            }
            Err(error) if met_its_repeat(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::ChangedMeanwhile)
}

async fn draft(
    service: &Service,
    request: Request<RegisterMatterRequest>,
) -> Result<Draft, Problem> {
    let now = service.desk.database.now();
    let asked = Asked::of(
        request.metadata(),
        &request.get_ref().request_id,
        request.get_ref(),
    );
    let raised = Raised::parse(&service.known, request.into_inner(), now).await?;
    let number = numbers::written(raised.office.territory, now, service.numbers.next().await?);
    let query_code =
        chance::query_code().map_err(|error| Problem::Unexpected(error.to_string()))?;
    Ok(Draft {
        asked,
        id: chance::new_id(),
        code_hash: service.keys.code_hash(&number, &query_code),
        screening_hash: screening::hash(&service.keys, &raised),
        raised: Arc::new(raised),
        number,
        query_code,
        now,
    })
}

async fn find_repeat(service: &Service, draft: &Draft) -> Result<Option<Repeat>, Problem> {
    let Some(hash) = &draft.screening_hash else {
        return Ok(None);
    };
    let mut connection = service.desk.database.pool().acquire().await?;
    let earlier = store::petition::initial(&mut connection, hash).await?;
    Ok(earlier.map(|earlier| screening::repeat(&earlier, &draft.raised)))
}

/// Writes the registration; none when the request id was used before.
async fn write(
    service: &Service,
    draft: &Draft,
    repeat: Option<&Repeat>,
) -> Result<Option<RegisterMatterResponse>, sqlx::Error> {
    let matter_id = draft.id.to_string();
    let named = Named {
        matter_id: &matter_id,
        number: &draft.number,
        query_code: &draft.query_code,
        registered_at: draft.now,
    };
    let calendars = service.desk.almanac.latest();
    let receipt = receipt(named, &draft.raised, repeat, calendars.newest());
    let stream = streams::ordinary(ServiceName::Intake);
    let told = Outgoing::new(
        Lane::Ordinary,
        stream,
        draft.now,
        Fact::MatterRegistered(fact(draft, repeat)),
    );
    let entry = Entry {
        asked: draft.asked.clone(),
        response: receipt.encode_to_vec(),
        id: draft.id,
        number: draft.number.clone(),
        now: draft.now,
        raised: Arc::clone(&draft.raised),
        repeat: repeat.cloned(),
        code_hash: draft.code_hash.clone(),
        screening_hash: draft.screening_hash.clone(),
        told,
    };
    if !service.registrar.register(entry).await? {
        return Ok(None);
    }
    let labels = [
        ("channel", draft.raised.channel.as_str()),
        ("category", draft.raised.category.as_str()),
    ];
    metrics::count("huiyin_matters_registered", 1, &labels);
    Ok(Some(receipt))
}

fn fact(draft: &Draft, repeat: Option<&Repeat>) -> MatterRegistered {
    let raised = &draft.raised;
    MatterRegistered {
        matter_id: draft.id.to_string(),
        number: draft.number.clone(),
        channel: wire::channel_word(raised.channel).into(),
        category: wire::category_word(raised.category).into(),
        subject: raised.subject.code.clone(),
        place_code: raised.place.to_string(),
        persons: if raised.channel == Channel::Visit {
            raised.persons
        } else {
            1
        },
        registered_by: raised.office.id.to_string(),
        received_time: Some(timestamp(raised.received_at)),
        repeat_of: wire::id_or_empty(repeat.map(|repeat| repeat.matter)),
        agent: raised.agent,
        about_organ: wire::id_or_empty(raised.about),
    }
}
