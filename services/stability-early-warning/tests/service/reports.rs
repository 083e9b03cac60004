//! Reports as they come: for their period, once, and without what must not be in them.

use futures::future::join_all;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use prost::Message as _;
use tonic::Code;

use crate::reporting_stage::{
    COUNTY, Reporting, TOWN, end_of, fields, nothing, opening, refused_alike, sunday, weekly, zero,
};
use crate::stage::{Tested, office};

#[tokio::test]
async fn a_report_is_taken_for_its_period_of_its_own_schedule_and_no_other() -> Tested {
    let (reporting, schedule) = sunday().await?;
    let unknown = "schedule_000000000000000000000000000000aa";
    let by_schedule = |schedule_id: &str| pb::SubmitReportRequest {
        schedule_id: schedule_id.to_owned(),
        ..zero(&schedule, "2026-01-05")
    };
    let of_another = pb::SubmitReportRequest {
        organ_id: office("431221"),
        ..zero(&schedule, "2026-01-05")
    };
    let urgent = pb::SubmitReportRequest {
        class: pb::ReportClass::Urgent.into(),
        ..zero(&schedule, "2026-01-05")
    };
    let both = pb::SubmitReportRequest {
        to_organ: office(COUNTY),
        ..zero(&schedule, "2026-01-05")
    };
    let requests = vec![
        (
            zero(&schedule, "2026-01-12"),
            "from_date",
            "lasts to 2026-01-18",
        ),
        (
            zero(&schedule, "2026-01-06"),
            "from_date",
            "is 2026-01-05 to 2026-01-11",
        ),
        (
            zero(&schedule, "2026-01-04"),
            "from_date",
            "holds from 2026-01-05 on",
        ),
        (
            by_schedule(unknown),
            "schedule_id",
            "no schedule that was set",
        ),
        (of_another, "schedule_id", "its own reports and no other's"),
        (urgent, "class", "RaiseAlert"),
        (both, "to_organ", "leave it empty"),
    ];
    refused_alike(&reporting, requests).await?;
    reporting.submit(zero(&schedule, "2026-01-05")).await?;
    Ok(())
}

#[tokio::test]
async fn the_report_of_a_period_is_taken_from_its_last_day_on() -> Tested {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-10", -1))
        .await?;
    let refused = reporting
        .submit(zero(&schedule, "2026-01-05"))
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["from_date"]);
    assert!(
        refused
            .message()
            .contains("from that day on, and not before"),
        "{refused}"
    );
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-10", 0))
        .await?;
    reporting.submit(zero(&schedule, "2026-01-05")).await?;
    Ok(())
}

#[tokio::test]
async fn numbers_of_persons_are_refused_in_every_text() -> Tested {
    let (reporting, schedule) = sunday().await?;
    let phone = "call 138 0013 8000";
    let card = "431202198001011234";
    let of = |content: pb::ReportContent| pb::SubmitReportRequest {
        content: Some(content),
        ..zero(&schedule, "2026-01-05")
    };
    let summary = pb::ReportContent {
        summary: phone.to_owned(),
        ..nothing()
    };
    let post = pb::ReportContent {
        post: card.to_owned(),
        ..nothing()
    };
    let ended = |result: &str| pb::ReportContent {
        closed: vec![pb::ClosedDispute {
            dispute_id: "dispute_000000000000000000000000000000aa".to_owned(),
            result: result.to_owned(),
        }],
        ..opening(&[])
    };
    let noted = pb::ReportContent {
        noted: vec![pb::NotedDispute {
            dispute_id: "dispute_000000000000000000000000000000aa".to_owned(),
            progress: card.to_owned(),
        }],
        ..opening(&[])
    };
    let requests = vec![
        (of(summary), "content.summary", "looks like a phone"),
        (of(post), "content.post", "looks like an identity card"),
        (
            of(opening(&[card])),
            "content.opened[0].facts",
            "without names",
        ),
        (
            of(ended(phone)),
            "content.closed[0].result",
            "without names",
        ),
        (of(noted), "content.noted[0].progress", "without names"),
        (
            of(ended(" ")),
            "content.closed[0].result",
            "1 to 2000 characters are wanted",
        ),
    ];
    refused_alike(&reporting, requests).await
}

#[tokio::test]
async fn every_wrong_field_of_a_report_is_named_at_once() -> Tested {
    let (reporting, schedule) = sunday().await?;
    let wrong = pb::OpenedDispute {
        place_code: "431221".to_owned(),
        subject: "weather".to_owned(),
        found_date: "2026-01-12".to_owned(),
        organ_id: "organ_00000000000000000000000000000001".to_owned(),
        limit_date: "2026-01-11".to_owned(),
        facts: String::new(),
    };
    let content = pb::ReportContent {
        opened: vec![wrong],
        duty_phone: "call us".to_owned(),
        ..opening(&[])
    };
    let request = pb::SubmitReportRequest {
        request_id: String::new(),
        content: Some(content),
        ..zero(&schedule, "2026-01-05")
    };
    let before = reporting.rows().await?;
    let refused = reporting.submit(request).await.unwrap_err();
    let mut expected = vec!["request_id".to_owned()];
    let of_dispute = [
        "place_code",
        "subject",
        "found_date",
        "organ_id",
        "limit_date",
        "facts",
    ];
    expected.extend(of_dispute.map(|field| format!("content.opened[0].{field}")));
    expected.push("content.duty_phone".to_owned());
    assert_eq!(fields(&refused), expected);
    assert_eq!(reporting.rows().await?, before);
    Ok(())
}

#[tokio::test]
async fn a_hundred_calls_hand_in_one_report() -> Tested {
    let (reporting, schedule) = sunday().await?;
    let same = (0..50).map(|_| reporting.submit(zero(&schedule, "2026-01-05")));
    let answers = join_all(same).await;
    let first = answers[0].as_ref().unwrap();
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap() == first)
    );
    let others = (0..50).map(|number| {
        let request = pb::SubmitReportRequest {
            request_id: format!("other-{number}"),
            ..zero(&schedule, "2026-01-05")
        };
        reporting.submit(request)
    });
    for refused in join_all(others).await {
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
        assert!(refused.message().contains("submit_report"), "{refused}");
    }
    assert_eq!(reporting.told().await?, ["submitted 2026-01-05 v1"]);
    let changed = pb::SubmitReportRequest {
        content: Some(opening(&["A dispute over a wall."])),
        ..zero(&schedule, "2026-01-05")
    };
    assert_eq!(
        reporting.submit(changed).await.unwrap_err().code(),
        Code::AlreadyExists
    );
    Ok(())
}

#[tokio::test]
async fn a_report_and_the_sweep_at_the_same_instant_leave_one_report() -> Tested {
    let (reporting, schedule) = sunday().await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-12", 0))
        .await?;
    let submitting = reporting.submit(zero(&schedule, "2026-01-05"));
    let firing = reporting.stage.desk.fire(&reporting.sweep);
    let (submitted, fired) = tokio::join!(submitting, firing);
    let (report, _) = submitted?;
    fired?;
    assert!(report.late, "whoever was first");
    assert_eq!(reporting.reports().await?.len(), 1);
    let told = reporting.told().await?;
    let submitted = told
        .iter()
        .filter(|told| *told == "submitted 2026-01-05 v1")
        .count();
    assert_eq!((submitted, told.len() <= 2), (1, true), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn an_important_report_comes_at_any_time() -> Tested {
    let reporting = Reporting::set().await?;
    let important = |request_id: &str, to_organ: String| pb::SubmitReportRequest {
        request_id: request_id.to_owned(),
        organ_id: office(TOWN),
        class: pb::ReportClass::Important.into(),
        to_organ,
        content: Some(opening(&["The school bus stopped running."])),
        ..Default::default()
    };
    let (report, version) = reporting.submit(important("i1", office(COUNTY))).await?;
    assert_eq!(
        (report.class(), report.late),
        (pb::ReportClass::Important, false)
    );
    assert_eq!(report.period.unwrap().to_date, "2026-01-05");
    assert_eq!(version.ledger.len(), 1);
    reporting.submit(important("i2", office(COUNTY))).await?;
    let refused = reporting
        .submit(important("i3", office("431221")))
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["to_organ"]);
    let dated = pb::SubmitReportRequest {
        from_date: "2026-01-05".to_owned(),
        ..important("i4", office(COUNTY))
    };
    assert_eq!(
        fields(&reporting.submit(dated).await.unwrap_err()),
        ["from_date"]
    );
    assert_eq!(reporting.reports().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn while_the_duty_is_kept_round_the_clock_each_report_names_its_phone() -> Tested {
    let reporting = Reporting::set().await?;
    let special = pb::SetReportScheduleRequest {
        kind: pb::ReportKind::SpecialPeriod.into(),
        frequency: pb::ReportFrequency::Daily.into(),
        valid_to: "2026-01-31".to_owned(),
        round_the_clock: true,
        ..weekly()
    };
    let schedule = reporting.schedule(special).await?;
    let refused = reporting
        .submit(zero(&schedule, "2026-01-05"))
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["content.duty_phone"]);
    let request = pb::SubmitReportRequest {
        content: Some(pb::ReportContent {
            duty_phone: "0745-2712345".to_owned(),
            ..nothing()
        }),
        ..zero(&schedule, "2026-01-05")
    };
    let (report, _) = reporting.submit(request).await?;
    let correction = pb::CorrectReportRequest {
        request_id: "correction".to_owned(),
        organ_id: office(TOWN),
        report_id: report.report_id,
        content: Some(nothing()),
    };
    let refused = reporting
        .client
        .clone()
        .correct_report(correction)
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["content.duty_phone"]);
    Ok(())
}

#[tokio::test]
async fn events_hold_nothing_of_what_a_report_says() -> Tested {
    let (reporting, schedule) = sunday().await?;
    let request = pb::SubmitReportRequest {
        content: Some(opening(&["A well in the hamlet is dirty."])),
        ..zero(&schedule, "2026-01-05")
    };
    reporting.submit(request).await?;
    let told = reporting.stage.told().await?;
    let [Fact::ReportSubmitted(fact)] = &told[..] else {
        panic!("one event")
    };
    assert_eq!(
        (fact.opened, fact.carried, fact.closed, fact.zero),
        (1, 0, 0, false)
    );
    let bytes = fact.encode_to_vec();
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        !text.contains("well") && !text.contains("desk") && !text.contains("Nothing"),
        "{text}"
    );
    Ok(())
}
