//! The organ that receives sets how often another reports to it.

use huiyin_domain::organs::OrganProfile;
use huiyin_domain::reporting::{Edge, Frequency, Schedule, first_in_conflict, usual_frequency};
use huiyin_domain::time::{Date, local_date};
use huiyin_proto::stability_early_warning::v1::{
    SetReportScheduleRequest, SetReportScheduleResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{directory, known, wrong};
use crate::reporting::{KeptSchedule, missing, wire};
use crate::service::Service;
use crate::store::report_schedule;
use crate::wire::kept;

/// Sets a schedule.
///
/// # Errors
/// Every wrong field at once; the schedule that stands in its way. [`Problem::Unavailable`] before the offices are known here.
pub(crate) async fn answer(
    service: &Service,
    request: Request<SetReportScheduleRequest>,
) -> Result<SetReportScheduleResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let given = read(service, &message).await?;
    permit(About::Organ(given.to)).await?;
    service
        .desk
        .database
        .once("set_report_schedule", asked, move |tx| {
            let given = given.clone();
            Box::pin(async move {
                tx.as_house().await?;
                set(tx, &given).await?;
                Ok(SetReportScheduleResponse {
                    schedule: Some(wire::schedule(&given)),
                })
            })
        })
        .await
}

async fn read(
    service: &Service,
    message: &SetReportScheduleRequest,
) -> Result<KeptSchedule, Problem> {
    let mut connection = service.desk.database.reading().await?;
    let directory = directory(service, &mut connection).await?;
    let today = local_date(service.desk.database.now());
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = known(&mut violations, ("organ_id", &message.organ_id), &directory);
    let to = known(&mut violations, ("to_organ", &message.to_organ), &directory);
    if let Some((organ, to)) = organ.zip(to)
        && let Err(fault) = (Edge { organ, to }).check()
    {
        violations.add("to_organ", fault.to_string());
    }
    let schedule = schedule(&mut violations, message, organ);
    if let Some(schedule) = &schedule {
        check(&mut violations, schedule, today);
    }
    let source = violations.text("source", &message.source, 1, 200);
    let (schedule, (organ, to)) = violations.finish_with(schedule.zip(organ.zip(to)))?;
    Ok(KeptSchedule {
        id: chance::new_id(),
        organ: organ.id,
        to: to.id,
        to_place: to.territory,
        schedule,
        round_the_clock: message.round_the_clock,
        source,
        next_from: Some(schedule.valid_from),
    })
}

fn schedule(
    violations: &mut Violations,
    message: &SetReportScheduleRequest,
    organ: Option<&OrganProfile>,
) -> Option<Schedule> {
    let kind = wire::kind(violations, message.kind);
    let frequency = wire::frequency(violations, message.frequency);
    let valid_from = violations.date("valid_from", &message.valid_from);
    let valid_to = match message.valid_to.as_str() {
        "" => Some(None),
        given => violations.date("valid_to", given).map(Some),
    };
    let kind = kind?;
    let usual = organ.map(|organ| usual_frequency(kind, organ));
    Some(Schedule {
        kind,
        frequency: frequency.or(usual)?,
        grace_days: message.grace_days,
        valid_from: valid_from?,
        valid_to: valid_to?,
    })
}

fn check(violations: &mut Violations, schedule: &Schedule, today: Date) {
    for fault in schedule.faults(today) {
        violations.add(fault.field(), fault.to_string());
    }
}

async fn set(tx: &mut Tx, given: &KeptSchedule) -> Result<(), Problem> {
    let edge = (given.organ, given.to);
    let from = given.schedule.valid_from;
    let others = report_schedule::lock_edge(tx.connection(), edge, from).await?;
    let schedules: Vec<Schedule> = others.iter().map(|other| other.schedule).collect();
    if let Some((field, found)) = first_in_conflict(&given.schedule, &schedules) {
        let other = others.iter().find(|other| other.schedule == *found);
        return Err(wrong(field, in_the_way(field, given, other)));
    }
    let at = kept(tx.now());
    report_schedule::insert(tx.connection(), given, at).await?;
    missing::wait(tx.connection(), given).await?;
    Ok(())
}

fn in_the_way(field: &str, given: &KeptSchedule, other: Option<&KeptSchedule>) -> String {
    let Some(other) = other else {
        return "stands in the way of another schedule".to_owned();
    };
    let (id, there) = (other.id, &other.schedule);
    let kind = given.schedule.kind;
    if field == "frequency" {
        let higher = Frequency::all()
            .iter()
            .filter(|one| **one > there.frequency);
        let higher: Vec<&str> = higher.map(|one| one.as_str()).collect();
        let allowed = match higher.as_slice() {
            [] => "nothing is more frequent".to_owned(),
            higher => format!("allowed: {}", higher.join(", ")),
        };
        return format!(
            "is {}; a {kind} raises the frequency above that of the regular schedule {id}, which is {}; {allowed}",
            given.schedule.frequency, there.frequency
        );
    }
    let until = there
        .valid_to
        .map_or_else(|| "on".to_owned(), |last| format!("to {last}"));
    format!(
        "overlaps the {kind} schedule {id} of the same two organs, which holds from {} {until}; one of a kind may hold at a \
         time: end that one first",
        there.valid_from
    )
}
