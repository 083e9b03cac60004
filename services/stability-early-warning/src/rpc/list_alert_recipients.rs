//! Everybody an alert is addressed to, each with why, page by page: a warning to the offices below has thousands.

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_proto::stability_early_warning::v1::{
    ListAlertRecipientsRequest, ListAlertRecipientsResponse,
};
use huiyin_service_kit::authorization::is_asked;
use huiyin_service_kit::page::{PageToken, page_size};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use sqlx::PgConnection;

use super::asks;
use crate::service::Service;
use crate::store::alert;
use crate::store::alert_recipient::{self, Wanted};
use crate::wire;

/// Lists a page of recipients.
///
/// # Errors
/// When there is no alert of this id, or who asks was not told of it; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListAlertRecipientsRequest,
) -> Result<ListAlertRecipientsResponse, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("alert_id", &message.alert_id);
    let size = page_size(&mut violations, message.page_size, 50, 200);
    let id: AlertId = violations.finish_with(id)?;
    let filter = format!("recipients of={id} waiting_only={}", message.waiting_only);
    let after: Option<OrganId> = PageToken::parse(&message.page_token, &filter)?
        .map(|token| token.last_key.parse().map_err(|_| Problem::WrongPageToken))
        .transpose()?;
    let mut connection = service.desk.database.reading().await?;
    if !was_told(&mut connection, id).await? {
        return Err(Problem::NotFound {
            what: "alert",
            id: id.to_string(),
        });
    }
    // as in get_alert
    connection.as_house().await?;
    let wanted = Wanted {
        alert: id,
        waiting_only: message.waiting_only,
        after,
        limit: i64::from(size) + 1,
    };
    let mut recipients = alert_recipient::list(&mut connection, wanted).await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = recipients.len() > size;
    recipients.truncate(size);
    let next_page_token = match recipients.last() {
        Some(last) if more => PageToken::issue(&last.organ.to_string(), &filter),
        Some(_) | None => String::new(),
    };
    Ok(ListAlertRecipientsResponse {
        recipients: recipients.iter().map(wire::recipient).collect(),
        next_page_token,
    })
}

/// Whether who asks was told of the alert: it reported it, or is one of its recipients.
async fn was_told(connection: &mut PgConnection, id: AlertId) -> Result<bool, Problem> {
    let found = alert::find(connection, &[id]).await?;
    let Some(alert) = found.first() else {
        return Ok(false);
    };
    Ok(match asks() {
        None => !is_asked(),
        Some(organ) if alert.report.organ == organ => true,
        Some(organ) => alert_recipient::id_of(connection, id, organ)
            .await?
            .is_some(),
    })
}
