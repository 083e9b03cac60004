//! `huiyin route` and `huiyin rules`: who would have to answer and why, and the competence rules themselves.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use huiyin_domain::routing::{CompetenceFile, CompetenceRules};
use huiyin_proto::routing::v1 as proto;
use huiyin_proto::routing::v1::{
    ActivateRulesRequest, DecideCompetenceRequest, ListRulesRequest, Organ, Reason,
    RehearseRulesRequest, RulesVersion,
};
use huiyin_proto::stability_early_warning::v1::ListRecipientRulesRequest;
use huiyin_proto::vocabulary::v1 as words;
use tonic::Request;

use crate::connect::{Clients, persist};
use crate::load::word;

/// A matter as competence sees it.
#[derive(Debug, clap::Args)]
pub struct RouteArgs {
    /// suggestion, denunciation or claim
    #[arg(long, default_value = "claim")]
    category: String,
    /// Code of the subject, for example environment or land_and_homestead
    #[arg(long)]
    subject: String,
    /// Code of the place of the problem: 2, 4, 6, 9 or 12 digits
    #[arg(long, value_name = "CODE")]
    place: String,
    /// Id of the organ the matter is about
    #[arg(long, value_name = "ORGAN", default_value = "")]
    about: String,
    /// As of this day, like 2026-01-31
    #[arg(long, value_name = "DATE", default_value = "")]
    on: String,
    /// Decide by the rules of this file instead of those in force
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Say why, rule by rule
    #[arg(long)]
    explain: bool,
}

/// What to do with competence rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Print the rules in force today as a file, to change and rehearse
    Print,
    /// Decide on past matters under the rules of a file and say which would go elsewhere; changes nothing
    #[command(after_help = "Example: huiyin rules rehearse rules-2027.json --since 2026-01-01")]
    Rehearse {
        /// The file, as `huiyin rules print` writes it
        file: PathBuf,
        /// Only matters forwarded for the first time on this day or later, like 2026-01-31
        #[arg(long, value_name = "DATE", default_value = "")]
        since: String,
    },
    /// Put the rules of a file in force from their first day on, by the decision of a named post
    Activate {
        /// The file, as `huiyin rules print` writes it
        file: PathBuf,
        /// The post that decides, not a person's name
        #[arg(long)]
        post: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// List the versions
    List,
    /// Print by which rules urgent reports can find their recipients: those of this release and the city's own
    Recipients,
}

/// Prints who would have to answer.
///
/// # Errors
/// Lists every field at fault.
pub async fn route(clients: &Clients, args: RouteArgs) -> Result<()> {
    let category =
        word("CATEGORY", &args.category, words::Category::from_str_name).ok_or_else(|| {
            anyhow::anyhow!("--category: allowed are suggestion, denunciation, claim")
        })?;
    let proposed = args.rules.as_deref().map(read).transpose()?;
    let request = DecideCompetenceRequest {
        category: category.into(),
        subject: args.subject,
        place_code: args.place,
        about_organ: args.about,
        on_date: args.on,
        proposed_rules: proposed.as_ref().map(told),
    };
    let answer = persist("nothing was decided", || {
        let (mut routing, request) = (clients.routing.clone(), Request::new(request.clone()));
        async move { routing.decide_competence(request).await }
    })
    .await?;
    let kind = answer.kind().as_str_name();
    let kind = word_of(kind, "FORWARDING_KIND_");
    println!("{kind} to {}", organ(answer.organ.as_ref()));
    if args.explain {
        for reason in &answer.reasons {
            println!("  {}", because(reason));
        }
        println!("  rules of version {}", answer.rules_version);
    }
    Ok(())
}

/// Does what is asked with competence rules.
///
/// # Errors
/// Names the file and what is wrong in it, or what the service refuses.
pub async fn run(clients: &Clients, command: RulesCommand) -> Result<()> {
    match command {
        RulesCommand::Print => print(clients).await,
        RulesCommand::Rehearse { file, since } => rehearse(clients, &file, since).await,
        RulesCommand::Activate { file, post, reason } => {
            activate(clients, &file, post, reason).await
        }
        RulesCommand::List => list(clients).await,
        RulesCommand::Recipients => recipients(clients).await,
    }
}

/// Reads and checks a file of rules.
fn read(path: &Path) -> Result<CompetenceFile> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let rules = CompetenceRules::parse(&text).with_context(|| path.display().to_string())?;
    Ok(rules.file().clone())
}

fn told(file: &CompetenceFile) -> proto::CompetenceRules {
    let rules = file.rules.iter().map(|rule| {
        let level = format!("LEVEL_{}", rule.level.as_str().to_ascii_uppercase());
        proto::CompetenceRule {
            subject: rule.subject.clone(),
            place_code: rule.place.to_string(),
            level: words::Level::from_str_name(&level)
                .unwrap_or_default()
                .into(),
            function: rule.function.clone().unwrap_or_default(),
        }
    });
    proto::CompetenceRules {
        version: file.version.clone(),
        valid_from: file.valid_from.to_string(),
        source: file.source.clone(),
        rules: rules.collect(),
    }
}

async fn rehearse(clients: &Clients, file: &Path, since_date: String) -> Result<()> {
    let request = RehearseRulesRequest {
        rules: Some(told(&read(file)?)),
        since_date,
    };
    let answer = persist("the rules were not rehearsed", || {
        let (mut routing, request) = (clients.routing.clone(), Request::new(request.clone()));
        async move { routing.rehearse_rules(request).await }
    })
    .await?;
    println!(
        "{} matters decided on; {} would go elsewhere than under version {}, {} of them to nobody",
        answer.considered, answer.elsewhere, answer.compared_with, answer.unrouted
    );
    for moved in &answer.moves {
        let (from, to) = (organ(moved.from.as_ref()), organ(moved.to.as_ref()));
        println!("{:>7}  {}: {from} -> {to}", moved.matters, moved.subject);
        for reason in &moved.reasons {
            println!("         {}", because(reason));
        }
        println!(
            "         for example {}",
            moved.example_matter_ids.join(", ")
        );
    }
    if answer.more_moves {
        println!("and more that are not listed");
    }
    Ok(())
}

async fn activate(clients: &Clients, file: &Path, post: String, reason: String) -> Result<()> {
    let request = ActivateRulesRequest {
        request_id: huiyin_service_kit::chance::new_uuid().to_string(),
        rules: Some(told(&read(file)?)),
        post,
        reason,
    };
    let answer = persist("the rules were not put in force", || {
        let (mut routing, request) = (clients.routing.clone(), Request::new(request.clone()));
        async move { routing.activate_rules(request).await }
    })
    .await?;
    let rules = answer.version.and_then(|version| version.rules);
    let rules = rules.context("an answer without a version")?;
    println!(
        "version {} decides from {} on",
        rules.version, rules.valid_from
    );
    Ok(())
}

async fn versions(clients: &Clients) -> Result<Vec<RulesVersion>> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListRulesRequest {
            page_size: 100,
            page_token,
        };
        let answer = persist("the versions cannot be listed", || {
            let (mut routing, request) = (clients.routing.clone(), Request::new(request.clone()));
            async move { routing.list_rules(request).await }
        })
        .await?;
        all.extend(answer.versions);
        if answer.next_page_token.is_empty() {
            return Ok(all);
        }
        page_token = answer.next_page_token;
    }
}

async fn list(clients: &Clients) -> Result<()> {
    for version in versions(clients).await? {
        let rules = version.rules.unwrap_or_default();
        let stands = if version.in_force { "in force" } else { "" };
        let by = match version.activated_by_post.as_str() {
            "" => "of this release".to_owned(),
            post => format!("by {post}: {}", version.reason),
        };
        println!(
            "{:<20} from {}  {stands:<8}  {by}",
            rules.version, rules.valid_from
        );
    }
    Ok(())
}

async fn recipients(clients: &Clients) -> Result<()> {
    let mut page_token = String::new();
    loop {
        let request = ListRecipientRulesRequest {
            page_size: 200,
            page_token,
        };
        let answer = persist("the recipient rules cannot be listed", || {
            let (mut warning, request) = (clients.warning.clone(), Request::new(request.clone()));
            async move { warning.list_recipient_rules(request).await }
        })
        .await?;
        for rule in &answer.rules {
            let stands = if rule.in_force { "in force" } else { "" };
            let whose = if rule.of_this_release {
                "of this release"
            } else {
                "of the city"
            };
            println!(
                "{:<20} from {}  {stands:<8}  {whose}: {}",
                rule.name, rule.valid_from, rule.source
            );
            println!("  tells {}", rule.roles.join(", "));
            if !rule.kinds.is_empty() {
                println!("  for {}", rule.kinds.join(", "));
            }
        }
        if answer.next_page_token.is_empty() {
            return Ok(());
        }
        page_token = answer.next_page_token;
    }
}

async fn print(clients: &Clients) -> Result<()> {
    let versions = versions(clients).await?;
    let in_force = versions.into_iter().find(|version| version.in_force);
    let rules = in_force
        .and_then(|version| version.rules)
        .context("an answer without a version in force")?;
    println!("{{");
    println!("  \"version\": {},", json(&rules.version)?);
    println!("  \"valid_from\": {},", json(&rules.valid_from)?);
    println!("  \"source\": {},", json(&rules.source)?);
    println!("  \"rules\": [");
    let last = rules.rules.len();
    for (number, rule) in rules.rules.iter().enumerate() {
        let level = word_of(rule.level().as_str_name(), "LEVEL_").replace(' ', "_");
        let function = match rule.function.as_str() {
            "" => String::new(),
            function => format!(", \"function\": {}", json(function)?),
        };
        let comma = if number + 1 < last { "," } else { "" };
        println!(
            "    {{\"subject\": {}, \"place\": {}, \"level\": {}{function}}}{comma}",
            json(&rule.subject)?,
            json(&rule.place_code)?,
            json(&level)?,
        );
    }
    println!("  ]\n}}");
    Ok(())
}

fn json(text: &str) -> Result<String> {
    Ok(serde_json::to_string(text)?)
}

fn organ(organ: Option<&Organ>) -> String {
    organ.map_or_else(
        || "nobody".to_owned(),
        |organ| format!("{} ({})", organ.name, organ.organ_id),
    )
}

fn because(reason: &Reason) -> String {
    format!("{} [{}]", reason.words, reason.rule_id)
}

fn word_of(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix)
        .to_ascii_lowercase()
        .replace('_', " ")
}
