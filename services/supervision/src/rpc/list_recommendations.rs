//! Recommendations, oldest first.

use huiyin_domain::ids::RecommendationId;
use huiyin_domain::time::Instant;
use huiyin_proto::supervision::v1::{ListRecommendationsRequest, ListRecommendationsResponse};
use huiyin_service_kit::page::page_size;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{Listing, id_key, only_seen, optional_id, whose};
use crate::store::recommendation::{self, Filter, Recommendation};
use crate::wire;

pub(crate) async fn answer(
    desk: &Desk,
    request: ListRecommendationsRequest,
) -> Result<ListRecommendationsResponse, Problem> {
    let mut violations = Violations::default();
    let organ = optional_id(&mut violations, "organ_id", &request.organ_id);
    let size = page_size(&mut violations, request.page_size, 50, 500);
    violations.finish()?;
    let organ = whose(organ).await?;
    let open = request.open;
    let fingerprint = format!("recommendations organ={} open={open}", request.organ_id);
    let listing = Listing::parse(size, &request.page_token, fingerprint)?;
    let page = listing.page(read_key)?;
    let mut connection = desk.database.reading().await?;
    let known = recommendation::page(&mut connection, Filter { organ, open }, &page).await?;
    let known = only_seen(&mut connection, known, |known| known.matter).await?;
    let (known, next_page_token) = listing.cut(known, key);
    Ok(ListRecommendationsResponse {
        recommendations: known.iter().map(wire::recommendation).collect(),
        next_page_token,
    })
}

fn key(known: &Recommendation) -> String {
    format!("{}/{}", known.made_at.to_rfc3339(), known.id.uuid())
}

fn read_key(key: &str) -> Option<(Instant, RecommendationId)> {
    let (made_at, id) = key.split_once('/')?;
    Some((made_at.parse().ok()?, id_key(id)?))
}
