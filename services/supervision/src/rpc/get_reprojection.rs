//! How far a batch of clocks computed anew has come, and the clocks it moved.

use chrono::Datelike as _;
use huiyin_domain::calendar::{Calendars, WorkCalendar};
use huiyin_domain::ids::{BatchId, MatterId};
use huiyin_domain::law::{Limit, rules};
use huiyin_domain::time::local_date;
use huiyin_proto::supervision::v1::{
    GetReprojectionRequest, GetReprojectionResponse, ListMovedDeadlinesRequest,
    ListMovedDeadlinesResponse, MovedDeadline,
};
use huiyin_service_kit::page::page_size;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use sqlx::PgConnection;

use super::{Listing, id_key, only_seen};
use crate::deadline::Key;
use crate::store::reprojection::{self, Listed, Reprojection};
use crate::wire;

/// Days that are named in the reason of one clock.
const DAYS: usize = 10;

pub(crate) async fn get_reprojection(
    desk: &Desk,
    request: GetReprojectionRequest,
) -> Result<GetReprojectionResponse, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("batch_id", &request.batch_id);
    let id = violations.finish_with(id)?;
    let mut connection = desk.database.reading().await?;
    let batch = known(&mut connection, id).await?;
    Ok(GetReprojectionResponse {
        reprojection: Some(wire::reprojection(&batch)),
    })
}

pub(crate) async fn list_moved_deadlines(
    desk: &Desk,
    request: ListMovedDeadlinesRequest,
) -> Result<ListMovedDeadlinesResponse, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("batch_id", &request.batch_id);
    let size = page_size(&mut violations, request.page_size, 100, 1000);
    let id: BatchId = violations.finish_with(id)?;
    let listing = Listing::parse(size, &request.page_token, format!("moved {id}"))?;
    let page = listing.page(read_key)?;
    let mut connection = desk.database.reading().await?;
    let batch = known(&mut connection, id).await?;
    let calendars = desk.almanac.current(&mut connection).await?;
    let moved = reprojection::page(&mut connection, id, &page).await?;
    let moved = only_seen(&mut connection, moved, |listed| listed.moved.matter).await?;
    let (moved, next_page_token) = listing.cut(moved, key);
    let moved = moved.iter().map(|listed| told(listed, &batch, &calendars));
    Ok(ListMovedDeadlinesResponse {
        moved: moved.collect(),
        next_page_token,
    })
}

async fn known(connection: &mut PgConnection, id: BatchId) -> Result<Reprojection, Problem> {
    let batch = reprojection::read(connection, id).await?;
    batch.ok_or_else(|| Problem::NotFound {
        what: "batch",
        id: id.to_string(),
    })
}

fn told(listed: &Listed, batch: &Reprojection, calendars: &Calendars) -> MovedDeadline {
    let moved = &listed.moved;
    MovedDeadline {
        matter_id: moved.matter.to_string(),
        kind: wire::clock_kind(moved.clock.0).into(),
        cycle: moved.clock.1,
        due_date_before: moved.before.rolled.to_string(),
        due_date: moved.now.rolled.to_string(),
        words: why(listed, batch, calendars),
    }
}

/// The days between start and due day that the two calendars treat differently.
fn why(listed: &Listed, batch: &Reprojection, calendars: &Calendars) -> String {
    let (Some(before), Some(now)) = (
        calendars.version(&batch.calendar_before),
        calendars.version(&batch.calendar_version),
    ) else {
        return format!("the calendar {} was published", batch.calendar_version);
    };
    let moved = &listed.moved;
    let last = moved.before.rolled.max(moved.now.rolled);
    let started = listed.started.map(local_date);
    let counts_working_days = started.is_some_and(|start| {
        let limit = rules().rule_on(moved.clock.0, start).limit;
        matches!(limit, Limit::WorkingDays { .. })
    });
    let first = match started {
        Some(start) if counts_working_days => start,
        Some(_) | None => moved.before.raw.min(moved.now.raw),
    };
    let mut days: Vec<String> = before
        .differs(now, first, last)
        .filter(|day| day.year() == batch.year)
        .take(DAYS + 1)
        .map(|day| day_in_words(now, day))
        .collect();
    if days.len() > DAYS {
        days.truncate(DAYS);
        days.push("and others".to_owned());
    }
    format!("{}: {}", now.source(), days.join(", "))
}

fn day_in_words(now: &WorkCalendar, day: huiyin_domain::time::Date) -> String {
    if now.is_working_day(day) {
        format!("{day} is worked")
    } else {
        format!("{day} is a day off")
    }
}

fn key(listed: &Listed) -> String {
    let moved = &listed.moved;
    format!(
        "{}/{}/{}",
        moved.matter.uuid(),
        moved.clock.0,
        moved.clock.1
    )
}

fn read_key(key: &str) -> Option<(MatterId, Key)> {
    let mut parts = key.splitn(3, '/');
    let matter = id_key(parts.next()?)?;
    let kind = parts.next()?.parse().ok()?;
    let cycle = parts.next()?.parse().ok()?;
    Some((matter, (kind, cycle)))
}
