//! Writers, and what they remember.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::database::{Database, Tx};
use huiyin_service_kit::status::Problem;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use tokio::sync::watch;

use crate::history::{Outcome, Told};
use crate::process::{LEVELS, stream_of, tell};

/// What writers remember.
#[derive(Default)]
pub(crate) struct Ledger {
    /// The number of the next fact.
    pub(crate) next: AtomicI64,
    pub(crate) told: Mutex<Vec<Told>>,
}

/// One that tells facts in transactions, one after the other.
pub(crate) struct Writer {
    pub(crate) number: u32,
    pub(crate) database: Database,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) chance: ChaCha8Rng,
}

impl Writer {
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            self.tell().await;
            let pause = Duration::from_millis(self.chance.random_range(20..80));
            let stopped = stop.wait_for(|stop| *stop);
            if tokio::time::timeout(pause, stopped).await.is_ok() {
                return;
            }
        }
    }

    /// One transaction of a few facts; one in twenty refuses after it has told them.
    async fn tell(&mut self) {
        let places = [None, Some(LEVELS[0]), Some(LEVELS[1])];
        let count = self.chance.random_range(1..=4);
        let facts: Vec<(Option<Level>, i64)> = (0..count)
            .map(|_| {
                let place = places[self.chance.random_range(0..places.len())];
                (place, self.ledger.next.fetch_add(1, Ordering::SeqCst))
            })
            .collect();
        let refuses = self.chance.random_ratio(1, 20);
        let telling = facts.clone();
        let told = self.database.transaction("tell", move |tx: &mut Tx| {
            for (level, number) in &telling {
                tell(tx, *level, *number);
            }
            Box::pin(async move {
                if refuses {
                    Err(Problem::NotKnown)
                } else {
                    Ok(())
                }
            })
        });
        let outcome = match told.await {
            Ok(()) => Outcome::Confirmed,
            Err(Problem::NotKnown) => Outcome::Refused,
            Err(_) => Outcome::Unknown,
        };
        let mut ledger = self.ledger.told.lock().unwrap();
        ledger.extend(facts.into_iter().map(|(level, number)| Told {
            number,
            stream: stream_of(level),
            writer: self.number,
            outcome,
        }));
    }
}
