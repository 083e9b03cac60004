//! Registers a matter: everything is computed before, then the registrar writes it in one round trip.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin_domain::ids::MatterId;
use huiyin_domain::vocabulary::Channel;
use huiyin_proto::events::v1::MatterRegistered;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::{RegisterMatterRequest, RegisterMatterResponse};
use huiyin_service_kit::authorization::{About, permit};
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
use crate::store::register::{Entry, met_its_repeat, number_is_given};
use crate::vault::{Kind, Sealed};
use crate::{numbers, store, wire};

/// How often a registration is written: again when the same matter was raised at the same moment, and then it is found as the
/// repeat it is, or when its number was given already, and then it has another one.
const TRIES: u32 = 5;

/// A registration before it is written.
struct Draft {
    asked: Asked,
    raised: Arc<Raised>,
    id: MatterId,
    number: String,
    sealed: Sealed,
    screening_hashes: Option<[Vec<u8>; 2]>,
    now: DateTime<Utc>,
}

/// Registers a matter.
pub(crate) async fn register_matter(
    service: &Service,
    request: Request<RegisterMatterRequest>,
) -> Result<RegisterMatterResponse, Problem> {
    let mut draft = draft(service, request).await?;
    for attempt in 1..=TRIES {
        let repeat = find_repeat(service, &draft).await?;
        let is_shown = is_shown(service, &draft, repeat.as_ref()).await?;
        match write(service, &draft, (repeat.as_ref(), is_shown)).await {
            Ok(Some(receipt)) => return Ok(with_code(service, receipt)),
            Ok(None) => {
                let answered = service.desk.database.answered(&draft.asked).await?;
                let answered: Option<_> = answered;
                return match answered {
                    Some(receipt) => Ok(with_code(service, receipt)),
                    None => Err(Problem::ChangedMeanwhile),
                };
            }
            Err(error) if met_its_repeat(&error) => {}
            Err(error) if number_is_given(&error) => {
                draft.number = number(service, &draft.asked, (&draft.raised, draft.now), attempt);
            }
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
    permit(About::Organ(raised.office.organ)).await?;
    let number = number(service, &asked, (&raised, now), 0);
    let (id, kind): (MatterId, _) = (chance::new_id(), Kind::of(raised.category));
    let keys = service.vaults.keys();
    let petition = raised.petition.encoded();
    Ok(Draft {
        asked: keys.keyed(kind, asked),
        id,
        sealed: service.vaults.seal(kind, id.uuid(), &petition).await?,
        screening_hashes: screening::hashes(&keys, &raised),
        raised: Arc::new(raised),
        number,
        now,
    })
}

/// The number of what is registered, at an attempt to write it.
fn number(
    service: &Service,
    asked: &Asked,
    (raised, now): (&Raised, DateTime<Utc>),
    attempt: u32,
) -> String {
    let request = (asked.caller.as_str(), asked.request_id.as_str());
    let number = numbers::drawn(&service.vaults.keys(), request, attempt);
    numbers::written(raised.office.territory, now, number)
}

/// The receipt as it is given. The code is not stored with it, nor anywhere.
fn with_code(service: &Service, receipt: RegisterMatterResponse) -> RegisterMatterResponse {
    RegisterMatterResponse {
        query_code: service.vaults.keys().query_code(&receipt.number),
        ..receipt
    }
}

async fn find_repeat(service: &Service, draft: &Draft) -> Result<Option<Repeat>, Problem> {
    let Some(hashes) = &draft.screening_hashes else {
        return Ok(None);
    };
    // the one look-up across matters: equality of a keyed hash, seen by the service and told to nobody it is sealed from
    let mut connection = service.desk.database.writing().acquire().await?;
    let earlier = store::petition::initial(&mut connection, hashes).await?;
    Ok(earlier.map(|earlier| screening::repeat(&earlier, &draft.raised)))
}

/// Whether who registers learns what it repeats. An office from which this denunciation or the earlier one is sealed does not learn
/// that there was an earlier one.
async fn is_shown(
    service: &Service,
    draft: &Draft,
    repeat: Option<&Repeat>,
) -> Result<bool, Problem> {
    match (repeat, Kind::of(draft.raised.category)) {
        (None, _) | (_, Kind::Open) => Ok(true),
        (Some(_), Kind::Sealed) if draft.raised.sealed_from_office => Ok(false),
        (Some(repeat), Kind::Sealed) => {
            let mut connection = service.desk.database.reading().await?;
            let seen = store::matter::find(&mut connection, Some(repeat.matter), "").await?;
            Ok(seen.is_some())
        }
    }
}

/// Writes the registration; none when the request id was used before.
async fn write(
    service: &Service,
    draft: &Draft,
    (repeat, is_shown): (Option<&Repeat>, bool),
) -> Result<Option<RegisterMatterResponse>, sqlx::Error> {
    let matter_id = draft.id.to_string();
    let named = Named {
        matter_id: &matter_id,
        number: &draft.number,
        registered_at: draft.now,
    };
    let calendars = service.desk.almanac.latest();
    let shown = repeat.filter(|_| is_shown);
    let receipt = receipt(named, &draft.raised, shown, calendars.newest());
    let stream = streams::ordinary(ServiceName::Intake);
    // a matter is registered once: the event of that is found by the matter, for the proof of it
    let told = Outgoing::identified(
        draft.id.uuid(),
        (Lane::Ordinary, stream),
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
        sealed: draft.sealed.clone(),
        screening_hash: draft
            .screening_hashes
            .as_ref()
            .map(|[newest, _]| newest.clone()),
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
        registered_by: raised.office.organ.to_string(),
        received_time: Some(timestamp(raised.received_at)),
        repeat_of: wire::id_or_empty(repeat.map(|repeat| repeat.matter)),
        agent: raised.agent,
        about_organ: wire::id_or_empty(raised.about),
    }
}
