//! One alert with all its recipients.

use huiyin_domain::ids::AlertId;
use huiyin_proto::stability_early_warning::v1::{GetAlertRequest, GetAlertResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{asks, sees};
use crate::service::Service;
use crate::store::{alert, alert_recipient, alert_report};
use crate::wire;

/// Finds an alert.
///
/// # Errors
/// When there is none of this id.
pub(crate) async fn answer(
    service: &Service,
    message: GetAlertRequest,
) -> Result<GetAlertResponse, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("alert_id", &message.alert_id);
    let id = violations.finish_with(id)?;
    let mut connection = service.desk.database.reading().await?;
    let found = alert::find(&mut connection, &[id]).await?;
    let alert = found.first().ok_or_else(|| not_found(id))?;
    // whoever sees the alert sees everybody it is addressed to: that is not asked again for each of thousands
    connection.as_house().await?;
    let recipients = alert_recipient::of(&mut connection, &[id], asks()).await?;
    if !sees(alert, &recipients) {
        return Err(not_found(id));
    }
    let reports = alert_report::of(&mut connection, &[id]).await?;
    Ok(GetAlertResponse {
        alert: Some(wire::alert(alert, &recipients, &reports)),
    })
}

fn not_found(id: AlertId) -> Problem {
    Problem::NotFound {
        what: "alert",
        id: id.to_string(),
    }
}
