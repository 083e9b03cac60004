//! Matters without any personal field, newest first. There is no filter by person.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_proto::intake::v1::{ListMattersRequest, ListMattersResponse};
use huiyin_service_kit::authorization::{About, permit, subject};
use huiyin_service_kit::page::{PageToken, instant_key, page_size, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;
use uuid::Uuid;

use super::seen;
use crate::matter::Matter;
use crate::service::Service;
use crate::store::matter::Wanted;
use crate::{store, wire};

/// Matters of a page when no size is asked for.
const PAGE: u32 = 50;
/// Matters of the largest page.
const PAGE_MAX: u32 = 500;

/// Lists matters.
pub(crate) async fn list_matters(
    service: &Service,
    request: Request<ListMattersRequest>,
) -> Result<ListMattersResponse, Problem> {
    let message = request.get_ref();
    let mut violations = Violations::default();
    let size = page_size(&mut violations, message.page_size, PAGE, PAGE_MAX);
    let place = match message.place_code.as_str() {
        "" => Some(own_place()),
        given => violations.territory_code("place_code", given),
    };
    let organ = match message.organ_id.as_str() {
        "" => None,
        given => violations.id("organ_id", given),
    };
    let stage = wire::stage_filter(&mut violations, "stage", message.stage);
    let place = violations.finish_with(place)?;
    permit(About::Place(place)).await?;
    let filter = format!("matters {place} {} {stage}", wire::id_or_empty(organ));
    let (from_place, to_place) = place.range();
    let wanted = Wanted {
        from_place,
        to_place,
        organ: organ.map(OrganId::uuid),
        stage,
        after: after(&message.page_token, &filter)?,
        limit: i64::from(size) + 1,
    };
    let mut connection = service.desk.database.reading().await?;
    let matters = store::matter::list(&mut connection, &wanted).await?;
    let matters = seen(&mut connection, matters).await?;
    Ok(page(matters, size, &filter))
}

/// The place of who asks; everywhere for the service itself.
fn own_place() -> TerritoryCode {
    let standing = subject().and_then(|subject| subject.standing);
    standing.map_or(TerritoryCode::NATION, |standing| standing.territory)
}

/// Where the page begins: behind everything for the first one.
fn after(token: &str, filter: &str) -> Result<(DateTime<Utc>, Uuid), Problem> {
    let Some(token) = PageToken::parse(token, filter)? else {
        return Ok((far_ahead(), Uuid::max()));
    };
    let (micros, id) = token
        .last_key
        .split_once(' ')
        .ok_or(Problem::WrongPageToken)?;
    let at = read_instant_key(micros).ok_or(Problem::WrongPageToken)?;
    let id: MatterId = id.parse().map_err(|_| Problem::WrongPageToken)?;
    Ok((at, id.uuid()))
}

/// Later than any matter, and still an instant PostgreSQL can hold.
fn far_ahead() -> DateTime<Utc> {
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default()
}

fn page(mut matters: Vec<Matter>, size: u32, filter: &str) -> ListMattersResponse {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = matters.len() > size;
    matters.truncate(size);
    let last = matters.last().filter(|_| more);
    let next = last.map(|last| {
        PageToken::issue(
            &format!("{} {}", instant_key(last.registered_at), last.id),
            filter,
        )
    });
    ListMattersResponse {
        matters: matters.iter().map(wire::matter).collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_another_list_is_refused() {
        let token = PageToken::issue("12 not an id", "matters");
        assert!(matches!(
            after(&token, "matters"),
            Err(Problem::WrongPageToken)
        ));
        assert!(matches!(
            after(&token, "others"),
            Err(Problem::WrongPageToken)
        ));
    }
}
