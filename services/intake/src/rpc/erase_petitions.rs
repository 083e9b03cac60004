//! Erases petitions for good: their keys are destroyed, wherever copies of the texts lie.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::law::{ClockId, due, rules};
use huiyin_domain::time::{Instant, local_date};
use huiyin_domain::vocabulary::Remedy;
use huiyin_proto::events::v1::PetitionErased;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::{ErasePetitionsRequest, ErasePetitionsResponse};
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::authorization::{About, permit, permit_matter};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::vault::{Change, Leaf};
use huiyin_service_kit::violations::Violations;
use tonic::Request;
use uuid::Uuid;

use super::vaults::master_version;
use super::{asking_post, not_found, seen};
use crate::matter::Matter;
use crate::service::Service;
use crate::store;
use crate::store::remedy_step::RemedyStep;
use crate::vault::{Kind, Vaults};

/// Petitions erased at a time at most: one change of the vault for all of them.
const MOST: usize = 1_000;

#[derive(Clone, Debug)]
struct Erasing {
    matters: Vec<MatterId>,
    organ: OrganId,
    grounds: String,
}

/// What a transaction did, to be finished when it is committed.
#[derive(Default)]
struct Done {
    kind: Option<Kind>,
    change: Option<Change>,
}

/// Erases petitions.
pub(crate) async fn erase_petitions(
    service: &Service,
    request: Request<ErasePetitionsRequest>,
) -> Result<ErasePetitionsResponse, Problem> {
    let erasing = parse(request.get_ref())?;
    permit(About::Organ(erasing.organ)).await?;
    let asked = Asked::of(
        request.metadata(),
        &request.get_ref().request_id,
        request.get_ref(),
    );
    let vaults = service.vaults.clone();
    let almanac = service.desk.almanac.clone();
    let done = Arc::new(Mutex::new(Done::default()));
    let doing = Arc::clone(&done);
    let answer = service
        .desk
        .database
        .once("erase_petitions", asked, move |tx| {
            let (vaults, erasing) = (vaults.clone(), erasing.clone());
            let (almanac, doing) = (almanac.clone(), Arc::clone(&doing));
            Box::pin(async move {
                let (answer, did) = erase(tx, (&vaults, &almanac), &erasing).await?;
                *doing.lock().unwrap_or_else(PoisonError::into_inner) = did;
                Ok(answer)
            })
        })
        .await?;
    let done = std::mem::take(&mut *done.lock().unwrap_or_else(PoisonError::into_inner));
    match done.kind {
        Some(kind) => service.vaults.finish(kind, done.change).await?,
        // asked before: what that call left undone is done now
        None => {
            for kind in Kind::ALL {
                service.vaults.finish(kind, None).await?;
            }
        }
    }
    Ok(answer)
}

fn parse(request: &ErasePetitionsRequest) -> Result<Erasing, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&request.request_id);
    violations.within("matter_ids", request.matter_ids.len(), 1..=MOST);
    let given = request.matter_ids.iter().take(MOST).enumerate();
    let mut met = HashSet::new();
    let mut matters = Vec::new();
    for (place, id) in given {
        let field = format!("matter_ids[{place}]");
        let Some(id) = violations.id(&field, id) else {
            continue;
        };
        violations.check(&field, met.insert(id), "is given twice");
        matters.push(id);
    }
    let organ = violations.id("organ_id", &request.organ_id);
    let grounds = violations.text("grounds", &request.grounds, 1, 200);
    let organ = violations.finish_with(organ)?;
    Ok(Erasing {
        matters,
        organ,
        grounds,
    })
}

async fn erase(
    tx: &mut Tx,
    (vaults, almanac): (&Vaults, &Almanac),
    erasing: &Erasing,
) -> Result<(ErasePetitionsResponse, Done), Problem> {
    let now = tx.now();
    let ids: Vec<Uuid> = erasing.matters.iter().map(|id| id.uuid()).collect();
    let kind = may_be_erased(tx, (almanac, now), erasing).await?;
    // decided: what follows touches the texts, which no reader changes
    tx.as_house().await?;
    let before = store::petition::erased_before(tx.connection(), &ids).await?;
    let ids: Vec<Uuid> = ids.into_iter().filter(|id| !before.contains(id)).collect();
    if ids.is_empty() {
        return Ok((
            answer(0, vaults, kind),
            Done {
                kind: Some(kind),
                change: None,
            },
        ));
    }
    let deleted = store::petition_text::delete(tx.connection(), kind, &ids).await?;
    let leaves = deleted.into_iter().map(Leaf::try_from);
    let leaves: Vec<Leaf> = leaves
        .collect::<Result<_, _>>()
        .map_err(|error| Problem::Unexpected(format!("the vault: {error}")))?;
    let grounds = (erasing.organ, erasing.grounds.as_str());
    store::petition::erased(tx.connection(), &ids, grounds, now).await?;
    for id in &ids {
        tx.tell(Fact::PetitionErased(PetitionErased {
            matter_id: MatterId::from_uuid(*id).to_string(),
            organ_id: erasing.organ.to_string(),
            post: asking_post(),
        }));
    }
    let puncture = move |vault: &huiyin_service_kit::vault::Vault| vault.puncture(&leaves);
    let change = vaults.change(tx.connection(), kind, puncture).await?;
    let told = ErasePetitionsResponse {
        erased: u32::try_from(ids.len()).unwrap_or(u32::MAX),
        master_version: master_version(kind, change.sealed_state().version()),
    };
    let done = Done {
        kind: Some(kind),
        change: Some(change),
    };
    Ok((told, done))
}

fn answer(erased: u32, vaults: &Vaults, kind: Kind) -> ErasePetitionsResponse {
    ErasePetitionsResponse {
        erased,
        master_version: master_version(kind, vaults.get(kind).version()),
    }
}

/// The vault of the petitions, when all of them may be erased.
async fn may_be_erased(
    tx: &mut Tx,
    (almanac, now): (&Almanac, Instant),
    erasing: &Erasing,
) -> Result<Kind, Problem> {
    let ids: Vec<Uuid> = erasing.matters.iter().map(|id| id.uuid()).collect();
    let locked = store::matter::lock(tx.connection(), &ids).await?;
    let matters = seen(tx.connection(), locked).await?;
    let mut kinds = Vec::new();
    for (place, id) in erasing.matters.iter().enumerate() {
        let found = matters.iter().find(|matter| matter.id == *id);
        let matter = found.ok_or_else(|| not_found(*id))?;
        if matter.registered_by != erasing.organ {
            return Err(Problem::NotYours {
                words: format!(
                    "{id} was registered by another office, which alone erases its petition"
                ),
            });
        }
        let steps = store::remedy_step::of_matter(tx.connection(), *id).await?;
        ended(matter, &steps, (almanac, now))?;
        kinds.push((place, Kind::of(matter.category)));
    }
    let mut violations = Violations::default();
    let kind = kinds.first().map(|(_, kind)| *kind);
    for (place, other) in &kinds {
        violations.check(
            &format!("matter_ids[{place}]"),
            Some(*other) == kind,
            "is of another vault than the first; denunciations are erased by a request of their own",
        );
    }
    let kind = violations.finish_with(kind)?;
    permit_matter(About::Organ(erasing.organ), kind == Kind::Sealed).await?;
    Ok(kind)
}

/// Whether a matter has ended, and no remedy is open or can still be asked for (articles 35 and 36).
fn ended(
    matter: &Matter,
    remedies: &[RemedyStep],
    (almanac, now): (&Almanac, Instant),
) -> Result<(), Problem> {
    let refused = |state: String| Problem::NotAllowedNow {
        action: format!("erase the petition of {}", matter.id),
        state,
        allowed: Vec::new(),
    };
    if !matter.stage.has_ended() {
        return Err(refused(matter.stage.as_str().to_owned()));
    }
    if let Some(open) = remedies.iter().find(|step| step.delivered.is_none()) {
        return Err(refused(format!("{} is open", open.remedy)));
    }
    let last = remedies
        .iter()
        .filter_map(|step| Some((step.delivered?.0, step.remedy)))
        .max_by_key(|(at, _)| *at);
    let (at, clock) = match last {
        Some((_, Remedy::Reexamination)) => return Ok(()),
        Some((at, Remedy::Review)) => (at, ClockId::AskReexamination),
        None => (matter.stage_at(), ClockId::AskReview),
    };
    let day = local_date(at);
    let calendars = almanac.latest();
    let until = due(rules().rule_on(clock, day), day, calendars.newest()).rolled;
    if local_date(now) <= until {
        return Err(refused(format!(
            "{}; the petitioner may ask for a remedy until {until}",
            matter.stage.as_str()
        )));
    }
    Ok(())
}
