//! Things that no matter makes, so that questions about them hit: schedules, reports, disputes, assessments, rosters, periods.

use chrono::TimeDelta;
use huiyin_domain::organs::PETITION_OFFICE;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::wire;
use prost::Message;

use super::acts::{Act, method, perform};
use super::city;
use super::pool::Pool;
use super::world::World;

const TOWN: &str = "431202001";
const COUNTY: &str = "431202";

fn office(place: &str) -> String {
    city::organ(place, PETITION_OFFICE).to_string()
}

/// Does it, and keeps what it made; gives the answer.
async fn make(world: &World, pool: &mut Pool, (action, request): (&str, impl Message)) -> String {
    let act = Act {
        method: method(action),
        message: request.encode_to_vec(),
    };
    let answer = perform(world, &act).await;
    assert!(answer.is_ok(), "{action}: {}", answer.text);
    pool.keep(&answer.text);
    answer.text
}

/// What is there from the beginning; gives the schedule of the reports of the town.
pub async fn early(world: &World, pool: &mut Pool) -> String {
    let schedule = pb::SetReportScheduleRequest {
        request_id: "weekly".to_owned(),
        organ_id: office(TOWN),
        to_organ: office(COUNTY),
        kind: pb::ReportKind::Regular.into(),
        frequency: pb::ReportFrequency::Weekly.into(),
        grace_days: 1,
        valid_from: "2026-01-05".to_owned(),
        source: "County notice 2026-1".to_owned(),
        ..Default::default()
    };
    let action = "stability_early_warning.SetReportSchedule";
    let made = make(world, pool, (action, schedule)).await;
    let assessment = pb::RecordRiskAssessmentRequest {
        request_id: "risk".to_owned(),
        organ_id: office(COUNTY),
        place_code: TOWN.to_owned(),
        kind: pb::AssessedKind::Project.into(),
        title: "Ring road, second section".to_owned(),
        subject: "environment".to_owned(),
        risk: pb::RiskLevel::Medium.into(),
        outcome: pb::RiskOutcome::CarryOutWithMeasures.into(),
        measures: "Compensation is paid before the ground is broken.".to_owned(),
        assessed_date: "2026-01-04".to_owned(),
        post: "planning desk".to_owned(),
    };
    let action = "stability_early_warning.RecordRiskAssessment";
    make(world, pool, (action, assessment)).await;
    let period = pb::SetSpecialPeriodRequest {
        request_id: "period".to_owned(),
        organ_id: office(COUNTY),
        place_code: COUNTY.to_owned(),
        valid_from: "2026-01-06".to_owned(),
        valid_to: "2026-01-09".to_owned(),
        source: "County notice 2026-2".to_owned(),
    };
    let action = "stability_early_warning.SetSpecialPeriod";
    make(world, pool, (action, period)).await;
    let action = "stability_early_warning.SetDutyRoster";
    make(world, pool, (action, roster(world))).await;
    world.settle().await.unwrap();
    made.split('"')
        .find(|word| word.starts_with("schedule_"))
        .unwrap()
        .to_owned()
}

/// One shift of the county's desk, in an hour.
fn roster(world: &World) -> pb::SetDutyRosterRequest {
    let shift = pb::NewDutyShift {
        from_time: Some(wire::timestamp(world.now() + TimeDelta::hours(1))),
        to_time: Some(wire::timestamp(world.now() + TimeDelta::hours(9))),
        posts: Some(pb::DutyPosts {
            post: "duty-desk".to_owned(),
            deputy_post: "second desk".to_owned(),
            leader_post: "leader on duty".to_owned(),
        }),
        duty_phone: "0745-2712345".to_owned(),
    };
    pb::SetDutyRosterRequest {
        request_id: "roster".to_owned(),
        organ_id: office(COUNTY),
        shifts: vec![shift],
        hours: None,
        post: "head".to_owned(),
    }
}

/// The report of the first week, with a dispute.
pub async fn late(world: &World, pool: &mut Pool, schedule: &str) {
    let dispute = pb::OpenedDispute {
        place_code: "431202001001".to_owned(),
        subject: "environment".to_owned(),
        found_date: "2026-01-05".to_owned(),
        limit_date: "2026-02-28".to_owned(),
        facts: "A wall.".to_owned(),
        ..Default::default()
    };
    let report = pb::SubmitReportRequest {
        request_id: "report".to_owned(),
        organ_id: office(TOWN),
        class: pb::ReportClass::Information.into(),
        schedule_id: schedule.to_owned(),
        from_date: "2026-01-05".to_owned(),
        content: Some(pb::ReportContent {
            summary: "A dispute was found.".to_owned(),
            opened: vec![dispute],
            post: "reporting desk".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let action = "stability_early_warning.SubmitReport";
    make(world, pool, (action, report)).await;
    for event in world.settle().await.unwrap() {
        pool.keep(&super::asking::event_text(&event));
    }
}
