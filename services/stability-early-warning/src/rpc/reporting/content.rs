//! What a report says, read at the edge.

use huiyin_domain::ids::DisputeId;
use huiyin_domain::organs::OrganProfile;
use huiyin_domain::routing::Directory;
use huiyin_domain::time::Date;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{known, own_place, past_day, subject_code, wrong};
use crate::reporting::filing::{Content, Opening};
use crate::rpc::nameless;

/// Entries of one kind in one report at most.
const ENTRIES: usize = 100;

/// What the content is read against.
pub(super) struct Against<'a> {
    /// The organ that reports; none when it is not known.
    pub(super) organ: Option<&'a OrganProfile>,
    /// The organs.
    pub(super) directory: &'a Directory,
    /// The present day.
    pub(super) today: Date,
}

/// Reads the content of a report; every text of it is nameless.
pub(super) fn parse(
    violations: &mut Violations,
    given: Option<&pb::ReportContent>,
    against: &Against<'_>,
) -> Option<Content> {
    let Some(given) = given else {
        violations.add("content", "is missing");
        return None;
    };
    let summary = nameless(violations, "content.summary", &given.summary, (0, 4000));
    let counts = [
        ("opened", given.opened.len()),
        ("closed", given.closed.len()),
        ("noted", given.noted.len()),
    ];
    for (field, count) in counts {
        let words = format!("has {count} entries; at most {ENTRIES} are allowed");
        violations.check(&format!("content.{field}"), count <= ENTRIES, words);
    }
    let opened = given.opened.iter().take(ENTRIES).enumerate();
    let opened: Vec<Option<Opening>> = opened
        .map(|(entry, given)| opening(violations, entry, given, against))
        .collect();
    let closed = given.closed.iter().take(ENTRIES).enumerate();
    let closed: Vec<Option<(DisputeId, String)>> = closed
        .map(|(entry, given)| {
            let field = format!("content.closed[{entry}]");
            named(
                violations,
                &field,
                &given.dispute_id,
                ("result", &given.result),
            )
        })
        .collect();
    let noted = given.noted.iter().take(ENTRIES).enumerate();
    let noted: Vec<Option<(DisputeId, String)>> = noted
        .map(|(entry, given)| {
            let field = format!("content.noted[{entry}]");
            named(
                violations,
                &field,
                &given.dispute_id,
                ("progress", &given.progress),
            )
        })
        .collect();
    let duty_phone = duty_phone(violations, &given.duty_phone);
    let post = nameless(violations, "content.post", &given.post, (1, 100));
    Some(Content {
        zero: given.zero,
        summary,
        opened: opened.into_iter().collect::<Option<Vec<Opening>>>()?,
        closed: closed.into_iter().collect::<Option<Vec<_>>>()?,
        noted: noted.into_iter().collect::<Option<Vec<_>>>()?,
        duty_phone,
        post,
    })
}

fn opening(
    violations: &mut Violations,
    entry: usize,
    given: &pb::OpenedDispute,
    against: &Against<'_>,
) -> Option<Opening> {
    let field = |name: &str| format!("content.opened[{entry}].{name}");
    let place = own_place(
        violations,
        (&field("place_code"), &given.place_code),
        against.organ,
    );
    let subject = subject_code(violations, &field("subject"), &given.subject);
    let found = past_day(
        violations,
        &field("found_date"),
        &given.found_date,
        against.today,
    );
    let organ = match given.organ_id.as_str() {
        "" => against.organ,
        organ => known(violations, (&field("organ_id"), organ), against.directory),
    };
    let limit = violations.date(&field("limit_date"), &given.limit_date);
    if let Some((found, limit)) = found.zip(limit) {
        let words = format!("lies before the day on which it was found, {found}");
        violations.check(&field("limit_date"), limit >= found, words);
    }
    let facts = nameless(violations, &field("facts"), &given.facts, (1, 2000));
    Some(Opening {
        place: place?,
        subject,
        found: found?,
        organ: organ?.id,
        limit: limit?,
        facts,
    })
}

fn named(
    violations: &mut Violations,
    field: &str,
    dispute: &str,
    (name, words): (&str, &str),
) -> Option<(DisputeId, String)> {
    let dispute = violations.id(&format!("{field}.dispute_id"), dispute);
    let words = nameless(violations, &format!("{field}.{name}"), words, (1, 2000));
    Some((dispute?, words))
}

/// Refuses a report without the phone of the duty desk while the duty is kept round the clock.
pub(super) fn check_phone(round_the_clock: bool, content: &Content) -> Result<(), Problem> {
    if !round_the_clock || !content.duty_phone.is_empty() {
        return Ok(());
    }
    Err(wrong(
        "content.duty_phone",
        "is missing; while the duty is kept round the clock each report names the phone of the duty desk",
    ))
}

/// The phone of a duty desk, which is an organ's and no person's; it may be left out.
fn duty_phone(violations: &mut Violations, given: &str) -> String {
    const FIELD: &str = "content.duty_phone";
    if given.is_empty() {
        return String::new();
    }
    let phone = violations.text(FIELD, given, 3, 30);
    let dialled = |letter: char| letter.is_ascii_digit() || "+- ()*#".contains(letter);
    let words = "may hold digits, spaces and + - ( ) * # only";
    violations.check(FIELD, phone.chars().all(dialled), words);
    phone
}
