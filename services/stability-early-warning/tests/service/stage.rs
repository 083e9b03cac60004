//! A city with its organs, and everybody who acts on the service through its public door.

use chrono::TimeDelta;
use huiyin_domain::organs::{self, OrganProfile};
use huiyin_domain::territory::{Territory, TerritoryCode};
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1 as events;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::stability_early_warning_service_client::StabilityEarlyWarningServiceClient;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::{self, Reaction, Roads};
use huiyin_service_kit::road::{Lane, sequencer, streams};
use huiyin_service_kit::settings::{Own, WarningSettings, WebhookSettings};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::testing::{Broken, TestDesk};
use huiyin_service_kit::timer::Sweep;
use huiyin_service_kit::wire;
use huiyin_stability_early_warning::{MIGRATIONS, lists};
use tonic::service::Routes;

pub type Tested = Result<(), Broken>;
pub type Client = StabilityEarlyWarningServiceClient<Routes>;

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
pub const VILLAGE: &str = "431202001001";

pub struct Stage {
    pub desk: TestDesk,
    pub client: Client,
    pub reactions: Vec<Reaction>,
    pub sweep: Sweep,
    pub lapses: Sweep,
    /// Lets bundles ring whose time has come.
    pub rings: Sweep,
}

/// The first instant of every test.
pub fn start() -> Instant {
    "2026-01-05T01:00:00Z".parse().unwrap()
}

pub fn minute(minute: i64) -> Instant {
    start() + TimeDelta::minutes(minute)
}

pub fn code(text: &str) -> TerritoryCode {
    text.parse().unwrap()
}

pub fn territories() -> Vec<Territory> {
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

/// The id of the petition office of a place.
pub fn office(place: &str) -> String {
    holder(place, organs::PETITION_OFFICE)
}

pub fn holder(place: &str, function: &str) -> String {
    organs::organ_id(&code(place), function).to_string()
}

impl Stage {
    /// A service that knows no place and no organ yet.
    pub async fn empty() -> Result<Self, Broken> {
        Self::over(TestDesk::new(ServiceName::StabilityEarlyWarning, &MIGRATIONS, start()).await?)
            .await
    }

    /// A service that goes by these local rules and knows the city.
    pub async fn with_local_rules(rules: &str) -> Result<Self, Broken> {
        Self::given(None, Some(rules)).await
    }

    /// A service that goes by these ladders of the escalation and knows the city.
    pub async fn with_ladders(ladders: &str) -> Result<Self, Broken> {
        Self::given(Some(ladders), None).await
    }

    /// A service that goes by these ladders and local rules and knows the city.
    pub async fn with_ladders_and_local_rules(ladders: &str, rules: &str) -> Result<Self, Broken> {
        Self::given(Some(ladders), Some(rules)).await
    }

    async fn given(ladders: Option<&str>, rules: Option<&str>) -> Result<Self, Broken> {
        let mut desk =
            TestDesk::new(ServiceName::StabilityEarlyWarning, &MIGRATIONS, start()).await?;
        desk.desk.local_rules = rules.map(Into::into);
        desk.desk.escalation_ladders = ladders.map(Into::into);
        let stage = Self::over(desk).await?;
        stage.load_places().await?;
        stage.load_organs(organs::generate(&territories())).await?;
        Ok(stage)
    }

    /// A service with the city's own recipient rules in a file, that knows the city.
    pub async fn with_recipient_rules(file: &std::path::Path) -> Result<Self, Broken> {
        Self::with(WarningSettings {
            recipient_rules: Some(file.to_owned()),
            ..plain()
        })
        .await
    }

    /// A service that tells organs' own systems, and knows the city.
    pub async fn with_webhooks(webhooks: WebhookSettings) -> Result<Self, Broken> {
        Self::with(WarningSettings {
            webhooks: Some(webhooks),
            ..plain()
        })
        .await
    }

    async fn with(settings: WarningSettings) -> Result<Self, Broken> {
        let mut desk =
            TestDesk::new(ServiceName::StabilityEarlyWarning, &MIGRATIONS, start()).await?;
        desk.desk.own.own = Own::StabilityEarlyWarning(settings);
        let stage = Self::over(desk).await?;
        stage.load_places().await?;
        stage.load_organs(organs::generate(&territories())).await?;
        Ok(stage)
    }

    async fn over(desk: TestDesk) -> Result<Self, Broken> {
        let mut lists = lists(desk.desk.clone()).await?;
        let sweep = lists.sweeps.remove(0);
        let lapses = lists.sweeps.remove(0);
        let rings = |sweep: &Sweep| sweep.kind == "desk_notice";
        let rings = lists.sweeps.iter().position(rings).unwrap();
        let rings = lists.sweeps.remove(rings);
        Ok(Self {
            client: Client::new(desk.open_to_all(lists.rpcs)),
            desk,
            reactions: lists.reactions,
            sweep,
            lapses,
            rings,
        })
    }

    /// A service that knows the city.
    pub async fn set() -> Result<Self, Broken> {
        let stage = Self::empty().await?;
        stage.load_places().await?;
        stage.load_organs(organs::generate(&territories())).await?;
        Ok(stage)
    }

    pub async fn load_places(&self) -> Tested {
        let territories = territories()
            .into_iter()
            .map(|place| events::Territory {
                code: place.code.to_string(),
                name: place.name,
                level: level(place.level),
                parent_code: place
                    .parent
                    .map(|parent| parent.to_string())
                    .unwrap_or_default(),
            })
            .collect();
        let fact = Fact::TerritoriesEstablished(events::TerritoriesEstablished { territories });
        Ok(self.hear(ServiceName::Routing, vec![fact]).await?)
    }

    pub async fn load_organs(&self, organs: Vec<OrganProfile>) -> Tested {
        let organs = organs
            .into_iter()
            .map(|organ| events::Organ {
                organ_id: organ.id.to_string(),
                name: organ.name,
                level: level(organ.level),
                territory_code: organ.territory.to_string(),
                functions: organ.functions,
            })
            .collect();
        let fact = Fact::OrgansEstablished(events::OrgansEstablished { organs });
        Ok(self.hear(ServiceName::Routing, vec![fact]).await?)
    }

    /// Facts arrive on another service's ordinary stream.
    pub async fn hear(&self, from: ServiceName, facts: Vec<Fact>) -> Result<(), Problem> {
        let reaction = self
            .reactions
            .iter()
            .find(|reaction| reaction.stream == streams::ordinary(from))
            .unwrap();
        self.desk.react(reaction, start(), facts).await
    }

    /// Facts reach the desk of a level.
    pub async fn reach(
        &self,
        level: huiyin_domain::vocabulary::Level,
        facts: Vec<Fact>,
    ) -> Result<(), Problem> {
        let reaction = self
            .reactions
            .iter()
            .find(|reaction| reaction.stream == streams::alerts(level))
            .unwrap();
        self.desk.react(reaction, start(), facts).await
    }

    /// What was told since the last time, and forgets it.
    pub async fn told(&self) -> Result<Vec<Fact>, Broken> {
        let told = self.desk.told().await?;
        sqlx::raw_sql("DELETE FROM outbox; DELETE FROM outbox_urgent")
            .execute(self.desk.database().writing())
            .await?;
        Ok(told)
    }

    /// The streams that urgent facts were told on since the last time.
    pub async fn urgent_streams(&self) -> Result<Vec<String>, Broken> {
        Ok(
            sqlx::query_scalar("SELECT stream FROM outbox_urgent ORDER BY stream")
                .fetch_all(self.desk.database().writing())
                .await?,
        )
    }

    /// Moves the clock and lets lapse what nobody has reported on.
    pub async fn lapse_at(&self, at: Instant) -> Result<usize, Broken> {
        self.desk.move_clock(at).await?;
        Ok(self.desk.fire(&self.lapses).await?)
    }

    /// Moves the clock and lets fall due what falls due.
    pub async fn pass_to(&self, at: Instant) -> Result<usize, Broken> {
        self.desk.move_clock(at).await?;
        Ok(self.desk.fire(&self.sweep).await?)
    }

    /// Moves the clock and lets bundles ring whose time has come.
    pub async fn ring_at(&self, at: Instant) -> Result<usize, Broken> {
        self.desk.move_clock(at).await?;
        Ok(self.desk.fire(&self.rings).await?)
    }

    pub async fn raise(&self) -> Result<pb::Alert, Broken> {
        Ok(self
            .client
            .clone()
            .raise_alert(report())
            .await?
            .into_inner()
            .alert
            .unwrap())
    }

    pub async fn acknowledge(
        &self,
        alert: &pb::Alert,
        organ: &str,
    ) -> Result<pb::Recipient, tonic::Status> {
        let request = pb::AcknowledgeAlertRequest {
            request_id: format!("ack {organ}").replace(' ', "-"),
            alert_id: alert.alert_id.clone(),
            organ_id: organ.to_owned(),
            post: "officer on duty".to_owned(),
            take_over: false,
        };
        let answer = self.client.clone().acknowledge_alert(request).await?;
        Ok(answer.into_inner().recipient.unwrap())
    }

    pub async fn report_on(
        &self,
        alert: &pb::Alert,
        stage: words::AlertReportStage,
        organ: &str,
    ) -> Result<pb::AlertReport, tonic::Status> {
        let request = further_report(alert, stage, organ);
        let answer = self.client.clone().report_on_alert(request).await?;
        Ok(answer.into_inner().report.unwrap())
    }

    pub async fn get(&self, alert: &pb::Alert) -> Result<pb::Alert, Broken> {
        let request = pb::GetAlertRequest {
            alert_id: alert.alert_id.clone(),
        };
        Ok(self
            .client
            .clone()
            .get_alert(request)
            .await?
            .into_inner()
            .alert
            .unwrap())
    }

    pub async fn list(
        &self,
        request: pb::ListAlertsRequest,
    ) -> Result<pb::ListAlertsResponse, tonic::Status> {
        Ok(self.client.clone().list_alerts(request).await?.into_inner())
    }

    pub async fn count(&self, statement: &'static str) -> Result<i64, Broken> {
        Ok(sqlx::query_scalar(statement)
            .fetch_one(self.desk.database().writing())
            .await?)
    }

    /// I6: a recipient without acknowledgement has one armed timer, one with acknowledgement none; whoever holds an alert
    /// until somebody reports on has one for that.
    pub async fn timers_that_are_wrong(&self) -> Result<i64, Broken> {
        self.count(
            "SELECT (SELECT count(*) FROM alert_recipient
                     FULL JOIN (SELECT * FROM timer WHERE kind = 'acknowledgement') AS armed ON ref = recipient_id
                     WHERE (state = 'waiting') IS DISTINCT FROM (ref IS NOT NULL))
                  + (SELECT count(*) FROM alert_recipient
                     FULL JOIN (SELECT * FROM timer WHERE kind = 'reporting_on') AS armed ON ref = recipient_id
                     WHERE report_due IS DISTINCT FROM fire_at)",
        )
        .await
    }

    /// Runs sequencer and desks, without a stream server.
    pub fn run_road(&self) {
        let (database, stopper) = (self.desk.database(), &self.desk.desk.stopper);
        let (batches, _) = tokio::sync::mpsc::channel(1);
        stopper.spawn(
            "sequencer",
            sequencer::run(database.clone(), Lane::Urgent, batches, stopper.clone()),
        );
        for reaction in &self.reactions {
            if reaction.from == ServiceName::StabilityEarlyWarning {
                let roads = Roads {
                    streams: None,
                    feed: None,
                };
                let work =
                    consumer::run(database.clone(), reaction.clone(), roads, stopper.clone());
                stopper.spawn("consumer", work);
            }
        }
    }
}

fn plain() -> WarningSettings {
    WarningSettings {
        repeat_minutes: 30,
        hot_spots: None,
        recipient_rules: None,
        webhooks: None,
        webhook_kept_days: 90,
    }
}

/// A report of the county about its village.
pub fn report() -> pb::RaiseAlertRequest {
    pb::RaiseAlertRequest {
        request_id: "raise-1".to_owned(),
        kind: words::UrgentKind::DangerToLife.into(),
        place_code: VILLAGE.to_owned(),
        organ_id: office("431202"),
        matter_ids: Vec::new(),
        persons: 120,
        happened_time: Some(wire::timestamp(minute(-40))),
        known_time: Some(wire::timestamp(minute(-21))),
        facts: "The dam above the village leaks.".to_owned(),
        measures: "The village is being cleared.".to_owned(),
        duty_phone: "0745-2712345".to_owned(),
        recipient_rule: String::new(),
    }
}

/// A further report of an organ on an alert.
pub fn further_report(
    alert: &pb::Alert,
    stage: words::AlertReportStage,
    organ: &str,
) -> pb::ReportOnAlertRequest {
    let id = huiyin_service_kit::chance::new_uuid().simple();
    pb::ReportOnAlertRequest {
        request_id: format!("report-{id}"),
        alert_id: alert.alert_id.clone(),
        organ_id: organ.to_owned(),
        post: "duty-desk".to_owned(),
        stage: stage.into(),
        persons: 80,
        facts: "The water is falling.".to_owned(),
        measures: "Two pumps run.".to_owned(),
        corrects: 0,
    }
}

/// A visit as intake tells it.
pub fn visit(number: u128, persons: u32) -> events::MatterRegistered {
    events::MatterRegistered {
        matter_id: huiyin_domain::ids::MatterId::from_uuid(uuid::Uuid::from_u128(number))
            .to_string(),
        number: format!("X{number}"),
        channel: words::Channel::Visit.into(),
        category: words::Category::Claim.into(),
        subject: "land".to_owned(),
        place_code: VILLAGE.to_owned(),
        persons,
        registered_by: office("4312"),
        received_time: Some(wire::timestamp(start())),
        ..events::MatterRegistered::default()
    }
}

fn level(level: huiyin_domain::vocabulary::Level) -> i32 {
    let name = format!("LEVEL_{}", level.as_str().to_ascii_uppercase());
    words::Level::from_str_name(&name).unwrap().into()
}
