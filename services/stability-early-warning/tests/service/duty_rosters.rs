//! Rosters, substitutions and hand-overs, and what is refused of them.

use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::wire;
use tonic::Code;

use crate::duty_stage::{
    CITY, COUNTY, Client, Duty, covering, hour, not_on_duty, posts, roster, shift, substitution,
    unique,
};
use crate::reporting_stage::{Door, by, fields};
use crate::stage::{Stage, Tested, office, report};

#[tokio::test]
async fn a_roster_is_set_and_listed_and_asked_again_answered_alike() -> Tested {
    let duty = Duty::set().await?;
    let request = covering(COUNTY, ("08:00", "20:00"), &[(0, 12), (23, 35)]);
    let set = duty.roster(request.clone()).await?;
    assert_eq!(duty.roster(request).await?, set);
    assert_eq!(duty.shifts().await?, set);
    let times: Vec<_> = set
        .iter()
        .map(|shift| (shift.from_time, shift.to_time))
        .collect();
    let at = |number| Some(wire::timestamp(hour(number)));
    assert_eq!(times, [(at(0), at(12)), (at(23), at(35))]);
    assert_eq!(
        (set[0].organ_id.as_str(), set[0].posts.clone()),
        (office(COUNTY).as_str(), Some(posts()))
    );
    let page = pb::ListDutyShiftsRequest {
        organ_id: office(COUNTY),
        from_time: at(12),
        page_size: 1,
        ..Default::default()
    };
    let page = duty
        .client
        .clone()
        .list_duty_shifts(page)
        .await?
        .into_inner();
    assert_eq!(
        (page.shifts, page.next_page_token),
        (vec![set[1].clone()], String::new())
    );
    Ok(())
}

/// Makes one thing wrong with the second of two shifts.
type Spoil = fn(&mut pb::NewDutyShift);

const WRONG: [(&str, &str, Spoil); 9] = [
    (
        "shifts[1].from_time",
        "lies before the end of shifts[0]",
        |shift| shift.from_time = time(11),
    ),
    (
        "shifts[1].from_time",
        "shifts are given in order",
        |shift| {
            (shift.from_time, shift.to_time) = (time(0), time(1));
        },
    ),
    ("shifts[1].from_time", "more than 366 days ahead", |shift| {
        (shift.from_time, shift.to_time) = (time(24 * 367), time(24 * 367 + 1));
    }),
    ("shifts[1].to_time", "at most 24 hours", |shift| {
        shift.to_time = time(37)
    }),
    ("shifts[1].to_time", "is not after from_time", |shift| {
        shift.to_time = shift.from_time
    }),
    ("shifts[1].posts", "is missing", |shift| shift.posts = None),
    ("shifts[1].posts.deputy_post", "another one", |shift| {
        shift.posts.as_mut().unwrap().deputy_post = "duty-desk".to_owned();
    }),
    ("shifts[1].posts.post", "looks like a phone", |shift| {
        shift.posts.as_mut().unwrap().post = "13800138000".to_owned();
    }),
    ("shifts[1].duty_phone", "3 to 30", |shift| {
        shift.duty_phone = String::new()
    }),
];

fn time(number: i64) -> Option<prost_types::Timestamp> {
    Some(wire::timestamp(hour(number)))
}

#[tokio::test]
async fn a_wrong_roster_is_refused_by_the_field_of_its_shift_and_leaves_nothing() -> Tested {
    let duty = Duty::set().await?;
    for (field, words, spoil) in WRONG {
        let mut request = roster(COUNTY, &[(1, 12), (12, 24)]);
        spoil(&mut request.shifts[1]);
        let refused = duty.roster(request).await.unwrap_err();
        let named = fields(&refused);
        assert!(
            named.iter().any(|named| named == field),
            "{field}: {refused}"
        );
        assert!(refused.message().contains(words), "{words}: {refused}");
    }
    let past = duty.roster(roster(COUNTY, &[(-1, 12)])).await.unwrap_err();
    assert_eq!(fields(&past), ["shifts[0].from_time"], "{past}");
    let many: Vec<(i64, i64)> = (0..201).map(|number| (number, number + 1)).collect();
    assert_eq!(
        fields(&duty.roster(roster(COUNTY, &many)).await.unwrap_err()),
        ["shifts"]
    );
    let hours = covering(COUNTY, ("8", "25:00"), &[]);
    assert_eq!(fields(&duty.roster(hours).await.unwrap_err()), ["hours"]);
    assert_eq!(duty.rows().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_shift_over_one_that_is_set_is_refused_and_the_other_named() -> Tested {
    let duty = Duty::set().await?;
    let set = duty.roster(roster(COUNTY, &[(0, 12)])).await?;
    let before = duty.rows().await?;
    let request = roster(COUNTY, &[(12, 13), (11, 24)]);
    let out_of_order = duty.roster(request).await.unwrap_err();
    assert_eq!(fields(&out_of_order), ["shifts[1].from_time"]);
    let refused = duty.roster(roster(COUNTY, &[(11, 24)])).await.unwrap_err();
    assert_eq!(fields(&refused), ["shifts[0].from_time"]);
    assert!(refused.message().contains(&set[0].shift_id), "{refused}");
    assert_eq!(duty.rows().await?, before);
    duty.roster(roster(COUNTY, &[(12, 24)])).await?;
    duty.roster(roster(CITY, &[(0, 12)])).await?;
    Ok(())
}

#[tokio::test]
async fn of_two_rosters_that_are_set_at_once_over_the_same_hours_one_stands() -> Tested {
    let duty = Duty::set().await?;
    for round in 0..5 {
        let at = (24 * round, 24 * round + 12);
        let (one, other) = futures::join!(
            duty.roster(roster(COUNTY, &[at])),
            duty.roster(roster(COUNTY, &[at]))
        );
        assert_eq!(
            [one.is_ok(), other.is_ok()]
                .iter()
                .filter(|set| **set)
                .count(),
            1
        );
    }
    assert_eq!(
        duty.stage.count("SELECT count(*) FROM duty_shift").await?,
        5
    );
    Ok(())
}

#[tokio::test]
async fn a_substitution_is_kept_beside_what_was_set() -> Tested {
    let duty = Duty::set().await?;
    let set = duty.roster(roster(COUNTY, &[(1, 12)])).await?.remove(0);
    let first = duty.substitute(substitution(&set, "third desk")).await?;
    duty.stage.desk.move_clock(hour(4)).await?;
    let later = pb::SubstitutePostRequest {
        role: pb::DutyRole::Leader.into(),
        from_time: time(6),
        ..substitution(&set, "head of section")
    };
    let second = duty.substitute(later).await?;
    assert_eq!(second.posts, set.posts, "what was set is never overwritten");
    assert_eq!(second.substitutions[..1], first.substitutions);
    let said: Vec<_> = second
        .substitutions
        .iter()
        .map(|one| (one.role(), one.post.as_str(), one.from_time, one.said_time))
        .collect();
    let expected = [
        (pb::DutyRole::Post, "third desk", time(1), time(0)),
        (pb::DutyRole::Leader, "head of section", time(6), time(4)),
    ];
    assert_eq!(said, expected);
    assert_eq!(duty.shifts().await?, [second]);
    Ok(())
}

#[tokio::test]
async fn nobody_takes_over_twice_outside_of_a_shift_or_after_its_end() -> Tested {
    let duty = Duty::set().await?;
    let set = duty.roster(roster(COUNTY, &[(1, 12)])).await?.remove(0);
    let on_duty = substitution(&set, "second desk");
    assert_eq!(
        fields(&duty.substitute(on_duty).await.unwrap_err()),
        ["post"]
    );
    for outside in [0, 12] {
        let outside = pb::SubstitutePostRequest {
            from_time: time(outside),
            ..substitution(&set, "third desk")
        };
        assert_eq!(
            fields(&duty.substitute(outside).await.unwrap_err()),
            ["from_time"]
        );
    }
    let other = pb::SubstitutePostRequest {
        organ_id: office(CITY),
        ..substitution(&set, "third desk")
    };
    assert_eq!(
        duty.substitute(other).await.unwrap_err().code(),
        Code::NotFound
    );
    duty.stage.desk.move_clock(hour(12)).await?;
    let ended = duty
        .substitute(substitution(&set, "third desk"))
        .await
        .unwrap_err();
    assert_eq!(ended.code(), Code::FailedPrecondition);
    assert_eq!(
        duty.stage
            .count("SELECT count(*) FROM duty_substitution")
            .await?,
        0
    );
    Ok(())
}

/// Two alerts at the city, one that nobody has acknowledged and one that it holds, and a shift that ends; with the next.
async fn changing()
-> Result<(Duty, Vec<pb::DutyShift>, [String; 2]), huiyin_service_kit::testing::Broken> {
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

#[tokio::test]
async fn a_roster_is_set_by_the_organ_itself_and_by_no_other() -> Tested {
    let duty = Duty::set().await?;
    let client = duty.at(Door::Guarded).await?;
    let refused = |place, post, request| {
        let mut client = client.clone();
        async move {
            client
                .set_duty_roster(by(place, post, request))
                .await
                .unwrap_err()
                .code()
        }
    };
    let of_county = || roster(COUNTY, &[(0, 12)]);
    assert_eq!(
        refused(CITY, "duty-desk", of_county()).await,
        Code::PermissionDenied
    );
    assert_eq!(
        refused(COUNTY, "statistics-desk", of_county()).await,
        Code::PermissionDenied
    );
    assert_eq!(duty.rows().await?, 0);
    let own = by(COUNTY, "duty-desk", of_county());
    client.clone().set_duty_roster(own).await?;
    let mut empty = of_county();
    empty.shifts = vec![shift(12, 24)];
    client
        .clone()
        .set_duty_roster(by(COUNTY, "head", empty))
        .await?;
    Ok(())
}
