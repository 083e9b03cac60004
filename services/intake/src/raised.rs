//! What was raised: a request to register, parsed once, with everything that is wrong with it.

use std::sync::Arc;

use chrono::NaiveDate;
use huiyin_domain::ids::OrganId;
use huiyin_domain::standing::Standing;
use huiyin_domain::subject::Subject;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Instant, local_date};
use huiyin_domain::vocabulary::{Category, Channel, Level};
use huiyin_proto::intake::v1::{Petitioner, RegisterMatterRequest};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::category;
use prost_types::Timestamp;

use crate::known::Known;
use crate::petition::Petition;
use crate::wire;

/// Bytes of facts and reasons at most, 1 MiB.
const FACTS_MAX_BYTES: usize = 1_048_576;
/// The first day of the first Regulations; no register holds an earlier matter.
const FIRST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(2005, 5, 1);

/// A matter as it was raised. Printed nowhere: it holds the petition.
pub(crate) struct Raised {
    /// Channel.
    pub(crate) channel: Channel,
    /// Category.
    pub(crate) category: Category,
    /// Subject.
    pub(crate) subject: &'static Subject,
    /// Place of the problem.
    pub(crate) place: TerritoryCode,
    /// The petition office that received it.
    pub(crate) office: Standing,
    /// When it was received.
    pub(crate) received_at: Instant,
    /// Number of persons.
    pub(crate) persons: u32,
    /// Filed on somebody's behalf.
    pub(crate) agent: bool,
    /// Organ it is about.
    pub(crate) about: Option<OrganId>,
    /// Whether it is a denunciation that is sealed from the very office that received it.
    pub(crate) sealed_from_office: bool,
    /// The name of the place whose petition office is the right window, when it was raised above the
    /// next-higher level.
    pub(crate) right_window: Option<Arc<str>>,
    /// What goes into the vault.
    pub(crate) petition: Petition,
}

impl Raised {
    /// Parses a request that arrived at `now`; places and organs are looked up.
    ///
    /// # Errors
    /// [`Problem::InvalidFields`] with everything that is wrong.
    pub(crate) async fn parse(
        known: &Known,
        request: RegisterMatterRequest,
        now: Instant,
    ) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        violations.request_id(&request.request_id);
        let channel = wire::channel(&mut violations, "channel", request.channel);
        let category = category(&mut violations, "category", request.category);
        let subject = subject(&mut violations, &request.subject);
        let place = place(&mut violations, known, &request.place_code).await?;
        let office = organ(
            &mut violations,
            known,
            ("received_by", &request.received_by),
        )
        .await?;
        let received_at = received_at(&mut violations, request.received_time.as_ref(), now);
        let persons = match request.persons {
            0 => 1,
            given => violations.within("persons", given, 1..=100_000),
        };
        let about = match request.about_organ.as_str() {
            "" => None,
            given => organ(&mut violations, known, ("about_organ", given)).await?,
        };
        let agent = request.agent;
        let petition = petition(&mut violations, request);
        let what = channel.zip(category).zip(subject);
        let (((channel, category), subject), ((place, office), received_at)) =
            violations.finish_with(what.zip(place.zip(office).zip(received_at)))?;
        let handled_at = known
            .handled_at((subject, place), local_date(received_at))
            .await?;
        let right_window = match raised_too_high(category, handled_at, office.level) {
            true => window(known, place, handled_at).await?,
            false => None,
        };
        let denounced = about.filter(|_| category == Category::Denunciation);
        Ok(Self {
            channel,
            category,
            subject,
            place,
            office,
            received_at,
            persons,
            agent,
            about: about.map(|about| about.organ),
            sealed_from_office: denounced
                .is_some_and(|denounced| office.is_sealed_from(&denounced)),
            right_window,
            petition,
        })
    }
}

fn subject(violations: &mut Violations, given: &str) -> Option<&'static Subject> {
    match Subject::from_code(given) {
        Ok(subject) => Some(subject),
        Err(unknown) => {
            violations.add(
                "subject",
                format!(
                    "is no subject of the list; allowed are {}",
                    unknown.allowed.join(", ")
                ),
            );
            None
        }
    }
}

async fn place(
    violations: &mut Violations,
    known: &Known,
    given: &str,
) -> Result<Option<TerritoryCode>, Problem> {
    let Some(code) = violations.territory_code("place_code", given) else {
        return Ok(None);
    };
    let is_known = known.place(code).await?.is_some();
    violations.check(
        "place_code",
        is_known,
        format!("{code} is no territory that was loaded"),
    );
    Ok(is_known.then_some(code))
}

async fn organ(
    violations: &mut Violations,
    known: &Known,
    (field, given): (&str, &str),
) -> Result<Option<Standing>, Problem> {
    let Some(id) = violations.id(field, given) else {
        return Ok(None);
    };
    let organ = known.organ(id).await?;
    violations.check(field, organ.is_some(), "is no organ that was loaded");
    Ok(organ)
}

fn received_at(
    violations: &mut Violations,
    given: Option<&Timestamp>,
    now: Instant,
) -> Option<Instant> {
    if given.is_none() {
        return Some(now);
    }
    let received_at = violations.time("received_time", given)?;
    let in_time = violations.check("received_time", received_at <= now, "lies in the future");
    let not_too_early = FIRST_DAY.is_none_or(|first| local_date(received_at) >= first);
    violations.check(
        "received_time",
        not_too_early,
        "lies before 2005-05-01, the day of the first Regulations",
    );
    (in_time && not_too_early).then_some(received_at)
}

fn petition(violations: &mut Violations, request: RegisterMatterRequest) -> Petition {
    let Petitioner {
        name,
        address,
        phone,
        id_number,
    } = request.petitioner.unwrap_or_default();
    let facts_fit = violations.check(
        "facts",
        request.facts.len() <= FACTS_MAX_BYTES,
        format!(
            "has {} bytes; at most {FACTS_MAX_BYTES} (1 MiB) are allowed",
            request.facts.len()
        ),
    );
    let facts = if facts_fit {
        violations.text("facts", &request.facts, 0, FACTS_MAX_BYTES)
    } else {
        String::new()
    };
    Petition {
        petitioner: Petitioner {
            name: violations.text("petitioner.name", &name, 0, 200),
            address: violations.text("petitioner.address", &address, 0, 500),
            phone: violations.text("petitioner.phone", &phone, 0, 40),
            id_number: violations.text("petitioner.id_number", &id_number, 0, 40),
        },
        main_request: violations.text("main_request", &request.main_request, 1, 4000),
        facts,
        representatives: request
            .representatives
            .iter()
            .enumerate()
            .map(|(index, name)| {
                violations.text(&format!("representatives[{index}]"), name, 1, 200)
            })
            .collect(),
    }
}

/// Whether the office stands above the next-higher level of the one that handles the matter. A
/// denunciation may be raised anywhere.
fn raised_too_high(category: Category, handled_at: Level, office: Level) -> bool {
    match category {
        Category::Denunciation => false,
        Category::Suggestion | Category::Claim => {
            handled_at.above().is_some_and(|next| office > next)
        }
    }
}

async fn window(
    known: &Known,
    place: TerritoryCode,
    level: Level,
) -> Result<Option<Arc<str>>, Problem> {
    match place.ancestor(level) {
        Some(place) => known.place(place).await,
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_high_is_above_the_next_higher_level() {
        let too_high = |category, office| raised_too_high(category, Level::County, office);
        assert!(!too_high(Category::Claim, Level::County));
        assert!(!too_high(Category::Claim, Level::City));
        assert!(too_high(Category::Claim, Level::Province));
        assert!(!too_high(Category::Denunciation, Level::Nation));
    }

    #[test]
    fn a_matter_is_received_neither_tomorrow_nor_before_the_regulations() {
        let now: Instant = "2025-06-01T00:00:00Z".parse().unwrap();
        let wrong = |seconds: i64| {
            let mut violations = Violations::default();
            let read = received_at(&mut violations, Some(&Timestamp { seconds, nanos: 0 }), now);
            assert_eq!(read.is_some(), violations.is_empty());
            violations.to_string()
        };
        assert_eq!(wrong(now.timestamp()), "");
        assert_eq!(
            wrong(now.timestamp() + 1),
            "received_time lies in the future"
        );
        assert!(wrong(1_000_000_000).contains("before 2005-05-01"));
        assert_eq!(
            received_at(&mut Violations::default(), None, now),
            Some(now)
        );
    }

    #[test]
    fn every_wrong_text_is_named_and_none_is_repeated() {
        let mut violations = Violations::default();
        petition(
            &mut violations,
            RegisterMatterRequest {
                petitioner: Some(Petitioner {
                    name: "甲".repeat(201),
                    ..Petitioner::default()
                }),
                representatives: vec!["乙".to_owned(), String::new()],
                facts: "x".repeat(FACTS_MAX_BYTES + 1),
                ..RegisterMatterRequest::default()
            },
        );
        let fields: Vec<&str> = violations
            .iter()
            .map(|wrong| wrong.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "facts",
                "petitioner.name",
                "main_request",
                "representatives[1]"
            ]
        );
        assert!(!violations.to_string().contains('甲'));
    }
}
