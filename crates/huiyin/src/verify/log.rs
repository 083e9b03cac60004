//! Computes the log of a service anew, and says what was tampered with, and where.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use huiyin_proto::log::v1::log_service_client::LogServiceClient;
use huiyin_proto::log::v1::{ListAnchorsRequest, LogName as Word};
use huiyin_service_kit::evidence::head::{LogName, Origin, SignedHead};
use huiyin_service_kit::evidence::key::PublicKey;
use huiyin_service_kit::evidence::verify::{Keeper, LogReport, Report, Sent, VerifyError, verify};
use huiyin_service_kit::evidence::wire;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::violations::Violations;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::mpsc;
use tonic::transport::Channel;

use super::key;
use crate::cli::{clients, named_or_local};

/// Connections at most: one for each table of each log and each stream, and some more.
const CONNECTIONS: u32 = 32;
/// Heads asked for at a time.
const PAGE: u32 = 500;

/// Which log.
#[derive(Debug, clap::Args)]
pub struct LogArgs {
    /// Whose log
    #[arg(long)]
    service: ServiceName,
    /// Its database; default: that of the settings. A role that may read is enough
    #[arg(
        long,
        value_name = "URL",
        env = "HUIYIN_VERIFY_DATABASE",
        hide_env_values = true
    )]
    database: Option<SecretString>,
    /// The database of the service that keeps its heads; default: that service is asked, for the open log
    #[arg(
        long,
        value_name = "URL",
        env = "HUIYIN_VERIFY_ANCHORS",
        hide_env_values = true
    )]
    anchors: Option<SecretString>,
    /// Ask nobody for the heads that are kept elsewhere: what was cut back with its heads is then not found
    #[arg(long, conflicts_with = "anchors")]
    without_anchors: bool,
    /// A public key of the service; several when it was changed. Default: those that the keeper of its heads has seen
    #[arg(long = "key", value_name = "PUBLIC.pem")]
    keys: Vec<PathBuf>,
    /// Whose log it is by its heads; default: as the settings have it
    #[arg(long, value_name = "DOMAIN/SERVICE")]
    origin: Option<Origin>,
}

/// Checks it.
///
/// # Errors
/// When something was tampered with, or cannot be read.
pub async fn run(args: LogArgs, settings: Option<PathBuf>, whom: Option<&str>) -> Result<()> {
    let path = named_or_local(settings);
    let loaded = Settings::load(path.as_deref())?;
    let domain = loaded.tls.as_ref().map(|files| &files.trust_domain);
    let own = Origin::of(domain, args.service);
    let origin = args.origin.clone().unwrap_or(own);
    let database = match &args.database {
        Some(url) => url,
        None => {
            let section = loaded.service(args.service);
            &section
                .context("give --database, or settings that name it")?
                .database_url
        }
    };
    let pool = pool(database, args.service).await?;
    let keeper = match &args.anchors {
        Some(url) => Keeper::Database(self::pool(url, args.service.keeper()).await?),
        None if args.without_anchors => Keeper::Nobody,
        None => {
            let clients = clients(path, whom.unwrap_or("operator"))?;
            let keeper = clients.logs.get(&args.service.keeper());
            asked(keeper.context("nobody keeps its heads")?.clone(), &origin)
        }
    };
    let keys: Vec<PublicKey> = args
        .keys
        .iter()
        .map(|file| key(file))
        .collect::<Result<_>>()?;
    let report = verify(&pool, origin, (keeper, &keys)).await;
    let report = report.map_err(|error| match error {
        VerifyError::Keeper(_) => anyhow::Error::new(error)
            .context("give --anchors with its database, or --without-anchors to do without"),
        other => other.into(),
    })?;
    print!("{}", words(&report, &args));
    if !report.findings.is_empty() {
        bail!(
            "the log of {} does not hold: {} findings",
            report.origin,
            report.findings.count
        );
    }
    Ok(())
}

async fn pool(url: &SecretString, service: ServiceName) -> Result<PgPool> {
    let options: PgConnectOptions = url
        .expose_secret()
        .parse()
        .map_err(|_| anyhow::anyhow!("the database of {service} is not a postgres:// address"))?;
    let options = options
        .application_name("huiyin verify")
        .options([("search_path", service.key())]);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
    let connected = pool.connect_with(options).await;
    connected.with_context(|| format!("the database of {service} cannot be used"))
}

/// The heads of the open log as its keeper sends them; those of the sealed one are for services alone.
fn asked(keeper: LogServiceClient<Channel>, origin: &Origin) -> Keeper {
    let (sender, open): (_, Sent) = mpsc::channel(1);
    let origin = origin.to_string();
    tokio::spawn(async move {
        let outcome = send(keeper, origin, &sender).await;
        if let Err(status) = outcome {
            let error = VerifyError::Keeper(status.message().to_owned());
            // nobody listens when the check was given up
            drop(sender.send(Err(error)).await);
        }
    });
    Keeper::Sent { open, sealed: None }
}

async fn send(
    mut keeper: LogServiceClient<Channel>,
    origin: String,
    sender: &mpsc::Sender<Result<Vec<SignedHead>, VerifyError>>,
) -> Result<(), tonic::Status> {
    let mut request = ListAnchorsRequest {
        origin,
        log: Word::Open.into(),
        page_size: PAGE,
        page_token: String::new(),
    };
    loop {
        let page = keeper.list_anchors(request.clone()).await?.into_inner();
        let heads = page.anchors.iter().map(|anchor| {
            let mut violations = Violations::default();
            let head = wire::read_head(&mut violations, anchor.head.as_ref());
            let unreadable =
                || VerifyError::Keeper(format!("it sent what is no head: {violations}"));
            head.ok_or_else(unreadable)
        });
        let is_wanted = sender.send(heads.collect()).await.is_ok();
        if page.next_page_token.is_empty() || !is_wanted {
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}

fn words(report: &Report, args: &LogArgs) -> String {
    let mut lines = vec![format!("the log of {}", report.origin)];
    lines.extend(report.logs.iter().map(of_log));
    lines.push(format!(
        "  {} rows of the feed wait to be logged",
        report.waiting
    ));
    if report.findings.is_empty() {
        lines.push(
            "proved: nothing in it was deleted, changed, added, reordered or cut back since it was signed".to_owned(),
        );
    } else {
        lines.push(format!("wrong: {} findings", report.findings.count));
        let findings = report.findings.first.iter();
        lines.extend(findings.map(|finding| format!("  {finding}")));
        let told = report.findings.first.len() as u64;
        if report.findings.count > told {
            lines.push(format!("  and {} more", report.findings.count - told));
        }
    }
    lines.push("not proved:".to_owned());
    lines.extend(not_proved(report, args));
    lines.join("\n") + "\n"
}

fn of_log(log: &LogReport) -> String {
    let newest = log.newest.as_ref().map_or_else(String::new, |head| {
        format!(", the newest by the key {}", head.key)
    });
    format!(
        "  {:<7} {} entries, against {} heads of its history and {} that its keeper has{newest}",
        log.log.as_str(),
        log.entries,
        log.heads,
        log.anchors
    )
}

fn not_proved(report: &Report, args: &LogArgs) -> Vec<String> {
    let mut lines = Vec::new();
    let lacks = |name: LogName| {
        let mut logs = report.logs.iter();
        logs.any(|log| log.log == name && log.entries > 0 && log.anchors == 0)
    };
    for name in LogName::ALL.into_iter().filter(|name| lacks(*name)) {
        lines.push(format!(
            "  that the {name} log was not cut back together with its heads: no head of it that is kept elsewhere was compared"
        ));
    }
    if !report.keys_are_known {
        lines.push("  whose keys have signed: name the service's public key (--key)".to_owned());
    } else if args.keys.is_empty() {
        lines.push(
            "  whose keys have signed, but that its keeper has seen them: name the service's public key (--key)"
                .to_owned(),
        );
    }
    lines.push(
        "  what was never told, or told after the newest head that is kept elsewhere (docs/evidence.md)"
            .to_owned(),
    );
    lines
}
