//! Special periods, and the gaps that are found in advance.

use huiyin_domain::organs;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::stability_early_warning::v1 as pb;
use tonic::Code;

use crate::duty_stage::{CITY, COUNTY, Duty, covering, hour, period, roster, unique};
use crate::reporting_stage::{Door, by, fields};
use crate::stage::{Stage, Tested, office, territories};

const TOWN: &str = "431202001";

#[tokio::test]
async fn in_a_special_period_every_office_in_the_place_has_somebody_on_duty_and_each_gap_is_told_once()
-> Tested {
    let duty = Duty::set().await?;
    // Beijing's day begins nine hours before the clock of the test
    duty.special_period(period(COUNTY, "2026-01-06", "2026-01-07"))
        .await?;
    duty.roster(roster(COUNTY, &[(15, 39)])).await?;
    duty.stage.told().await?;
    duty.pass_to(hour(0)).await?;
    let (town, county) = (office(TOWN), office(COUNTY));
    let mut told = vec![
        (county.clone(), 39, 63, office(CITY)),
        (town.clone(), 15, 63, county.clone()),
    ];
    told.sort();
    assert_eq!(
        duty.told_gaps().await?,
        told,
        "the city's own office stands outside of the place"
    );
    duty.pass_to(hour(1)).await?;
    duty.pass_to(hour(17)).await?;
    assert_eq!(duty.told_gaps().await?, [], "told once");
    let mut listed: Vec<_> = told
        .into_iter()
        .map(|(organ, from, to, _)| (organ, from, to))
        .collect();
    listed.sort();
    assert_eq!(duty.gaps(true).await?, listed);
    duty.roster(roster(TOWN, &[(18, 39), (39, 63)])).await?;
    duty.pass_to(hour(17)).await?;
    assert_eq!(
        duty.gaps(true).await?.len(),
        2,
        "an hour of the town's is still ahead"
    );
    duty.roster(roster(TOWN, &[(17, 18)])).await?;
    duty.pass_to(hour(17)).await?;
    assert_eq!(duty.gaps(true).await?, [(county, 39, 63)]);
    assert_eq!(
        duty.gaps(false).await?,
        listed,
        "a gap that is filled stays on the list"
    );
    assert_eq!(duty.told_gaps().await?, []);
    Ok(())
}

#[tokio::test]
async fn outside_of_it_somebody_is_required_in_the_hours_that_the_roster_promises() -> Tested {
    let duty = Duty::set().await?;
    // nine to five, today and tomorrow; the days after have nobody
    duty.roster(covering(COUNTY, ("09:00", "17:00"), &[(0, 8), (24, 32)]))
        .await?;
    duty.roster(roster(CITY, &[(0, 8)])).await?;
    duty.pass_to(hour(0)).await?;
    let county = office(COUNTY);
    let days = |days: std::ops::Range<i64>| -> Vec<(String, i64, i64)> {
        days.map(|day| (county.clone(), 24 * day, 24 * day + 8))
            .collect()
    };
    assert_eq!(
        duty.gaps(true).await?,
        days(2..7),
        "seven days ahead; the city promises no more than its shift"
    );
    assert_eq!(duty.told_gaps().await?.len(), 5);
    duty.pass_to(hour(24)).await?;
    assert_eq!(duty.gaps(true).await?, days(2..8));
    assert_eq!(
        duty.told_gaps().await?.len(),
        1,
        "only the day that has come within seven days"
    );
    // the next roster takes the promise back from the fourth day on
    duty.roster(roster(COUNTY, &[(72, 80)])).await?;
    duty.pass_to(hour(24)).await?;
    assert_eq!(duty.gaps(true).await?, days(2..3));
    Ok(())
}

#[tokio::test]
async fn how_far_ahead_gaps_are_looked_for_is_a_local_rule() -> Tested {
    let rules = include_str!("../../../../crates/domain/data/local_rules.json").replace(
        r#""rule": "duty_gap_days", "value": 7"#,
        r#""rule": "duty_gap_days", "value": 2"#,
    );
    let duty = Duty::over(Stage::with_local_rules(&rules).await?).await?;
    duty.roster(covering(COUNTY, ("09:00", "17:00"), &[]))
        .await?;
    duty.pass_to(hour(0)).await?;
    assert_eq!(
        duty.gaps(true).await?,
        [(office(COUNTY), 0, 8), (office(COUNTY), 24, 32)]
    );
    Ok(())
}

#[tokio::test]
async fn an_office_that_comes_while_the_period_lasts_is_called_to_its_duty_the_next_day() -> Tested
{
    let stage = Stage::empty().await?;
    stage.load_places().await?;
    let (town, others): (Vec<_>, Vec<_>) = organs::generate(&territories())
        .into_iter()
        .partition(|organ| organ.level == Level::Township);
    stage.load_organs(others).await?;
    let duty = Duty::over(stage).await?;
    duty.special_period(period(COUNTY, "2026-01-05", "2026-01-07"))
        .await?;
    duty.pass_to(hour(0)).await?;
    duty.stage.load_organs(town).await?;
    duty.told_gaps().await?;
    duty.pass_to(hour(15)).await?;
    assert_eq!(
        duty.told_gaps().await?,
        [(office(TOWN), 15, 63, office(COUNTY))]
    );
    Ok(())
}

#[tokio::test]
async fn a_period_that_is_ended_requires_nobody_any_more() -> Tested {
    let duty = Duty::set().await?;
    let set = duty
        .special_period(period(COUNTY, "2026-01-06", "2026-01-20"))
        .await?;
    duty.pass_to(hour(0)).await?;
    assert_eq!(duty.gaps(true).await?.len(), 2);
    let mut end = pb::EndSpecialPeriodRequest {
        request_id: unique("end"),
        organ_id: office(CITY),
        period_id: set.period_id.clone(),
        valid_to: "2026-01-20".to_owned(),
    };
    let later = duty
        .client
        .clone()
        .end_special_period(end.clone())
        .await
        .unwrap_err();
    assert_eq!(fields(&later), ["valid_to"]);
    end.valid_to = "2026-01-05".to_owned();
    let ended = duty
        .client
        .clone()
        .end_special_period(end)
        .await?
        .into_inner()
        .period
        .unwrap();
    assert_eq!(
        (ended.valid_from.as_str(), ended.valid_to.as_str()),
        ("2026-01-06", "2026-01-05")
    );
    duty.pass_to(hour(0)).await?;
    assert_eq!(duty.gaps(true).await?, []);
    duty.pass_to(hour(16)).await?;
    let armed = "SELECT count(*) FROM timer WHERE kind IN ('duty_look', 'special_period')";
    assert_eq!(
        duty.stage.count(armed).await?,
        0,
        "nothing is left to wait for"
    );
    assert_eq!(duty.silences().await?, []);
    Ok(())
}

/// A special period of the county over three days, set by the petition office of a place.
fn of_county(by: &str) -> pb::SetSpecialPeriodRequest {
    pb::SetSpecialPeriodRequest {
        organ_id: office(by),
        ..period(COUNTY, "2026-01-05", "2026-01-07")
    }
}

#[tokio::test]
async fn a_wrong_period_is_refused_by_field_and_leaves_nothing() -> Tested {
    let duty = Duty::set().await?;
    let bureau = crate::stage::holder(COUNTY, "natural_resources");
    let of_city = pb::SetSpecialPeriodRequest {
        organ_id: office(COUNTY),
        ..period(CITY, "2026-01-05", "2026-01-07")
    };
    let wrong: [(&str, pb::SetSpecialPeriodRequest); 6] = [
        ("valid_from", period(COUNTY, "2026-01-04", "2026-01-07")),
        ("valid_to", period(COUNTY, "2026-01-05", "2026-01-04")),
        ("valid_to", period(COUNTY, "2026-01-05", "2026-04-07")),
        ("place_code", of_city),
        (
            "organ_id",
            pb::SetSpecialPeriodRequest {
                organ_id: bureau,
                ..of_county(COUNTY)
            },
        ),
        (
            "source",
            pb::SetSpecialPeriodRequest {
                source: String::new(),
                ..of_county(COUNTY)
            },
        ),
    ];
    for (field, request) in wrong {
        assert_eq!(
            fields(&duty.special_period(request).await.unwrap_err()),
            [field]
        );
    }
    assert_eq!(duty.rows().await?, 0);
    Ok(())
}

#[tokio::test]
async fn who_oversees_the_place_or_one_around_it_sets_a_period_and_those_near_it_see_it() -> Tested
{
    let duty = Duty::set().await?;
    let mut client = duty.at(Door::Guarded).await?;
    let of_city = period(CITY, "2026-01-05", "2026-01-07");
    for (place, post, request, code) in [
        (
            COUNTY,
            "duty-desk",
            of_county(COUNTY),
            Code::PermissionDenied,
        ),
        (COUNTY, "office", of_city, Code::InvalidArgument),
        (
            "431221",
            "office",
            of_county("431221"),
            Code::InvalidArgument,
        ),
    ] {
        let asked = by(place, post, request);
        let refused = client.set_special_period(asked).await.unwrap_err();
        assert_eq!(refused.code(), code, "{place} {post}: {refused}");
    }
    assert_eq!(duty.rows().await?, 0);
    let of_county = by(CITY, "office", of_county(CITY));
    client.set_special_period(of_county).await?;
    for door in [Door::Guarded, Door::Underneath] {
        let mut client = duty.at(door).await?;
        for (place, seen) in [(CITY, 1), ("00", 1), (TOWN, 1), (COUNTY, 1), ("431221", 0)] {
            let list = by(place, "office", pb::ListSpecialPeriodsRequest::default());
            let listed = client.list_special_periods(list).await?.into_inner();
            assert_eq!(listed.periods.len(), seen, "{place} at {door:?}");
        }
    }
    Ok(())
}
