//! The work calendar of a year is published; every open clock is computed anew, in one recorded batch.

use huiyin_domain::calendar::{CalendarError, Calendars, YearNotice};
use huiyin_domain::ids::BatchId;
use huiyin_proto::events::v1::WorkCalendarPublished;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::supervision::v1::{PublishCalendarRequest, PublishCalendarResponse};
use huiyin_service_kit::almanac::{self, Almanac, dates};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::{chance, timer};
use tonic::Request;

use crate::store::reprojection::{self, Reprojection};
use crate::sweeps::reproject::TIMER;
use crate::wire;

pub(crate) async fn answer(
    desk: &Desk,
    request: Request<PublishCalendarRequest>,
) -> Result<PublishCalendarResponse, Problem> {
    let message = request.get_ref();
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let (notice, post) = parse(message)?;
    let almanac = desk.almanac.clone();
    desk.database
        .once("publish_calendar", asked, move |tx| {
            let (almanac, notice, post) = (almanac.clone(), notice.clone(), post.clone());
            Box::pin(async move { publish(tx, &almanac, &notice, post).await })
        })
        .await
}

fn parse(message: &PublishCalendarRequest) -> Result<(YearNotice, String), Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let year = i32::try_from(message.year).ok();
    violations.check("year", year.is_some(), "is no year");
    let version = violations.text("version", &message.version, 1, 64);
    let source = violations.text("source", &message.source, 1, 200);
    let days_off = dates(&mut violations, "days_off", &message.days_off);
    let working_weekends = dates(
        &mut violations,
        "working_weekends",
        &message.working_weekends,
    );
    let post = violations.text("post", &message.post, 1, 100);
    let year = violations.finish_with(year)?;
    let notice = YearNotice {
        year,
        version,
        source,
        days_off,
        working_weekends,
    };
    Ok((notice, post))
}

/// The field that is at fault.
const fn field(wrong: &CalendarError) -> &'static str {
    match wrong {
        CalendarError::Text { field, .. } => field,
        CalendarError::Gap { .. } | CalendarError::FarYear { .. } => "year",
        CalendarError::OffAndWorking { .. } | CalendarError::NoWeekend { .. } => "working_weekends",
        CalendarError::Shape(_)
        | CalendarError::OtherYear { .. }
        | CalendarError::Twice { .. }
        | CalendarError::Empty { .. }
        | CalendarError::HolidayLeftOut { .. } => "days_off",
    }
}

async fn publish(
    tx: &mut Tx,
    almanac: &Almanac,
    notice: &YearNotice,
    post: String,
) -> Result<PublishCalendarResponse, Problem> {
    reprojection::exclude(tx.connection()).await?;
    let known = almanac.current(tx.connection()).await?;
    let now = tx.now();
    let mut calendars = Calendars::clone(&known);
    if let Err(wrong) = calendars.publish(now, notice) {
        let mut violations = Violations::default();
        violations.add(field(&wrong), wrong.to_string());
        return Err(Problem::InvalidFields(violations));
    }
    almanac::keep(tx.connection(), now, notice).await?;
    let batch = Reprojection {
        id: chance::new_id::<huiyin_domain::ids::kind::Batch>() as BatchId,
        year: notice.year,
        calendar_before: known.newest().version().to_owned(),
        calendar_version: notice.version.clone(),
        post,
        started_at: now,
        finished_at: None,
        after_matter: None,
        open_clocks: 0,
        moved: 0,
        confirmed: 0,
    };
    reprojection::insert(tx.connection(), &batch).await?;
    timer::arm(tx.connection(), TIMER, batch.id.uuid(), now).await?;
    let days = |days: &[huiyin_domain::time::Date]| days.iter().map(ToString::to_string).collect();
    tx.tell(Told::WorkCalendarPublished(WorkCalendarPublished {
        year: u32::try_from(notice.year).unwrap_or(0),
        version: notice.version.clone(),
        source: notice.source.clone(),
        days_off: days(&notice.days_off),
        working_weekends: days(&notice.working_weekends),
    }));
    Ok(PublishCalendarResponse {
        reprojection: Some(wire::reprojection(&batch)),
    })
}
