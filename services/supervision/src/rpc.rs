//! One file an rpc: parse at the edge, decide, answer.

pub(crate) mod answer_order;
pub(crate) mod answer_recommendation;
pub(crate) mod deliver_remedy_opinion;
pub(crate) mod explain_deadline;
pub(crate) mod extend_deadline;
pub(crate) mod get_remedies;
pub(crate) mod get_reprojection;
pub(crate) mod list_clocks;
pub(crate) mod list_open_lines;
pub(crate) mod list_orders;
pub(crate) mod list_recommendations;
pub(crate) mod make_recommendation;
pub(crate) mod pause_deadline;
pub(crate) mod publish_calendar;
pub(crate) mod request_remedy;
pub(crate) mod set_due_day;
pub(crate) mod simulate_deadline;
pub(crate) mod withdraw_order;

use huiyin_domain::ids::{Id, Kind, MatterId, OrganId};
use huiyin_domain::posts::Duty;
use huiyin_service_kit::authorization::{self, About, permit, seen_among, subject};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::page::PageToken;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::known_organ::{self, KnownOrgan};
use crate::store::{Page, register_line};

/// A list as it was asked for.
struct Listing {
    /// Rows in a page.
    size: u32,
    /// The list's name and its filter.
    fingerprint: String,
    /// Key of the last row the caller has.
    last_key: Option<String>,
}

impl Listing {
    fn parse(size: u32, page_token: &str, fingerprint: String) -> Result<Self, Problem> {
        let last_key = PageToken::parse(page_token, &fingerprint)?.map(|token| token.last_key);
        Ok(Self {
            size,
            fingerprint,
            last_key,
        })
    }

    /// The rows wanted; one more than the page has, which shows that there is another page.
    fn page<K>(&self, read: impl Fn(&str) -> Option<K>) -> Result<Page<K>, Problem> {
        let after = match &self.last_key {
            Some(key) => Some(read(key).ok_or(Problem::WrongPageToken)?),
            None => None,
        };
        Ok(Page {
            after,
            limit: i64::from(self.size) + 1,
        })
    }

    /// The rows of the page, and the token of the next.
    fn cut<R>(&self, mut rows: Vec<R>, key: impl Fn(&R) -> String) -> (Vec<R>, String) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let token = rows
            .last()
            .filter(|_| more)
            .map(|row| PageToken::issue(&key(row), &self.fingerprint));
        (rows, token.unwrap_or_default())
    }
}

/// Refuses what is about a matter that is not there for who asks, as if there were none.
async fn must_see(connection: &mut PgConnection, matter: MatterId) -> Result<(), Problem> {
    if only_seen(connection, vec![matter], |matter| *matter)
        .await?
        .is_empty()
    {
        return Err(no_matter(matter));
    }
    Ok(())
}

fn no_matter(matter: MatterId) -> Problem {
    Problem::NotFound {
        what: "matter",
        id: matter.to_string(),
    }
}

/// Those of the rows whose matters who asks sees.
async fn only_seen<R>(
    connection: &mut PgConnection,
    rows: Vec<R>,
    matter: impl Fn(&R) -> MatterId,
) -> Result<Vec<R>, Problem> {
    if !authorization::is_asked() {
        return Ok(rows);
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| matter(row).uuid()).collect();
    let known = register_line::seen(connection, &ids).await?;
    let seen = seen_among(connection, &known).await?;
    Ok(rows
        .into_iter()
        .filter(|row| seen.contains(&matter(row)))
        .collect())
}

/// Whose rows a list shows: those of the organ that is named, else everything of the place of a supervising post that oversees
/// it, else those of its own organ.
async fn whose(named: Option<OrganId>) -> Result<Option<OrganId>, Problem> {
    let asking = subject();
    let supervises = asking
        .as_ref()
        .is_some_and(|who| who.duties.contains(&Duty::Supervise));
    let own = asking.and_then(|who| who.standing);
    let (about, whose) = match (named, own) {
        (Some(named), _) => (About::Organ(named), Some(named)),
        (None, Some(own)) if own.oversees && supervises => (About::Place(own.territory), None),
        (None, Some(own)) => (About::Organ(own.organ), Some(own.organ)),
        (None, None) => (About::House, None),
    };
    permit(about).await?;
    Ok(whose)
}

/// An id that filters a list; none when the field is empty.
fn optional_id<K: Kind>(violations: &mut Violations, field: &str, given: &str) -> Option<Id<K>> {
    if given.is_empty() {
        None
    } else {
        violations.id(field, given)
    }
}

/// The part of a key that is an id.
fn id_key<K>(key: &str) -> Option<Id<K>> {
    Uuid::try_parse(key).ok().map(Id::from_uuid)
}

/// The organ of a field, which routing must have told of.
async fn known_organ(tx: &mut Tx, field: &str, id: OrganId) -> Result<KnownOrgan, Problem> {
    let known = known_organ::read(tx.connection(), id).await?;
    known.ok_or_else(|| wrong(field, format!("{id} is no organ that was loaded")))
}

/// A field that is wrong in a way that only what is stored shows.
fn wrong(field: &str, words: String) -> Problem {
    let mut violations = Violations::default();
    violations.add(field, words);
    Problem::InvalidFields(violations)
}
