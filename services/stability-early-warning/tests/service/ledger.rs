//! The rolling ledger, and risk assessments.

use huiyin_proto::stability_early_warning::v1 as pb;
use tonic::Code;

use crate::reporting_stage::{
    COUNTY, LAND, Reporting, end_of, fields, nothing, opening, refused_alike, weekly, zero,
};
use crate::stage::{Tested, office};

/// Dispute, kind and words of each line.
fn lines(version: &pb::ReportVersion) -> Vec<(String, pb::LedgerEntryKind, String)> {
    let lines = version.ledger.iter();
    lines
        .map(|line| (line.dispute_id.clone(), line.kind(), line.words.clone()))
        .collect()
}

fn of(
    schedule: &pb::ReportSchedule,
    from_date: &str,
    content: pb::ReportContent,
) -> pb::SubmitReportRequest {
    pb::SubmitReportRequest {
        content: Some(content),
        ..zero(schedule, from_date)
    }
}

fn noting(dispute: &str, progress: &str) -> pb::ReportContent {
    pb::ReportContent {
        noted: vec![pb::NotedDispute {
            dispute_id: dispute.to_owned(),
            progress: progress.to_owned(),
        }],
        ..opening(&[])
    }
}

fn closing(disputes: &[&str], opened: &[&str]) -> pb::ReportContent {
    let closed = disputes.iter().map(|dispute| pb::ClosedDispute {
        dispute_id: (*dispute).to_owned(),
        result: "It was settled.".to_owned(),
    });
    pb::ReportContent {
        closed: closed.collect(),
        ..opening(opened)
    }
}

#[tokio::test]
async fn an_open_dispute_is_in_each_next_report_until_it_is_closed_with_a_result() -> Tested {
    use pb::LedgerEntryKind::{Carried, Closed, Opened};
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-10", 0))
        .await?;
    let content = opening(&["A wall.", "A well."]);
    let (_, version) = reporting
        .submit(of(&schedule, "2026-01-05", content))
        .await?;
    assert!(version.ledger.iter().all(|line| line.kind() == Opened));
    let [one, two] = [0, 1].map(|line: usize| version.ledger[line].dispute_id.clone());
    // the second week: one is spoken of, the other is carried over without a word
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-17", 0))
        .await?;
    let content = noting(&two, "A hearing was held.");
    let (_, version) = reporting
        .submit(of(&schedule, "2026-01-12", content))
        .await?;
    let held = "A hearing was held.".to_owned();
    assert_eq!(
        lines(&version),
        [
            (one.clone(), Carried, String::new()),
            (two.clone(), Carried, held)
        ]
    );
    // the third week never comes; in the fourth one is closed and one opened
    reporting.pass_to(end_of("2026-01-31", 0)).await?;
    let content = closing(&[&one], &["A road."]);
    let (_, version) = reporting
        .submit(of(&schedule, "2026-01-26", content))
        .await?;
    let settled = "It was settled.".to_owned();
    let lines = lines(&version);
    assert_eq!(
        lines[..2],
        [
            (one, Closed, settled),
            (two.clone(), Carried, String::new())
        ]
    );
    assert_eq!((lines.len(), lines[2].1), (3, Opened));
    // what was missing says of the ledger what is open when it comes
    let (_, version) = reporting
        .submit(of(&schedule, "2026-01-19", opening(&[])))
        .await?;
    assert_eq!(version.ledger.len(), 2);
    let open = reporting.ledger(true).await?.into_iter();
    let open: Vec<String> = open.map(|dispute| dispute.dispute_id).collect();
    assert_eq!(open, [two, lines[2].0.clone()]);
    Ok(())
}

#[tokio::test]
async fn a_closed_dispute_says_what_opened_and_closed_it() -> Tested {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-17", 0))
        .await?;
    let content = opening(&["A wall."]);
    let (first, _) = reporting
        .submit(of(&schedule, "2026-01-05", content))
        .await?;
    let open = reporting.ledger(true).await?.remove(0);
    assert_eq!(
        (
            open.closed_in.as_str(),
            open.closed_time,
            open.reported_times
        ),
        ("", None, 1)
    );
    let content = closing(&[&open.dispute_id], &[]);
    let (last, _) = reporting
        .submit(of(&schedule, "2026-01-12", content))
        .await?;
    assert!(reporting.ledger(true).await?.is_empty());
    let closed = reporting.ledger(false).await?.remove(0);
    assert_eq!(
        (
            closed.opened_in,
            closed.closed_in,
            closed.result.as_str(),
            closed.reported_times
        ),
        (first.report_id, last.report_id, "It was settled.", 2)
    );
    let town = office("431202001");
    assert_eq!(
        closed.organ_id, town,
        "who reports it must settle it, when nobody else is named"
    );
    Ok(())
}

#[tokio::test]
async fn what_does_not_fit_the_ledger_is_refused_and_nothing_is_half_written() -> Tested {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-17", 0))
        .await?;
    let content = opening(&["A wall."]);
    let (_, version) = reporting
        .submit(of(&schedule, "2026-01-05", content))
        .await?;
    let id = version.ledger[0].dispute_id.clone();
    let unknown = "dispute_000000000000000000000000000000aa";
    let week = |content| of(&schedule, "2026-01-12", content);
    let requests = vec![
        (
            week(closing(&[unknown], &[])),
            "content.closed[0].dispute_id",
            "it has 1 open",
        ),
        (
            week(closing(&[&id, &id], &[])),
            "content.closed[1].dispute_id",
            "a second time",
        ),
        (
            week(nothing()),
            "content.zero",
            "1 open ones are carried into it",
        ),
    ];
    refused_alike(&reporting, requests).await?;
    reporting.submit(week(closing(&[&id], &[]))).await?;
    Ok(())
}

#[tokio::test]
async fn a_report_without_items_says_so_and_a_closed_dispute_stays_closed() -> Tested {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-24", 0))
        .await?;
    let content = opening(&["A wall."]);
    let (_, version) = reporting
        .submit(of(&schedule, "2026-01-05", content))
        .await?;
    let id = version.ledger[0].dispute_id.clone();
    reporting
        .submit(of(&schedule, "2026-01-12", closing(&[&id], &[])))
        .await?;
    let silent = pb::ReportContent {
        zero: false,
        ..nothing()
    };
    let week = |content| of(&schedule, "2026-01-19", content);
    let requests = vec![
        (week(silent), "content.zero", "says that it is zero"),
        (
            week(closing(&[&id], &["A road."])),
            "content.closed[0].dispute_id",
            "is no open dispute",
        ),
    ];
    refused_alike(&reporting, requests).await?;
    reporting.submit(zero(&schedule, "2026-01-19")).await?;
    Ok(())
}

#[tokio::test]
async fn each_edge_has_a_ledger_of_its_own() -> Tested {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    let above = pb::SetReportScheduleRequest {
        request_id: "above".to_owned(),
        organ_id: office(COUNTY),
        to_organ: office("4312"),
        ..weekly()
    };
    let above = reporting.schedule(above).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-10", 0))
        .await?;
    reporting
        .submit(of(&schedule, "2026-01-05", opening(&["A wall."])))
        .await?;
    let request = pb::SubmitReportRequest {
        request_id: "above-1".to_owned(),
        ..zero(&above, "2026-01-05")
    };
    let (_, version) = reporting.submit(request).await?;
    assert!(version.zero && version.ledger.is_empty());
    Ok(())
}

fn assessment() -> pb::RecordRiskAssessmentRequest {
    pb::RecordRiskAssessmentRequest {
        request_id: "risk-1".to_owned(),
        organ_id: office(COUNTY),
        place_code: "431202001".to_owned(),
        kind: pb::AssessedKind::Project.into(),
        title: "Ring road, second section".to_owned(),
        subject: LAND.to_owned(),
        risk: pb::RiskLevel::Medium.into(),
        outcome: pb::RiskOutcome::CarryOutWithMeasures.into(),
        measures: "Compensation is paid before the ground is broken.".to_owned(),
        assessed_date: "2026-01-04".to_owned(),
        post: "planning desk".to_owned(),
    }
}

#[tokio::test]
async fn a_risk_assessment_is_recorded_once_and_read_back() -> Tested {
    let reporting = Reporting::set().await?;
    let mut client = reporting.client.clone();
    let made = client
        .record_risk_assessment(assessment())
        .await?
        .into_inner()
        .assessment
        .unwrap();
    let again = client
        .record_risk_assessment(assessment())
        .await?
        .into_inner()
        .assessment
        .unwrap();
    assert_eq!(made, again);
    let request = pb::GetRiskAssessmentRequest {
        assessment_id: made.assessment_id.clone(),
    };
    assert_eq!(
        client
            .get_risk_assessment(request)
            .await?
            .into_inner()
            .assessment
            .unwrap(),
        made
    );
    let listed = client
        .list_risk_assessments(pb::ListRiskAssessmentsRequest::default())
        .await?
        .into_inner();
    assert_eq!(listed.assessments, [made]);
    let unknown = pb::GetRiskAssessmentRequest {
        assessment_id: "assessment_000000000000000000000000000000aa".to_owned(),
    };
    assert_eq!(
        client
            .get_risk_assessment(unknown)
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    Ok(())
}

#[tokio::test]
async fn a_high_risk_is_not_carried_out_and_no_text_names_a_person() -> Tested {
    let reporting = Reporting::set().await?;
    let mut client = reporting.client.clone();
    let wrong = pb::RecordRiskAssessmentRequest {
        place_code: "431221".to_owned(),
        title: "Road 13800138000".to_owned(),
        subject: "weather".to_owned(),
        risk: pb::RiskLevel::High.into(),
        measures: "see 431202198001011234".to_owned(),
        assessed_date: "2026-01-06".to_owned(),
        post: String::new(),
        ..assessment()
    };
    let refused = client.record_risk_assessment(wrong).await.unwrap_err();
    let expected = [
        "place_code",
        "title",
        "subject",
        "outcome",
        "measures",
        "assessed_date",
        "post",
    ];
    assert_eq!(fields(&refused), expected);
    assert!(
        refused.message().contains("allowed: put_off, drop"),
        "{refused}"
    );
    assert_eq!(reporting.rows().await?, 0);
    Ok(())
}
