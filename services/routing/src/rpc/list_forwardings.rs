//! The hops of a matter, oldest first.

use huiyin_proto::routing::v1::{ListForwardingsRequest, ListForwardingsResponse};
use huiyin_service_kit::authorization::sees;
use huiyin_service_kit::page::{PageToken, page_size};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::no_matter;
use crate::service::Service;
use crate::{store, wire};

/// A page of the hops of a matter.
pub(crate) async fn list_forwardings(
    service: &Service,
    request: Request<ListForwardingsRequest>,
) -> Result<ListForwardingsResponse, Problem> {
    let request = request.into_inner();
    let mut violations = Violations::default();
    let matter = violations.id("matter_id", &request.matter_id);
    let size = page_size(&mut violations, request.page_size, 20, 100);
    let matter = violations.finish_with(matter)?;
    let filter = format!("forwardings {matter}");
    let after = match PageToken::parse(&request.page_token, &filter)? {
        Some(token) => token
            .last_key
            .parse()
            .map_err(|_| Problem::WrongPageToken)?,
        None => 0,
    };
    let mut connection = service.desk.database.reading().await?;
    let routed = store::routed_matter::read(&mut connection, matter).await?;
    let routed = routed.ok_or_else(|| no_matter(matter))?;
    if !sees(&mut connection, routed.seen()).await? {
        return Err(no_matter(matter));
    }
    let mut hops =
        store::forwarding::list(&mut connection, matter, after, i64::from(size) + 1).await?;
    let more = hops.len() > size as usize;
    hops.truncate(size as usize);
    let next_page_token = match hops.last() {
        Some(last) if more => PageToken::issue(&last.number.to_string(), &filter),
        Some(_) | None => String::new(),
    };
    Ok(ListForwardingsResponse {
        forwardings: hops
            .iter()
            .map(|hop| wire::forwarding(matter, hop))
            .collect(),
        next_page_token,
    })
}
