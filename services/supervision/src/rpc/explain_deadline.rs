//! How one due day came about: rule, article, calendar and every day counted or skipped.

use std::sync::Arc;

use chrono::Datelike as _;
use huiyin_domain::calendar::{Calendars, WorkCalendar};
use huiyin_domain::ids::MatterId;
use huiyin_domain::law::{
    Approver, ClockId, DayTreatment, ExplainedDay, Limit, explain_paused, rules,
};
use huiyin_domain::supervision::{Clock, Fact, clocks};
use huiyin_domain::time::local_date;
use huiyin_proto::supervision::v1 as proto;
use huiyin_proto::supervision::v1::{ExplainDeadlineRequest, ExplainDeadlineResponse};
use huiyin_proto::vocabulary::v1::ClockKind;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use uuid::Uuid;

use super::must_see;
use crate::deadline::{Deadline, judge};
use crate::store::{clock, clock_fact, register_line};
use crate::wire;

pub(crate) async fn answer(
    desk: &Desk,
    request: ExplainDeadlineRequest,
) -> Result<ExplainDeadlineResponse, Problem> {
    let asked = Asked::parse(&request)?;
    let (facts, deadlines, calendars) = known(desk, asked.matter).await?;
    let found = clocks(&facts, rules(), &calendars)
        .into_iter()
        .filter(|clock| {
            clock.clock == asked.kind && (asked.cycle == 0 || clock.cycle == asked.cycle)
        })
        .max_by_key(|clock| clock.cycle)
        .ok_or_else(|| asked.not_found())?;
    let deadline = deadlines
        .iter()
        .find(|deadline| deadline.key() == (found.clock, found.cycle))
        .ok_or_else(|| asked.not_found())?;
    let judged_by = calendars.version(&found.calendar_version);
    let calendar = judged_by.unwrap_or_else(|| calendars.newest());
    Ok(explain(&found, deadline, calendar))
}

/// Which clock is asked about; cycle 0 is the newest.
struct Asked {
    matter: MatterId,
    kind: ClockId,
    cycle: u32,
}

impl Asked {
    fn parse(request: &ExplainDeadlineRequest) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        let matter = violations.id("matter_id", &request.matter_id);
        let kind = violations
            .choice("kind", request.kind, ClockKind::as_str_name)
            .and_then(wire::clock_id);
        let (matter, kind) = violations.finish_with(matter.zip(kind))?;
        Ok(Self {
            matter,
            kind,
            cycle: request.cycle,
        })
    }

    fn not_found(&self) -> Problem {
        let run = if self.cycle == 0 {
            String::new()
        } else {
            format!(" (run {})", self.cycle)
        };
        Problem::NotFound {
            what: "clock",
            id: format!("{}{run} of {}", self.kind, self.matter),
        }
    }
}

/// The facts of a matter, its deadlines by them, and the calendars.
async fn known(
    desk: &Desk,
    matter: MatterId,
) -> Result<(Vec<Fact>, Vec<Deadline>, Arc<Calendars>), Problem> {
    let ids: [Uuid; 1] = [matter.uuid()];
    let mut connection = desk.database.reading().await?;
    let line = register_line::get(&mut connection, matter)
        .await?
        .ok_or_else(|| Problem::NotFound {
            what: "matter",
            id: matter.to_string(),
        })?;
    must_see(&mut connection, matter).await?;
    let before = clock::of(&mut connection, &ids)
        .await?
        .remove(&matter)
        .unwrap_or_default();
    let facts = clock_fact::of(&mut connection, &ids)
        .await?
        .remove(&matter)
        .unwrap_or_default();
    let calendars = desk.almanac.current(&mut connection).await?;
    let deadlines = judge(
        &facts,
        &calendars,
        line.registration.map(|registration| registration.office),
        &before,
    );
    Ok((facts, deadlines, calendars))
}

fn explain(clock: &Clock, deadline: &Deadline, calendar: &WorkCalendar) -> ExplainDeadlineResponse {
    ExplainDeadlineResponse {
        clock: Some(wire::clock(deadline)),
        rule: rule(clock),
        calendar: calendar.version().to_owned(),
        days: days(clock, calendar),
    }
}

/// The days of a clock, each with what it did. A day that a post set stands behind those that were computed.
pub(super) fn days(clock: &Clock, calendar: &WorkCalendar) -> Vec<proto::ExplainedDay> {
    let start = local_date(clock.started);
    let lines = explain_paused(clock.limit, start, &clock.stood_still(), calendar);
    let last = lines.len().saturating_sub(1);
    let mut days: Vec<proto::ExplainedDay> = lines
        .iter()
        .enumerate()
        .map(|(index, day)| line(day, clock.limit, index == last))
        .collect();
    if let Some(due) = clock.set_by_post {
        days.push(proto::ExplainedDay {
            date: due.to_string(),
            effect: "set".to_owned(),
            words: "a named post set this due day against the computed one".to_owned(),
        });
    }
    days
}

/// Rule id, article, version and limit.
pub(super) fn rule(clock: &Clock) -> String {
    let rule = rules().rule_on(clock.clock, local_date(clock.started));
    let extended = match (clock.extended_days, rule.extension_approved_by) {
        (0, _) => String::new(),
        (days, Some(Approver::OrganHead)) => {
            format!(", {days} of them by extension, approved by the organ's head")
        }
        (days, None) => format!(", {days} of them by extension"),
    };
    format!(
        "{}, article {}, version {}: {}{extended}",
        rule.id,
        rule.article,
        rule.version,
        limit(clock.limit)
    )
}

fn limit(limit: Limit) -> String {
    match limit {
        Limit::Days { n } => format!("{n} days"),
        Limit::WorkingDays { n } => format!("{n} working days"),
    }
}

fn line(day: &ExplainedDay, of: Limit, last: bool) -> proto::ExplainedDay {
    let (effect, mut words) = match day.treatment {
        DayTreatment::Receipt => (
            "start",
            "the day it started, which is not counted".to_owned(),
        ),
        DayTreatment::Counted { n } if last => (
            "due",
            format!("day {n} of {}, the last: due on this day", limit(of)),
        ),
        DayTreatment::Counted { n } => ("counted", format!("day {n} of {}", limit(of))),
        DayTreatment::Skipped => (
            "skipped",
            "a rest day; only working days are counted".to_owned(),
        ),
        DayTreatment::Paused => (
            "paused",
            "the clock stood still; the day is not counted".to_owned(),
        ),
        DayTreatment::RolledOver => ("rolled", "a rest day; the last day moves on".to_owned()),
        DayTreatment::RolledTo => (
            "due",
            "the first working day after the last day: due on this day".to_owned(),
        ),
    };
    if day.provisional {
        words.push_str(&format!(
            "; the days off of {} are not published yet",
            day.date.year()
        ));
    }
    proto::ExplainedDay {
        date: day.date.to_string(),
        effect: effect.to_owned(),
        words,
    }
}
