//! `huiyin verify`: whether what was told is still what was told.

mod log;
mod receipt;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use huiyin_service_kit::evidence::key::PublicKey;

/// What to check.
#[derive(Debug, Subcommand)]
pub enum VerifyCommand {
    /// Check a receipt without any service: whether the registration stands in the log that the service has signed
    #[command(
        after_help = "Example: huiyin verify receipt receipt.json --key intake.log.pub.pem\nThe receipt comes from: huiyin register ... --receipt receipt.json"
    )]
    Receipt(receipt::ReceiptArgs),
    /// Compute the log of a service anew from its database, and compare it with everything that was signed
    #[command(
        after_help = "Example: huiyin verify log --service intake --key intake.log.pub.pem --anchors postgres://auditor@.../huiyin\nThe database is that of the settings unless another is named; the heads that its keeper has are asked for as operator"
    )]
    Log(Box<log::LogArgs>),
}

/// Checks it.
///
/// # Errors
/// When something is wrong, or cannot be read.
pub async fn run(
    command: VerifyCommand,
    settings: Option<PathBuf>,
    whom: Option<&str>,
) -> Result<()> {
    match command {
        VerifyCommand::Receipt(args) => receipt::run(&args),
        VerifyCommand::Log(args) => log::run(*args, settings, whom).await,
    }
}

/// The public key in a file.
fn key(file: &Path) -> Result<PublicKey> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
    text.parse().with_context(|| name.to_string())
}
