//! An organ sets shifts, and which hours of the day it covers.

use huiyin_domain::ids::{OrganId, ShiftId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Instant, local, local_date};
use huiyin_domain::warning::duty::{
    DutyCover, DutyHours, MOST_SHIFTS, OnDuty, Stretch, roster_faults,
};
use huiyin_proto::stability_early_warning::v1::{
    self as pb, SetDutyRosterRequest, SetDutyRosterResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::{chance, timer};
use tonic::Request;

use crate::duty::looking::DUTY_LOOK;
use crate::duty::{Roster, Shift, wire};
use crate::rpc::{nameless, raise_alert::duty_phone};
use crate::service::Service;
use crate::store::{duty_desk, duty_roster, duty_shift};
use crate::wire::kept;

/// Sets a roster.
///
/// # Errors
/// Every wrong field at once; each shift that overlaps one that is set already. [`Problem::Unavailable`] before the offices are known.
pub(crate) async fn answer(
    service: &Service,
    request: Request<SetDutyRosterRequest>,
) -> Result<SetDutyRosterResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let roster = read(service, &message).await?;
    permit(About::Organ(roster.organ.0)).await?;
    service
        .desk
        .database
        .once("set_duty_roster", asked, move |tx| {
            let roster = roster.clone();
            Box::pin(async move {
                tx.as_house().await?;
                set(tx, &roster).await?;
                Ok(SetDutyRosterResponse {
                    roster_id: roster.id.to_string(),
                    shifts: roster.shifts.iter().map(wire::shift).collect(),
                })
            })
        })
        .await
}

async fn read(service: &Service, message: &SetDutyRosterRequest) -> Result<Roster, Problem> {
    let mut connection = service.desk.database.reading().await?;
    let directory = crate::rpc::reporting::directory(service, &mut connection).await?;
    let now = service.desk.database.now();
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ: Option<OrganId> = violations.id("organ_id", &message.organ_id);
    let profile = organ.and_then(|organ| directory.get(organ));
    if organ.is_some() {
        violations.check("organ_id", profile.is_some(), "is no organ that was loaded");
    }
    let organ = profile.map(|organ| (organ.id, organ.territory));
    let shifts = shifts(&mut violations, &message.shifts, organ);
    check_times(&mut violations, (&shifts, message.shifts.len()), now);
    let hours = message.hours.as_ref().map(|given| {
        let hours = DutyHours::read(&given.daily_from, &given.daily_to);
        let words = "is not two times of the day written like 08:00 and 18:00; 24:00 can end it";
        violations.check("hours", hours.is_some(), words);
        hours
    });
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let organ = violations.finish_with(organ)?;
    let begins = shifts.first().map_or(now, |shift| shift.time.from());
    Ok(Roster {
        id: chance::new_id(),
        organ,
        cover: DutyCover {
            begins: local_date(begins),
            hours: hours.flatten(),
        },
        post,
        shifts,
    })
}

/// The shifts that can be read; of the others it is said what is wrong with them.
fn shifts(
    violations: &mut Violations,
    given: &[pb::NewDutyShift],
    organ: Option<(OrganId, TerritoryCode)>,
) -> Vec<Shift> {
    let words = format!(
        "has {} entries; at most {MOST_SHIFTS} are allowed",
        given.len()
    );
    violations.check("shifts", given.len() <= MOST_SHIFTS, words);
    let given = given.iter().take(MOST_SHIFTS).enumerate();
    let shifts = given.filter_map(|(place, given)| {
        let field = |name: &str| format!("shifts[{place}].{name}");
        let from = violations.time(&field("from_time"), given.from_time.as_ref());
        let to = violations.time(&field("to_time"), given.to_time.as_ref());
        let posts = posts(violations, &field("posts"), given.posts.as_ref());
        let duty_phone = duty_phone(violations, &field("duty_phone"), &given.duty_phone);
        let (from, to) = (kept(from?), kept(to?));
        let time = Stretch::new(from, to);
        violations.check(&field("to_time"), time.is_some(), "is not after from_time");
        let (organ, at) = organ?;
        Some(Shift {
            id: chance::new_id::<huiyin_domain::ids::kind::Shift>(),
            organ,
            place: at,
            time: time?,
            posts: posts?,
            duty_phone,
            relieved: Vec::new(),
            hand_over: None,
        })
    });
    shifts.collect()
}

fn posts(
    violations: &mut Violations,
    field: &str,
    given: Option<&pb::DutyPosts>,
) -> Option<OnDuty> {
    let Some(given) = given else {
        violations.add(field, "is missing");
        return None;
    };
    let mut post =
        |name: &str, given: &str| nameless(violations, &format!("{field}.{name}"), given, (1, 100));
    let posts = OnDuty {
        post: post("post", &given.post),
        deputy: post("deputy_post", &given.deputy_post),
        leader: post("leader_post", &given.leader_post),
    };
    let another = "is a post of the shift already; name another one";
    let deputy = posts.deputy != posts.post;
    violations.check(&format!("{field}.deputy_post"), deputy, another);
    let leader = posts.leader != posts.post && posts.leader != posts.deputy;
    violations.check(&format!("{field}.leader_post"), leader, another);
    Some(posts)
}

/// Times are compared only when all of them could be read, so that each fault has the place of its shift.
fn check_times(violations: &mut Violations, (shifts, given): (&[Shift], usize), now: Instant) {
    if shifts.len() != given {
        return;
    }
    let times: Vec<Stretch> = shifts.iter().map(|shift| shift.time).collect();
    for (place, fault) in roster_faults(&times, now) {
        violations.add(
            format!("shifts[{place}].{}", fault.field()),
            fault.to_string(),
        );
    }
}

async fn set(tx: &mut Tx, roster: &Roster) -> Result<(), Problem> {
    let (organ, _) = roster.organ;
    // the timer first and the desk second, as the look does
    timer::take(tx.connection(), DUTY_LOOK, organ.uuid()).await?;
    duty_desk::ensure(tx.connection(), &[roster.organ]).await?;
    duty_desk::lock(tx.connection(), &[organ.uuid()]).await?;
    let now = kept(tx.now());
    let from = roster.shifts.iter().map(|shift| shift.time.from()).min();
    let others = duty_shift::from(tx.connection(), organ, from.unwrap_or(now)).await?;
    let mut violations = Violations::default();
    for (place, shift) in roster.shifts.iter().enumerate() {
        if let Some(other) = others.iter().find(|other| other.time.overlaps(&shift.time)) {
            violations.add(
                format!("shifts[{place}].from_time"),
                in_the_way(other.id, other.time),
            );
        }
    }
    violations.finish()?;
    duty_roster::insert(tx.connection(), roster, now).await?;
    duty_shift::insert(tx.connection(), roster).await?;
    timer::arm(tx.connection(), DUTY_LOOK, organ.uuid(), now).await?;
    Ok(())
}

fn in_the_way(other: ShiftId, time: Stretch) -> String {
    format!(
        "overlaps {other}, which is set already and lasts from {} to {}; a post of it is changed by SubstitutePost",
        local(time.from()),
        local(time.to())
    )
}
