//! `huiyin quarantine`: entries that a service could not apply, and applying them when what was wrong is mended.

use anyhow::{Result, bail};
use clap::Subcommand;
use huiyin_domain::time::local;
use huiyin_proto::feed::v1::upkeep_service_client::UpkeepServiceClient;
use huiyin_proto::feed::v1::{ListQuarantineRequest, RedriveQuarantinedRequest};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::wire;
use tonic::transport::Channel;

use crate::connect::{Clients, persist};

/// Events of one call at most.
const EVENTS: usize = 100;

/// What to do with them.
#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// List what was set aside: where, why and since when, never what it says
    List {
        /// By which service; all five when none is named
        services: Vec<ServiceName>,
    },
    /// Apply entries again, each once; one that fails again stays set aside
    #[command(after_help = "Example: huiyin quarantine redrive statistics event_...")]
    Redrive {
        /// By which service
        service: ServiceName,
        /// Ids of the events, as `huiyin quarantine list` names them
        #[arg(required = true, value_name = "EVENT")]
        events: Vec<String>,
    },
}

/// Does what is asked.
///
/// # Errors
/// What the service refuses; when an entry was not applied.
pub async fn run(clients: &Clients, command: QuarantineCommand) -> Result<()> {
    match command {
        QuarantineCommand::List { services } => {
            for (service, client) in &clients.upkeep {
                if services.is_empty() || services.contains(service) {
                    list(*service, client).await?;
                }
            }
            Ok(())
        }
        QuarantineCommand::Redrive { service, events } => match clients.upkeep.get(&service) {
            Some(client) => redrive(client, &events).await,
            None => bail!("{service} has no address"),
        },
    }
}

async fn list(service: ServiceName, client: &UpkeepServiceClient<Channel>) -> Result<()> {
    let mut request = ListQuarantineRequest::default();
    loop {
        let page = persist("nothing was listed", || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.list_quarantine(request).await }
        })
        .await?;
        for entry in page.entries {
            let since = entry.set_aside_time.as_ref().and_then(wire::instant);
            let since = since.map_or_else(String::new, |since| local(since).to_string());
            println!(
                "{service}  {}  {} {}/{}  {since}  {}",
                entry.event_id, entry.stream, entry.epoch, entry.seq, entry.reason
            );
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}

async fn redrive(client: &UpkeepServiceClient<Channel>, events: &[String]) -> Result<()> {
    let (mut applied, mut failed) = (0, 0);
    for events in events.chunks(EVENTS) {
        let answer = persist("nothing was applied", || {
            let mut client = client.clone();
            let request = RedriveQuarantinedRequest {
                event_ids: events.to_vec(),
            };
            async move { client.redrive_quarantined(request).await }
        })
        .await?;
        for entry in answer.entries {
            if entry.applied {
                applied += 1;
                println!("{}  applied", entry.event_id);
            } else {
                failed += 1;
                println!("{}  failed again: {}", entry.event_id, entry.reason);
            }
        }
    }
    if applied + failed == 0 {
        println!("none of them is set aside");
    }
    if failed > 0 {
        bail!("{failed} entries failed again and stay set aside");
    }
    Ok(())
}
