//! Who hands over to whom, with what, and who sees it.

use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::testing::Broken;
use tonic::Code;

use crate::duty_stage::{
    CITY, COUNTY, Client, Duty, covering, hour, not_on_duty, roster, substitution, unique,
};
use crate::reporting_stage::{Door, by, fields};
use crate::stage::{Stage, Tested, office, report};

/// Two alerts at the city, one that nobody has acknowledged and one that it holds, and a shift that ends; with the next.
async fn changing() -> Result<(Duty, Vec<pb::DutyShift>, [String; 2]), Broken> {
    let duty = Duty::set().await?;
    let waiting = duty.stage.raise().await?;
    let held = raise(&duty.stage, "held").await?;
    let ended = raise(&duty.stage, "ended").await?;
    for alert in [&held, &ended] {
        let request = pb::AcknowledgeAlertRequest {
            request_id: unique("ack"),
            alert_id: alert.alert_id.clone(),
            organ_id: office(CITY),
            post: "duty-desk".to_owned(),
            take_over: false,
        };
        duty.stage.client.clone().acknowledge_alert(request).await?;
    }
    let last = huiyin_proto::vocabulary::v1::AlertReportStage::Final;
    duty.stage.report_on(&ended, last, &office(COUNTY)).await?;
    let shifts = duty
        .roster(roster(CITY, &[(1, 12), (12, 24), (24, 36)]))
        .await?;
    Ok((duty, shifts, [waiting.alert_id, held.alert_id]))
}

async fn raise(stage: &Stage, request_id: &str) -> Result<pb::Alert, tonic::Status> {
    let request = pb::RaiseAlertRequest {
        request_id: request_id.to_owned(),
        ..report()
    };
    let answer = stage.client.clone().raise_alert(request).await?;
    Ok(answer.into_inner().alert.unwrap())
}

fn handing_over(shifts: &[pb::DutyShift], alert_ids: &[String]) -> pb::HandOverDutyRequest {
    pb::HandOverDutyRequest {
        request_id: unique("hand-over"),
        organ_id: office(CITY),
        from_shift: shifts[0].shift_id.clone(),
        from_post: "duty-desk".to_owned(),
        to_shift: shifts[1].shift_id.clone(),
        to_post: "second desk".to_owned(),
        alert_ids: alert_ids.to_vec(),
        notes: "The dam is watched.".to_owned(),
    }
}

async fn hand_over(
    duty: &Duty,
    request: pb::HandOverDutyRequest,
) -> Result<pb::DutyHandOver, tonic::Status> {
    let answer = duty.client.clone().hand_over_duty(request).await?;
    Ok(answer.into_inner().hand_over.unwrap())
}

#[tokio::test]
async fn a_hand_over_names_both_posts_and_every_open_alert() -> Tested {
    let (duty, shifts, [waiting, held]) = changing().await?;
    duty.stage.desk.move_clock(hour(11)).await?;
    duty.stage.told().await?;
    let request = handing_over(&shifts, &[held.clone(), waiting.clone()]);
    let done = hand_over(&duty, request.clone()).await?;
    assert_eq!(
        hand_over(&duty, request).await?,
        done,
        "asked again it is answered alike"
    );
    let posts = (done.from_post.as_str(), done.to_post.as_str());
    assert_eq!(posts, ("duty-desk", "second desk"));
    let mut open = [waiting.clone(), held.clone()];
    open.sort();
    assert_eq!(done.alert_ids, open);
    assert_eq!(duty.shifts().await?[0].hand_over, Some(done));
    let told = duty.stage.told().await?;
    let [Fact::DutyHandedOver(fact)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!((fact.alerts, &fact.to_shift), (2, &shifts[1].shift_id));
    let again = hand_over(&duty, handing_over(&shifts, &[waiting, held]))
        .await
        .unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition);
    Ok(())
}

#[tokio::test]
async fn a_hand_over_that_leaves_out_an_alert_is_refused_and_names_it() -> Tested {
    let (duty, shifts, [waiting, held]) = changing().await?;
    duty.stage.desk.move_clock(hour(11)).await?;
    let before = duty.rows().await?;
    for (listed, named) in [
        (vec![held.clone()], vec![&waiting]),
        (vec![], vec![&waiting, &held]),
    ] {
        let refused = hand_over(&duty, handing_over(&shifts, &listed))
            .await
            .unwrap_err();
        assert_eq!(fields(&refused), ["alert_ids"]);
        assert!(
            named.iter().all(|named| refused.message().contains(*named)),
            "{refused}"
        );
    }
    let stranger = huiyin_domain::ids::AlertId::from_uuid(huiyin_service_kit::chance::new_uuid());
    let too_many = [waiting, held, stranger.to_string()];
    let refused = hand_over(&duty, handing_over(&shifts, &too_many))
        .await
        .unwrap_err();
    assert!(
        refused.message().contains(&stranger.to_string()),
        "{refused}"
    );
    assert_eq!(duty.rows().await?, before, "nothing is half-written");
    Ok(())
}

#[tokio::test]
async fn duty_is_handed_over_by_a_post_on_duty_to_one_of_the_shift_that_follows() -> Tested {
    let (duty, shifts, open) = changing().await?;
    let early = hand_over(&duty, handing_over(&shifts, &open))
        .await
        .unwrap_err();
    assert_eq!(
        early.code(),
        Code::FailedPrecondition,
        "the shift has not begun"
    );
    duty.stage.desk.move_clock(hour(11)).await?;
    duty.substitute(substitution(&shifts[0], "third desk"))
        .await?;
    let refused = hand_over(&duty, handing_over(&shifts, &open))
        .await
        .unwrap_err();
    let (reason, on_duty) = not_on_duty(&refused);
    assert_eq!(
        (reason.as_str(), on_duty.as_str()),
        ("NOT_ON_DUTY", "third desk,second desk,leader on duty")
    );
    let over_next = pb::HandOverDutyRequest {
        to_shift: shifts[2].shift_id.clone(),
        ..handing_over(&shifts, &open)
    };
    let refused = hand_over(&duty, over_next).await.unwrap_err();
    assert_eq!(fields(&refused), ["to_shift"]);
    assert!(refused.message().contains(&shifts[1].shift_id), "{refused}");
    let right = pb::HandOverDutyRequest {
        from_post: "third desk".to_owned(),
        ..handing_over(&shifts, &open)
    };
    hand_over(&duty, right).await?;
    Ok(())
}

/// How many shifts and gaps a post finds, and how many of the shifts with their hand-over.
async fn finds(mut client: Client, place: &str) -> Result<[usize; 3], tonic::Status> {
    let shifts = by(place, "office", pb::ListDutyShiftsRequest::default());
    let shifts = client.list_duty_shifts(shifts).await?.into_inner().shifts;
    let gaps = by(place, "office", pb::ListDutyGapsRequest::default());
    let gaps = client.list_duty_gaps(gaps).await?.into_inner().gaps;
    let handed_over = shifts.iter().filter(|shift| shift.hand_over.is_some());
    Ok([shifts.len(), gaps.len(), handed_over.count()])
}

#[tokio::test]
async fn shifts_and_gaps_are_seen_by_the_organ_and_above_and_a_hand_over_by_the_organ_alone()
-> Tested {
    let (duty, shifts, open) = changing().await?;
    duty.stage.desk.move_clock(hour(11)).await?;
    hand_over(&duty, handing_over(&shifts, &open)).await?;
    duty.roster(covering(CITY, ("08:00", "20:00"), &[])).await?;
    duty.pass_to(hour(11)).await?;
    let gaps = duty.gaps(false).await?.len();
    assert!(gaps > 0);
    for door in [Door::Guarded, Door::Underneath] {
        for (place, expected) in [
            (CITY, [3, gaps, 1]),
            ("43", [3, gaps, 0]),
            ("00", [3, gaps, 0]),
            (COUNTY, [0, 0, 0]),
        ] {
            assert_eq!(
                finds(duty.at(door).await?, place).await?,
                expected,
                "{place} at {door:?}"
            );
        }
    }
    Ok(())
}
