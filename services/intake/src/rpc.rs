//! One file an rpc: parse at the edge, decide in the domain, write, tell, answer.

pub(crate) mod accept_matter;
pub(crate) mod batch_get_matters;
pub(crate) mod decline_matter;
pub(crate) mod deliver_reply;
pub(crate) mod erase_petitions;
pub(crate) mod evaluate_matter;
pub(crate) mod get_matter;
pub(crate) mod get_progress;
pub(crate) mod get_receipt;
pub(crate) mod list_matters;
pub(crate) mod read_petition;
pub(crate) mod register_matter;
pub(crate) mod vaults;
pub(crate) mod withdraw_matter;

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::vocabulary::Category;
use huiyin_service_kit::authorization::{About, Who, permit_matter, seen_among, sees, subject};
use huiyin_service_kit::database::{Reading, Tx};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use sqlx::PgConnection;

use crate::matter::Matter;
use crate::service::Service;
use crate::store;

/// What an organ does with a matter, under a request id.
fn act_of_organ(
    request_id: &str,
    matter_id: &str,
    organ_id: &str,
) -> (Violations, Option<(MatterId, OrganId)>) {
    let mut violations = Violations::default();
    violations.request_id(request_id);
    let matter = violations.id("matter_id", matter_id);
    let organ = violations.id("organ_id", organ_id);
    (violations, matter.zip(organ))
}

/// Number and query code as a petitioner gives them; neither is repeated in an answer.
fn number_and_code(violations: &mut Violations, number: &str, code: &str) -> (String, String) {
    (
        violations.text("number", number, 1, 40),
        violations.text("query_code", code, 1, 40),
    )
}

/// The matter with this number and query code.
///
/// # Errors
/// One and the same [`Problem::NotFound`] whether the number or the code is wrong.
async fn matter_of_petitioner(
    service: &Service,
    reading: &mut Reading,
    (number, code): (&str, &str),
) -> Result<MatterId, Problem> {
    // whoever has the number and the code sees this one matter, wherever it lies
    reading.as_house().await?;
    let matter = store::matter::with_number(reading, number).await?;
    // compared in any case, so that the time taken does not tell which of the two was wrong
    let fits = service.vaults.keys().code_fits(number, code);
    match matter {
        Some(matter) if fits => Ok(matter),
        Some(_) | None => Err(Problem::NotFound {
            what: "matter",
            id: "with this number and this query code".to_owned(),
        }),
    }
}

/// One matter, locked, on which an organ acts: it must be there for who asks, and of a denunciation only a post for
/// denunciations acts.
///
/// # Errors
/// [`Problem::NotFound`] also when it is there, and not for who asks.
async fn matter_of_organ(tx: &mut Tx, id: MatterId, organ: OrganId) -> Result<Matter, Problem> {
    let matter = store::matter::lock_one(tx.connection(), id).await?;
    if !sees(tx.connection(), matter.seen()).await? {
        return Err(not_found(id));
    }
    let sealed = matter.category == Category::Denunciation;
    permit_matter(About::Organ(organ), sealed).await?;
    Ok(matter)
}

fn not_found(id: MatterId) -> Problem {
    Problem::NotFound {
        what: "matter",
        id: id.to_string(),
    }
}

/// Those of the matters that who asks sees, in their order.
async fn seen(connection: &mut PgConnection, matters: Vec<Matter>) -> Result<Vec<Matter>, Problem> {
    let all: Vec<_> = matters.iter().map(Matter::seen).collect();
    let seen = seen_among(connection, &all).await?;
    let kept = matters
        .into_iter()
        .filter(|matter| seen.contains(&matter.id));
    Ok(kept.collect())
}

/// The post that asks; empty for whoever is none.
fn asking_post() -> String {
    let post = subject().map(|asking| asking.who.clone());
    match post {
        Some(Who::Post { post, .. }) => post,
        Some(Who::Service(_) | Who::Platform(_) | Who::Operator(_) | Who::Stranger) | None => {
            String::new()
        }
    }
}
