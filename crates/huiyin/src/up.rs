//! `huiyin up`: the five services over private servers, on the present time, until Ctrl-C.

use std::path::PathBuf;

use anyhow::Result;
use huiyin_service_kit::names::ServiceName;

use crate::constellation::{Constellation, Plan, Ports, asked_to_end, home};

/// What `up` is asked to do.
#[derive(Debug, clap::Args)]
pub struct UpArgs {
    /// Take any free ports instead of 7401-7405 and 9401-9405
    #[arg(long)]
    any_ports: bool,
    /// Folder for the private servers, settings and logs; what was there is replaced
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Load the territory and the generated organs of the city of Huaihua
    #[arg(long)]
    with_city: bool,
    /// Go ahead without asking (used by ./dev when something must be installed)
    #[arg(long)]
    yes: bool,
}

/// Starts everything and waits for Ctrl-C.
///
/// # Errors
/// When something does not start.
pub async fn run(args: UpArgs) -> Result<()> {
    let say = |words: &str| eprintln!("huiyin: {words}");
    let plan = Plan {
        folder: args.folder.unwrap_or_else(|| home().join("running")),
        clock: None,
        ports: if args.any_ports {
            Ports::any()?
        } else {
            Ports::documented()
        },
        otlp: None,
        postgres_settings: Vec::new(),
        profile: "development",
    };
    let constellation = Constellation::start(&plan, &say).await?;
    if args.with_city {
        crate::demo::load_city(&constellation.clients()?).await?;
        say("the city of Huaihua is loaded");
    }
    for service in ServiceName::ALL {
        println!(
            "{service:<26} gRPC {}   metrics http://{}/metrics",
            constellation.ports.listen(service),
            constellation.ports.metrics(service)
        );
    }
    println!("settings {}", constellation.settings.display());
    println!("Ctrl-C ends everything");
    asked_to_end().await?;
    constellation.stop().await
}
