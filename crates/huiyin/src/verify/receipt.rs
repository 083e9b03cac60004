//! Checks a receipt by what it says alone, and says in plain words what that proves.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{Event, MatterRegistered};
use huiyin_service_kit::evidence::head::{LogName, written};
use huiyin_service_kit::evidence::receipt::{Document, Proved, Receipt};
use huiyin_service_kit::wire;

use super::key;

/// Which receipt.
#[derive(Debug, clap::Args)]
pub struct ReceiptArgs {
    /// The receipt
    file: PathBuf,
    /// The public key of the service, as the city publishes it; without, the receipt's own word is taken for whose key it is
    #[arg(long, value_name = "PUBLIC.pem")]
    key: Option<PathBuf>,
}

/// Checks it.
///
/// # Errors
/// The check that failed.
pub fn run(args: &ReceiptArgs) -> Result<()> {
    let name = args.file.display();
    let text =
        std::fs::read_to_string(&args.file).with_context(|| format!("{name} cannot be read"))?;
    let receipt = Document::read(&text).with_context(|| name.to_string())?;
    let known = args.key.as_deref().map(key).transpose()?;
    match receipt.check(known.as_ref()) {
        Ok(proved) => {
            print!("{}", words(&receipt, &proved));
            Ok(())
        }
        Err(failed) => bail!("the receipt does not hold: {failed}"),
    }
}

/// What is proved, and what is not.
fn words(receipt: &Receipt, proved: &Proved) -> String {
    let head = &receipt.head.head;
    let log = match head.log {
        LogName::Open => "open log",
        LogName::Sealed => "log of denunciations",
    };
    let mut lines = vec!["proved".to_owned()];
    lines.extend(of_event(proved.event.as_ref()));
    lines.push(format!(
        "  it is entry {} of the {log} of {}, which had {} entries",
        receipt.index + 1,
        head.origin,
        head.size
    ));
    lines.push(format!(
        "  when its head was signed, at {}",
        written(head.at)
    ));
    lines
        .push("  whoever changes or removes it afterwards can no longer show that head".to_owned());
    let key = receipt.head.key;
    lines.push(if proved.by_known_key {
        format!("  the head was signed by the key that you gave ({key})")
    } else {
        format!("  the head was signed by the key {key}")
    });
    lines.push("not proved".to_owned());
    if !proved.by_known_key {
        lines.push(
            "  whose key that is: compare it with the one that the city publishes (--key)"
                .to_owned(),
        );
    }
    if proved.event.is_none() {
        lines.push("  what the event says: the receipt holds only its hash".to_owned());
    }
    lines.push("  what became of the matter since (huiyin show progress)".to_owned());
    lines.push(
        "  that everybody is shown the same log: for that other services keep its heads (huiyin verify log)"
            .to_owned(),
    );
    lines.join("\n") + "\n"
}

fn of_event(event: Option<&Event>) -> Vec<String> {
    let Some(event) = event else {
        return vec!["  an event with the hash in the receipt was told".to_owned()];
    };
    let at = event.occurred_time.as_ref().and_then(wire::instant);
    let at = at.map_or_else(String::new, |at| format!(" at {}", written(at)));
    match &event.fact {
        Some(Fact::MatterRegistered(fact)) => registration(fact, &at),
        Some(_) | None => vec![format!("  the event {} was told{at}", event.event_id)],
    }
}

fn registration(fact: &MatterRegistered, at: &str) -> Vec<String> {
    let word = |name: &str, prefix: &str| name.trim_start_matches(prefix).to_lowercase();
    let channel = word(fact.channel().as_str_name(), "CHANNEL_");
    let category = word(fact.category().as_str_name(), "CATEGORY_");
    vec![
        format!("  matter {} was registered{at}", fact.number),
        format!("  by {}, as a {category}, by {channel}", fact.registered_by),
        format!("  about {} in {}", fact.subject, fact.place_code),
    ]
}
