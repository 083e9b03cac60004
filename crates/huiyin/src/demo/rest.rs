//! Tells when the whole constellation has come to rest: nothing waits in an outbox, nothing is due, and
//! every consumer stands at the head of its stream, twice in a row without anything having moved.

use std::collections::BTreeMap;
use std::time::{Duration, Instant as Monotonic};

use anyhow::{Result, bail};
use futures::future::try_join_all;
use huiyin_domain::time::Instant;
use huiyin_proto::development::v1::clock_service_client::ClockServiceClient;
use huiyin_proto::development::v1::{GetStandingRequest, GetStandingResponse, MoveClockRequest};
use huiyin_service_kit::wire;
use tonic::Request;
use tonic::transport::Channel;

use crate::connect::{Clients, persist};

/// How long the constellation may take to come to rest. A crashed server is given time to come back.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two questions to a busy service.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(4);

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
        let started = Monotonic::now();
        let mut before: Option<Places> = None;
        loop {
            let standings = self.standings().await?;
            let heads = heads(&standings);
            match unrest(&standings, &heads) {
                None if before.as_ref() == Some(&heads) => return Ok(()),
                None => before = Some(heads),
                Some(busy) => {
                    before = None;
                    self.settle(busy, &heads, started).await?;
                }
            }
        }
    }

    /// Waits for one busy service, as far as the heads seen so far go. Only that one is asked: asking all
    /// of them again and again kept them busy for a third of the year.
    async fn settle(&self, mut busy: Busy, heads: &Places, started: Monotonic) -> Result<()> {
        let service = busy.service;
        loop {
            if started.elapsed() > PATIENCE {
                bail!("{}", busy.words);
            }
            tokio::time::sleep(BETWEEN_QUESTIONS).await;
            let standing = self.standing(&self.clients.clocks[service]).await?;
            match unrest_of(&standing, heads) {
                Some(words) => busy.words = words,
                None => return Ok(()),
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
        try_join_all(self.clients.clocks.iter().map(|clock| self.standing(clock))).await
    }

    async fn standing(&self, clock: &ClockServiceClient<Channel>) -> Result<GetStandingResponse> {
        persist("asking where a service stands", move || {
            let mut clock = clock.clone();
            async move {
                clock
                    .get_standing(Request::new(GetStandingRequest {}))
                    .await
            }
        })
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

/// A service that has not come to rest.
struct Busy {
    /// Its place among the services.
    service: usize,
    /// What waits there.
    words: String,
}

/// The first that has not come to rest; `None` when everything has.
fn unrest(standings: &[GetStandingResponse], heads: &Places) -> Option<Busy> {
    standings
        .iter()
        .enumerate()
        .find_map(|(service, standing)| {
            unrest_of(standing, heads).map(|words| Busy { service, words })
        })
}

fn unrest_of(standing: &GetStandingResponse, heads: &Places) -> Option<String> {
    if standing.outbox_rows > 0 {
        return Some(format!("{} facts wait in an outbox", standing.outbox_rows));
    }
    if standing.due_timers > 0 {
        return Some(format!(
            "{} timers are due and have not fired",
            standing.due_timers
        ));
    }
    standing.cursors.iter().find_map(|cursor| {
        let (epoch, seq) = heads.get(&cursor.stream).copied().unwrap_or((1, 0));
        let behind = (cursor.epoch, cursor.seq) < (epoch, seq);
        behind.then(|| format!("{} is read to {} of {seq}", cursor.stream, cursor.seq))
    })
}
