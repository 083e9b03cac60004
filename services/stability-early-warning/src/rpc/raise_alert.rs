//! An organ reports "at the first time"; every level above is addressed in one transaction.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::organs::{JOINT_MEETING, OrganProfile, PETITION_OFFICE};
use huiyin_domain::routing::Directory;
use huiyin_domain::time::Instant;
use huiyin_domain::warning::RecipientRule;
use huiyin_proto::stability_early_warning::v1::{RaiseAlertRequest, RaiseAlertResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::nameless;
use crate::alert::{Addressed, Report, Source};
use crate::excluded;
use crate::fan_out::{self, Outgoing};
use crate::service::Service;
use crate::store::alert_recipient::MOST_RECIPIENTS;
use crate::store::{matter_about, warned_place};
use crate::wire;

/// Matters of one report at most.
const MATTERS: usize = 100;
/// The same where offices below are told: each of thousands is told of which matters it is.
const MATTERS_BELOW: usize = 10;
/// Persons of one report at most.
pub(crate) const PERSONS: u32 = 1_000_000;

/// Raises an alert.
///
/// # Errors
/// Every wrong field at once; [`Problem::Unavailable`] before the offices are known here.
pub(crate) async fn answer(
    service: &Service,
    request: Request<RaiseAlertRequest>,
) -> Result<RaiseAlertResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let outgoing = read(service, &message).await?;
    permit(About::Organ(outgoing.report.organ)).await?;
    let service = service.clone();
    let database = service.desk.database.clone();
    database
        .once("raise_alert", asked, move |tx| {
            let (outgoing, service) = (outgoing.clone(), service.clone());
            Box::pin(async move {
                tx.as_house().await?;
                let raised = fan_out::raise(tx, &service, &outgoing).await?;
                let (alert, recipients) = raised.ok_or(Problem::ChangedMeanwhile)?;
                Ok(RaiseAlertResponse {
                    alert: Some(wire::alert(
                        &alert,
                        &Addressed::at_once(alert.id, &recipients),
                        &[],
                    )),
                })
            })
        })
        .await
}

/// Reads the request and whom it is for; refuses everything that is wrong with it at once.
async fn read(service: &Service, message: &RaiseAlertRequest) -> Result<Outgoing, Problem> {
    let mut connection = service.desk.database.reading().await?;
    let directory = service.offices.current(&mut connection).await?;
    if directory.iter().next().is_none() {
        return Err(Problem::Unavailable {
            words: "no organs are known here yet; load the organs or try again".to_owned(),
        });
    }
    let now = service.desk.database.now();
    let mut violations = Violations::default();
    let rule = fan_out::rule(&service.recipient_rules, &message.recipient_rule, now);
    if let Err(unknown) = &rule {
        violations.add("recipient_rule", unknown.to_string());
    }
    let mut report = parse(&mut violations, message, now);
    if let Some(report) = &report {
        let place_is_known = warned_place::is_known(&mut connection, report.place).await?;
        violations.check(
            "place_code",
            place_is_known,
            "is no territory that was loaded",
        );
        check_organ(&mut violations, report, &directory);
    }
    if let (Some(report), Ok(rule)) = (&mut report, &rule) {
        check_rule(&mut violations, rule, report, &directory);
        report.recipient_rule = rule.version();
    }
    let (report, rule) = violations.finish_with(report.zip(rule.ok()))?;
    let about = matter_about::of(&mut connection, &report.matters).await?;
    // Whoever reports is the organ competent for what it reports.
    let competent = Some(report.organ);
    let everybody = fan_out::addressed(rule, &report, competent, &directory, &[])?;
    check_reach(everybody.len())?;
    let organs = everybody.iter().map(|recipient| recipient.organ);
    let exclusions = excluded::among(organs, &about, &directory);
    Ok(Outgoing {
        id: chance::new_id(),
        addressed: fan_out::addressed(rule, &report, competent, &directory, &exclusions)?,
        report,
        exclusions,
    })
}

/// What a rule asks of a report that goes by it.
fn check_rule(
    violations: &mut Violations,
    rule: &RecipientRule,
    report: &Report,
    directory: &Directory,
) {
    let kinds: Vec<&str> = rule.kinds.iter().map(|kind| kind.as_str()).collect();
    violations.check(
        "recipient_rule",
        rule.is_for(report.kind),
        format!("is for {} and not for {}", kinds.join(", "), report.kind),
    );
    if !rule.tells_below() {
        return;
    }
    let warns = |organ: &OrganProfile| {
        let mut functions = organ.functions.iter();
        functions.any(|function| function == PETITION_OFFICE || function == JOINT_MEETING)
    };
    violations.check(
        "recipient_rule",
        directory.get(report.organ).is_none_or(warns),
        "tells the offices below; a petition or joint-meeting office goes by it",
    );
    violations.check(
        "matter_ids",
        report.matters.len() <= MATTERS_BELOW,
        format!(
            "has {} entries; at most {MATTERS_BELOW} are allowed where offices below are told",
            report.matters.len()
        ),
    );
}

/// More offices than one transaction tells are refused.
fn check_reach(offices: usize) -> Result<(), Problem> {
    let mut violations = Violations::default();
    violations.check(
        "place_code",
        i64::try_from(offices).is_ok_and(|offices| offices <= MOST_RECIPIENTS),
        format!(
            "has {offices} offices to tell; at most {MOST_RECIPIENTS} are told by one report: report it for each place below"
        ),
    );
    violations.finish()
}

fn parse(violations: &mut Violations, message: &RaiseAlertRequest, now: Instant) -> Option<Report> {
    violations.request_id(&message.request_id);
    let kind = wire::urgent_kind(violations, "kind", message.kind);
    let place = violations.territory_code("place_code", &message.place_code);
    let organ: Option<OrganId> = violations.id("organ_id", &message.organ_id);
    let matters = matters(violations, &message.matter_ids);
    let persons = violations.within("persons", message.persons, 0..=PERSONS);
    let happened_at = violations
        .time("happened_time", message.happened_time.as_ref())
        .map(wire::kept);
    let known_at = violations
        .time("known_time", message.known_time.as_ref())
        .map(wire::kept);
    check_times(violations, (happened_at, known_at), now);
    let facts = nameless(violations, "facts", &message.facts, (1, 4000));
    let measures = nameless(violations, "measures", &message.measures, (0, 4000));
    let duty_phone = duty_phone(violations, "duty_phone", &message.duty_phone);
    Some(Report {
        kind: kind?,
        place: place?,
        organ: organ?,
        matters,
        persons,
        happened_at: happened_at?,
        known_at: known_at?,
        facts,
        measures,
        duty_phone,
        source: Source::Report,
        recipient_rule: String::new(),
    })
}

fn matters(violations: &mut Violations, given: &[String]) -> Vec<MatterId> {
    let held = given.len() <= MATTERS;
    violations.check(
        "matter_ids",
        held,
        format!("has {} entries; at most {MATTERS} are allowed", given.len()),
    );
    let mut matters: Vec<MatterId> = Vec::new();
    for (index, given) in given.iter().take(MATTERS).enumerate() {
        let matter = violations.id(&format!("matter_ids[{index}]"), given);
        matters.extend(matter.filter(|matter| !matters.contains(matter)));
    }
    matters
}

fn check_times(
    violations: &mut Violations,
    times: (Option<Instant>, Option<Instant>),
    now: Instant,
) {
    let (happened, known) = times;
    for (field, time) in [("happened_time", happened), ("known_time", known)] {
        violations.check(
            field,
            time.is_none_or(|time| time <= now),
            "lies in the future",
        );
    }
    if let (Some(happened), Some(known)) = times {
        violations.check("known_time", known >= happened, "lies before happened_time");
    }
}

/// The phone of a duty desk.
pub(super) fn duty_phone(violations: &mut Violations, field: &str, given: &str) -> String {
    let phone = violations.text(field, given, 3, 30);
    let dialled = |letter: char| {
        letter.is_ascii_digit() || matches!(letter, '+' | '-' | ' ' | '(' | ')' | '*' | '#')
    };
    violations.check(
        field,
        phone.chars().all(dialled),
        "may hold digits, spaces and + - ( ) * # only",
    );
    phone
}

fn check_organ(violations: &mut Violations, report: &Report, directory: &Directory) {
    match directory.get(report.organ) {
        None => violations.add("organ_id", "is no organ that was loaded"),
        Some(organ) => {
            let inside = report.place.is_within(&organ.territory);
            let words = format!(
                "lies outside the organ's own territory {}; its own organ reports it",
                organ.territory
            );
            violations.check("place_code", inside, words);
        }
    }
}
