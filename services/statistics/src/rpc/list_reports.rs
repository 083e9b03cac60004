//! Published reports, newest first, without their tables.

use huiyin_domain::time::Instant;
use huiyin_proto::statistics::v1::{ListReportsRequest, ListReportsResponse};
use huiyin_service_kit::page::{PageToken, instant_key, page_size, read_instant_key};
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use uuid::Uuid;

use super::publish_report::shown;
use crate::store::report::{self, Kept};

const FILTER: &str = "reports";

pub(crate) async fn answer(
    desk: &Desk,
    request: ListReportsRequest,
) -> Result<ListReportsResponse, Problem> {
    let mut violations = Violations::default();
    let size = page_size(&mut violations, request.page_size, 50, 200);
    violations.finish()?;
    let after = match PageToken::parse(&request.page_token, FILTER)? {
        None => None,
        Some(token) => Some(read_key(&token.last_key).ok_or(Problem::WrongPageToken)?),
    };
    let mut connection = desk.database.reading().await?;
    let mut reports = report::page(&mut connection, after, i64::from(size) + 1).await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = reports.len() > size;
    reports.truncate(size);
    let next_page_token = match reports.last() {
        Some(last) if more => PageToken::issue(&key(last), FILTER),
        Some(_) | None => String::new(),
    };
    Ok(ListReportsResponse {
        reports: reports.iter().map(|kept| shown(kept, None)).collect(),
        next_page_token,
    })
}

fn key(kept: &Kept) -> String {
    format!("{}/{}", instant_key(kept.published_at), kept.report_id)
}

fn read_key(key: &str) -> Option<(Instant, Uuid)> {
    let (at, id) = key.split_once('/')?;
    Some((read_instant_key(at)?, id.parse().ok()?))
}
