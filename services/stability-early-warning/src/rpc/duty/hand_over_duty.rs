//! The post that goes off duty hands over to that of the next shift, with every open alert: nothing is forgotten at the change.

use huiyin_domain::ids::{AlertId, OrganId, ShiftId};
use huiyin_domain::time::Instant;
use huiyin_domain::warning::duty::{HandOverFaults, hand_over};
use huiyin_proto::stability_early_warning::v1::{HandOverDutyRequest, HandOverDutyResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::locked;
use crate::duty::{HandOver, Shift, told, wire};
use crate::rpc::{nameless, reporting::wrong};
use crate::service::Service;
use crate::store::{alert_recipient, duty_hand_over, duty_shift};
use crate::wire::kept;

/// Alerts of one hand-over at most.
const ALERTS: usize = 10_000;
/// Alerts named in a refusal at most; more are only counted.
const NAMED: usize = 20;

/// Who hands over to whom.
#[derive(Clone, Debug)]
struct HandingOver {
    organ: OrganId,
    from: (ShiftId, String),
    to: (ShiftId, String),
    alerts: Vec<AlertId>,
    notes: String,
}

/// Hands over.
///
/// # Errors
/// Every wrong field at once; the alerts that the list leaves out; [`Problem::NotOnDuty`] for a post that is not on duty in its shift;
/// when the shift has not begun or was handed over before.
pub(crate) async fn answer(
    service: &Service,
    request: Request<HandOverDutyRequest>,
) -> Result<HandOverDutyResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let wanted = parse(&message)?;
    permit(About::Organ(wanted.organ)).await?;
    service
        .desk
        .database
        .once("hand_over_duty", asked, move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move {
                let handed_over = record(tx, wanted).await?;
                Ok(HandOverDutyResponse {
                    hand_over: Some(wire::hand_over(&handed_over)),
                })
            })
        })
        .await
}

fn parse(message: &HandOverDutyRequest) -> Result<HandingOver, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let from = violations.id("from_shift", &message.from_shift);
    let from_post = nameless(&mut violations, "from_post", &message.from_post, (1, 100));
    let to = violations.id("to_shift", &message.to_shift);
    let to_post = nameless(&mut violations, "to_post", &message.to_post, (1, 100));
    let held = message.alert_ids.len() <= ALERTS;
    let words = format!(
        "has {} entries; at most {ALERTS} are allowed",
        message.alert_ids.len()
    );
    violations.check("alert_ids", held, words);
    let given = message.alert_ids.iter().take(ALERTS).enumerate();
    let alerts: Vec<AlertId> = given
        .filter_map(|(index, given)| violations.id(&format!("alert_ids[{index}]"), given))
        .collect();
    let notes = nameless(&mut violations, "notes", &message.notes, (0, 2000));
    let (organ, (from, to)) = violations.finish_with(organ.zip(from.zip(to)))?;
    Ok(HandingOver {
        organ,
        from: (from, from_post),
        to: (to, to_post),
        alerts,
        notes,
    })
}

async fn record(tx: &mut Tx, wanted: HandingOver) -> Result<HandOver, Problem> {
    let from = locked(tx, wanted.from.0, wanted.organ).await?;
    let now = kept(tx.now());
    check_state(&from, now)?;
    let later = duty_shift::from(tx.connection(), wanted.organ, from.time.to()).await?;
    check_next(&later, wanted.to.0)?;
    let to = locked(tx, wanted.to.0, wanted.organ).await?;
    check_post(&from, &wanted.from.1, now)?;
    check_post(&to, &wanted.to.1, now.max(to.time.from()))?;
    let most = i64::try_from(ALERTS).unwrap_or(i64::MAX) + 1;
    let open = alert_recipient::open_at(tx.connection(), wanted.organ, most).await?;
    hand_over(&open, &wanted.alerts).map_err(incomplete)?;
    let handed_over = HandOver {
        from: wanted.from,
        to: wanted.to,
        alerts: open,
        notes: wanted.notes,
        at: now,
    };
    if !duty_hand_over::insert(tx.connection(), &handed_over).await? {
        return Err(Problem::ChangedMeanwhile);
    }
    told::handed_over(tx, wanted.organ, &handed_over);
    Ok(handed_over)
}

fn check_state(from: &Shift, now: Instant) -> Result<(), Problem> {
    let state = match &from.hand_over {
        _ if now < from.time.from() => "not begun",
        Some(_) => "handed over",
        None => return Ok(()),
    };
    Err(Problem::NotAllowedNow {
        action: "hand_over_duty".to_owned(),
        state: state.to_owned(),
        allowed: Vec::new(),
    })
}

/// Duty goes to the shift that follows and to no later one.
fn check_next(later: &[Shift], to: ShiftId) -> Result<(), Problem> {
    match later.first() {
        Some(next) if next.id == to => Ok(()),
        Some(next) => Err(wrong(
            "to_shift",
            format!("is not the shift that follows; that is {}", next.id),
        )),
        None => Err(wrong(
            "to_shift",
            "is not the shift that follows; there is none: set it first",
        )),
    }
}

fn check_post(shift: &Shift, post: &str, at: Instant) -> Result<(), Problem> {
    let on_duty = shift.on_duty(at);
    match on_duty.role_of(post) {
        Some(_) => Ok(()),
        None => Err(Problem::NotOnDuty {
            on_duty: on_duty.posts().map(str::to_owned).to_vec(),
        }),
    }
}

fn incomplete(faults: HandOverFaults) -> Problem {
    let mut violations = Violations::default();
    for (what, alerts) in [
        ("leaves out alerts that are open", faults.left_out),
        (
            "names alerts that are not open at the organ",
            faults.not_open,
        ),
    ] {
        if !alerts.is_empty() {
            violations.add("alert_ids", format!("{what}: {}", named(&alerts)));
        }
    }
    Problem::InvalidFields(violations)
}

fn named(alerts: &[AlertId]) -> String {
    let names: Vec<String> = alerts.iter().take(NAMED).map(ToString::to_string).collect();
    let names = names.join(", ");
    match alerts.len().checked_sub(NAMED) {
        None | Some(0) => names,
        Some(more) => format!("{names} and {more} more"),
    }
}
