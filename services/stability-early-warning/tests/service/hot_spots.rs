//! Hot spots: what is counted, what each day finds, and what closes it.

use chrono::TimeDelta;
use huiyin_domain::ids::{MatterId, OpinionId};
use huiyin_domain::organs;
use huiyin_domain::standing::Standing;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1 as events;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::hot_spot_service_client::HotSpotServiceClient;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::authorization;
use huiyin_service_kit::names::ServiceName::{Intake, Routing};
use huiyin_service_kit::testing::Broken;
use huiyin_service_kit::timer::Sweep;
use huiyin_service_kit::wire;
use huiyin_stability_early_warning::lists;
use tonic::Code;
use tonic::service::Routes;
use uuid::Uuid;

use crate::reporting_stage::{LAND, by, fields};
use crate::stage::{Stage, Tested, VILLAGE, holder, office, start, territories};

type Client = HotSpotServiceClient<Routes>;

const TOWN: &str = "431202001";
const COUNTY: &str = "431202";
/// Days that are quiet before the day that is not.
const QUIET: u64 = 27;

struct Watch {
    stage: Stage,
    client: Client,
    sweep: Sweep,
}

fn day(number: u64) -> Instant {
    start() + TimeDelta::days(i64::try_from(number).unwrap())
}

/// The `number`-th matter of a day.
fn matter(day: u64, number: u64) -> String {
    MatterId::from_uuid(Uuid::from_u128(u128::from(day * 1000 + number + 1))).to_string()
}

fn registered(on: u64, number: u64) -> events::MatterRegistered {
    events::MatterRegistered {
        matter_id: matter(on, number),
        number: format!("X{on}-{number}"),
        channel: words::Channel::Online.into(),
        category: words::Category::Claim.into(),
        subject: LAND.to_owned(),
        place_code: VILLAGE.to_owned(),
        persons: 1,
        registered_by: office(TOWN),
        received_time: Some(wire::timestamp(day(on))),
        ..events::MatterRegistered::default()
    }
}

impl Watch {
    async fn set() -> Result<Self, Broken> {
        let stage = Stage::set().await?;
        let mut lists = lists(stage.desk.desk.clone()).await?;
        let ended = |sweep: &Sweep| sweep.kind == "hot_spot_day";
        let sweep = lists
            .sweeps
            .remove(lists.sweeps.iter().position(ended).unwrap());
        let standings: Vec<Standing> = organs::generate(&territories())
            .into_iter()
            .map(|organ| Standing::new(organ.id, (organ.level, organ.territory), &organ.functions))
            .collect();
        let mut connection = stage.desk.database().writing().acquire().await?;
        authorization::stand(&mut connection, &standings).await?;
        drop(connection);
        Ok(Self {
            client: Client::new(stage.desk.open_to_all(lists.rpcs)),
            stage,
            sweep,
        })
    }

    /// A matter a day, and on the last day so many.
    async fn days(&self, last: u64) -> Result<usize, Broken> {
        for on in 0..QUIET {
            self.stage.desk.move_clock(day(on)).await?;
            self.hear(vec![Fact::MatterRegistered(registered(on, 0))])
                .await?;
            self.pass().await?;
        }
        self.stage.desk.move_clock(day(QUIET)).await?;
        self.pass().await?;
        let many = (0..last).map(|number| Fact::MatterRegistered(registered(QUIET, number)));
        self.hear(many.collect()).await?;
        self.stage.told().await?;
        self.stage.desk.move_clock(day(QUIET + 1)).await?;
        self.pass().await
    }

    async fn hear(&self, facts: Vec<Fact>) -> Tested {
        Ok(self.stage.hear(Intake, facts).await?)
    }

    /// Looks at every day that has ended.
    async fn pass(&self) -> Result<usize, Broken> {
        let mut fired = 0;
        loop {
            match self.stage.desk.fire(&self.sweep).await? {
                0 => return Ok(fired),
                more => fired += more,
            }
        }
    }

    async fn list(&self) -> Result<Vec<pb::HotSpot>, Broken> {
        let request = pb::ListHotSpotsRequest::default();
        Ok(self
            .client
            .clone()
            .list_hot_spots(request)
            .await?
            .into_inner()
            .hot_spots)
    }

    async fn forwarded(&self, on: u64, number: u64, to: &str) -> Tested {
        let fact = events::MatterForwarded {
            matter_id: matter(on, number),
            to_organ: to.to_owned(),
            hop: 1,
            ..events::MatterForwarded::default()
        };
        Ok(self
            .stage
            .hear(Routing, vec![Fact::MatterForwarded(fact)])
            .await?)
    }

    async fn replied(&self, on: u64, number: u64, by: &str) -> Tested {
        let fact = events::ReplyDelivered {
            matter_id: matter(on, number),
            organ_id: by.to_owned(),
            opinion_id: OpinionId::from_uuid(Uuid::nil()).to_string(),
        };
        self.hear(vec![Fact::ReplyDelivered(fact)]).await
    }

    async fn close(&self, request: pb::CloseHotSpotRequest) -> Result<pb::HotSpot, tonic::Status> {
        let answer = self.client.clone().close_hot_spot(request).await?;
        Ok(answer.into_inner().hot_spot.unwrap())
    }
}

fn closing(spot: &pb::HotSpot, organ: &str, matters: &[String]) -> pb::CloseHotSpotRequest {
    pb::CloseHotSpotRequest {
        request_id: format!("close-{organ}-{}", matters.len()),
        organ_id: organ.to_owned(),
        hot_spot_id: spot.hot_spot_id.clone(),
        matter_ids: matters.to_vec(),
        report_id: String::new(),
        words: "The compensation was paid.".to_owned(),
        post: "handling desk".to_owned(),
    }
}

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
            baseline.from_date >= "2026-01-05".to_owned() && baseline.days >= 7,
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
async fn a_hot_spot_is_closed_by_what_was_answered_and_not_by_silence() -> Tested {
    let watch = Watch::set().await?;
    let bureau = holder(COUNTY, "natural_resources");
    watch.forwarded(QUIET, 0, &bureau).await?;
    watch.days(60).await?;
    let spot = watch
        .list()
        .await?
        .into_iter()
        .find(|spot| spot.place_code == "431202000000")
        .unwrap();
    let mut owing = vec![office(TOWN), bureau.clone()];
    owing.sort();
    let owed: Vec<&str> = spot.answers.iter().map(|owed| &owed.organ_id[..]).collect();
    assert_eq!(owed, owing);
    watch.stage.desk.move_clock(day(QUIET + 400)).await?;
    watch.pass().await?;
    let now = watch
        .client
        .clone()
        .get_hot_spot(pb::GetHotSpotRequest {
            hot_spot_id: spot.hot_spot_id.clone(),
        })
        .await?;
    assert_eq!(
        now.into_inner().hot_spot.unwrap().state(),
        pb::HotSpotState::Open,
        "a year of silence closes nothing"
    );
    let first = matter(QUIET, 0);
    let refused = watch.close(closing(&spot, &bureau, &[])).await.unwrap_err();
    assert_eq!(fields(&refused), ["matter_ids"]);
    assert!(
        refused
            .message()
            .contains("closed only by what was answered"),
        "{refused}"
    );
    let refused = watch
        .close(closing(&spot, &bureau, std::slice::from_ref(&first)))
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["matter_ids[0]"], "it was not answered");
    watch.replied(QUIET, 0, &bureau).await?;
    let half = pb::CloseHotSpotRequest {
        request_id: "half".to_owned(),
        ..closing(&spot, &bureau, std::slice::from_ref(&first))
    };
    let half = watch.close(half).await?;
    assert_eq!(half.state(), pb::HotSpotState::Open);
    let of_another = closing(&spot, &office(TOWN), &[first]);
    assert_eq!(
        fields(&watch.close(of_another).await.unwrap_err()),
        ["matter_ids[0]"]
    );
    let stranger = closing(&spot, &office("4312"), &[]);
    let stranger = watch.close(stranger).await.unwrap_err();
    assert_eq!(stranger.code(), Code::InvalidArgument);
    let named = pb::CloseHotSpotRequest {
        words: "call 13800138000".to_owned(),
        ..closing(&spot, &office(TOWN), &[])
    };
    assert_eq!(fields(&watch.close(named).await.unwrap_err()), ["words"]);
    watch.replied(QUIET, 1, &office(TOWN)).await?;
    let last = closing(&spot, &office(TOWN), &[matter(QUIET, 1)]);
    let closed = watch
        .close(pb::CloseHotSpotRequest {
            request_id: "last".to_owned(),
            ..last.clone()
        })
        .await?;
    assert_eq!(closed.state(), pb::HotSpotState::Answered);
    let replies: Vec<u32> = closed.answers.iter().map(|answer| answer.replies).collect();
    assert_eq!(replies, [1, 1]);
    let again = watch
        .close(pb::CloseHotSpotRequest {
            request_id: "again".to_owned(),
            ..last
        })
        .await
        .unwrap_err();
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
