//! `huiyin bench`: each bench is paired and interleaved with its limit in one run.

use anyhow::Result;

/// Which bench.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// intake or alert
    name: String,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Runs a bench.
///
/// # Errors
/// When the name is unknown or something does not start.
pub async fn run(args: BenchArgs) -> Result<()> {
    anyhow::bail!("unknown bench {}; there are: intake, alert", args.name)
}
