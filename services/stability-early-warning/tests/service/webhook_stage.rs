//! A city whose petition office has a system of its own that is told.

use huiyin_domain::organs;
use huiyin_domain::standing::Standing;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::webhook_service_client::WebhookServiceClient;
use huiyin_service_kit::authorization;
use huiyin_service_kit::outward::SigningKey;
use huiyin_service_kit::settings::WebhookSettings;
use huiyin_service_kit::testing::Broken;
use huiyin_stability_early_warning::lists;
use secrecy::SecretString;
use tonic::Status;
use tonic::service::Routes;

use crate::receiver::{Receiver, SOON};
use crate::reporting_stage::Door;
use crate::stage::{Stage, office, territories};

pub type Client = WebhookServiceClient<Routes>;

pub const CITY: &str = "4312";

pub struct Webhooks {
    pub stage: Stage,
    pub client: Client,
}

/// Settings by which this machine is called, at these receivers' ports.
pub fn settings(receivers: &[&Receiver]) -> WebhookSettings {
    WebhookSettings {
        key: SigningKey::new(SecretString::from("k".repeat(32))),
        networks: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        ports: receivers.iter().map(|receiver| receiver.port).collect(),
        authorities: receivers.first().map(|receiver| receiver.authority.clone()),
    }
}

impl Webhooks {
    /// Everything runs: the road, the desks and what tells organs' own systems.
    pub async fn set(settings: WebhookSettings) -> Result<Self, Broken> {
        let stage = Stage::with_webhooks(settings).await?;
        let lists = lists(stage.desk.desk.clone()).await?;
        for work in lists.works {
            stage.desk.desk.stopper.spawn(work.name, work.work);
        }
        stage.run_road();
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
        })
    }

    pub async fn at(&self, door: Door) -> Result<Client, Broken> {
        let rpcs = lists(self.stage.desk.desk.clone()).await?.rpcs;
        let desk = &self.stage.desk;
        Ok(Client::new(match door {
            Door::Guarded => desk.guarded(rpcs)?,
            Door::Underneath => desk.underneath(rpcs)?,
        }))
    }

    /// The webhook of the office of a place and its secret.
    pub async fn hook(&self, place: &str, url: &str) -> Result<(pb::Webhook, String), Status> {
        let answer = self.client.clone().set_webhook(setting(place, url)).await?;
        let answer = answer.into_inner();
        Ok((answer.webhook.unwrap(), answer.secret))
    }

    pub async fn get(&self, webhook: &pb::Webhook) -> Result<pb::Webhook, Status> {
        let request = pb::GetWebhookRequest {
            organ_id: webhook.organ_id.clone(),
            webhook_id: webhook.webhook_id.clone(),
        };
        let answer = self.client.clone().get_webhook(request).await?;
        Ok(answer.into_inner().webhook.unwrap())
    }

    pub async fn deliveries(
        &self,
        webhook: &pb::Webhook,
    ) -> Result<Vec<pb::WebhookDelivery>, Status> {
        let request = pb::ListWebhookDeliveriesRequest {
            organ_id: webhook.organ_id.clone(),
            webhook_id: webhook.webhook_id.clone(),
            page_size: 200,
            ..Default::default()
        };
        let answer = self.client.clone().list_webhook_deliveries(request).await?;
        Ok(answer.into_inner().deliveries)
    }

    /// The one delivery of a webhook, once its newest attempt has the number.
    pub async fn attempted(
        &self,
        webhook: &pb::Webhook,
        number: u32,
    ) -> Result<pb::WebhookDelivery, Broken> {
        let newest = |delivery: &&pb::WebhookDelivery| {
            delivery.attempts.last().map(|attempt| attempt.number) == Some(number)
        };
        let looking = async {
            loop {
                // attempts are read behind what they came to: what stands there a second time belongs together
                let before = self.deliveries(webhook).await?;
                let deliveries = self.deliveries(webhook).await?;
                let twice = |found: &&pb::WebhookDelivery| {
                    let mut same = before.iter().filter(|one| one.event_id == found.event_id);
                    newest(found) && same.any(|one| newest(&one))
                };
                if let Some(found) = deliveries.iter().find(twice) {
                    return Ok::<pb::WebhookDelivery, Broken>(found.clone());
                }
            }
        };
        tokio::time::timeout(SOON, looking).await?
    }

    /// Waits until so many deliveries of a webhook were taken by its receiver.
    pub async fn delivered(&self, webhook: &pb::Webhook, count: usize) -> Result<(), Broken> {
        let looking = async {
            loop {
                let deliveries = self.deliveries(webhook).await?;
                let delivered = |delivery: &&pb::WebhookDelivery| {
                    delivery.state() == pb::DeliveryState::Delivered
                };
                if deliveries.iter().filter(delivered).count() == count {
                    return Ok::<(), Broken>(());
                }
            }
        };
        tokio::time::timeout(SOON, looking).await?
    }

    pub async fn redrive(&self, request: pb::RedriveDeliveriesRequest) -> Result<u32, Status> {
        let answer = self.client.clone().redrive_deliveries(request).await?;
        Ok(answer.into_inner().redriven)
    }
}

/// A webhook for everything that reaches the desk of the office of a place.
pub fn setting(place: &str, url: &str) -> pb::SetWebhookRequest {
    pb::SetWebhookRequest {
        request_id: format!("hook {place} {url}").replace([' ', ':', '/', '?', '='], "-"),
        organ_id: office(place),
        url: url.to_owned(),
        notices: Vec::new(),
        concurrency: 0,
    }
}
