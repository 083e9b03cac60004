//! Schedules of reports, and what is missing by them.

use std::collections::BTreeSet;

use huiyin_proto::stability_early_warning::v1 as pb;
use tonic::Code;

use crate::reporting_stage::{COUNTY, Reporting, TOWN, end_of, fields, weekly, zero};
use crate::stage::{Tested, office};

fn days(schedule: &pb::ReportSchedule) -> Option<[String; 3]> {
    let next = schedule.next.clone()?;
    Some([next.from_date, next.to_date, next.due_date])
}

#[tokio::test]
async fn a_schedule_without_a_frequency_takes_the_usual_one() -> Tested {
    let reporting = Reporting::set().await?;
    let at = |organ_id: String, to_organ: String, kind: pb::ReportKind, number: usize| {
        pb::SetReportScheduleRequest {
            request_id: format!("usual-{number}"),
            organ_id,
            to_organ,
            kind: kind.into(),
            frequency: 0,
            grace_days: 0,
            valid_to: if kind == pb::ReportKind::Campaign || kind == pb::ReportKind::SpecialPeriod {
                "2026-03-31".to_owned()
            } else {
                String::new()
            },
            ..weekly()
        }
    };
    let expected = [
        (
            office(TOWN),
            office(COUNTY),
            pb::ReportKind::Regular,
            ["2026-01-05", "2026-01-15", "2026-01-15"],
        ),
        (
            office(COUNTY),
            office("4312"),
            pb::ReportKind::Regular,
            ["2026-01-05", "2026-01-31", "2026-01-31"],
        ),
        (
            office(COUNTY),
            office("4312"),
            pb::ReportKind::Campaign,
            ["2026-01-05", "2026-01-11", "2026-01-11"],
        ),
        (
            office(COUNTY),
            office("4312"),
            pb::ReportKind::HotIssueCheck,
            ["2026-01-05", "2026-03-31", "2026-03-31"],
        ),
        (
            office(COUNTY),
            office("4312"),
            pb::ReportKind::SpecialPeriod,
            ["2026-01-05", "2026-01-05", "2026-01-05"],
        ),
    ];
    for (number, (organ, to, kind, period)) in expected.into_iter().enumerate() {
        let schedule = reporting.schedule(at(organ, to, kind, number)).await?;
        assert_eq!(days(&schedule).unwrap(), period, "{kind:?}");
    }
    assert_eq!(reporting.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_schedule_that_overlaps_one_of_its_kind_is_refused_by_field() -> Tested {
    let reporting = Reporting::set().await?;
    let there = reporting.schedule(weekly()).await?;
    let before = reporting.rows().await?;
    let later = pb::SetReportScheduleRequest {
        request_id: "later".to_owned(),
        frequency: pb::ReportFrequency::Monthly.into(),
        valid_from: "2026-06-01".to_owned(),
        ..weekly()
    };
    let refused = reporting.schedule(later.clone()).await.unwrap_err();
    assert_eq!(fields(&refused), ["valid_from"]);
    let words = [
        "which holds from 2026-01-05 on",
        "end that one first",
        &there.schedule_id,
    ];
    assert!(
        words.iter().all(|words| refused.message().contains(words)),
        "{refused}"
    );
    let campaign = pb::SetReportScheduleRequest {
        request_id: "campaign".to_owned(),
        kind: pb::ReportKind::Campaign.into(),
        valid_from: "2026-02-01".to_owned(),
        valid_to: "2026-02-28".to_owned(),
        ..weekly()
    };
    let refused = reporting.schedule(campaign.clone()).await.unwrap_err();
    assert_eq!(fields(&refused), ["frequency"]);
    assert!(refused.message().contains("allowed: daily"), "{refused}");
    assert_eq!(reporting.rows().await?, before, "nothing is half-written");
    let daily = pb::SetReportScheduleRequest {
        frequency: pb::ReportFrequency::Daily.into(),
        ..campaign
    };
    reporting.schedule(daily).await?;
    let end = pb::EndReportScheduleRequest {
        request_id: "end".to_owned(),
        organ_id: office(COUNTY),
        schedule_id: there.schedule_id,
        valid_to: "2026-05-31".to_owned(),
    };
    reporting.client.clone().end_report_schedule(end).await?;
    assert_eq!(
        days(&reporting.schedule(later).await?).unwrap()[0],
        "2026-06-01"
    );
    Ok(())
}

#[tokio::test]
async fn every_wrong_field_of_a_schedule_is_named_at_once() -> Tested {
    let reporting = Reporting::set().await?;
    let wrong = pb::SetReportScheduleRequest {
        request_id: String::new(),
        kind: pb::ReportKind::SpecialPeriod.into(),
        frequency: 99,
        grace_days: 16,
        valid_from: "2026-01-04".to_owned(),
        source: String::new(),
        ..weekly()
    };
    let refused = reporting.schedule(wrong).await.unwrap_err();
    let expected = [
        "request_id",
        "frequency",
        "valid_from",
        "valid_to",
        "grace_days",
        "source",
    ];
    assert_eq!(fields(&refused), expected);
    for (organ, to, words) in [
        (office(TOWN), office(TOWN), "another one"),
        (office(COUNTY), office(TOWN), "is not above"),
        (office(TOWN), office("431221"), "is not above"),
    ] {
        let request = pb::SetReportScheduleRequest {
            organ_id: organ,
            to_organ: to,
            ..weekly()
        };
        let refused = reporting.schedule(request).await.unwrap_err();
        assert_eq!(fields(&refused), ["to_organ"]);
        assert!(refused.message().contains(words), "{refused}");
    }
    assert_eq!(reporting.rows().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_report_that_is_not_there_when_its_due_day_ends_is_missing_once() -> Tested {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    assert_eq!(
        days(&schedule).unwrap(),
        ["2026-01-05", "2026-01-11", "2026-01-12"]
    );
    assert_eq!(reporting.pass_to(end_of("2026-01-12", -1)).await?, 0);
    assert_eq!(reporting.pass_to(end_of("2026-01-12", 0)).await?, 1);
    assert_eq!(reporting.pass_to(end_of("2026-01-12", 5)).await?, 0);
    assert_eq!(reporting.told().await?, ["missing 2026-01-05"]);
    let [missing] = &reporting.reports().await?[..] else {
        panic!("one report is missing")
    };
    assert_eq!(
        (missing.state(), missing.late, missing.version),
        (pb::ReportState::Missing, false, 0)
    );
    let (late, version) = reporting.submit(zero(&schedule, "2026-01-05")).await?;
    assert_eq!(late.report_id, missing.report_id);
    assert_eq!(
        (late.state(), late.late),
        (pb::ReportState::Submitted, true)
    );
    assert_eq!(late.missing_time, missing.missing_time);
    assert_eq!(version.version, 1);
    assert_eq!(reporting.told().await?, ["submitted 2026-01-05 v1"]);
    assert_eq!(reporting.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_zero_report_in_time_is_not_missing() -> Tested {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-10", 0))
        .await?;
    let (report, _) = reporting.submit(zero(&schedule, "2026-01-05")).await?;
    assert_eq!(
        (report.state(), report.late),
        (pb::ReportState::Submitted, false)
    );
    assert_eq!(
        reporting.pass_to(end_of("2026-01-12", 0)).await?,
        1,
        "the timer fires and finds it"
    );
    assert_eq!(reporting.told().await?, ["submitted 2026-01-05 v1"]);
    assert_eq!(reporting.reports().await?, [report]);
    Ok(())
}

#[tokio::test]
async fn after_half_a_year_without_the_service_every_missing_report_is_recorded_once() -> Tested {
    let reporting = Reporting::set().await?;
    let special = pb::SetReportScheduleRequest {
        kind: pb::ReportKind::SpecialPeriod.into(),
        frequency: pb::ReportFrequency::Daily.into(),
        grace_days: 0,
        valid_to: "2026-06-30".to_owned(),
        ..weekly()
    };
    let schedule = reporting.schedule(special).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-02-16", -60))
        .await?;
    // Spring Festival: the day is off, and the report is due
    reporting.submit(zero(&schedule, "2026-02-16")).await?;
    let fired = reporting.pass_to(end_of("2026-12-31", 0)).await?;
    assert_eq!(fired, 3, "177 days in batches of 64");
    let told = reporting.told().await?;
    let missing: Vec<&String> = told
        .iter()
        .filter(|told| told.starts_with("missing"))
        .collect();
    let (days, one_came) = (177, 1);
    assert_eq!(missing.len(), days - one_came);
    assert!(!told.contains(&"missing 2026-02-16".to_owned()));
    assert_eq!(missing.last().unwrap().as_str(), "missing 2026-06-30");
    assert_eq!(reporting.timers_that_are_wrong().await?, 0);
    assert_eq!(
        reporting.stage.count("SELECT count(*) FROM timer").await?,
        0,
        "nothing is due any more"
    );
    Ok(())
}

#[tokio::test]
async fn a_schedule_that_ends_has_a_shorter_last_period() -> Tested {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    reporting.pass_to(end_of("2026-01-12", 0)).await?;
    let end = |request_id: &str, valid_to: &str, organ: String| pb::EndReportScheduleRequest {
        request_id: request_id.to_owned(),
        organ_id: organ,
        schedule_id: schedule.schedule_id.clone(),
        valid_to: valid_to.to_owned(),
    };
    let mut client = reporting.client.clone();
    let refused = client
        .end_report_schedule(end("e1", "2026-01-12", office(COUNTY)))
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["valid_to"]);
    assert!(
        refused.message().contains("2026-01-13 or later"),
        "{refused}"
    );
    let refused = client
        .end_report_schedule(end("e2", "2026-01-14", office(TOWN)))
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["organ_id"]);
    let ended = client
        .end_report_schedule(end("e3", "2026-01-14", office(COUNTY)))
        .await?
        .into_inner();
    assert_eq!(
        days(&ended.schedule.unwrap()).unwrap(),
        ["2026-01-12", "2026-01-14", "2026-01-15"]
    );
    let longer = client
        .end_report_schedule(end("e4", "2026-01-20", office(COUNTY)))
        .await
        .unwrap_err();
    assert!(
        longer
            .message()
            .contains("2026-01-13 to 2026-01-13 is allowed"),
        "{longer}"
    );
    reporting.told().await?;
    assert_eq!(reporting.pass_to(end_of("2026-03-01", 0)).await?, 1);
    assert_eq!(reporting.told().await?, ["missing 2026-01-12"]);
    assert_eq!(
        reporting.stage.count("SELECT count(*) FROM timer").await?,
        0
    );
    Ok(())
}

/// A schedule of the county besides that of the town.
fn above() -> pb::SetReportScheduleRequest {
    pb::SetReportScheduleRequest {
        request_id: "above".to_owned(),
        organ_id: office(COUNTY),
        to_organ: office("4312"),
        ..weekly()
    }
}

#[tokio::test]
async fn schedules_are_listed_page_by_page() -> Tested {
    let reporting = Reporting::set().await?;
    let set = [
        reporting.schedule(weekly()).await?.schedule_id,
        reporting.schedule(above()).await?.schedule_id,
    ];
    let mut client = reporting.client.clone();
    let first = pb::ListReportSchedulesRequest {
        page_size: 1,
        ..Default::default()
    };
    let page = client
        .list_report_schedules(first.clone())
        .await?
        .into_inner();
    let second = pb::ListReportSchedulesRequest {
        page_token: page.next_page_token.clone(),
        ..first
    };
    let rest = client.list_report_schedules(second).await?.into_inner();
    assert_eq!(rest.next_page_token, "");
    let listed = page.schedules.iter().chain(&rest.schedules);
    let listed: BTreeSet<String> = listed.map(|one| one.schedule_id.clone()).collect();
    assert_eq!(listed, BTreeSet::from(set));
    let foreign = pb::ListReportsRequest {
        page_token: page.next_page_token,
        ..Default::default()
    };
    let refused = client.list_reports(foreign).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    Ok(())
}

#[tokio::test]
async fn missing_reports_of_an_organ_are_listed_latest_first() -> Tested {
    let reporting = Reporting::set().await?;
    reporting.schedule(weekly()).await?;
    reporting.schedule(above()).await?;
    reporting.pass_to(end_of("2026-02-02", 0)).await?;
    let mut request = pb::ListReportsRequest {
        organ_id: office(TOWN),
        state: pb::ReportState::Missing.into(),
        page_size: 3,
        ..Default::default()
    };
    let mut days = Vec::new();
    loop {
        let page = reporting
            .client
            .clone()
            .list_reports(request.clone())
            .await?;
        let page = page.into_inner();
        let last = |report: pb::Report| report.period.unwrap().to_date;
        days.extend(page.reports.into_iter().map(last));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(
        days,
        ["2026-02-01", "2026-01-25", "2026-01-18", "2026-01-11"]
    );
    Ok(())
}
