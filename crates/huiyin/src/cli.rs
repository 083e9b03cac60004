//! The command line, and help a person can learn from.

use std::path::PathBuf;

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use huiyin_service_kit::authorization::rights_table;
use huiyin_service_kit::client::{Access, TokenSource};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::tls::{Identity, Keys};

use crate::connect::{Clients, Whose, keys_of};
use crate::constellation::local_settings;
use crate::{
    audit, bench, calendar, deadline, demo, keys, law, load, quarantine, register, rules, serve,
    show, up, vault, verify, watch,
};

/// Huiyin 回音: every letter, visit, call and online petition is registered, reaches the organ that must
/// answer, is answered within the law's time, and can be followed by the person who raised it.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    /// Settings file; the addresses of the services are read from it. Default: the constellation that
    /// `huiyin up` or `huiyin demo` started in this folder
    #[arg(long, global = true, env = "HUIYIN_SETTINGS", value_name = "FILE")]
    settings: Option<PathBuf>,
    /// As whom to ask: the name of a certificate, which takes the place of {who} in the section tls of the settings. Default: the post that a command is
    /// for, such as operator to load, office to show, rules-desk for rules, duty-desk to watch
    #[arg(long = "as", global = true, env = "HUIYIN_AS", value_name = "WHO")]
    whom: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play one year of a real city with generated matters, and print what came of it
    #[command(after_help = "Example: huiyin demo --once --matters 500")]
    Demo(demo::DemoArgs),
    /// Start the five services with private servers, on the present time, until Ctrl-C
    Up(up::UpArgs),
    /// Serve one or more of the five services until SIGTERM
    #[command(
        after_help = "Example: huiyin serve intake --settings intake.toml\nServices: intake, routing, supervision, stability-early-warning, statistics"
    )]
    Serve(serve::ServeArgs),
    /// Look at what the services left behind, by a role that only reads, and say what must never be true; until SIGTERM, or once
    #[command(after_help = "Example: huiyin audit --once")]
    Audit(audit::AuditArgs),
    /// Bring the tables of services up to date; all that have a section in the settings when none is named
    Migrate {
        /// Which services
        #[arg(value_name = "SERVICE")]
        services: Vec<ServiceName>,
    },
    /// Load territories, their changes, organs or matters from a CSV file; wrong rows are listed, the rest loads
    #[command(subcommand)]
    Load(LoadCommand),
    /// Register one matter and print its receipt
    #[command(
        after_help = "Example: huiyin register --channel online --category claim --subject environment --place 431202 \\\n           --received-by organ_... --request \"the river smells\""
    )]
    Register(Box<register::RegisterArgs>),
    /// Say which organ would have to answer, and why; registers and forwards nothing
    #[command(
        after_help = "Example: huiyin route --subject environment --place 431202001 --explain"
    )]
    Route(rules::RouteArgs),
    /// Say how a due day came about: the rule, its article, the calendar, and every day counted, skipped or paused
    #[command(after_help = "Example: huiyin explain XF2025000001 opinion --days")]
    Explain(deadline::ExplainArgs),
    /// Say what a due day would be, also with extensions and pauses; changes nothing
    #[command(
        after_help = "Example: huiyin simulate opinion --start 2026-01-05 --step 2026-02-01=extend:30 \\\n           --step 2026-03-01=pause:expert_appraisal --step 2026-03-11=resume:expert_appraisal"
    )]
    Simulate(deadline::SimulateArgs),
    /// Publish the work calendar of a year
    #[command(subcommand)]
    Calendar(calendar::CalendarCommand),
    /// Print, rehearse, put in force or list the competence rules
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Print the rules of the clocks, or check a file of them
    #[command(subcommand)]
    Law(law::LawCommand),
    /// Make a small authority of your own, and issue keys by it
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Turn the keys of petitions, erase petitions for good
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    /// List what services could not apply and set aside, and apply it when it is mended
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Print who may ask what, as the policies have it
    Rights,
    /// Show a matter, its progress, its clocks, an organ, a territory or an alert
    #[command(subcommand)]
    Show(show::ShowCommand),
    /// Check a receipt, or the log of a service: what is proved, and what was tampered with
    #[command(subcommand)]
    Verify(verify::VerifyCommand),
    /// Watch what reaches a duty desk
    #[command(subcommand)]
    Watch(watch::WatchCommand),
    /// Measure: intake, alert or evidence
    Bench(bench::BenchArgs),
    /// Print the completions of a shell
    #[command(
        after_help = "Example: huiyin completions bash > ~/.local/share/bash-completion/completions/huiyin"
    )]
    Completions {
        /// bash, zsh or fish
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
enum LoadCommand {
    /// Columns: code,name,level,parent; parents before children
    Territory {
        /// The file; - reads standard input
        file: PathBuf,
    },
    /// What became of territories. Columns: on,kind,from,to,document; from and to are places like "310108 闸北区",
    /// several with semicolons between. All of the file loads, or nothing
    #[command(
        after_help = "Kinds: renamed, recoded, merged, absorbed, split, redrawn, split_off, transferred, established"
    )]
    Changes {
        /// The file; - reads standard input
        file: PathBuf,
    },
    /// Columns: name,level,territory_code,functions (separated by ;) and optionally organ_id
    Organs {
        /// The file; - reads standard input
        file: PathBuf,
    },
    /// Columns: channel,category,subject,place_code,received_by,main_request and optionally received_on,
    /// persons,name,address,phone,id_number,facts
    Matters {
        /// The file; - reads standard input
        file: PathBuf,
    },
}

/// Runs the command that was given.
///
/// # Errors
/// What the command refuses, in plain words.
pub async fn run() -> Result<()> {
    let Cli {
        settings,
        whom,
        command,
    } = Cli::parse();
    let clients = |post: &str| clients(settings.clone(), whom.as_deref().unwrap_or(post));
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Up(args) => up::run(args).await,
        Command::Serve(args) => serve::serve(settings.as_deref(), &args).await,
        Command::Audit(args) => audit::run(named_or_local(settings).as_deref(), args).await,
        Command::Migrate { services } => serve::migrate(settings.as_deref(), services).await,
        Command::Load(LoadCommand::Matters { file }) => {
            let report = load::matters(&clients("office")?, load::open(&file)?).await?;
            print_report("matters", &report)
        }
        Command::Load(command) => load_file(&clients("operator")?, command).await,
        Command::Register(args) => register::run(&clients("office")?, *args).await,
        Command::Route(args) => rules::route(&clients("office")?, args).await,
        Command::Law(command) => law::run(command),
        Command::Keys(command) => keys::run(command),
        Command::Rights => {
            print!("{}", rights_table()?);
            Ok(())
        }
        Command::Rules(command) => rules::run(&clients("rules-desk")?, command).await,
        Command::Explain(args) => deadline::explain(&clients("office")?, args).await,
        Command::Simulate(args) => deadline::simulate(&clients("office")?, args).await,
        Command::Calendar(command) => calendar::run(&clients("rules-desk")?, command).await,
        Command::Vault(command) => vault::run(&clients(command.post())?, command).await,
        Command::Quarantine(command) => quarantine::run(&clients("operator")?, command).await,
        Command::Show(command) => show::run(&clients(command.post())?, command).await,
        Command::Verify(command) => verify::run(command, settings, whom.as_deref()).await,
        Command::Watch(command) => watch::run(&clients("duty-desk")?, command).await,
        Command::Bench(args) => bench::run(args).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "huiyin", &mut std::io::stdout());
            Ok(())
        }
    }
}

/// Clients that ask as somebody; the settings are those that were named, else those of the local constellation. A calling system speaks for posts by tokens, where the settings say whose are believed.
pub(crate) fn clients(settings: Option<PathBuf>, whom: &str) -> Result<Clients> {
    let settings = Settings::load(named_or_local(settings).as_deref())?;
    let keys = keys_of(&settings, whom)?;
    let whose = Whose {
        tokens: keys.as_ref().and_then(|keys| tokens(&settings, keys)),
        ..Whose::one(keys)
    };
    Clients::new(|service| settings.addresses.of(service).to_string(), &whose)
}

/// The settings file that was named, else that of the local constellation.
pub(crate) fn named_or_local(settings: Option<PathBuf>) -> Option<PathBuf> {
    settings.or_else(|| Some(local_settings()).filter(|path| path.exists()))
}

fn tokens(settings: &Settings, keys: &Keys) -> Option<TokenSource> {
    let (Identity::Caller(client), Some(believed)) = (keys.identity(), &settings.tokens) else {
        return None;
    };
    Some(TokenSource::new(Access {
        issuer: believed.issuer.clone(),
        authorities: believed.authorities.clone(),
        client,
        secret: None,
        keys: Some(keys.clone()),
    }))
}

async fn load_file(clients: &Clients, command: LoadCommand) -> Result<()> {
    match command {
        LoadCommand::Territory { file } => print_report(
            "territory",
            &load::territory(clients, load::open(&file)?).await?,
        ),
        LoadCommand::Changes { file } => {
            let report = load::changes(clients, load::open(&file)?).await?;
            for line in report.lines("changes") {
                println!("{line}");
            }
            anyhow::ensure!(
                report.problems.is_empty(),
                "{} rows are wrong; nothing of the file was kept",
                report.problems.len()
            );
            Ok(())
        }
        LoadCommand::Organs { file } => {
            print_report("organs", &load::organs(clients, load::open(&file)?).await?)
        }
        LoadCommand::Matters { file } => print_report(
            "matters",
            &load::matters(clients, load::open(&file)?).await?,
        ),
    }
}

fn print_report(what: &str, report: &load::Report) -> Result<()> {
    for line in report.lines(what) {
        println!("{line}");
    }
    anyhow::ensure!(
        report.problems.is_empty(),
        "{} rows were refused; the rest is loaded",
        report.problems.len()
    );
    Ok(())
}
