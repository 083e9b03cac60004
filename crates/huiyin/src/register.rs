//! `huiyin register`: one matter, and its receipt.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use huiyin_proto::intake::v1::{
    GetReceiptRequest, Petitioner, RegisterMatterRequest, RegisterMatterResponse,
};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::evidence::receipt::{Document, Receipt};

use crate::connect::{Clients, by, persist};
use crate::load::word;

/// A matter as given on the command line.
#[derive(Debug, clap::Args)]
pub struct RegisterArgs {
    /// letter, visit, call, online, fax or leader_mailbox
    #[arg(long)]
    channel: String,
    /// suggestion, denunciation or claim
    #[arg(long)]
    category: String,
    /// Code of the subject, for example environment or land_and_homestead
    #[arg(long)]
    subject: String,
    /// Code of the place of the problem: 2, 4, 6, 9 or 12 digits
    #[arg(long, value_name = "CODE")]
    place: String,
    /// Id of the petition office that received it
    #[arg(long, value_name = "ORGAN")]
    received_by: String,
    /// The main request, in the petitioner's words
    #[arg(long, value_name = "TEXT")]
    request: String,
    /// Facts and reasons
    #[arg(long, value_name = "TEXT", default_value = "")]
    facts: String,
    /// Number of persons of a visit
    #[arg(long, default_value_t = 1)]
    persons: u32,
    /// Name of the petitioner
    #[arg(long, default_value = "")]
    name: String,
    /// Number of the identity card
    #[arg(long, default_value = "")]
    id_number: String,
    /// Phone
    #[arg(long, default_value = "")]
    phone: String,
    /// Address
    #[arg(long, default_value = "")]
    address: String,
    /// Keep the proof that it stands in the log; check it with huiyin verify receipt
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Repeat a call safely: the same id and matter give the same receipt
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
}

/// Registers and prints the receipt.
///
/// # Errors
/// Lists every field at fault.
pub async fn run(clients: &Clients, args: RegisterArgs) -> Result<()> {
    let channel =
        word("CHANNEL", &args.channel, words::Channel::from_str_name).ok_or_else(|| {
            anyhow::anyhow!(
                "--channel: allowed are letter, visit, call, online, fax, leader_mailbox"
            )
        })?;
    let category =
        word("CATEGORY", &args.category, words::Category::from_str_name).ok_or_else(|| {
            anyhow::anyhow!("--category: allowed are suggestion, denunciation, claim")
        })?;
    let request_id = args
        .request_id
        .unwrap_or_else(|| huiyin_service_kit::chance::new_uuid().to_string());
    let received_by = args.received_by.clone();
    let request = RegisterMatterRequest {
        request_id,
        channel: channel.into(),
        category: category.into(),
        subject: args.subject,
        place_code: args.place,
        received_by: args.received_by,
        petitioner: Some(Petitioner {
            name: args.name,
            address: args.address,
            phone: args.phone,
            id_number: args.id_number,
        }),
        persons: args.persons,
        main_request: args.request,
        facts: args.facts,
        ..RegisterMatterRequest::default()
    };
    let receipt = persist("the matter was not registered", || {
        let (mut intake, request) = (
            clients.intake.clone(),
            by(&request.received_by, "registration-desk", request.clone()),
        );
        async move { intake.register_matter(request).await }
    })
    .await?;
    print_receipt(&receipt);
    if let Some(file) = args.receipt {
        keep_proof(clients, (&received_by, &receipt), &file).await?;
    }
    Ok(())
}

/// Waits until the registration is in the log, and writes the proof of it.
async fn keep_proof(
    clients: &Clients,
    (received_by, receipt): (&str, &RegisterMatterResponse),
    file: &Path,
) -> Result<()> {
    let request = GetReceiptRequest {
        number: receipt.number.clone(),
        query_code: receipt.query_code.clone(),
    };
    let answer = persist("the proof is not there", || {
        let (mut intake, request) = (
            clients.intake.clone(),
            by(received_by, "registration-desk", request.clone()),
        );
        async move { intake.get_receipt(request).await }
    })
    .await?;
    let proof = answer.receipt.context("the answer holds no proof")?;
    let proof = Receipt::of_wire(&proof).context("the answer holds no proof that can be read")?;
    proof
        .check(None)
        .context("the answer holds no proof that stands")?;
    let document = Document::from(&proof).to_json();
    std::fs::write(file, document)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    let file = file.display();
    println!("proof       {file} (check it with: huiyin verify receipt {file})");
    Ok(())
}

fn print_receipt(receipt: &RegisterMatterResponse) {
    println!("matter      {}", receipt.number);
    println!("query code  {}", receipt.query_code);
    println!(
        "to be forwarded or answered by {}",
        receipt.forward_due_date
    );
    if !receipt.repeat_of.is_empty() {
        println!(
            "repeats     {} ({})",
            receipt.repeat_of, receipt.repeat_reason
        );
    }
    for warning in &receipt.warnings {
        println!("note        {warning}");
    }
    for step in &receipt.steps {
        println!("  {step}");
    }
    println!(
        "follow it with: huiyin show progress {} {}",
        receipt.number, receipt.query_code
    );
}
