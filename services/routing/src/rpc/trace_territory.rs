//! What became of a territory between two days, and what it compares with.

use std::collections::BTreeSet;

use huiyin_domain::territory::{Gazetteer, TerritoryCode};
use huiyin_domain::time::Date;
use huiyin_proto::routing::v1::{Territory, TraceTerritoryRequest, TraceTerritoryResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{no_territory, on_date};
use crate::service::Service;
use crate::wire;

/// What became of a territory.
pub(crate) async fn trace_territory(
    service: &Service,
    request: Request<TraceTerritoryRequest>,
) -> Result<TraceTerritoryResponse, Problem> {
    let (code, then, now) = parse(request.get_ref(), service)?;
    let mut connection = service.desk.database.reading().await?;
    let places = service.rulebook.places.current(&mut connection).await?;
    if !places.knows(code) {
        return Err(no_territory(code));
    }
    let became = match places.at(code, then) {
        Some(_) => places.became(code, then, now),
        None => BTreeSet::new(),
    };
    let comparable = match places.at(code, now) {
        Some(_) => places.comparable(code, then, now),
        None => huiyin_domain::territory::Comparable::default(),
    };
    let changes = places.lineage(code, then, now);
    Ok(TraceTerritoryResponse {
        became: shown(&places, &became, now),
        comparable_then: shown(&places, &comparable.then, then),
        comparable_now: shown(&places, &comparable.now, now),
        changes: changes.into_iter().map(wire::territory_change).collect(),
        parts_moved: !comparable.parts_moved.is_empty(),
    })
}

fn parse(
    request: &TraceTerritoryRequest,
    service: &Service,
) -> Result<(TerritoryCode, Date, Date), Problem> {
    let mut violations = Violations::default();
    let code = violations.territory_code("code", &request.code);
    let then = violations.date("then_date", &request.then_date);
    let now = on_date(&mut violations, "now_date", &request.now_date, service);
    if let Some((then, now)) = then.zip(now) {
        violations.check(
            "now_date",
            then <= now,
            format!("is {now}, before then_date, which is {then}"),
        );
    }
    let (code, (then, now)) = violations.finish_with(code.zip(then.zip(now)))?;
    Ok((code, then, now))
}

fn shown(places: &Gazetteer, codes: &BTreeSet<TerritoryCode>, on: Date) -> Vec<Territory> {
    let known = codes.iter().filter_map(|code| places.at(*code, on));
    known.map(|place| wire::place(&place)).collect()
}
