//! Tells organs' own systems, outside of any transaction: what is due is claimed for so long, sent, and what came of it written.
//!
//! A webhook has at most so many attempts under way, and one while its receiver fails: a dead one holds back itself and nobody else.
//! Nothing promises an order.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use huiyin_domain::time::Instant;
use huiyin_domain::warning::webhooks::{Outcome, Then, Unanswered};
use huiyin_service_kit::outward::{OutwardAddress, OutwardError, SigningSecret};
use huiyin_service_kit::run::{Desk, Work};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::{chance, metrics};
use tokio::task::JoinSet;

use super::{Attempt, Channel, EndedBy, Webhook};
use crate::service::Service;
use crate::store::webhook_delivery::{self, Claimed};
use crate::store::{webhook, webhook_attempt};
use crate::wire::kept;

/// Attempts of one process under way at a time at most.
const UNDER_WAY: usize = 256;
/// How long an attempt that was claimed is left to who claimed it; several times as long as it may take.
const LEASE: chrono::TimeDelta = chrono::TimeDelta::seconds(30);
/// The shortest and the longest pause between two looks: another process may have written what is due.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// Tells what is due until the service stops; nothing without a key in the settings.
pub(crate) fn work(service: &Service) -> Option<Work> {
    let channel = service.webhooks.clone()?;
    let sender = Sender {
        desk: service.desk.clone(),
        channel,
    };
    Some(Work {
        name: "webhooks",
        work: Box::pin(sender.run()),
    })
}

#[derive(Clone)]
struct Sender {
    desk: Desk,
    channel: Channel,
}

impl Sender {
    async fn run(self) {
        let mut under_way = JoinSet::new();
        let mut pause = PAUSES.0;
        loop {
            let rung = self.channel.rung.notified();
            let begun = match self.begin(&mut under_way).await {
                Ok(begun) => begun,
                Err(problem) => {
                    tracing::warn!(%problem, "webhooks could not be told; trying again");
                    0
                }
            };
            pause = if begun > 0 {
                PAUSES.0
            } else {
                (pause * 2).min(PAUSES.1)
            };
            tokio::select! {
                () = rung => pause = PAUSES.0,
                Some(ended) = under_way.join_next() => {
                    pause = PAUSES.0;
                    if let Err(panicked) = ended {
                        tracing::error!(%panicked, "an attempt to tell a webhook ended by itself");
                    }
                }
                () = tokio::time::sleep(pause) => {}
                () = self.desk.stopper.stopping() => break,
            }
        }
        // what was begun is ended, within the time of one attempt
        while under_way.join_next().await.is_some() {}
    }

    /// Claims what is due, as much as there are places free, and begins to send it; says how much.
    async fn begin(&self, under_way: &mut JoinSet<()>) -> Result<usize, Problem> {
        let free = UNDER_WAY.saturating_sub(under_way.len());
        if free == 0 {
            return Ok(0);
        }
        let claimed = self.claim(free).await?;
        let many = claimed.len();
        for claimed in claimed {
            under_way.spawn(self.clone().send(claimed));
        }
        Ok(many)
    }

    async fn claim(&self, free: usize) -> Result<Vec<Claimed>, Problem> {
        let most = i64::try_from(free).unwrap_or(i64::MAX);
        self.desk
            .database
            .transaction("claim_webhook_deliveries", move |tx| {
                Box::pin(async move {
                    let now = kept(tx.now());
                    let ready = webhook_delivery::lock_ready(tx.connection(), now, most).await?;
                    let until = now + LEASE;
                    webhook_delivery::claim(tx.connection(), &ready, (now, until), most).await
                })
            })
            .await
    }

    async fn send(self, claimed: Claimed) {
        let outcome = self.attempt(&claimed).await;
        let written = match outcome {
            Ok(outcome) => self.write(&claimed, outcome).await,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = written {
            tracing::warn!(webhook = %claimed.webhook.id, %problem, "what a webhook came to was not written; it is told again");
        }
    }

    async fn attempt(&self, claimed: &Claimed) -> Result<Outcome, Problem> {
        let outward = &self.channel.outward;
        let Ok(address) = OutwardAddress::parse(&claimed.webhook.url, outward.reach()) else {
            return Ok(Outcome::Unanswered(Unanswered::NotAllowed));
        };
        let now = self.desk.database.now();
        let headers = headers(claimed, &self.secrets(&claimed.webhook, now)?, now)?;
        let body = claimed.body.clone();
        Ok(match outward.post(&address, headers, body, now).await {
            Ok(answered) => Outcome::Answered {
                status: answered.status,
                retry_after: answered.retry_after,
            },
            Err(error) => {
                tracing::debug!(webhook = %claimed.webhook.id, %error, "a webhook was not told");
                Outcome::Unanswered(match error {
                    OutwardError::NotAllowed(_) => Unanswered::NotAllowed,
                    OutwardError::NotReached(_) => Unanswered::NotReached,
                    OutwardError::TookTooLong => Unanswered::TookTooLong,
                    OutwardError::Broken(_) => Unanswered::Broken,
                })
            }
        })
    }

    /// The secrets that sign: the newest first, and for a day after a rotation the one before.
    fn secrets(&self, webhook: &Webhook, now: Instant) -> Result<Vec<SigningSecret>, Problem> {
        let former = webhook.former_until.filter(|until| now < *until);
        let former = former.and_then(|_| webhook.version.checked_sub(1));
        std::iter::once(webhook.version)
            .chain(former)
            .map(|version| self.channel.secret(webhook.id, version))
            .collect()
    }

    /// Writes what an attempt came to, unless somebody else has claimed the delivery meanwhile.
    async fn write(&self, claimed: &Claimed, outcome: Outcome) -> Result<(), Problem> {
        let wanted = claimed.clone();
        let then = self
            .desk
            .database
            .transaction("write_webhook_attempt", move |tx| {
                let claimed = wanted.clone();
                Box::pin(async move {
                    let now = kept(tx.now());
                    let id = claimed.webhook.id;
                    let Some(mut open) = webhook::lock(tx.connection(), id).await? else {
                        return Ok(None);
                    };
                    let key = (id, claimed.event);
                    if !webhook_delivery::is_still(tx.connection(), key, claimed.number).await? {
                        return Ok(None);
                    }
                    let attempt = Attempt {
                        event: claimed.event,
                        number: claimed.number,
                        at: now,
                        came_to: match outcome {
                            Outcome::Answered { status, .. } => Ok(status),
                            Outcome::Unanswered(reason) => Err(reason),
                        },
                    };
                    webhook_attempt::insert(tx.connection(), id, &attempt).await?;
                    let then = outcome.then(claimed.tries, (claimed.since, now), jittered);
                    webhook_delivery::settle(tx.connection(), key, then, now).await?;
                    webhook::count_failure(tx.connection(), id, then == Then::Delivered).await?;
                    if then == Then::Gone && open.ended.is_none() {
                        open.ended = Some((now, EndedBy::Gone));
                        webhook::end(tx.connection(), &open).await?;
                        webhook_delivery::give_up_all(tx.connection(), id, now).await?;
                    }
                    Ok::<Option<Then>, Problem>(Some(then))
                })
            })
            .await?;
        if let Some(then) = then {
            count(then);
        }
        Ok(())
    }
}

fn jittered(most: chrono::TimeDelta) -> chrono::TimeDelta {
    let most = most.to_std().unwrap_or_default();
    chrono::TimeDelta::from_std(chance::up_to(most)).unwrap_or_default()
}

fn count(then: Then) {
    let outcome = match then {
        Then::Delivered => "delivered",
        Then::Again(_) => "again",
        Then::GivenUp => "given_up",
        Then::Gone => "gone",
    };
    metrics::count("huiyin_webhook_attempts", 1, &[("outcome", outcome)]);
}

/// The headers of Standard Webhooks.
fn headers(
    claimed: &Claimed,
    secrets: &[SigningSecret],
    now: Instant,
) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
    let (id, second) = (claimed.event.to_string(), now.timestamp());
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| secret.sign(&id, second, &claimed.body))
        .collect();
    let header = |name, value: String| -> Result<(HeaderName, HeaderValue), Problem> {
        let value = HeaderValue::try_from(value)
            .map_err(|error| Problem::Unexpected(format!("a header: {error}")))?;
        Ok((HeaderName::from_static(name), value))
    };
    Ok(vec![
        header("webhook-id", id)?,
        header("webhook-timestamp", second.to_string())?,
        header("webhook-signature", signatures.join(" "))?,
    ])
}
