//! Honest callers: six desks that call intake at a steady pace, whatever else happens there.

use std::time::Duration;

use huiyin_proto::intake::v1::intake_service_client::IntakeServiceClient;
use huiyin_proto::intake::v1::{GetMatterRequest, RegisterMatterRequest};
use huiyin_service_kit::names::ServiceName;
use tokio::time::{Instant, MissedTickBehavior};
use tonic::transport::Channel;

use crate::common::{Up, claim};

/// The desks.
const DESKS: [&str; 6] = [
    "registration-desk",
    "forwarding-desk",
    "handler",
    "head",
    "office",
    "sealed-desk",
];
/// Time between two calls, each of another desk than the one before: each calls 14 times a second.
const EVERY: Duration = Duration::from_millis(12);

/// The desks and a matter they look at.
pub struct Honest {
    desks: Vec<IntakeServiceClient<Channel>>,
    matter_id: String,
}

/// How long calls took, from when they were meant to be made, and how many failed.
#[derive(Clone, Debug, Default)]
pub struct Round {
    pub took: Vec<Duration>,
    pub failed: usize,
}

impl Honest {
    pub async fn new(up: &Up) -> Self {
        let request: RegisterMatterRequest = claim("looked-at");
        let registered = up.intake().await.register_matter(request).await.unwrap();
        let mut desks = Vec::new();
        for who in DESKS {
            let channel = up.channel_as(ServiceName::Intake, who).await;
            desks.push(IntakeServiceClient::new(channel));
        }
        Self {
            desks,
            matter_id: registered.into_inner().matter_id,
        }
    }

    /// Calls at a steady pace for a while. A call that is late is measured from when it was due.
    pub async fn round(&self, lasts: Duration) -> Round {
        let mut calls = tokio::task::JoinSet::new();
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let until = Instant::now() + lasts;
        for desk in self.desks.iter().cycle() {
            let due = ticks.tick().await;
            if due >= until {
                break;
            }
            let (mut desk, matter_id) = (desk.clone(), self.matter_id.clone());
            calls.spawn(async move {
                let request = GetMatterRequest {
                    matter_id,
                    ..GetMatterRequest::default()
                };
                let answer = desk.get_matter(request).await;
                (answer.map(|_| ()), due.elapsed())
            });
        }
        let mut round = Round::default();
        while let Some(call) = calls.join_next().await {
            let (answer, took) = call.unwrap();
            match answer {
                Ok(()) => round.took.push(took),
                Err(status) => {
                    eprintln!("an honest call failed: {status:?}");
                    round.failed += 1;
                }
            }
        }
        round.took.sort();
        round
    }
}

impl Round {
    /// All rounds as one.
    pub fn together(rounds: &[Self]) -> Self {
        let mut all = Self::default();
        for round in rounds {
            all.took.extend(&round.took);
            all.failed += round.failed;
        }
        all.took.sort();
        all
    }

    /// The length that this share of the calls did not exceed.
    pub fn percentile(&self, share: f64) -> Duration {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index of a few hundred calls"
        )]
        let place = ((self.took.len() as f64 * share).ceil() as usize).max(1) - 1;
        self.took[place]
    }

    pub fn p99(&self) -> Duration {
        self.percentile(0.99)
    }
}
