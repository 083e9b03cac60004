//! An organ hands in the report of a period, or an important one at any time.

use huiyin_domain::ids::{OrganId, ScheduleId};
use huiyin_domain::organs::OrganProfile;
use huiyin_domain::reporting::{Edge, Period, ReportClass, ReportState};
use huiyin_domain::routing::Directory;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Instant, local_date};
use huiyin_proto::stability_early_warning::v1::{
    ReportClass as ClassWord, SubmitReportRequest, SubmitReportResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::content::{self, Against};
use super::{directory, is_on_edge, known, refused, wrong};
use crate::reporting::filing::{self, Content};
use crate::reporting::{KeptSchedule, Report, wire};
use crate::service::Service;
use crate::store::{organ_report, report_schedule};
use crate::wire::kept;

#[derive(Clone, Debug)]
struct Given {
    organ: OrganId,
    due_by: DueBy,
    content: Content,
}

/// What a report answers to.
#[derive(Clone, Debug)]
enum DueBy {
    /// The period of a schedule that begins on this day.
    Schedule(ScheduleId, Date),
    /// Nothing: it is important, and goes to this organ, which stands there.
    Nothing(OrganId, TerritoryCode),
}

/// Takes in a report.
///
/// # Errors
/// Every wrong field at once; a report that came already. [`Problem::Unavailable`] before the offices are known here.
pub(crate) async fn answer(
    service: &Service,
    request: Request<SubmitReportRequest>,
) -> Result<SubmitReportResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let given = read(service, &message).await?;
    permit(About::Organ(given.organ)).await?;
    service
        .desk
        .database
        .once("submit_report", asked, move |tx| {
            let given = given.clone();
            Box::pin(async move { submit(tx, &given).await })
        })
        .await
}

async fn read(service: &Service, message: &SubmitReportRequest) -> Result<Given, Problem> {
    let mut connection = service.desk.database.reading().await?;
    let directory = directory(service, &mut connection).await?;
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = known(&mut violations, ("organ_id", &message.organ_id), &directory);
    let due_by = due_by(&mut violations, message, (organ, &directory));
    let against = Against {
        organ,
        directory: &directory,
        today: local_date(service.desk.database.now()),
    };
    let content = content::parse(&mut violations, message.content.as_ref(), &against);
    let (organ, (due_by, content)) = violations.finish_with(organ.zip(due_by.zip(content)))?;
    Ok(Given {
        organ: organ.id,
        due_by,
        content,
    })
}

fn due_by(
    violations: &mut Violations,
    message: &SubmitReportRequest,
    (organ, directory): (Option<&OrganProfile>, &Directory),
) -> Option<DueBy> {
    match wire::class(violations, message.class)? {
        ReportClass::Information => {
            let is_left_out = message.to_organ.is_empty();
            violations.check(
                "to_organ",
                is_left_out,
                "is given by the schedule; leave it empty",
            );
            let schedule = violations.id("schedule_id", &message.schedule_id);
            let first = violations.date("from_date", &message.from_date);
            Some(DueBy::Schedule(schedule?, first?))
        }
        ReportClass::Important => {
            for (field, given) in [
                ("schedule_id", &message.schedule_id),
                ("from_date", &message.from_date),
            ] {
                let words =
                    "is for the information of a period; an important report leaves it empty";
                violations.check(field, given.is_empty(), words);
            }
            let to = known(violations, ("to_organ", &message.to_organ), directory)?;
            if let Err(fault) = (Edge { organ: organ?, to }).check() {
                violations.add("to_organ", fault.to_string());
            }
            Some(DueBy::Nothing(to.id, to.territory))
        }
        ReportClass::Urgent => {
            let allowed =
                [ClassWord::Information, ClassWord::Important].map(|word| word.as_str_name());
            let words = format!(
                "is urgent, and what is urgent is raised at the first time by RaiseAlert; allowed here are {}",
                allowed.join(", ")
            );
            violations.add("class", words);
            None
        }
    }
}

async fn submit(tx: &mut Tx, given: &Given) -> Result<SubmitReportResponse, Problem> {
    let at = kept(tx.now());
    let filed = match given.due_by {
        DueBy::Schedule(schedule, first) => {
            let kept = own_schedule(tx, given.organ, schedule).await?;
            content::check_phone(kept.round_the_clock, &given.content)?;
            of_schedule(tx, &kept, (first, at)).await?
        }
        DueBy::Nothing(to, to_place) => {
            tx.as_house().await?;
            important((given.organ, to, to_place), at)?
        }
    };
    let version = filing::file(tx, &filed, &given.content, at).await?;
    Ok(SubmitReportResponse {
        report: Some(wire::report(&filed)),
        version: Some(wire::version(&version)),
    })
}

/// The schedule of the organ that reports, locked: found with the eyes of who asks.
async fn own_schedule(
    tx: &mut Tx,
    organ: OrganId,
    id: ScheduleId,
) -> Result<KeptSchedule, Problem> {
    let unknown = || {
        wrong(
            "schedule_id",
            "is no schedule that was set; ListReportSchedules names them",
        )
    };
    let found = report_schedule::find(tx.connection(), id).await?;
    let found = found
        .filter(|found| is_on_edge(found.organ, found.to, found.to_place))
        .ok_or_else(unknown)?;
    if found.organ != organ {
        let words = format!(
            "is a schedule by which {} reports; an organ hands in its own reports and no other's",
            found.organ
        );
        return Err(wrong("schedule_id", words));
    }
    tx.as_house().await?;
    let locked = report_schedule::lock(tx.connection(), &[id.uuid()]).await?;
    locked.into_iter().next().ok_or_else(unknown)
}

async fn of_schedule(
    tx: &mut Tx,
    due_by: &KeptSchedule,
    (first, at): (Date, Instant),
) -> Result<Report, Problem> {
    let period = due_by.schedule.reportable(first, at);
    let period = period.map_err(|not| wrong("from_date", not.to_string()))?;
    let before = organ_report::of_period(tx.connection(), due_by.id, first).await?;
    let recorded = before.as_ref().map(|before| &before.state);
    let state = ReportState::submit(recorded, (at, Some(period.late_from()))).map_err(refused)?;
    Ok(match before {
        Some(before) => Report { state, ..before },
        None => Report {
            id: chance::new_id(),
            schedule: Some(due_by.id),
            organ: due_by.organ,
            to: due_by.to,
            to_place: due_by.to_place,
            class: ReportClass::Information,
            period,
            missing_at: None,
            state,
        },
    })
}

fn important(
    (organ, to, to_place): (OrganId, OrganId, TerritoryCode),
    at: Instant,
) -> Result<Report, Problem> {
    let today = local_date(at);
    Ok(Report {
        id: chance::new_id(),
        schedule: None,
        organ,
        to,
        to_place,
        class: ReportClass::Important,
        period: Period {
            first: today,
            last: today,
            due: today,
        },
        missing_at: None,
        state: ReportState::submit(None, (at, None)).map_err(refused)?,
    })
}
