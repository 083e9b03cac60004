//! Hands the heads of our logs in at another service of the five and, where the settings name one, at the level above. Nothing
//! waits in memory: what could not be handed in is in the next head.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use huiyin_proto::errors::v1::ErrorReason;
use huiyin_proto::log::v1::log_service_client::LogServiceClient;
use huiyin_proto::log::v1::{AnchorHeadRequest, AnchorHeadResponse, AnchorOutcome};
use tonic::Status;
use tonic_types::StatusExt as _;

use super::head::{LogName, Origin, SignedHead};
use super::key::{LogKey, LogKeyError, PublicKey};
use super::recorder::{self, Leads, Recorder};
use super::{anchors, proof, wire};
use crate::client::{self, Calling};
use crate::database::Database;
use crate::lifecycle::Stopper;
use crate::metrics;
use crate::run::Context;
use crate::server;
use crate::settings::{Above, Address, Profile, ServiceSettings};
use crate::status::Problem;
use crate::tls::{Connector, Identity, Keys, TlsError, keep_fresh};

/// How often heads are handed in, when there are new ones.
const EVERY: Duration = Duration::from_secs(10);
/// How often a head is handed in at once, each time with the proof that was asked for.
const TRIES: u32 = 3;

/// Why the log was not started.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// There is no key.
    #[error(transparent)]
    Key(#[from] LogKeyError),
    /// Nobody could check who had signed.
    #[error(
        "log_key is missing: in the production profile the heads of the log are signed by a key that is kept"
    )]
    NoKey,
    /// The keys for the level above cannot be used.
    #[error("[log] above: {0}")]
    Above(TlsError),
}

/// Somebody who keeps our heads.
#[derive(Clone, Debug)]
pub struct Keeper {
    /// Who, as metrics call it: a service, or "above".
    pub name: &'static str,
    /// How it is reached.
    pub client: LogServiceClient<Calling>,
}

/// Starts the recorder of a service and whoever hands its heads in.
///
/// # Errors
/// What is wrong with the keys.
pub(crate) fn start(
    context: &Context,
    (database, keys): (&Database, Option<&Keys>),
    own: &ServiceSettings,
) -> Result<(), NotStarted> {
    let settings = &context.settings;
    let service = database.service();
    let domain = settings.tls.as_ref().map(|files| &files.trust_domain);
    let recorder = Recorder {
        key: Arc::new(key(own, settings.profile)?),
        origin: Origin::of(domain, service),
        suite: settings.log.suite,
    };
    let (pem, origin) = (recorder.key.public().to_pem(), recorder.origin.as_str());
    tracing::info!(
        origin,
        public_key = pem,
        "the heads of the log are signed by this key"
    );
    let (leads, stopper) = (Leads::default(), &context.stopper);
    let recording = recorder::run(database.clone(), recorder, leads.clone(), stopper.clone());
    stopper.spawn("recorder", recording);
    let mut keepers = vec![beside(
        database,
        settings.addresses.of(service.keeper()),
        keys,
    )];
    if let Some(above) = &settings.log.above {
        keepers.push(above_us(database, (above, keys), stopper)?);
    }
    for keeper in keepers {
        let anchoring = run(database.clone(), keeper, leads.clone(), stopper.clone());
        stopper.spawn("anchoring", anchoring);
    }
    Ok(())
}

fn key(own: &ServiceSettings, profile: Profile) -> Result<LogKey, NotStarted> {
    match (&own.log_key, profile) {
        (Some(reference), _) => Ok(LogKey::read(reference)?),
        (None, Profile::Production) => Err(NotStarted::NoKey),
        (None, Profile::Development) => {
            tracing::warn!(
                "without log_key the heads of the log are signed by a key that ends with this process"
            );
            Ok(LogKey::drawn()?)
        }
    }
}

/// The service of the five that keeps our heads.
fn beside(database: &Database, address: &Address, keys: Option<&Keys>) -> Keeper {
    let keeper = database.service().keeper();
    let of_keeper = Identity::Service(keeper);
    let connector = keys.map(|keys| Connector::new(keys.clone(), of_keeper));
    reached(database, (keeper.as_str(), address), connector)
}

/// The level above that keeps our heads.
fn above_us(
    database: &Database,
    (above, keys): (&Above, Option<&Keys>),
    stopper: &Stopper,
) -> Result<Keeper, NotStarted> {
    let files = above.keys.as_ref();
    let files = files.map(|files| files.of(database.service().as_str()));
    let keys = match files
        .map(Keys::load)
        .transpose()
        .map_err(NotStarted::Above)?
    {
        None => keys.cloned(),
        Some(known_above) => {
            stopper.spawn("keys", keep_fresh(known_above.clone(), stopper.clone()));
            Some(known_above)
        }
    };
    let of_above = Identity::Service(above.service);
    let connector = keys.map(|keys| Connector::new(keys, of_above));
    Ok(reached(database, ("above", &above.address), connector))
}

fn reached(
    database: &Database,
    (name, address): (&'static str, &Address),
    connector: Option<Connector>,
) -> Keeper {
    let channel = client::channel(address, connector);
    let client = LogServiceClient::new(client::calling(channel, database.service()));
    Keeper {
        name,
        client: client.max_decoding_message_size(server::MAX_ENCODE),
    }
}

/// Hands heads in at one keeper until the process stops.
async fn run(database: Database, keeper: Keeper, leads: Leads, stopper: Stopper) {
    let mut handing = Handing::at(keeper);
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stopper.stopping() => break,
        }
        // the process that logs hands in, for all of its service
        if !leads.is_leading() {
            handing.rest(&database);
            continue;
        }
        tokio::select! {
            () = handing.hand_in_all(&database) => {}
            () = stopper.stopping() => break,
        }
    }
}

/// What is known of the heads that one keeper has.
#[derive(Debug)]
pub struct Handing {
    keeper: Keeper,
    logs: BTreeMap<LogName, Known>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Size and key of the largest head that the keeper has.
    kept: Option<(u64, PublicKey)>,
    /// Since when it has not the newest.
    waits: Option<Monotonic>,
}

impl Handing {
    /// Nothing is known yet.
    #[must_use]
    pub fn at(keeper: Keeper) -> Self {
        Self {
            keeper,
            logs: BTreeMap::new(),
        }
    }

    /// Hands in the newest heads that the keeper has not, and tells how long they wait.
    pub async fn hand_in_all(&mut self, database: &Database) {
        for log in LogName::ALL {
            if let Err(problem) = self.hand_in(database, log).await {
                let to = self.keeper.name;
                tracing::warn!(%log, to, %problem, "the head of the log was not handed in");
            }
        }
        self.tell(database);
    }

    /// Forgets what it knew: somebody else hands in.
    fn rest(&mut self, database: &Database) {
        self.logs.clear();
        self.tell(database);
    }

    /// Tells for how long the keeper has lacked the newest heads.
    fn tell(&self, database: &Database) {
        let waits = self.logs.values().filter_map(|known| known.waits);
        let longest = waits.map(|since| since.elapsed().as_secs_f64());
        let labels = [
            ("service", database.service().as_str()),
            ("to", self.keeper.name),
        ];
        metrics::gauge(
            "huiyin_anchor_age_seconds",
            longest.fold(0.0, f64::max),
            &labels,
        );
    }

    /// Hands in the newest head of a log, unless the keeper has it.
    ///
    /// # Errors
    /// When the keeper does not answer, or refuses.
    pub async fn hand_in(&mut self, database: &Database, log: LogName) -> Result<(), Problem> {
        let mut reading = database.reading().await?;
        let signed = match proof::newest(&mut reading, log).await {
            Err(Problem::Unavailable { .. }) => return Ok(()),
            newest => newest?,
        };
        drop(reading);
        let newest = (signed.head.size, signed.key);
        let known = self.logs.entry(log).or_default();
        if known.kept == Some(newest) || (newest.0 == 0 && known.kept.is_none()) {
            known.waits = None;
            return Ok(());
        }
        known.waits.get_or_insert_with(Monotonic::now);
        let from = match known.kept {
            Some((size, key)) if key == signed.key => size,
            Some(_) | None => 0,
        };
        handed_in(database, &mut self.keeper, (&signed, from)).await?;
        *known = Known {
            kept: Some(newest),
            waits: None,
        };
        Ok(())
    }
}

/// Hands a head in, with the proof from whatever size the keeper wants it.
async fn handed_in(
    database: &Database,
    keeper: &mut Keeper,
    (signed, mut from): (&SignedHead, u64),
) -> Result<(), Problem> {
    for _ in 0..TRIES {
        let mut reading = database.reading().await?;
        let path = proof::grown(&mut reading, signed, (from, signed.head.size)).await?;
        drop(reading);
        let request = AnchorHeadRequest {
            head: Some(wire::head(signed)),
            from_size: from,
            path: wire::path(&path),
        };
        let answer = keeper.client.anchor_head(request).await;
        let answer = answer.map_err(|status| refused(database, signed, &status))?;
        let AnchorHeadResponse { kept_size, .. } = *answer.get_ref();
        match answer.get_ref().outcome() {
            AnchorOutcome::Kept => return Ok(()),
            AnchorOutcome::ProofWanted => from = kept_size,
            AnchorOutcome::Outdated => return Err(cut_back(database, signed, kept_size)),
            AnchorOutcome::Unspecified => break,
        }
    }
    Err(Problem::Unavailable {
        words: "it was asked for a proof again and again".to_owned(),
    })
}

fn refused(database: &Database, signed: &SignedHead, status: &Status) -> Problem {
    let words = status.message().to_owned();
    let reason = status.get_details_error_info().map(|info| info.reason);
    let reason = reason.map(|reason| format!("ERROR_REASON_{reason}"));
    if reason.as_deref() != Some(ErrorReason::HeadContradicts.as_str_name()) {
        return Problem::Unavailable { words };
    }
    let problem = Problem::HeadContradicts { words };
    anchors::alarm(database.service(), signed, &problem);
    problem
}

/// The keeper has a later head of our own key than we: what came after ours is gone here.
fn cut_back(database: &Database, signed: &SignedHead, kept: u64) -> Problem {
    let (log, size) = (signed.head.log, signed.head.size);
    let problem = Problem::HeadContradicts {
        words: format!(
            "the log {log} has {size} entries here, and its keeper has a later head with {kept}"
        ),
    };
    anchors::alarm(database.service(), signed, &problem);
    problem
}
