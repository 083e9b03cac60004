//! What a report says goes into the ledger of its edge, and what is open there goes into the report.

use std::collections::BTreeMap;

use huiyin_domain::ids::{DisputeId, OrganId};
use huiyin_domain::reporting::{Entries, carry_over};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{Dispute, Entry, EntryKind, Report, Version, told};
use crate::store::{dispute, organ_report, report_version};

/// Disputes that can be open on one edge at a time.
const OPEN: usize = 5000;

/// What a report says, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    /// Says that there is no item.
    pub(crate) zero: bool,
    /// The situation in words.
    pub(crate) summary: String,
    /// Disputes that it opens.
    pub(crate) opened: Vec<Opening>,
    /// Disputes that it closes, with their results.
    pub(crate) closed: Vec<(DisputeId, String)>,
    /// Open disputes on which it says how far they are.
    pub(crate) noted: Vec<(DisputeId, String)>,
    /// The phone of the organ's duty desk; may be empty.
    pub(crate) duty_phone: String,
    /// The post that reports.
    pub(crate) post: String,
}

/// A dispute that was found.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// Where.
    pub(crate) place: TerritoryCode,
    /// Code of the subject.
    pub(crate) subject: String,
    /// When.
    pub(crate) found: Date,
    /// The organ that must settle it.
    pub(crate) organ: OrganId,
    /// By when.
    pub(crate) limit: Date,
    /// What it is about.
    pub(crate) facts: String,
}

/// Writes a report as it stands now, with the version that its content makes.
///
/// # Errors
/// Every entry that does not fit the ledger; nothing is written then.
pub(crate) async fn file(
    tx: &mut Tx,
    filed: &Report,
    content: &Content,
    at: Instant,
) -> Result<Version, Problem> {
    let edge = (filed.organ, filed.to);
    dispute::lock_edge(tx.connection(), edge).await?;
    let most = i64::try_from(OPEN).unwrap_or(i64::MAX);
    let open = dispute::open(tx.connection(), edge, most).await?;
    let mut opened = openings(filed, content, at);
    opened.sort_by_key(|dispute| dispute.id);
    check(&open, &opened, content)?;
    let version = Version {
        number: filed.state.submission().map_or(1, |came| came.version),
        at,
        zero: content.zero,
        summary: content.summary.clone(),
        duty_phone: content.duty_phone.clone(),
        post: content.post.clone(),
        ledger: ledger(&open, &opened, content),
        received: None,
        false_reason: None,
    };
    organ_report::write(tx.connection(), filed).await?;
    dispute::insert(tx.connection(), &opened).await?;
    dispute::close(tx.connection(), (filed.id, at), &content.closed).await?;
    report_version::insert(tx.connection(), filed.id, &version).await?;
    told::submitted(tx, filed, &version);
    Ok(version)
}

fn openings(filed: &Report, content: &Content, at: Instant) -> Vec<Dispute> {
    let opened = content.opened.iter().map(|opening| Dispute {
        id: chance::new_id(),
        reported_by: filed.organ,
        to: filed.to,
        to_place: filed.to_place,
        place: opening.place,
        subject: opening.subject.clone(),
        found: opening.found,
        organ: opening.organ,
        limit: opening.limit,
        facts: opening.facts.clone(),
        opened_in: filed.id,
        opened_at: at,
        closed: None,
        reported_times: 1,
    });
    opened.collect()
}

fn check(open: &[DisputeId], opened: &[Dispute], content: &Content) -> Result<(), Problem> {
    let named = |said: &[(DisputeId, String)]| said.iter().map(|(dispute, _)| *dispute).collect();
    let entries = Entries {
        opened: opened.iter().map(|dispute| dispute.id).collect(),
        closed: named(&content.closed),
        noted: named(&content.noted),
    };
    let mut violations = Violations::default();
    if let Err(faults) = carry_over(open, &entries, content.zero) {
        for fault in faults {
            violations.add(format!("content.{}", fault.field()), fault.to_string());
        }
    }
    let total = open.len() + opened.len();
    let words = format!(
        "would make {total} open disputes on one ledger; at most {OPEN} are allowed, and some must be closed first"
    );
    violations.check("content.opened", total <= OPEN, words);
    violations.finish()
}

/// Every dispute that the report must speak of, oldest first.
fn ledger(open: &[DisputeId], opened: &[Dispute], content: &Content) -> Vec<Entry> {
    let closed: BTreeMap<DisputeId, &String> = said(&content.closed);
    let noted: BTreeMap<DisputeId, &String> = said(&content.noted);
    let words = |said: Option<&&String>| said.map(|words| (*words).clone()).unwrap_or_default();
    let before = open.iter().map(|dispute| match closed.get(dispute) {
        Some(result) => Entry {
            dispute: *dispute,
            kind: EntryKind::Closed,
            words: (*result).clone(),
        },
        None => Entry {
            dispute: *dispute,
            kind: EntryKind::Carried,
            words: words(noted.get(dispute)),
        },
    });
    let opened = opened.iter().map(|dispute| Entry {
        dispute: dispute.id,
        kind: EntryKind::Opened,
        words: dispute.facts.clone(),
    });
    before.chain(opened).collect()
}

fn said(said: &[(DisputeId, String)]) -> BTreeMap<DisputeId, &String> {
    said.iter()
        .map(|(dispute, words)| (*dispute, words))
        .collect()
}
