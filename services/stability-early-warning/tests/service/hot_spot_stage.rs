//! A county whose matters are counted day by day.

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
use tonic::service::Routes;
use uuid::Uuid;

use crate::reporting_stage::LAND;
use crate::stage::{Stage, Tested, VILLAGE, holder, office, start, territories};

pub type Client = HotSpotServiceClient<Routes>;

pub const TOWN: &str = "431202001";
pub const COUNTY: &str = "431202";
/// Days that are quiet before the day that is not.
pub const QUIET: u64 = 27;

pub struct Watch {
    pub stage: Stage,
    pub client: Client,
    pub sweep: Sweep,
}

pub fn day(number: u64) -> Instant {
    start() + TimeDelta::days(i64::try_from(number).unwrap())
}

/// The `number`-th matter of a day.
pub fn matter(day: u64, number: u64) -> String {
    MatterId::from_uuid(Uuid::from_u128(u128::from(day * 1000 + number + 1))).to_string()
}

pub fn registered(on: u64, number: u64) -> events::MatterRegistered {
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
    pub async fn set() -> Result<Self, Broken> {
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
    pub async fn days(&self, last: u64) -> Result<usize, Broken> {
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

    pub async fn hear(&self, facts: Vec<Fact>) -> Tested {
        Ok(self.stage.hear(Intake, facts).await?)
    }

    /// Looks at every day that has ended.
    pub async fn pass(&self) -> Result<usize, Broken> {
        let mut fired = 0;
        loop {
            match self.stage.desk.fire(&self.sweep).await? {
                0 => return Ok(fired),
                more => fired += more,
            }
        }
    }

    pub async fn list(&self) -> Result<Vec<pb::HotSpot>, Broken> {
        let request = pb::ListHotSpotsRequest::default();
        Ok(self
            .client
            .clone()
            .list_hot_spots(request)
            .await?
            .into_inner()
            .hot_spots)
    }

    pub async fn forwarded(&self, on: u64, number: u64, to: &str) -> Tested {
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

    pub async fn replied(&self, on: u64, number: u64, by: &str) -> Tested {
        let fact = events::ReplyDelivered {
            matter_id: matter(on, number),
            organ_id: by.to_owned(),
            opinion_id: OpinionId::from_uuid(Uuid::nil()).to_string(),
        };
        self.hear(vec![Fact::ReplyDelivered(fact)]).await
    }

    pub async fn close(
        &self,
        request: pb::CloseHotSpotRequest,
    ) -> Result<pb::HotSpot, tonic::Status> {
        let answer = self.client.clone().close_hot_spot(request).await?;
        Ok(answer.into_inner().hot_spot.unwrap())
    }
}

pub fn closing(spot: &pb::HotSpot, organ: &str, matters: &[String]) -> pb::CloseHotSpotRequest {
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

/// A hot spot of the county to which its bureau and the town owe answers.
pub async fn owed() -> Result<(Watch, pb::HotSpot, String), Broken> {
    let watch = Watch::set().await?;
    let bureau = holder(COUNTY, "natural_resources");
    watch.forwarded(QUIET, 0, &bureau).await?;
    watch.days(60).await?;
    let spots = watch.list().await?;
    let of_county = |spot: &pb::HotSpot| spot.place_code == "431202000000";
    let spot = spots.into_iter().find(of_county).unwrap();
    let mut owing = vec![office(TOWN), bureau.clone()];
    owing.sort();
    let owed: Vec<&str> = spot.answers.iter().map(|owed| &owed.organ_id[..]).collect();
    assert_eq!(owed, owing);
    Ok((watch, spot, bureau))
}
