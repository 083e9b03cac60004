//! Alerts, newest first.

use huiyin_domain::ids::AlertId;
use huiyin_domain::time::Instant;
use huiyin_proto::stability_early_warning::v1::{ListAlertsRequest, ListAlertsResponse};
use huiyin_service_kit::authorization::{About, permit, subject};
use huiyin_service_kit::page::{PageToken, instant_key, page_size, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{asks, sees};
use crate::alert::Alert;
use crate::service::Service;
use crate::store::alert::{self, Wanted};
use crate::store::{alert_recipient, alert_report};
use crate::wire;

/// Lists a page of alerts.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListAlertsRequest,
) -> Result<ListAlertsResponse, Problem> {
    let mut violations = Violations::default();
    let organ = match message.organ_id.as_str() {
        "" => subject().and_then(|subject| subject.organ()),
        given => violations.id("organ_id", given),
    };
    let size = page_size(&mut violations, message.page_size, 50, 200);
    violations.finish()?;
    if let Some(organ) = organ {
        permit(About::Organ(organ)).await?;
    }
    let filter = format!(
        "alerts organ={} waiting_only={}",
        message.organ_id, message.waiting_only
    );
    let after = PageToken::parse(&message.page_token, &filter)?
        .map(|token| place(&token))
        .transpose()?;
    let wanted = Wanted {
        organ,
        waiting_only: message.waiting_only,
        after,
        limit: i64::from(size) + 1,
    };
    let mut connection = service.desk.database.reading().await?;
    let mut alerts = alert::list(&mut connection, &wanted).await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = alerts.len() > size;
    alerts.truncate(size);
    let next_page_token = match alerts.last() {
        Some(last) if more => PageToken::issue(&key(last), &filter),
        Some(_) | None => String::new(),
    };
    let ids: Vec<AlertId> = alerts.iter().map(|alert| alert.id).collect();
    // as in get_alert
    connection.as_house().await?;
    let recipients = alert_recipient::of(&mut connection, &ids, asks()).await?;
    alerts.retain(|alert| sees(alert, &recipients));
    let reports = alert_report::of(&mut connection, &ids).await?;
    Ok(ListAlertsResponse {
        alerts: alerts
            .iter()
            .map(|alert| wire::alert(alert, &recipients, &reports))
            .collect(),
        next_page_token,
    })
}

fn key(alert: &Alert) -> String {
    format!("{} {}", instant_key(alert.reported_at), alert.id)
}

fn place(token: &PageToken) -> Result<(Instant, AlertId), Problem> {
    let (micros, id) = token
        .last_key
        .split_once(' ')
        .ok_or(Problem::WrongPageToken)?;
    read_instant_key(micros)
        .zip(id.parse().ok())
        .ok_or(Problem::WrongPageToken)
}
