//! Hot spots: what is counted, what each day finds, and what closes it.

use huiyin_proto::events::v1 as events;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_stability_early_warning::lists;
use tonic::Code;

use crate::hot_spot_stage::{
    COUNTY, Client, QUIET, TOWN, Watch, closing, day, matter, owed, registered,
};
use crate::reporting_stage::{LAND, by, fields};
use crate::stage::{Tested, office};

#[tokio::test]
async fn a_day_with_far_more_matters_than_normal_is_found_and_explained() -> Tested {
    let watch = Watch::set().await?;
    assert_eq!(watch.days(60).await?, 1);
    let spots = watch.list().await?;
    let places: Vec<&str> = spots.iter().map(|spot| &spot.place_code[..]).collect();
    assert!(
        places.contains(&"431202001000") && places.contains(&"431202000000"),
        "{places:?}"
    );
    assert_eq!(
        spots.len(),
        2,
        "the township and the county, not the village"
    );
    for spot in &spots {
        assert_eq!(
            (spot.subject.as_str(), spot.on_date.as_str()),
            (LAND, "2026-02-01")
        );
        assert_eq!((spot.observed, spot.over_budget), (60, false));
        let bound = spot.bound_thousandths.unwrap();
        assert!(
            spot.matters >= 60 && (1_000..60_000).contains(&bound),
            "{spot:?}"
        );
        let baseline = spot.baseline.clone().unwrap();
        assert!(
            baseline.from_date.as_str() >= "2026-01-05" && baseline.days >= 7,
            "{baseline:?}"
        );
        assert!(
            baseline.mean_thousandths == 1_000 && spot.explanation.contains("60 matters"),
            "{spot:?}"
        );
        let owing: Vec<&str> = spot.answers.iter().map(|owed| &owed.organ_id[..]).collect();
        assert_eq!(
            owing,
            [office(TOWN)],
            "who has the unanswered matters in hand"
        );
        assert_eq!(spot.state(), pb::HotSpotState::Open);
    }
    let told = watch.stage.told().await?;
    assert_eq!(told.len(), 2);
    for fact in told {
        let Fact::HotSpotFound(fact) = fact else {
            panic!("only HotSpotFound is told")
        };
        assert_eq!((fact.observed, fact.organ_ids), (60, vec![office(TOWN)]));
    }
    Ok(())
}

#[tokio::test]
async fn four_matters_on_a_day_are_no_hot_spot() -> Tested {
    let watch = Watch::set().await?;
    assert_eq!(watch.days(4).await?, 1);
    assert!(watch.list().await?.is_empty());
    assert!(watch.stage.told().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_open_hot_spot_is_found_once_however_long_it_lasts() -> Tested {
    let watch = Watch::set().await?;
    watch.days(60).await?;
    for later in 1..4 {
        let many = (0..80).map(|number| Fact::MatterRegistered(registered(QUIET + later, number)));
        watch.hear(many.collect()).await?;
        watch.stage.desk.move_clock(day(QUIET + later + 1)).await?;
        assert_eq!(watch.pass().await?, 1);
    }
    assert_eq!(watch.list().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn denunciations_are_not_counted_and_a_matter_told_twice_counts_once() -> Tested {
    let watch = Watch::set().await?;
    let sealed = |number| {
        let fact = events::MatterRegistered {
            category: words::Category::Denunciation.into(),
            about_organ: office(COUNTY),
            ..registered(0, number)
        };
        Fact::MatterRegistered(fact)
    };
    watch.hear((0..90).map(sealed).collect()).await?;
    assert_eq!(
        watch
            .stage
            .count("SELECT count(*) FROM daily_count")
            .await?,
        0
    );
    assert_eq!(
        watch
            .stage
            .count("SELECT count(*) FROM timer WHERE kind = 'hot_spot_day'")
            .await?,
        0
    );
    for _ in 0..2 {
        watch
            .hear(vec![Fact::MatterRegistered(registered(0, 1))])
            .await?;
    }
    assert_eq!(
        watch
            .stage
            .count("SELECT sum(matters) FROM daily_count")
            .await?,
        2,
        "township and county"
    );
    Ok(())
}

#[tokio::test]
async fn after_weeks_without_the_service_each_day_is_looked_at_once() -> Tested {
    let watch = Watch::set().await?;
    watch
        .hear(vec![Fact::MatterRegistered(registered(0, 0))])
        .await?;
    watch.stage.desk.move_clock(day(40)).await?;
    assert_eq!(watch.pass().await?, 40);
    assert_eq!(watch.pass().await?, 0);
    assert_eq!(
        watch
            .stage
            .count("SELECT count(*) FROM timer WHERE kind = 'hot_spot_day'")
            .await?,
        1
    );
    Ok(())
}

#[tokio::test]
async fn a_year_of_silence_closes_no_hot_spot() -> Tested {
    let (watch, spot, _) = owed().await?;
    watch.stage.desk.move_clock(day(QUIET + 400)).await?;
    watch.pass().await?;
    let request = pb::GetHotSpotRequest {
        hot_spot_id: spot.hot_spot_id.clone(),
    };
    let now = watch
        .client
        .clone()
        .get_hot_spot(request)
        .await?
        .into_inner();
    assert_eq!(now.hot_spot.unwrap(), spot);
    Ok(())
}

#[tokio::test]
async fn an_answer_that_names_nothing_answered_is_refused_by_field() -> Tested {
    let (watch, spot, bureau) = owed().await?;
    watch.replied(QUIET, 0, &bureau).await?;
    let [answered, waiting] = [0, 1].map(|number| matter(QUIET, number));
    let town = office(TOWN);
    let named = pb::CloseHotSpotRequest {
        words: "call 13800138000".to_owned(),
        ..closing(&spot, &town, &[])
    };
    let reported = pb::CloseHotSpotRequest {
        report_id: "report_000000000000000000000000000000aa".to_owned(),
        ..closing(&spot, &town, &[])
    };
    let answered = std::slice::from_ref(&answered);
    for (request, field, words) in [
        (
            closing(&spot, &bureau, &[]),
            "matter_ids",
            "closed only by what was answered",
        ),
        (
            closing(&spot, &bureau, &[waiting]),
            "matter_ids[0]",
            "has delivered a reply",
        ),
        (
            closing(&spot, &town, answered),
            "matter_ids[0]",
            "has delivered a reply",
        ),
        (
            closing(&spot, &office("4312"), &[]),
            "matter_ids",
            "names no reply",
        ),
        (reported, "report_id", "has handed in since"),
        (named, "words", "looks like a phone"),
    ] {
        let refused = watch.close(request).await.unwrap_err();
        assert_eq!(fields(&refused), [field], "{refused}");
        assert!(refused.message().contains(words), "{refused}");
    }
    let statement = "SELECT count(*) FROM hot_spot_answer WHERE answered_at IS NOT NULL";
    assert_eq!(watch.stage.count(statement).await?, 0);
    Ok(())
}

#[tokio::test]
async fn the_last_answer_that_is_owed_closes_a_hot_spot() -> Tested {
    let (watch, spot, bureau) = owed().await?;
    let town = office(TOWN);
    watch.replied(QUIET, 0, &bureau).await?;
    watch.replied(QUIET, 1, &town).await?;
    let [of_bureau, of_town] = [0, 1].map(|number| matter(QUIET, number));
    let half = watch.close(closing(&spot, &bureau, &[of_bureau])).await?;
    assert_eq!(
        (half.state(), half.answered_time),
        (pb::HotSpotState::Open, None)
    );
    let last = closing(&spot, &town, &[of_town]);
    let closed = watch.close(last.clone()).await?;
    assert_eq!(closed.state(), pb::HotSpotState::Answered);
    let replies: Vec<u32> = closed.answers.iter().map(|answer| answer.replies).collect();
    assert_eq!(replies, [1, 1]);
    assert_eq!(
        watch.close(last.clone()).await?,
        closed,
        "the same request, the same answer"
    );
    let again = pb::CloseHotSpotRequest {
        request_id: "again".to_owned(),
        ..last
    };
    let again = watch.close(again).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition);
    Ok(())
}

#[tokio::test]
async fn a_hot_spot_is_seen_by_those_above_its_place_and_those_that_owe_answers() -> Tested {
    let watch = Watch::set().await?;
    watch.days(60).await?;
    let rpcs = lists(watch.stage.desk.desk.clone()).await?.rpcs;
    let more = lists(watch.stage.desk.desk.clone()).await?.rpcs;
    let spot = watch
        .list()
        .await?
        .into_iter()
        .find(|spot| spot.place_code == "431202000000")
        .unwrap();
    for routes in [
        watch.stage.desk.guarded(rpcs)?,
        watch.stage.desk.underneath(more)?,
    ] {
        let mut client = Client::new(routes);
        // the town owes the county's an answer
        for (place, seen) in [
            (TOWN, 2),
            (COUNTY, 2),
            ("4312", 2),
            ("00", 2),
            ("431221", 0),
        ] {
            let request = by(place, "office", pb::ListHotSpotsRequest::default());
            let listed = client.list_hot_spots(request).await?.into_inner().hot_spots;
            assert_eq!(listed.len(), seen, "{place}");
            let request = pb::GetHotSpotRequest {
                hot_spot_id: spot.hot_spot_id.clone(),
            };
            let got = client.get_hot_spot(by(place, "office", request)).await;
            assert_eq!(
                got.map_err(|refused| refused.code()).err(),
                (seen == 0).then_some(Code::NotFound)
            );
        }
    }
    Ok(())
}
