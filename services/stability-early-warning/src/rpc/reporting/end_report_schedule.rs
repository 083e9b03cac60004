//! The organ that receives ends a schedule. What is due already stays due.

use huiyin_domain::ids::{OrganId, ScheduleId};
use huiyin_domain::time::{Date, local_date};
use huiyin_proto::stability_early_warning::v1::{
    EndReportScheduleRequest, EndReportScheduleResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{is_on_edge, wrong};
use crate::reporting::{KeptSchedule, missing, wire};
use crate::service::Service;
use crate::store::report_schedule;

#[derive(Clone, Debug)]
struct Ending {
    organ: OrganId,
    schedule: ScheduleId,
    valid_to: Date,
}

/// Ends a schedule.
///
/// # Errors
/// When it is another organ's, or its last day is not between today and the one it has.
pub(crate) async fn answer(
    service: &Service,
    request: Request<EndReportScheduleRequest>,
) -> Result<EndReportScheduleResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let ending = parse(&message)?;
    permit(About::Organ(ending.organ)).await?;
    service
        .desk
        .database
        .once("end_report_schedule", asked, move |tx| {
            let ending = ending.clone();
            Box::pin(async move {
                let ended = end(tx, &ending).await?;
                Ok(EndReportScheduleResponse {
                    schedule: Some(wire::schedule(&ended)),
                })
            })
        })
        .await
}

fn parse(message: &EndReportScheduleRequest) -> Result<Ending, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let schedule = violations.id("schedule_id", &message.schedule_id);
    let valid_to = violations.date("valid_to", &message.valid_to);
    let (organ, (schedule, valid_to)) =
        violations.finish_with(organ.zip(schedule.zip(valid_to)))?;
    Ok(Ending {
        organ,
        schedule,
        valid_to,
    })
}

async fn end(tx: &mut Tx, ending: &Ending) -> Result<KeptSchedule, Problem> {
    let found = report_schedule::find(tx.connection(), ending.schedule).await?;
    let found = found.filter(|found| is_on_edge(found.organ, found.to, found.to_place));
    let unknown = || Problem::NotFound {
        what: "schedule",
        id: ending.schedule.to_string(),
    };
    let found = found.ok_or_else(unknown)?;
    if found.to != ending.organ {
        let words = format!(
            "is not the organ that receives by this schedule; that is {}",
            found.to
        );
        return Err(wrong("organ_id", words));
    }
    tx.as_house().await?;
    let locked = report_schedule::lock(tx.connection(), &[ending.schedule.uuid()]).await?;
    let mut ended = locked.into_iter().next().ok_or_else(unknown)?;
    let earliest = local_date(tx.now()).max(ended.schedule.valid_from);
    let before = ended.schedule.valid_to;
    if ending.valid_to < earliest || before.is_some_and(|last| ending.valid_to >= last) {
        let allowed = before.and_then(|last| last.pred_opt()).map_or_else(
            || format!("{earliest} or later"),
            |last| format!("{earliest} to {last}"),
        );
        let words = format!("must lie within what the schedule has left; {allowed} is allowed");
        return Err(wrong("valid_to", words));
    }
    ended.schedule.valid_to = Some(ending.valid_to);
    ended.next_from = ended.next().map(|next| next.first);
    report_schedule::end(tx.connection(), &ended).await?;
    missing::wait(tx.connection(), &ended).await?;
    Ok(ended)
}
