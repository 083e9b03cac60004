//! The lowest authority in which several territories lie.

use huiyin_proto::routing::v1::{FindCommonSuperiorRequest, FindCommonSuperiorResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{no_territory, on_date};
use crate::service::Service;
use crate::wire;

/// Codes of one call.
const CODES: usize = 1000;

/// The lowest authority in which the territories lie, as of a day.
pub(crate) async fn find_common_superior(
    service: &Service,
    request: Request<FindCommonSuperiorRequest>,
) -> Result<FindCommonSuperiorResponse, Problem> {
    let request = request.get_ref();
    let mut violations = Violations::default();
    let given = request.codes.len();
    violations.check(
        "codes",
        (1..=CODES).contains(&given),
        format!("are {given}; 1 to {CODES} are allowed"),
    );
    let mut codes = Vec::with_capacity(given.min(CODES));
    for (place, code) in request.codes.iter().take(CODES).enumerate() {
        codes.extend(violations.territory_code(&format!("codes[{place}]"), code));
    }
    let on = on_date(&mut violations, "on_date", &request.on_date, service);
    let on = violations.finish_with(on)?;
    let mut connection = service.desk.database.reading().await?;
    let places = service.rulebook.places.current(&mut connection).await?;
    if let Some(unknown) = codes.iter().find(|code| places.at(**code, on).is_none()) {
        return Err(no_territory(*unknown));
    }
    let common = places.common_superior(&codes, on);
    Ok(FindCommonSuperiorResponse {
        territory: common.map(|place| wire::place(&place)),
    })
}
