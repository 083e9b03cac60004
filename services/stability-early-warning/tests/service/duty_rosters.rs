//! Rosters, substitutions and hand-overs, and what is refused of them.

use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::wire;
use tonic::Code;

use crate::duty_stage::{CITY, COUNTY, Duty, covering, hour, posts, roster, shift, substitution};
use crate::reporting_stage::{Door, by, fields};
use crate::stage::{Tested, office};

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
