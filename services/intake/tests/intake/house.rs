//! One intake over a database of its own, that knows a city, a county, a township and their organs.

use std::sync::Arc;

use huiyin_domain::ids::{ForwardingId, OpinionId, OrganId};
use huiyin_domain::organs;
use huiyin_domain::territory::{Territory, TerritoryCode};
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{self as events, MatterForwarded, OpinionIssued};
use huiyin_proto::intake::v1::intake_service_client::IntakeServiceClient;
use huiyin_proto::intake::v1::vault_service_client::VaultServiceClient;
use huiyin_proto::intake::v1::*;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::chance;
use huiyin_service_kit::evidence::digest::HashSuite;
use huiyin_service_kit::evidence::head::Origin;
use huiyin_service_kit::evidence::key::LogKey;
use huiyin_service_kit::evidence::recorder::Recorder;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::testing::TestDesk;
use tonic::service::Routes;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

/// A village of the county.
pub(crate) const VILLAGE: &str = "431202001001";
/// Another one.
pub(crate) const OTHER_VILLAGE: &str = "431202001002";

pub(crate) struct House {
    pub(crate) test: TestDesk,
    /// Open to everybody.
    pub(crate) intake: IntakeServiceClient<Routes>,
    /// Behind the policies.
    pub(crate) guarded: IntakeServiceClient<Routes>,
    /// The vault, behind the policies.
    pub(crate) vault: VaultServiceClient<Routes>,
    routing: Reaction,
    supervision: Reaction,
    /// Logs what was told, when it is asked to.
    pub(crate) recorder: Recorder,
}

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// The organ with a function in a place.
pub(crate) fn organ(place: &str, function: &str) -> OrganId {
    organs::organ_id(&place.parse().unwrap(), function)
}

/// The petition office of the county.
pub(crate) fn office() -> OrganId {
    organ("431202", organs::PETITION_OFFICE)
}

fn territories() -> Vec<Territory> {
    let place = |code: &str, name: &str| {
        let code: TerritoryCode = code.parse().unwrap();
        Territory {
            code,
            name: name.to_owned(),
            level: code.level(),
            parent: code.parent(),
        }
    };
    vec![
        place("000000000000", "中华人民共和国"),
        place("43", "湖南省"),
        place("4312", "怀化市"),
        place("431202", "鹤城区"),
        place("431202001", "城中街道"),
        place(VILLAGE, "一村"),
        place(OTHER_VILLAGE, "二村"),
    ]
}

/// The words of a level start with the unspecified one.
fn level(level: huiyin_domain::vocabulary::Level) -> i32 {
    let index = huiyin_domain::vocabulary::Level::all()
        .iter()
        .position(|known| *known == level)
        .unwrap();
    i32::try_from(index).unwrap() + 1
}

fn established() -> Vec<Fact> {
    let territories = territories();
    let places = territories.iter().map(|place| events::Territory {
        code: place.code.to_string(),
        name: place.name.clone(),
        level: level(place.level),
        parent_code: place
            .parent
            .map(|parent| parent.to_string())
            .unwrap_or_default(),
    });
    let organs = organs::generate(&territories)
        .into_iter()
        .map(|organ| events::Organ {
            organ_id: organ.id.to_string(),
            name: organ.name,
            level: level(organ.level),
            territory_code: organ.territory.to_string(),
            functions: organ.functions,
        });
    vec![
        Fact::TerritoriesEstablished(events::TerritoriesEstablished {
            territories: places.collect(),
        }),
        Fact::OrgansEstablished(events::OrgansEstablished {
            organs: organs.collect(),
        }),
    ]
}

impl House {
    /// Open since the morning of Monday, 3 March 2025.
    pub(crate) async fn open() -> Self {
        let house = Self::empty().await;
        house.routing_tells(established()).await;
        house
    }

    /// Before anything was loaded.
    pub(crate) async fn empty() -> Self {
        let test = TestDesk::new(
            ServiceName::Intake,
            &huiyin_intake::MIGRATIONS,
            at("2025-03-03T01:00:00Z"),
        );
        let test = test.await.unwrap();
        let mut lists = huiyin_intake::lists(test.desk.clone()).await.unwrap();
        let supervision = lists.reactions.swap_remove(1);
        let routing = lists.reactions.swap_remove(0);
        let guarded = test.guarded(lists.rpcs.clone()).unwrap();
        let open = test.open_to_all(lists.rpcs);
        Self {
            test,
            intake: IntakeServiceClient::new(open),
            guarded: IntakeServiceClient::new(guarded.clone()),
            vault: VaultServiceClient::new(guarded),
            routing,
            supervision,
            recorder: Recorder {
                key: Arc::new(LogKey::drawn().unwrap()),
                origin: Origin::of(None, ServiceName::Intake),
                suite: HashSuite::Sha256,
            },
        }
    }

    pub(crate) async fn now(&self) -> Instant {
        self.test.database().now()
    }

    pub(crate) async fn move_clock(&self, to: &str) {
        self.test.move_clock(at(to)).await.unwrap();
    }

    /// Routing tells facts that happen now, in one run.
    pub(crate) async fn routing_tells(&self, facts: Vec<Fact>) {
        self.test
            .react(&self.routing, self.now().await, facts)
            .await
            .unwrap();
    }

    /// Supervision tells facts that happen now, in one run.
    pub(crate) async fn supervision_tells(&self, facts: Vec<Fact>) {
        self.test
            .react(&self.supervision, self.now().await, facts)
            .await
            .unwrap();
    }

    pub(crate) async fn register(&self, request: RegisterMatterRequest) -> RegisterMatterResponse {
        self.intake
            .clone()
            .register_matter(request)
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn matter(&self, matter_id: &str) -> Matter {
        let request = GetMatterRequest {
            matter_id: matter_id.to_owned(),
            number: String::new(),
        };
        self.intake
            .clone()
            .get_matter(request)
            .await
            .unwrap()
            .into_inner()
            .matter
            .unwrap()
    }

    /// An organ that handles a matter reads its petition.
    pub(crate) async fn read(&self, matter_id: &str, organ: OrganId) -> ReadPetitionResponse {
        let request = ReadPetitionRequest {
            matter_id: matter_id.to_owned(),
            organ_id: organ.to_string(),
            purpose: "examination of the facts".to_owned(),
        };
        let answer = self.intake.clone().read_petition(request).await;
        answer.unwrap().into_inner()
    }

    /// Registers a claim, and routing sends it to the township.
    pub(crate) async fn forwarded(&self) -> (RegisterMatterResponse, OrganId) {
        let receipt = self.register(petition("forwarded")).await;
        let township = organ("431202001", organs::TOWNSHIP_GOVERNMENT);
        self.routing_tells(vec![forwarding(
            &receipt.matter_id,
            township,
            words::ForwardingKind::Transfer,
        )])
        .await;
        (receipt, township)
    }

    /// The same, accepted, and its opinion issued.
    pub(crate) async fn answered(&self) -> (RegisterMatterResponse, OrganId) {
        let (receipt, organ) = self.forwarded().await;
        self.intake
            .clone()
            .accept_matter(acceptance(&receipt.matter_id, organ))
            .await
            .unwrap();
        self.routing_tells(vec![opinion(&receipt.matter_id, organ)])
            .await;
        (receipt, organ)
    }

    /// The same, and delivered.
    pub(crate) async fn replied(&self) -> (RegisterMatterResponse, OrganId) {
        let (receipt, organ) = self.answered().await;
        self.intake
            .clone()
            .deliver_reply(delivery(&receipt.matter_id, organ))
            .await
            .unwrap();
        (receipt, organ)
    }

    /// What was told is sequenced and logged.
    pub(crate) async fn logged(&self) {
        self.test.record(&self.recorder).await.unwrap();
    }

    /// How many rows a table has.
    pub(crate) async fn rows(&self, table: &'static str) -> i64 {
        use huiyin_service_kit::database::Database;
        let database: &Database = self.test.database();
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(database.writing())
            .await
            .unwrap()
    }
}

/// A claim by a petitioner who gives nothing to be known by.
pub(crate) fn petition(request_id: &str) -> RegisterMatterRequest {
    RegisterMatterRequest {
        request_id: request_id.to_owned(),
        channel: words::Channel::Letter.into(),
        category: words::Category::Claim.into(),
        subject: "environment".to_owned(),
        place_code: VILLAGE.to_owned(),
        received_by: office().to_string(),
        main_request: "the well is dirty".to_owned(),
        ..RegisterMatterRequest::default()
    }
}

pub(crate) fn forwarding(matter_id: &str, to: OrganId, kind: words::ForwardingKind) -> Fact {
    let forwarding_id: ForwardingId = chance::new_id();
    Fact::MatterForwarded(MatterForwarded {
        matter_id: matter_id.to_owned(),
        forwarding_id: forwarding_id.to_string(),
        from_organ: office().to_string(),
        to_organ: to.to_string(),
        kind: kind.into(),
        hop: 1,
        place_code: VILLAGE.to_owned(),
        ..MatterForwarded::default()
    })
}

pub(crate) fn opinion(matter_id: &str, by: OrganId) -> Fact {
    let opinion_id: OpinionId = chance::new_id();
    Fact::OpinionIssued(OpinionIssued {
        matter_id: matter_id.to_owned(),
        organ_id: by.to_string(),
        opinion_id: opinion_id.to_string(),
        kind: words::OpinionKind::Support.into(),
    })
}

pub(crate) fn acceptance(matter_id: &str, organ: OrganId) -> AcceptMatterRequest {
    AcceptMatterRequest {
        matter_id: matter_id.to_owned(),
        organ_id: organ.to_string(),
        request_id: "accept".to_owned(),
    }
}

pub(crate) fn delivery(matter_id: &str, organ: OrganId) -> DeliverReplyRequest {
    DeliverReplyRequest {
        matter_id: matter_id.to_owned(),
        organ_id: organ.to_string(),
        request_id: "deliver".to_owned(),
    }
}

pub(crate) fn withdrawal(receipt: &RegisterMatterResponse) -> WithdrawMatterRequest {
    WithdrawMatterRequest {
        number: receipt.number.clone(),
        query_code: receipt.query_code.clone(),
        request_id: "withdraw".to_owned(),
    }
}

/// Code and reason of a refusal.
pub(crate) fn refusal(status: &Status) -> (Code, String) {
    (
        status.code(),
        status.get_details_error_info().unwrap().reason,
    )
}

/// As a post of an organ asks.
pub(crate) fn by<T>(organ: OrganId, post: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let caller = format!("organ/{organ}/post/{post}");
    request
        .metadata_mut()
        .insert("x-huiyin-caller", caller.parse().unwrap());
    request
}
