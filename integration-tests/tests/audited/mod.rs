//! A city whose routing told its organs over the road and whose urgent reports were raised, delivered, escalated and
//! acknowledged, and an auditor that looks at it by its own role.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    missing_docs,
    reason = "shared by several test programs, each of which uses a part"
)]

use chrono::TimeDelta;
use huiyin_auditor::{Auditor, Invariant, Reach, Report, table};
use huiyin_domain::organs;
use huiyin_domain::territory::{Territory, TerritoryCode};
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1 as events;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::stability_early_warning_service_client::StabilityEarlyWarningServiceClient;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::chance;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::road::mirror;
use huiyin_service_kit::road::server::{Connection, StreamServer};
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::testing::{Broken, TestDatabase, TestDesk, streams_url};
use huiyin_service_kit::timer::Sweep;
use huiyin_service_kit::wire;
use tonic::service::Routes;

pub type Tested = Result<(), Broken>;

/// Nation, province, city, two counties, a township and a village.
const PLACES: [&str; 7] = [
    "00",
    "43",
    "4312",
    "431202",
    "431221",
    "431202001",
    "431202001001",
];
/// What a report says, and the auditor must not.
const FACTS: &str = "The dam above the village leaks.";
const MEASURES: &str = "The village is being cleared.";
const PHONE: &str = "0745-2712345";
const POST: &str = "officer on duty";

pub struct City {
    pub database: TestDatabase,
    pub routing: TestDesk,
    pub warning: TestDesk,
    pub streams: String,
    client: StabilityEarlyWarningServiceClient<Routes>,
    reactions: Vec<Reaction>,
    sweep: Sweep,
}

pub fn minute(minute: i64) -> Instant {
    let start: Instant = "2026-01-05T01:00:00Z".parse().unwrap();
    start + TimeDelta::minutes(minute)
}

fn code(text: &str) -> TerritoryCode {
    text.parse().unwrap()
}

pub fn office(place: &str) -> String {
    organs::organ_id(&code(place), organs::PETITION_OFFICE).to_string()
}

impl City {
    /// A city in which three reports were made: one acknowledged by everybody, one by nobody, one by half of them, late.
    pub async fn after_alerts() -> Result<Self, Broken> {
        let city = Self::new().await?;
        let prompt = city.raise("prompt").await?;
        city.raise("silent").await?;
        let slow = city.raise("slow").await?;
        city.carry().await?;
        for recipient in &prompt.recipients {
            city.acknowledge(&prompt, &recipient.organ_id).await?;
        }
        for half_hours in 1..=5 {
            city.pass_to(minute(30 * half_hours)).await?;
        }
        for recipient in slow.recipients.iter().step_by(2) {
            city.acknowledge(&slow, &recipient.organ_id).await?;
        }
        city.carry().await?;
        Ok(city)
    }

    /// A city that knows its organs, over routing's feed.
    pub async fn new() -> Result<Self, Broken> {
        let database = TestDatabase::new(minute(0)).await?;
        let migrations = &huiyin_routing::MIGRATIONS;
        let routing = TestDesk::over(ServiceName::Routing, migrations, &database).await?;
        let service = ServiceName::StabilityEarlyWarning;
        let migrations = &huiyin_stability_early_warning::MIGRATIONS;
        let warning = TestDesk::over(service, migrations, &database).await?;
        let mut lists = huiyin_stability_early_warning::lists(warning.desk.clone()).await?;
        let city = Self {
            client: StabilityEarlyWarningServiceClient::new(warning.open_to_all(lists.rpcs)),
            sweep: lists.sweeps.remove(0),
            reactions: lists.reactions,
            streams: streams_url().await?,
            database,
            routing,
            warning,
        };
        city.establish().await?;
        city.carry().await?;
        Ok(city)
    }

    async fn establish(&self) -> Tested {
        let told = self.routing.database().transaction("establish", |tx| {
            Box::pin(async move {
                tx.tell(territories_established());
                tx.tell(organs_established());
                Ok::<(), Problem>(())
            })
        });
        Ok(told.await?)
    }

    /// Everything that was told reaches its readers, and the mirror.
    pub async fn carry(&self) -> Tested {
        for desk in [&self.routing, &self.warning, &self.warning] {
            let told = desk.take_told().await?;
            for reaction in &self.reactions {
                let run = told.iter().filter(|row| row.stream == reaction.stream);
                let run: Vec<_> = run.cloned().collect();
                if !run.is_empty() {
                    self.warning.follow(reaction, run).await?;
                }
            }
            let mut connection = self.mirror().await?;
            mirror::compare_all(desk.database(), &mut connection).await?;
        }
        Ok(())
    }

    pub async fn mirror(&self) -> Result<Connection, Broken> {
        let server = StreamServer::open(self.streams.as_str())?;
        let connection = mirror::connect(&server).await;
        connection.ok_or_else(|| "the stream server does not answer".into())
    }

    pub async fn raise(&self, request: &str) -> Result<pb::Alert, Broken> {
        let report = pb::RaiseAlertRequest {
            request_id: format!("raise-{request}"),
            kind: words::UrgentKind::DangerToLife.into(),
            place_code: "431202001001".to_owned(),
            organ_id: office("431202"),
            persons: 120,
            happened_time: Some(wire::timestamp(minute(-40))),
            known_time: Some(wire::timestamp(minute(-21))),
            facts: FACTS.to_owned(),
            measures: MEASURES.to_owned(),
            duty_phone: PHONE.to_owned(),
            ..pb::RaiseAlertRequest::default()
        };
        let answer = self.client.clone().raise_alert(report).await?;
        Ok(answer.into_inner().alert.ok_or("no alert")?)
    }

    pub async fn acknowledge(&self, alert: &pb::Alert, organ: &str) -> Tested {
        let request = pb::AcknowledgeAlertRequest {
            request_id: chance::new_uuid().to_string(),
            alert_id: alert.alert_id.clone(),
            organ_id: organ.to_owned(),
            post: POST.to_owned(),
            take_over: false,
        };
        self.client.clone().acknowledge_alert(request).await?;
        Ok(())
    }

    /// Moves the clock and lets fall due what falls due.
    pub async fn pass_to(&self, at: Instant) -> Tested {
        self.warning.move_clock(at).await?;
        while self.warning.fire(&self.sweep).await? > 0 {}
        Ok(())
    }

    /// Changes the schema of stability-early-warning behind its back.
    pub async fn change(&self, statement: &str) -> Tested {
        let statement = format!("SET search_path TO stability_early_warning; {statement}");
        self.database.change(&statement).await
    }

    /// The settings of an auditor over routing and stability-early-warning.
    pub fn settings(&self, more: &str) -> Result<Settings, Broken> {
        let address = self.database.auditor_address()?;
        let streams = &self.streams;
        Ok(Settings::from_toml(&format!(
            "profile = \"development\"\n[streams]\nurl = \"{streams}\"\n[audit]\nrouting_database_url = \"{address}\"\n\
             stability_early_warning_database_url = \"{address}\"\n{more}\n"
        ))?)
    }

    pub fn auditor(&self) -> Result<Auditor, Broken> {
        Ok(Auditor::open(&self.settings("")?, Reach::Newest)?)
    }

    /// What an auditor sees that looks for the first time.
    pub async fn looked_at(&self) -> Result<Report, Broken> {
        let report = self.auditor()?.look().await;
        assert_eq!(report.missed, []);
        says_nothing_of_what_events_say(&report);
        Ok(report)
    }

    /// The invariants that are broken after a change.
    pub async fn broken_by(&self, statement: &str) -> Result<Vec<Invariant>, Broken> {
        self.change(statement).await?;
        Ok(self.looked_at().await?.findings.broken())
    }
}

fn says_nothing_of_what_events_say(report: &Report) {
    let said = format!("{}{report:?}", table(report));
    for words in [FACTS, MEASURES, PHONE, POST, "区"] {
        assert!(!said.contains(words), "{said}");
    }
}

fn territories() -> Vec<Territory> {
    let territory = |text: &&str| {
        let code = code(text);
        Territory {
            code,
            name: format!("{text}区"),
            level: code.level(),
            parent: code.parent(),
        }
    };
    PLACES.iter().map(territory).collect()
}

fn territories_established() -> Fact {
    let territories = territories().into_iter().map(|place| events::Territory {
        code: place.code.to_string(),
        name: place.name,
        level: level(place.level),
        parent_code: place
            .parent
            .map(|parent| parent.to_string())
            .unwrap_or_default(),
    });
    Fact::TerritoriesEstablished(events::TerritoriesEstablished {
        territories: territories.collect(),
    })
}

fn organs_established() -> Fact {
    let organs = organs::generate(&territories())
        .into_iter()
        .map(|organ| events::Organ {
            organ_id: organ.id.to_string(),
            name: organ.name,
            level: level(organ.level),
            territory_code: organ.territory.to_string(),
            functions: organ.functions,
        });
    Fact::OrgansEstablished(events::OrgansEstablished {
        organs: organs.collect(),
    })
}

fn level(level: huiyin_domain::vocabulary::Level) -> i32 {
    let name = format!("LEVEL_{}", level.as_str().to_ascii_uppercase());
    words::Level::from_str_name(&name).unwrap().into()
}
