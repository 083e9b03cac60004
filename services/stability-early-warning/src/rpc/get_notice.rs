//! One notice of a desk with a page of its calls.

use huiyin_domain::ids::NoticeId;
use huiyin_domain::time::Instant;
use huiyin_proto::stability_early_warning::v1::{GetNoticeRequest, GetNoticeResponse};
use huiyin_service_kit::authorization::{is_asked, subject};
use huiyin_service_kit::page::{PageToken, instant_key, page_size, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use uuid::Uuid;

use crate::service::Service;
use crate::store::desk_call::{self, Member, Wanted};
use crate::store::desk_notice;
use crate::wire;

/// Finds a notice.
///
/// # Errors
/// When there is none of this id at the desk of who asks; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: GetNoticeRequest,
) -> Result<GetNoticeResponse, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("notice_id", &message.notice_id);
    let size = page_size(&mut violations, message.page_size, 50, 200);
    let id: NoticeId = violations.finish_with(id)?;
    let filter = format!("notice {id} waiting_only={}", message.waiting_only);
    let after = PageToken::parse(&message.page_token, &filter)?
        .map(|token| place(&token).ok_or(Problem::WrongPageToken))
        .transpose()?;
    let mut connection = service.desk.database.reading().await?;
    let found = desk_notice::find(&mut connection, id).await?;
    let own = subject().and_then(|subject| subject.organ());
    let seen = found.filter(|notice| !is_asked() || own == Some(notice.organ));
    let notice = seen.ok_or_else(|| Problem::NotFound {
        what: "notice",
        id: id.to_string(),
    })?;
    let wanted = Wanted {
        notice: id,
        waiting_only: message.waiting_only,
        after,
        limit: i64::from(size) + 1,
    };
    let mut calls = desk_call::of_notice(&mut connection, &wanted).await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = calls.len() > size;
    calls.truncate(size);
    let next_page_token = match calls.last() {
        Some(last) if more => PageToken::issue(&key(last), &filter),
        Some(_) | None => String::new(),
    };
    Ok(GetNoticeResponse {
        notice: Some(wire::desk_notice(&notice)),
        calls: calls.iter().map(wire::desk_call).collect(),
        next_page_token,
    })
}

fn key(call: &Member) -> String {
    format!(
        "{} {} {}",
        instant_key(call.called_at),
        call.recipient,
        call.number
    )
}

fn place(token: &PageToken) -> Option<(Instant, Uuid, u32)> {
    let mut words = token.last_key.split(' ');
    let (at, recipient, call) = (words.next()?, words.next()?, words.next()?);
    Some((
        read_instant_key(at)?,
        Uuid::try_parse(recipient).ok()?,
        call.parse().ok()?,
    ))
}
