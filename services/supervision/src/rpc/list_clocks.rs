//! The clocks of one matter, oldest first.

use huiyin_domain::ids::MatterId;
use huiyin_domain::time::Instant;
use huiyin_proto::supervision::v1::{ListClocksRequest, ListClocksResponse};
use huiyin_service_kit::page::{instant_key, page_size, read_instant_key};
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{Listing, must_see};
use crate::deadline::{Deadline, Key};
use crate::store::{clock, register_line};
use crate::wire;

pub(crate) async fn answer(
    desk: &Desk,
    request: ListClocksRequest,
) -> Result<ListClocksResponse, Problem> {
    let (matter, listing) = parse(&request)?;
    let page = listing.page(read_key)?;
    let mut connection = desk.database.reading().await?;
    if register_line::get(&mut connection, matter).await?.is_none() {
        return Err(Problem::NotFound {
            what: "matter",
            id: matter.to_string(),
        });
    }
    must_see(&mut connection, matter).await?;
    let clocks = clock::page(&mut connection, matter, &page).await?;
    let (clocks, next_page_token) = listing.cut(clocks, key);
    Ok(ListClocksResponse {
        clocks: clocks.iter().map(wire::clock).collect(),
        next_page_token,
    })
}

fn parse(request: &ListClocksRequest) -> Result<(MatterId, Listing), Problem> {
    let mut violations = Violations::default();
    let matter = violations.id("matter_id", &request.matter_id);
    let size = page_size(&mut violations, request.page_size, 20, 100);
    let matter = violations.finish_with(matter)?;
    Ok((
        matter,
        Listing::parse(size, &request.page_token, format!("clocks matter={matter}"))?,
    ))
}

fn key(clock: &Deadline) -> String {
    format!(
        "{}/{}/{}",
        instant_key(clock.started),
        clock.kind,
        clock.cycle
    )
}

fn read_key(key: &str) -> Option<(Instant, Key)> {
    let mut parts = key.split('/');
    let started = read_instant_key(parts.next()?)?;
    let kind = parts.next()?.parse().ok()?;
    Some((started, (kind, parts.next()?.parse().ok()?)))
}
