//! One file an rpc: parse at the edge, decide in the domain, write, tell, answer.

pub(crate) mod accept_matter;
pub(crate) mod batch_get_matters;
pub(crate) mod decline_matter;
pub(crate) mod deliver_reply;
pub(crate) mod evaluate_matter;
pub(crate) mod get_matter;
pub(crate) mod get_progress;
pub(crate) mod list_matters;
pub(crate) mod read_petition;
pub(crate) mod register_matter;
pub(crate) mod withdraw_matter;

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use sqlx::PgConnection;

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
    connection: &mut PgConnection,
    (number, code): (&str, &str),
) -> Result<MatterId, Problem> {
    let found = store::petition::code_hash(connection, number).await?;
    let (matter, hash) = found.unzip();
    // compared in any case, so that the time taken does not tell which of the two was wrong
    let fits = service
        .keys
        .code_fits(number, code, &hash.unwrap_or_else(|| vec![0; 32]));
    match matter {
        Some(matter) if fits => Ok(matter),
        Some(_) | None => Err(Problem::NotFound {
            what: "matter",
            id: "with this number and this query code".to_owned(),
        }),
    }
}

/// Whether a matter is sealed from an organ that names itself: a denunciation, from the organ it is
/// about and from those below.
async fn is_sealed(
    service: &Service,
    matter: &crate::matter::Matter,
    reader: Option<OrganId>,
) -> Result<bool, Problem> {
    use huiyin_domain::vocabulary::Category;
    let (Category::Denunciation, Some(about), Some(reader)) =
        (matter.category, matter.about, reader)
    else {
        return Ok(false);
    };
    if about == reader {
        return Ok(true);
    }
    let (about, reader) = (
        service.known.organ(about).await?,
        service.known.organ(reader).await?,
    );
    Ok(about
        .zip(reader)
        .is_some_and(|(about, reader)| reader.is_sealed_from(&about)))
}
