//! What becomes of a report: receipts, findings, corrections and orders back.

use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::testing::Broken;
use tonic::Code;

use crate::reporting_stage::{
    COUNTY, Reporting, TOWN, end_of, fields, nothing, opening, order, sunday, zero,
};
use crate::stage::{Tested, office};

/// A report of a quiet week, handed in.
pub async fn quiet() -> Result<(Reporting, pb::Report), Broken> {
    let (reporting, schedule) = sunday().await?;
    let (report, _) = reporting.submit(zero(&schedule, "2026-01-05")).await?;
    Ok((reporting, report))
}

fn receipt(report: &pb::Report, organ_id: String, request_id: &str) -> pb::ReceiveReportRequest {
    pb::ReceiveReportRequest {
        request_id: request_id.to_owned(),
        organ_id,
        report_id: report.report_id.clone(),
        post: "receiving desk".to_owned(),
    }
}

pub fn found_false(report: &pb::Report) -> pb::MarkReportFalseRequest {
    pb::MarkReportFalseRequest {
        request_id: "false".to_owned(),
        organ_id: office(COUNTY),
        report_id: report.report_id.clone(),
        reason: "A dispute over land was known to the town on 6 January.".to_owned(),
        post: "supervision desk".to_owned(),
    }
}

pub fn correction(report: &pb::Report) -> pb::CorrectReportRequest {
    pb::CorrectReportRequest {
        request_id: "correction".to_owned(),
        organ_id: office(TOWN),
        report_id: report.report_id.clone(),
        content: Some(opening(&["A dispute over land between two hamlets."])),
    }
}

#[tokio::test]
async fn the_organ_that_receives_gives_a_receipt_for_each_version() -> Tested {
    let (reporting, report) = quiet().await?;
    let mut client = reporting.client.clone();
    let above = receipt(&report, office("4312"), "above");
    assert_eq!(
        fields(&client.receive_report(above).await.unwrap_err()),
        ["organ_id"]
    );
    let received = client
        .receive_report(receipt(&report, office(COUNTY), "one"))
        .await?;
    assert_eq!(received.into_inner().report.unwrap().received_version, 1);
    let again = client
        .receive_report(receipt(&report, office(COUNTY), "two"))
        .await
        .unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition);
    let allowed = "correct_report, mark_report_false, give_order";
    assert!(again.message().contains(allowed), "{again}");
    client.correct_report(correction(&report)).await?;
    let received = client
        .receive_report(receipt(&report, office(COUNTY), "three"))
        .await?;
    assert_eq!(received.into_inner().report.unwrap().received_version, 2);
    let whole = reporting.get(&report).await?;
    let posts = whole
        .versions
        .iter()
        .map(|version| &version.received_by_post[..]);
    assert_eq!(
        posts.collect::<Vec<_>>(),
        ["receiving desk", "receiving desk"]
    );
    Ok(())
}

#[tokio::test]
async fn a_false_report_that_is_corrected_stays_recorded_as_false() -> Tested {
    let (reporting, report) = quiet().await?;
    let mut client = reporting.client.clone();
    let found = client
        .mark_report_false(found_false(&report))
        .await?
        .into_inner();
    let found = found.report.unwrap();
    assert_eq!(
        (found.state(), found.found_false),
        (pb::ReportState::False, 1)
    );
    let corrected = client
        .correct_report(correction(&report))
        .await?
        .into_inner();
    let now = corrected.report.unwrap();
    assert_eq!(
        (now.state(), now.version, now.found_false),
        (pb::ReportState::Corrected, 2, 1)
    );
    let whole = reporting.get(&report).await?;
    assert_eq!(whole.report, Some(now));
    let [one, two] = &whole.versions[..] else {
        panic!("two versions")
    };
    assert!(
        one.zero && one.false_reason.contains("6 January"),
        "{one:?}"
    );
    assert_eq!(Some(two), corrected.version.as_ref());
    assert!(!two.zero && two.false_reason.is_empty(), "{two:?}");
    let told = reporting.told().await?;
    assert_eq!(
        told,
        [
            "submitted 2026-01-05 v1",
            "false v1",
            "submitted 2026-01-05 v2"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn an_order_is_given_back_on_a_report_or_on_a_dispute_in_it() -> Tested {
    let (reporting, report) = quiet().await?;
    let mut client = reporting.client.clone();
    let corrected = client
        .correct_report(correction(&report))
        .await?
        .into_inner();
    let dispute = corrected.version.unwrap().ledger[0].dispute_id.clone();
    let first = client
        .give_order(order(&report, &dispute))
        .await?
        .into_inner()
        .order
        .unwrap();
    let whole = pb::GiveOrderRequest {
        request_id: "whole".to_owned(),
        ..order(&report, "")
    };
    let second = client.give_order(whole).await?.into_inner().order.unwrap();
    assert_eq!((first.number, second.number), (1, 2));
    let before = reporting.rows().await?;
    let late = pb::GiveOrderRequest {
        request_id: "late".to_owned(),
        due_date: "2026-01-10".to_owned(),
        ..order(&report, "")
    };
    assert_eq!(
        fields(&client.give_order(late).await.unwrap_err()),
        ["due_date"]
    );
    let of_another = pb::GiveOrderRequest {
        request_id: "another".to_owned(),
        ..order(&report, "dispute_000000000000000000000000000000aa")
    };
    assert_eq!(
        fields(&client.give_order(of_another).await.unwrap_err()),
        ["dispute_id"]
    );
    assert_eq!(reporting.rows().await?, before);
    assert_eq!(reporting.get(&report).await?.orders, [first, second]);
    Ok(())
}

#[tokio::test]
async fn a_missing_report_can_only_be_handed_in() -> Tested {
    let (reporting, _) = sunday().await?;
    reporting.pass_to(end_of("2026-01-12", 0)).await?;
    let missing = reporting.reports().await?.remove(0);
    let request = pb::MarkReportFalseRequest {
        request_id: "f1".to_owned(),
        organ_id: office(COUNTY),
        report_id: missing.report_id.clone(),
        reason: "It is not there.".to_owned(),
        post: "supervision desk".to_owned(),
    };
    let before = reporting.rows().await?;
    let refused = reporting
        .client
        .clone()
        .mark_report_false(request)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("submit_report"), "{refused}");
    let correction = pb::CorrectReportRequest {
        request_id: "c1".to_owned(),
        organ_id: office(TOWN),
        report_id: missing.report_id,
        content: Some(nothing()),
    };
    let refused = reporting
        .client
        .clone()
        .correct_report(correction)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(reporting.rows().await?, before);
    Ok(())
}
