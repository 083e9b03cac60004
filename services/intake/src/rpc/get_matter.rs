//! One matter without any personal field.

use huiyin_proto::intake::v1::{GetMatterRequest, GetMatterResponse};
use huiyin_service_kit::authorization::sees;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use crate::service::Service;
use crate::{store, wire};

/// Reads a matter by id or by number. One that who asks does not see is not there.
pub(crate) async fn get_matter(
    service: &Service,
    request: Request<GetMatterRequest>,
) -> Result<GetMatterResponse, Problem> {
    let GetMatterRequest { matter_id, number } = request.get_ref();
    let mut violations = Violations::default();
    let one = matter_id.is_empty() != number.is_empty();
    violations.check("matter_id", one, "or number must be given, and not both");
    let id = match matter_id.as_str() {
        "" => None,
        given => violations.id("matter_id", given),
    };
    violations.text("number", number, 0, 40);
    violations.finish()?;
    let mut connection = service.desk.database.reading().await?;
    let found = store::matter::find(&mut connection, id, number.trim()).await?;
    let not_found = || Problem::NotFound {
        what: "matter",
        id: format!("{matter_id}{number}"),
    };
    let matter = found.ok_or_else(not_found)?;
    if !sees(&mut connection, matter.seen()).await? {
        return Err(not_found());
    }
    Ok(GetMatterResponse {
        matter: Some(wire::matter(&matter)),
    })
}
