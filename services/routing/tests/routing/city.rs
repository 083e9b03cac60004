//! A small city over a database of its own, and a client of the service.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::organs::{self, OrganProfile, organ_id};
use huiyin_domain::territory::{Territory, TerritoryCode};
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{MatterAccepted, MatterForwarded, MatterRegistered};
use huiyin_proto::routing::v1::routing_service_client::RoutingServiceClient;
use huiyin_proto::routing::v1::*;
use huiyin_proto::vocabulary::v1::{Category, Channel, Level};
use huiyin_service_kit::chance;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::run::Lists;
use huiyin_service_kit::testing::TestDesk;
use tonic::service::Routes;

/// Where most problems of these tests are.
pub(crate) const VILLAGE: &str = "431202001003";

/// The service over a database of its own.
pub(crate) struct City {
    pub(crate) desk: TestDesk,
    pub(crate) lists: Lists,
    pub(crate) client: RoutingServiceClient<Routes>,
}

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) fn code(text: &str) -> TerritoryCode {
    text.parse().unwrap()
}

/// The organ that the rule makes.
pub(crate) fn office(territory: &str, function: &str) -> OrganId {
    organ_id(&code(territory), function)
}

pub(crate) fn level(level: huiyin_domain::vocabulary::Level) -> i32 {
    let name = format!("LEVEL_{}", level.as_str().to_uppercase());
    Level::from_str_name(&name).unwrap().into()
}

/// The places of the city, parents first.
pub(crate) fn places() -> Vec<Territory> {
    [
        ("00", "中华人民共和国"),
        ("43", "湖南省"),
        ("4312", "怀化市"),
        ("431202", "鹤城区"),
        ("431221", "中方县"),
        ("431202001", "城中街道"),
        ("431221100", "中方镇"),
        (VILLAGE, "某村"),
    ]
    .map(|(text, name)| Territory {
        code: code(text),
        name: name.to_owned(),
        level: code(text).level(),
        parent: code(text).parent(),
    })
    .to_vec()
}

pub(crate) fn territory_rows(places: &[Territory]) -> Vec<TerritoryRow> {
    let rows = places.iter().zip(1..).map(|(place, line)| TerritoryRow {
        line,
        code: place.code.to_string(),
        name: place.name.clone(),
        level: level(place.level),
        parent_code: place
            .parent
            .map(|parent| parent.to_string())
            .unwrap_or_default(),
    });
    rows.collect()
}

pub(crate) fn organ_rows(organs: &[OrganProfile]) -> Vec<OrganRow> {
    let rows = organs.iter().zip(1..).map(|(organ, line)| OrganRow {
        line,
        organ_id: organ.id.to_string(),
        name: organ.name.clone(),
        level: level(organ.level),
        territory_code: organ.territory.to_string(),
        functions: organ.functions.clone(),
    });
    rows.collect()
}

impl City {
    /// The service with empty tables.
    pub(crate) async fn empty() -> Self {
        let clock = at("2026-01-05T02:00:00Z");
        let desk = TestDesk::new(ServiceName::Routing, &huiyin_routing::MIGRATIONS, clock)
            .await
            .unwrap();
        let lists = huiyin_routing::lists(desk.desk.clone()).await.unwrap();
        let client = RoutingServiceClient::new(desk.open_to_all(lists.rpcs.clone()));
        Self {
            desk,
            lists,
            client,
        }
    }

    /// The service with the places and organs of the city loaded.
    pub(crate) async fn new() -> Self {
        let mut city = Self::empty().await;
        city.load_territories("t", territory_rows(&places()))
            .await
            .unwrap();
        let request = LoadOrgansRequest {
            request_id: "o".to_owned(),
            rows: organ_rows(&organs::generate(&places())),
        };
        city.client.load_organs(request).await.unwrap();
        city
    }

    pub(crate) async fn load_territories(
        &mut self,
        request_id: &str,
        rows: Vec<TerritoryRow>,
    ) -> Result<LoadTerritoriesResponse, tonic::Status> {
        let request = LoadTerritoriesRequest {
            request_id: request_id.to_owned(),
            rows,
        };
        Ok(self.client.load_territories(request).await?.into_inner())
    }

    /// Intake tells facts, all in one run.
    pub(crate) async fn hears(&self, facts: Vec<Fact>) {
        let now = self.desk.database().now();
        self.desk
            .react(&self.lists.reactions[0], now, facts)
            .await
            .unwrap();
    }

    /// Registers a claim in the village; gives its id.
    pub(crate) async fn claim(&self, subject: &str) -> MatterId {
        let (matter, fact) = claim(subject);
        self.hears(vec![fact]).await;
        matter
    }

    /// Everything told about the hops of a matter.
    pub(crate) async fn hops(&self, matter: MatterId) -> Vec<MatterForwarded> {
        let told = self.desk.told().await.unwrap().into_iter();
        told.filter_map(|fact| match fact {
            Fact::MatterForwarded(hop) if hop.matter_id == matter.to_string() => Some(hop),
            _ => None,
        })
        .collect()
    }

    /// The states of the hops of a matter.
    pub(crate) async fn states(&mut self, matter: MatterId) -> Vec<ForwardingState> {
        let request = ListForwardingsRequest {
            matter_id: matter.to_string(),
            ..Default::default()
        };
        let answer = self
            .client
            .list_forwardings(request)
            .await
            .unwrap()
            .into_inner();
        answer.forwardings.iter().map(Forwarding::state).collect()
    }

    /// The receiver of the latest hop objects.
    pub(crate) async fn object(&mut self, matter: MatterId) -> Result<Forwarding, tonic::Status> {
        let organ_id = self.hops(matter).await.last().unwrap().to_organ.clone();
        let request = ObjectToForwardingRequest {
            request_id: chance::new_uuid().to_string(),
            matter_id: matter.to_string(),
            organ_id,
            reason: "another department's".to_owned(),
        };
        Ok(self
            .client
            .object_to_forwarding(request)
            .await?
            .into_inner()
            .forwarding
            .unwrap())
    }

    /// The sender agrees, with or without a wish.
    pub(crate) async fn agree(
        &mut self,
        matter: MatterId,
        wish: Option<OrganId>,
    ) -> Result<Forwarding, tonic::Status> {
        let request = AgreeToObjectionRequest {
            request_id: chance::new_uuid().to_string(),
            matter_id: matter.to_string(),
            to_organ: wish.map(|organ| organ.to_string()).unwrap_or_default(),
            post: "head of the petition office".to_owned(),
        };
        Ok(self
            .client
            .agree_to_objection(request)
            .await?
            .into_inner()
            .forwarding
            .unwrap())
    }
}

/// A claim in the village and its registration.
pub(crate) fn claim(subject: &str) -> (MatterId, Fact) {
    let matter: MatterId = chance::new_id();
    let fact = MatterRegistered {
        matter_id: matter.to_string(),
        number: "2026-1".to_owned(),
        channel: Channel::Visit.into(),
        category: Category::Claim.into(),
        subject: subject.to_owned(),
        place_code: VILLAGE.to_owned(),
        persons: 1,
        registered_by: office("431202", "petition_office").to_string(),
        ..Default::default()
    };
    (matter, Fact::MatterRegistered(fact))
}

pub(crate) fn accepted(matter: MatterId, by: OrganId) -> Fact {
    Fact::MatterAccepted(MatterAccepted {
        matter_id: matter.to_string(),
        organ_id: by.to_string(),
    })
}
