//! Who may do what with reports, and who sees them: by the policies and the service's own checks, and by row-level security alone.

use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::testing::Broken;
use tonic::Code;

use crate::reporting_stage::{
    COUNTY, Client, Door, LAND, Reporting, TOWN, by, end_of, opening, weekly, zero,
};
use crate::stage::{Tested, office};

/// What a post of a petition office finds in each list, and whether it gets the report and the assessment by their ids.
async fn finds(
    mut client: Client,
    place: &str,
    ids: (&str, &str),
) -> Result<([usize; 4], [bool; 2]), tonic::Status> {
    let post = "office";
    let schedules = by(place, post, pb::ListReportSchedulesRequest::default());
    let schedules = client
        .list_report_schedules(schedules)
        .await?
        .into_inner()
        .schedules;
    let reports = by(place, post, pb::ListReportsRequest::default());
    let reports = client.list_reports(reports).await?.into_inner().reports;
    let ledger = by(place, post, pb::ListLedgerRequest::default());
    let ledger = client.list_ledger(ledger).await?.into_inner().disputes;
    let made = by(place, post, pb::ListRiskAssessmentsRequest::default());
    let made = client
        .list_risk_assessments(made)
        .await?
        .into_inner()
        .assessments;
    let get = pb::GetReportRequest {
        report_id: ids.0.to_owned(),
    };
    let get = client.get_report(by(place, post, get)).await;
    let assessed = pb::GetRiskAssessmentRequest {
        assessment_id: ids.1.to_owned(),
    };
    let assessed = client.get_risk_assessment(by(place, post, assessed)).await;
    for refused in [get.as_ref().err(), assessed.as_ref().err()]
        .into_iter()
        .flatten()
    {
        assert_eq!(refused.code(), Code::NotFound, "{refused}");
    }
    if let Ok(whole) = &get {
        let whole = whole.get_ref();
        assert_eq!(
            (
                whole.versions.len(),
                whole.versions[0].ledger.len(),
                whole.orders.len()
            ),
            (1, 1, 1)
        );
    }
    Ok((
        [schedules.len(), reports.len(), ledger.len(), made.len()],
        [get.is_ok(), assessed.is_ok()],
    ))
}

#[tokio::test]
async fn what_goes_along_an_edge_is_seen_at_both_ends_and_above_and_nowhere_else() -> Tested {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-10", 0))
        .await?;
    let request = pb::SubmitReportRequest {
        content: Some(opening(&["A wall."])),
        ..zero(&schedule, "2026-01-05")
    };
    let (report, _) = reporting.submit(request).await?;
    let order = pb::GiveOrderRequest {
        request_id: "o1".to_owned(),
        organ_id: office(COUNTY),
        report_id: report.report_id.clone(),
        dispute_id: String::new(),
        words: "Settle it.".to_owned(),
        due_date: "2026-02-01".to_owned(),
        post: "supervision desk".to_owned(),
    };
    reporting.client.clone().give_order(order).await?;
    let made = pb::RecordRiskAssessmentRequest {
        request_id: "risk-1".to_owned(),
        organ_id: office(COUNTY),
        place_code: COUNTY.to_owned(),
        kind: pb::AssessedKind::Decision.into(),
        title: "Closing of a market".to_owned(),
        subject: LAND.to_owned(),
        risk: pb::RiskLevel::Low.into(),
        outcome: pb::RiskOutcome::CarryOut.into(),
        measures: "Another one is opened before.".to_owned(),
        assessed_date: "2026-01-05".to_owned(),
        post: "planning desk".to_owned(),
    };
    let made = reporting
        .client
        .clone()
        .record_risk_assessment(made)
        .await?
        .into_inner()
        .assessment
        .unwrap();
    let ids = (report.report_id.as_str(), made.assessment_id.as_str());
    for door in [Door::Guarded, Door::Underneath] {
        let client = reporting.at(door).await?;
        for (place, lists, got) in [
            (TOWN, [1, 1, 1, 0], [true, false]),
            (COUNTY, [1, 1, 1, 1], [true, true]),
            ("4312", [1, 1, 1, 1], [true, true]),
            ("00", [1, 1, 1, 1], [true, true]),
            ("431221", [0, 0, 0, 0], [false, false]),
        ] {
            let found = finds(client.clone(), place, ids).await?;
            assert_eq!(found, (lists, got), "{place} at {door:?}");
        }
    }
    Ok(())
}

/// A town with a weekly schedule on the last day of its first week, behind the policies.
async fn guarded() -> Result<(Reporting, pb::ReportSchedule, Client), Broken> {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-10", 0))
        .await?;
    let client = reporting.at(Door::Guarded).await?;
    Ok((reporting, schedule, client))
}

#[tokio::test]
async fn an_organ_sets_schedules_and_hands_in_reports_for_itself_alone() -> Tested {
    let (reporting, schedule, mut client) = guarded().await?;
    let before = reporting.rows().await?;
    let another = pb::SetReportScheduleRequest {
        request_id: "another".to_owned(),
        valid_from: "2026-01-12".to_owned(),
        ..weekly()
    };
    let refused = client
        .set_report_schedule(by(TOWN, "office", another))
        .await
        .unwrap_err();
    assert_eq!(
        refused.code(),
        Code::PermissionDenied,
        "the one that reports sets no schedule"
    );
    let report = || zero(&schedule, "2026-01-05");
    for (place, post) in [(COUNTY, "office"), (TOWN, "registration-desk")] {
        let refused = client
            .submit_report(by(place, post, report()))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{post} of {place}");
    }
    let elsewhere = pb::SubmitReportRequest {
        organ_id: office("431221"),
        ..report()
    };
    let refused = client
        .submit_report(by("431221", "office", elsewhere))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let words = "no schedule that was set";
    assert!(
        refused.message().contains(words),
        "it is not even told of it: {refused}"
    );
    assert_eq!(reporting.rows().await?, before);
    client
        .submit_report(by(TOWN, "duty-desk", report()))
        .await?;
    Ok(())
}

#[tokio::test]
async fn only_the_organ_it_goes_to_receives_a_report() -> Tested {
    let (_reporting, schedule, mut client) = guarded().await?;
    let report = by(TOWN, "office", zero(&schedule, "2026-01-05"));
    let report = client
        .submit_report(report)
        .await?
        .into_inner()
        .report
        .unwrap();
    let receipt = |place: &str| {
        let request = pb::ReceiveReportRequest {
            request_id: format!("receipt-{place}"),
            organ_id: office(place),
            report_id: report.report_id.clone(),
            post: "receiving desk".to_owned(),
        };
        by(place, "office", request)
    };
    let above = client.receive_report(receipt("4312")).await.unwrap_err();
    assert_eq!(
        above.code(),
        Code::InvalidArgument,
        "who stands above sees it and does not receive it"
    );
    let elsewhere = client.receive_report(receipt("431221")).await.unwrap_err();
    assert_eq!(elsewhere.code(), Code::NotFound);
    client.receive_report(receipt(COUNTY)).await?;
    Ok(())
}
