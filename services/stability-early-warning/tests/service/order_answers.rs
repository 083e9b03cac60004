//! An order on a report is answered once by the organ that was ordered, on any day between two reports.

use huiyin_proto::events::v1::ReportOrderAnswered;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::testing::Broken;
use tonic::Code;

use crate::reporting_stage::{COUNTY, Door, Reporting, TOWN, by, end_of, fields, order};
use crate::stage::{Tested, office};
use crate::versions::{correction, found_false, quiet};

/// A report of the town on which the county has given an order that is due on 20 January.
async fn ordered() -> Result<(Reporting, pb::Report), Broken> {
    let (reporting, report) = quiet().await?;
    reporting
        .client
        .clone()
        .give_order(order(&report, ""))
        .await?;
    reporting.told().await?;
    Ok((reporting, report))
}

fn answer(report: &pb::Report, request_id: &str) -> pb::AnswerOrderRequest {
    pb::AnswerOrderRequest {
        request_id: request_id.to_owned(),
        organ_id: office(TOWN),
        report_id: report.report_id.clone(),
        number: 1,
        words: "A hearing was held; both hamlets agreed to a survey.".to_owned(),
        post: "reporting desk".to_owned(),
    }
}

/// How many reports have an order that waits for its answer.
async fn with_open_orders(reporting: &Reporting) -> Result<usize, Broken> {
    let request = pb::ListReportsRequest {
        open_orders_only: true,
        ..Default::default()
    };
    let answer = reporting.client.clone().list_reports(request).await?;
    Ok(answer.into_inner().reports.len())
}

#[tokio::test]
async fn an_order_is_answered_once_and_in_time_and_the_answer_is_read_with_the_report() -> Tested {
    let (reporting, report) = ordered().await?;
    assert_eq!(with_open_orders(&reporting).await?, 1);
    let mut client = reporting.client.clone();
    let request = answer(&report, "answer");
    let answered = client.answer_order(request.clone()).await?.into_inner();
    let order = answered.order.clone().unwrap();
    let given = order.answer.clone().unwrap();
    assert_eq!(
        (given.words, given.post, given.late, given.version),
        (request.words.clone(), request.post.clone(), false, 1)
    );
    assert_eq!(reporting.get(&report).await?.orders, [order]);
    assert_eq!(with_open_orders(&reporting).await?, 0);
    let expected = ReportOrderAnswered {
        report_id: report.report_id.clone(),
        organ_id: office(TOWN),
        to_organ: office(COUNTY),
        number: 1,
        due_date: "2026-01-20".to_owned(),
        late: false,
    };
    let told = reporting.stage.told().await?;
    assert_eq!(told, [Fact::ReportOrderAnswered(expected)]);
    let again = client.answer_order(request).await?.into_inner();
    assert_eq!(again, answered, "one effect for one request id");
    let before = reporting.rows().await?;
    let second = client.answer_order(answer(&report, "second")).await;
    let second = second.unwrap_err();
    assert_eq!(second.code(), Code::FailedPrecondition);
    assert!(second.message().contains("answered"), "{second}");
    assert_eq!(reporting.rows().await?, before);
    Ok(())
}

#[tokio::test]
async fn an_answer_after_the_due_day_is_recorded_as_late() -> Tested {
    for (minutes, late) in [(-1, false), (0, true)] {
        let (reporting, report) = ordered().await?;
        let at = end_of("2026-01-20", minutes);
        reporting.stage.desk.move_clock(at).await?;
        let mut client = reporting.client.clone();
        let answered = client.answer_order(answer(&report, "answer")).await?;
        let order = answered.into_inner().order.unwrap();
        assert_eq!(order.answer.unwrap().late, late, "{minutes}");
    }
    Ok(())
}

#[tokio::test]
async fn an_order_stays_open_when_the_report_is_corrected_and_waits_while_it_is_false() -> Tested {
    let (reporting, report) = ordered().await?;
    let mut client = reporting.client.clone();
    client.mark_report_false(found_false(&report)).await?;
    let refused = client.answer_order(answer(&report, "early")).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("correct_report"), "{refused}");
    client.correct_report(correction(&report)).await?;
    assert_eq!(with_open_orders(&reporting).await?, 1);
    let answered = client.answer_order(answer(&report, "then")).await?;
    let order = answered.into_inner().order.unwrap();
    assert_eq!(order.answer.unwrap().version, 2);
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_an_answer_is_named_and_nothing_is_written() -> Tested {
    let (reporting, report) = ordered().await?;
    let before = reporting.rows().await?;
    let right = answer(&report, "answer");
    let no_order = pb::AnswerOrderRequest {
        number: 2,
        ..right.clone()
    };
    let by_who_ordered = pb::AnswerOrderRequest {
        organ_id: office(COUNTY),
        ..right.clone()
    };
    let with_a_phone = pb::AnswerOrderRequest {
        words: "Ring 13800138000.".to_owned(),
        ..right.clone()
    };
    let empty = pb::AnswerOrderRequest {
        number: 0,
        words: String::new(),
        post: String::new(),
        ..right
    };
    for (request, named) in [
        (no_order, vec!["number"]),
        (by_who_ordered, vec!["organ_id"]),
        (with_a_phone, vec!["words"]),
        (empty, vec!["number", "words", "post"]),
    ] {
        let refused = reporting.client.clone().answer_order(request).await;
        assert_eq!(fields(&refused.unwrap_err()), named);
    }
    assert_eq!(reporting.rows().await?, before);
    Ok(())
}

#[tokio::test]
async fn only_a_post_of_the_organ_that_was_ordered_answers_and_who_is_off_the_edge_sees_no_report()
-> Tested {
    let (reporting, report) = ordered().await?;
    let mut client = reporting.at(Door::Guarded).await?;
    let before = reporting.rows().await?;
    let of = |place: &str| pb::AnswerOrderRequest {
        organ_id: office(place),
        ..answer(&report, &format!("answer-{place}"))
    };
    for (place, post, organ, code) in [
        (COUNTY, "office", TOWN, Code::PermissionDenied),
        (TOWN, "registration-desk", TOWN, Code::PermissionDenied),
        // who stands above sees the report and was not ordered
        ("4312", "office", "4312", Code::InvalidArgument),
        ("431221", "office", "431221", Code::NotFound),
    ] {
        let refused = client.answer_order(by(place, post, of(organ))).await;
        assert_eq!(refused.unwrap_err().code(), code, "{post} of {place}");
    }
    let mut underneath = reporting.at(Door::Underneath).await?;
    let elsewhere = underneath.answer_order(by("431221", "office", of("431221")));
    assert_eq!(elsewhere.await.unwrap_err().code(), Code::NotFound);
    assert_eq!(reporting.rows().await?, before);
    client.answer_order(by(TOWN, "duty-desk", of(TOWN))).await?;
    Ok(())
}

#[tokio::test]
async fn row_level_security_shows_an_answer_at_both_ends_and_above_alone() -> Tested {
    let (reporting, report) = ordered().await?;
    let mut client = reporting.client.clone();
    client.answer_order(answer(&report, "answer")).await?;
    let mut underneath = reporting.at(Door::Underneath).await?;
    for (place, seen) in [(TOWN, 1), (COUNTY, 1), ("4312", 1), ("431221", 0)] {
        let request = pb::GetReportRequest {
            report_id: report.report_id.clone(),
        };
        let got = underneath.get_report(by(place, "office", request)).await;
        let orders = got.map(|got| got.into_inner().orders).unwrap_or_default();
        let answered = orders.iter().filter(|order| order.answer.is_some());
        assert_eq!(answered.count(), seen, "{place}");
    }
    Ok(())
}
