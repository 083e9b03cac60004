//! Open lines of the register, oldest first.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_proto::supervision::v1::{ListOpenLinesRequest, ListOpenLinesResponse, RegisterLine};
use huiyin_service_kit::page::{instant_key, page_size, read_instant_key};
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::timestamp;

use super::{Listing, id_key, only_seen, optional_id, whose};
use crate::store::register_line::{self, OpenLine};

pub(crate) async fn answer(
    desk: &Desk,
    request: ListOpenLinesRequest,
) -> Result<ListOpenLinesResponse, Problem> {
    let (organ, listing) = parse(&request)?;
    let organ = whose(organ).await?;
    let page = listing.page(read_key)?;
    let mut connection = desk.database.reading().await?;
    let lines = register_line::page_open(&mut connection, organ, &page).await?;
    let lines = only_seen(&mut connection, lines, |line| line.matter).await?;
    let (lines, next_page_token) = listing.cut(lines, key);
    Ok(ListOpenLinesResponse {
        lines: lines.into_iter().map(line).collect(),
        next_page_token,
    })
}

fn parse(request: &ListOpenLinesRequest) -> Result<(Option<OrganId>, Listing), Problem> {
    let mut violations = Violations::default();
    let organ = optional_id(&mut violations, "organ_id", &request.organ_id);
    let size = page_size(&mut violations, request.page_size, 50, 500);
    violations.finish()?;
    let fingerprint = format!("open lines organ={}", request.organ_id);
    Ok((
        organ,
        Listing::parse(size, &request.page_token, fingerprint)?,
    ))
}

fn line(line: OpenLine) -> RegisterLine {
    RegisterLine {
        matter_id: line.matter.to_string(),
        number: line.number,
        organ_id: line
            .organ
            .map(|organ| organ.to_string())
            .unwrap_or_default(),
        opened_time: Some(timestamp(line.opened_at)),
        next_due_date: line.next_due.map(|due| due.to_string()).unwrap_or_default(),
    }
}

fn key(line: &OpenLine) -> String {
    format!("{}/{}", instant_key(line.opened_at), line.matter.uuid())
}

fn read_key(key: &str) -> Option<(Instant, MatterId)> {
    let (opened, id) = key.split_once('/')?;
    Some((read_instant_key(opened)?, id_key(id)?))
}
