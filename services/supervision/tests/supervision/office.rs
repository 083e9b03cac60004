//! A supervision desk with its door, and short words for what happens to a matter.

use huiyin_domain::ids::{ForwardingId, MatterId, OpinionId, OrganId};
use huiyin_domain::time::{Date, Duration, Instant, start_of_day};
use huiyin_proto::events::v1 as events;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;
use huiyin_proto::supervision::v1::{ListClocksRequest, ListOrdersRequest, Order};
use huiyin_proto::vocabulary::v1::{
    Category, ClockKind, ClockState, FailureCode, ForwardingKind, Level,
};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::run::Lists;
use huiyin_service_kit::testing::TestDesk;
use huiyin_service_kit::wire::timestamp;
use huiyin_supervision::{MIGRATIONS, lists};
use tonic::service::Routes;
use uuid::Uuid;

pub(crate) type Client = SupervisionServiceClient<Routes>;

/// A desk with the three lists of supervision over it.
pub(crate) struct Office {
    pub(crate) test: TestDesk,
    pub(crate) lists: Lists,
    /// Open to everybody.
    pub(crate) client: Client,
}

/// Ten in the morning of the day.
pub(crate) fn at(date: &str) -> Instant {
    start_of_day(date.parse::<Date>().unwrap()) + Duration::hours(10)
}

pub(crate) fn matter(number: u128) -> String {
    MatterId::from_uuid(Uuid::from_u128(number)).to_string()
}

pub(crate) fn organ(number: u128) -> String {
    OrganId::from_uuid(Uuid::from_u128(number)).to_string()
}

/// The office that registers.
pub(crate) const REGISTERING: u128 = 99;

impl Office {
    pub(crate) async fn open(date: &str) -> Self {
        let test = TestDesk::new(ServiceName::Supervision, &MIGRATIONS, at(date))
            .await
            .unwrap();
        let lists = lists(test.desk.clone()).await.unwrap();
        let client = SupervisionServiceClient::new(test.open_to_all(lists.rpcs.clone()));
        Self {
            test,
            lists,
            client,
        }
    }

    /// Intake tells, on the day.
    pub(crate) async fn intake(&self, date: &str, facts: Vec<Fact>) {
        self.test
            .react(&self.lists.reactions[0], at(date), facts)
            .await
            .unwrap();
    }

    /// Routing tells, on the day.
    pub(crate) async fn routing(&self, date: &str, facts: Vec<Fact>) {
        self.test
            .react(&self.lists.reactions[1], at(date), facts)
            .await
            .unwrap();
    }

    /// The clock moves to the day, and what is due fires.
    pub(crate) async fn comes(&self, date: &str) -> usize {
        self.test.move_clock(at(date)).await.unwrap();
        self.test.fire(&self.lists.sweeps[0]).await.unwrap()
    }

    /// What was told so far, in words.
    pub(crate) async fn told(&self) -> Vec<String> {
        self.test.told().await.unwrap().iter().map(words).collect()
    }

    /// The clocks of a matter: kind, run, due day, state.
    pub(crate) async fn clocks(&self, matter: String) -> Vec<String> {
        let request = ListClocksRequest {
            matter_id: matter,
            page_size: 0,
            page_token: String::new(),
        };
        let answer = self
            .client
            .clone()
            .list_clocks(request)
            .await
            .unwrap()
            .into_inner();
        let line = |clock: &huiyin_proto::supervision::v1::Clock| {
            format!(
                "{}/{} {} {}",
                kind(clock.kind),
                clock.cycle,
                clock.due_date,
                state(clock.state)
            )
        };
        answer.clocks.iter().map(line).collect()
    }

    /// Every order.
    pub(crate) async fn orders(&self) -> Vec<Order> {
        self.client
            .clone()
            .list_orders(ListOrdersRequest::default())
            .await
            .unwrap()
            .into_inner()
            .orders
    }

    /// The same, answered on 12 March; every organ of [`organs`] is known.
    pub(crate) async fn answered_matter(&self) {
        self.routing("2026-01-05", vec![organs()]).await;
        self.accepted_matter().await;
        self.intake("2026-03-12", vec![replied(1, 1)]).await;
    }

    /// A matter received on 5 January 2026, forwarded to organ 1 on the 7th, accepted on the 12th.
    pub(crate) async fn accepted_matter(&self) {
        self.intake("2026-01-05", vec![registered(1, "2026-01-05")])
            .await;
        self.routing("2026-01-07", vec![forwarded(1, 1, 1)]).await;
        self.intake("2026-01-12", vec![accepted(1, 1)]).await;
    }
}

/// Organ 1 of a county, organ 2 of its city, organ 3 of its province; organ 4, the county's petition office; organ 5, one
/// of another county.
pub(crate) fn organs() -> Fact {
    let rows = [
        (1, "431202000000", "natural_resources"),
        (2, "431200000000", "natural_resources"),
        (3, "430000000000", "natural_resources"),
        (4, "431202000000", "petition_office"),
        (5, "431221000000", "natural_resources"),
    ];
    let organs = rows.map(|(number, territory, function)| events::Organ {
        organ_id: organ(number),
        name: String::new(),
        level: Level::County.into(),
        territory_code: territory.to_owned(),
        functions: vec![function.to_owned()],
    });
    Fact::OrgansEstablished(events::OrgansEstablished {
        organs: organs.to_vec(),
    })
}

pub(crate) fn registered(number: u128, received: &str) -> Fact {
    Fact::MatterRegistered(events::MatterRegistered {
        matter_id: matter(number),
        number: format!("XF2026{number:06}"),
        registered_by: organ(REGISTERING),
        category: Category::Claim.into(),
        place_code: "431202".to_owned(),
        received_time: Some(timestamp(at(received))),
        ..events::MatterRegistered::default()
    })
}

pub(crate) fn forwarded(number: u128, hop: u32, to: u128) -> Fact {
    Fact::MatterForwarded(events::MatterForwarded {
        matter_id: matter(number),
        forwarding_id: forwarding(number, hop),
        to_organ: organ(to),
        kind: ForwardingKind::Transfer.into(),
        opinion_clock: true,
        hop,
        ..events::MatterForwarded::default()
    })
}

pub(crate) fn referred(number: u128) -> Fact {
    Fact::MatterForwarded(events::MatterForwarded {
        matter_id: matter(number),
        forwarding_id: forwarding(number, 1),
        to_organ: organ(7),
        kind: ForwardingKind::Refer.into(),
        hop: 1,
        ..events::MatterForwarded::default()
    })
}

fn forwarding(number: u128, hop: u32) -> String {
    ForwardingId::from_uuid(Uuid::from_u128(number * 100 + u128::from(hop))).to_string()
}

pub(crate) fn objected(number: u128, hop: u32, by: u128) -> Fact {
    let (matter_id, forwarding_id, organ_id) = (matter(number), forwarding(number, hop), organ(by));
    Fact::ForwardingObjected(events::ForwardingObjected {
        matter_id,
        forwarding_id,
        organ_id,
    })
}

pub(crate) fn objection_agreed(number: u128, hop: u32, by: u128) -> Fact {
    let (matter_id, forwarding_id, organ_id) = (matter(number), forwarding(number, hop), organ(by));
    Fact::ObjectionAgreed(events::ObjectionAgreed {
        matter_id,
        forwarding_id,
        organ_id,
    })
}

pub(crate) fn accepted(number: u128, by: u128) -> Fact {
    Fact::MatterAccepted(events::MatterAccepted {
        matter_id: matter(number),
        organ_id: organ(by),
    })
}

pub(crate) fn replied(number: u128, by: u128) -> Fact {
    let opinion_id = OpinionId::from_uuid(Uuid::from_u128(number)).to_string();
    Fact::ReplyDelivered(events::ReplyDelivered {
        matter_id: matter(number),
        organ_id: organ(by),
        opinion_id,
    })
}

pub(crate) fn withdrawn(number: u128) -> Fact {
    Fact::MatterWithdrawn(events::MatterWithdrawn {
        matter_id: matter(number),
    })
}

fn words(fact: &Fact) -> String {
    match fact {
        Fact::DeadlineSet(set) => format!("set {}/{} {}", kind(set.clock), set.cycle, set.due_date),
        Fact::DeadlineEnded(ended) => format!(
            "ended {}/{} {}",
            kind(ended.clock),
            ended.cycle,
            state(ended.state)
        ),
        Fact::DeadlinePassed(passed) => format!(
            "passed {}/{} {}",
            kind(passed.clock),
            passed.cycle,
            passed.due_date
        ),
        Fact::DeadlineExtended(extended) => {
            format!("extended {} by {}", kind(extended.clock), extended.days)
        }
        Fact::SuperviseOrderIssued(order) => {
            format!("ordered {} by {}", failure(order.failure), order.due_date)
        }
        Fact::SuperviseOrderAnswered(order) => format!("answered by {}", order.organ_id),
        Fact::RemedyRequested(told) => format!("requested {:?}", told.remedy()),
        Fact::RemedyOpinionDelivered(told) => {
            format!("delivered {:?} {:?}", told.remedy(), told.outcome())
        }
        Fact::RecommendationMade(told) => format!("recommended {:?}", told.kind()),
        Fact::RecommendationAnswered(told) => format!("recommendation {:?}", told.adoption()),
        other => format!("{other:?}"),
    }
}

fn kind(kind: i32) -> String {
    ClockKind::try_from(kind)
        .unwrap()
        .as_str_name()
        .trim_start_matches("CLOCK_KIND_")
        .to_lowercase()
}

fn state(state: i32) -> String {
    ClockState::try_from(state)
        .unwrap()
        .as_str_name()
        .trim_start_matches("CLOCK_STATE_")
        .to_lowercase()
}

pub(crate) fn failure(failure: i32) -> String {
    FailureCode::try_from(failure)
        .unwrap()
        .as_str_name()
        .trim_start_matches("FAILURE_CODE_")
        .to_lowercase()
}
