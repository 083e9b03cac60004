//! What rang at a desk, or waits to, newest first.

use huiyin_domain::ids::{NoticeId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_proto::stability_early_warning::v1::{ListNoticesRequest, ListNoticesResponse};
use huiyin_service_kit::authorization::{About, permit, subject};
use huiyin_service_kit::page::{PageToken, instant_key, page_size, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::service::Service;
use crate::store::desk_notice::{self, Notice};
use crate::wire;

/// Lists a page of notices.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListNoticesRequest,
) -> Result<ListNoticesResponse, Problem> {
    let mut violations = Violations::default();
    let own = subject().and_then(|subject| subject.organ());
    let organ = match (message.organ_id.as_str(), own) {
        ("", Some(own)) => Some(own),
        (given, _) => violations.id("organ_id", given),
    };
    let size = page_size(&mut violations, message.page_size, 50, 200);
    let organ: OrganId = violations.finish_with(organ)?;
    permit(About::Organ(organ)).await?;
    let filter = format!("notices organ={organ}");
    let after = PageToken::parse(&message.page_token, &filter)?
        .map(|token| place(&token).ok_or(Problem::WrongPageToken))
        .transpose()?;
    let mut connection = service.desk.database.reading().await?;
    let limit = i64::from(size) + 1;
    let mut notices = desk_notice::list(&mut connection, organ, after, limit).await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = notices.len() > size;
    notices.truncate(size);
    let next_page_token = match notices.last() {
        Some(last) if more => PageToken::issue(&key(last), &filter),
        Some(_) | None => String::new(),
    };
    Ok(ListNoticesResponse {
        notices: notices.iter().map(wire::desk_notice).collect(),
        next_page_token,
    })
}

fn key(notice: &Notice) -> String {
    format!("{} {}", instant_key(notice.opened_at), notice.id)
}

fn place(token: &PageToken) -> Option<(Instant, NoticeId)> {
    let (at, id) = token.last_key.split_once(' ')?;
    read_instant_key(at).zip(id.parse().ok())
}
