//! `huiyin law`: the rules of the clocks as a file, and what is wrong with one.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use huiyin_domain::law::{self, RuleSet, rules};
use huiyin_service_kit::settings::Settings;

/// What to do with the rules of the clocks.
#[derive(Debug, Subcommand)]
pub enum LawCommand {
    /// Print the rules of this release as a file, to add a version to
    Print,
    /// Say whether a file could be given to the services by the setting law_rules, and what is wrong with it
    Check {
        /// The file, as `huiyin law print` writes it
        file: PathBuf,
    },
}

/// Runs a command about the rules.
///
/// # Errors
/// What is wrong with the file, with clock and version.
pub fn run(command: LawCommand) -> Result<()> {
    match command {
        LawCommand::Print => print!("{}", law::EMBEDDED_TEXT),
        LawCommand::Check { file } => {
            let path = file.display();
            let text = std::fs::read_to_string(&file).with_context(|| format!("{path}"))?;
            let given = RuleSet::parse(&text).with_context(|| format!("{path}"))?;
            given
                .goes_on_from(rules())
                .with_context(|| format!("{path}"))?;
            println!(
                "{path}: version {}, {} rules; nothing is wrong",
                given.version(),
                given.iter().count()
            );
        }
    }
    Ok(())
}

/// Lets the process go by the rules that the settings name.
///
/// # Errors
/// What is wrong with the file.
pub fn install(settings: &Settings) -> Result<()> {
    let Some(text) = settings.law_rules()? else {
        return Ok(());
    };
    let given = RuleSet::parse(&text).and_then(law::install);
    given.context("the file of the setting law_rules")
}
