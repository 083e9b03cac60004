//! Tells when the whole constellation has come to rest: nothing waits in an outbox, nothing is due, and
//! every consumer stands at the head of its stream, twice in a row without anything having moved.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};
use futures::future::try_join_all;
use huiyin_domain::time::Instant;
use huiyin_proto::development::v1::{GetStandingRequest, GetStandingResponse, MoveClockRequest};
use huiyin_service_kit::wire;
use tonic::Request;

use crate::connect::{Clients, persist};

/// How long the constellation may take to come to rest. A crashed server is given time to come back.
const PATIENCE: Duration = Duration::from_secs(120);

/// Watches the standing of the five services.
pub struct Rest {
    clients: Clients,
}

type Places = BTreeMap<String, (u32, u64)>;

impl Rest {
    /// Over these services.
    #[must_use]
    pub fn new(clients: &Clients) -> Self {
        Self {
            clients: clients.clone(),
        }
    }

    /// Moves the clock of all services.
    ///
    /// # Errors
    /// When a service stays away.
    pub async fn move_clock(&self, to: Instant) -> Result<()> {
        let to_time = Some(wire::timestamp(to));
        try_join_all(self.clients.clocks.iter().map(|clock| {
            persist("moving the clock", move || {
                let mut clock = clock.clone();
                async move {
                    clock
                        .move_clock(Request::new(MoveClockRequest { to_time }))
                        .await
                }
            })
        }))
        .await?;
        Ok(())
    }

    /// Waits until everything has come to rest.
    ///
    /// # Errors
    /// When something does not come to rest within two minutes; says what.
    pub async fn come(&self) -> Result<()> {
        let started = std::time::Instant::now();
        let mut before: Option<Places> = None;
        loop {
            let standings = self.standings().await?;
            let heads = heads(&standings);
            match unrest(&standings, &heads) {
                None if before.as_ref() == Some(&heads) => return Ok(()),
                None => before = Some(heads),
                Some(words) if started.elapsed() > PATIENCE => bail!("{words}"),
                Some(_) => {
                    before = None;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
        }
    }

    /// How many entries were set aside in all services.
    ///
    /// # Errors
    /// When a service does not answer.
    pub async fn quarantined(&self) -> Result<u64> {
        Ok(self
            .standings()
            .await?
            .iter()
            .map(|standing| standing.quarantined)
            .sum())
    }

    async fn standings(&self) -> Result<Vec<GetStandingResponse>> {
        try_join_all(self.clients.clocks.iter().map(|clock| {
            persist("asking where a service stands", move || {
                let mut clock = clock.clone();
                async move {
                    clock
                        .get_standing(Request::new(GetStandingRequest {}))
                        .await
                }
            })
        }))
        .await
    }
}

fn heads(standings: &[GetStandingResponse]) -> Places {
    standings
        .iter()
        .flat_map(|standing| &standing.heads)
        .map(|head| (head.stream.clone(), (head.epoch, head.seq)))
        .collect()
}

/// What has not come to rest; `None` when everything has.
fn unrest(standings: &[GetStandingResponse], heads: &Places) -> Option<String> {
    for standing in standings {
        if standing.outbox_rows > 0 {
            return Some(format!("{} facts wait in an outbox", standing.outbox_rows));
        }
        if standing.due_timers > 0 {
            return Some(format!(
                "{} timers are due and have not fired",
                standing.due_timers
            ));
        }
        for cursor in &standing.cursors {
            let (epoch, seq) = heads.get(&cursor.stream).copied().unwrap_or((1, 0));
            if (cursor.epoch, cursor.seq) != (epoch, seq) {
                return Some(format!(
                    "{} is read to {} of {seq}",
                    cursor.stream, cursor.seq
                ));
            }
        }
    }
    None
}
