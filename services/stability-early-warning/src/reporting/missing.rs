//! A report that is not there when its due day ends is missing. That is recorded once, whatever comes later, and whether the service
//! was there at that instant or only afterwards.

use huiyin_domain::reporting::{Period, ReportClass, ReportState};
use huiyin_domain::time::Instant;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer::{self, Due, Sweep};
use huiyin_service_kit::{chance, metrics};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{KeptSchedule, Report, told};
use crate::store::{organ_report, report_schedule};
use crate::wire::kept;

/// The timers of schedules: each waits for the end of the due day of their next period.
const REPORT_DUE: &str = "report_due";
/// Periods of one schedule that are looked at in one transaction at most; the rest follows at once.
const PERIODS: usize = 64;

/// Records what is missing.
pub(crate) fn report_due() -> Sweep {
    Sweep::of(REPORT_DUE, |tx, due| Box::pin(record(tx, due)))
}

/// Arms the timer of a schedule that is locked for its next period, or disarms it when there is none.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn wait(
    connection: &mut PgConnection,
    schedule: &KeptSchedule,
) -> Result<(), sqlx::Error> {
    let reference = schedule.id.uuid();
    match schedule.next() {
        Some(next) => timer::arm(connection, REPORT_DUE, reference, next.late_from()).await,
        None => timer::disarm(connection, REPORT_DUE, &[reference]).await,
    }
}

async fn record(tx: &mut Tx, due: &[Due]) -> Result<(), Problem> {
    let ids: Vec<Uuid> = due.iter().map(|due| due.reference).collect();
    let now = kept(tx.now());
    let mut schedules = report_schedule::lock(tx.connection(), &ids).await?;
    let mut owed: Vec<Report> = Vec::new();
    for schedule in &mut schedules {
        owed.extend(pass(schedule, now));
    }
    let missing = organ_report::insert_missing(tx.connection(), &owed, now).await?;
    for report in owed.iter().filter(|report| missing.contains(&report.id)) {
        told::missing(tx, report);
    }
    metrics::count("huiyin_reports_missing", missing.len() as u64, &[]);
    report_schedule::advance(tx.connection(), &schedules).await?;
    let next = schedules.iter().filter_map(|schedule| {
        let next = schedule.next()?;
        Some((schedule.id.uuid(), next.late_from()))
    });
    let next: Vec<(Uuid, Instant)> = next.collect();
    timer::arm_all(tx.connection(), REPORT_DUE, &next).await?;
    Ok(())
}

/// Moves a schedule past the periods whose due day has ended, and gives the reports of these that are missing unless they came.
fn pass(schedule: &mut KeptSchedule, now: Instant) -> Vec<Report> {
    let Some(first) = schedule.next_from else {
        return Vec::new();
    };
    let periods = schedule.schedule.periods_from(first);
    let ended: Vec<Period> = periods
        .take_while(|period| period.late_from() <= now)
        .take(PERIODS)
        .collect();
    if let Some(last) = ended.last() {
        let after = schedule.schedule.periods_from(last.first).nth(1);
        schedule.next_from = after.map(|period| period.first);
    }
    let owed = ended.into_iter().map(|period| Report {
        id: chance::new_id(),
        schedule: Some(schedule.id),
        organ: schedule.organ,
        to: schedule.to,
        to_place: schedule.to_place,
        class: ReportClass::Information,
        period,
        missing_at: Some(now),
        state: ReportState::Missing { at: now },
    });
    owed.collect()
}

#[cfg(test)]
mod tests {
    use huiyin_domain::ids::{OrganId, ScheduleId};
    use huiyin_domain::reporting::{Frequency, ReportKind, Schedule};
    use huiyin_domain::territory::TerritoryCode;

    use super::*;

    fn daily(valid_to: Option<&str>) -> KeptSchedule {
        KeptSchedule {
            id: ScheduleId::from_uuid(Uuid::nil()),
            organ: OrganId::from_uuid(Uuid::nil()),
            to: OrganId::from_uuid(Uuid::nil()),
            to_place: TerritoryCode::NATION,
            schedule: Schedule {
                kind: ReportKind::SpecialPeriod,
                frequency: Frequency::Daily,
                grace_days: 0,
                valid_from: "2026-01-01".parse().unwrap(),
                valid_to: valid_to.map(|day| day.parse().unwrap()),
            },
            round_the_clock: false,
            source: "a decision".to_owned(),
            next_from: "2026-01-01".parse().ok(),
        }
    }

    #[test]
    fn a_schedule_is_passed_a_batch_at_a_time_and_ends_with_its_last_period() {
        let mut open = daily(None);
        let now = "2026-12-31T00:00:00Z".parse().unwrap();
        assert_eq!(pass(&mut open, now).len(), PERIODS);
        assert_eq!(open.next().unwrap().first.to_string(), "2026-03-06");
        let mut ended = daily(Some("2026-01-03"));
        assert_eq!(pass(&mut ended, now).len(), 3);
        assert_eq!((ended.next_from, pass(&mut ended, now).len()), (None, 0));
    }

    #[test]
    fn nothing_is_missing_before_its_due_day_ends() {
        let mut open = daily(None);
        assert!(pass(&mut open, "2026-01-01T15:59:59Z".parse().unwrap()).is_empty());
        assert_eq!(
            pass(&mut open, "2026-01-01T16:00:00Z".parse().unwrap()).len(),
            1
        );
    }
}
