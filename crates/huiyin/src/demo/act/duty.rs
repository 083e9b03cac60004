//! Urgent reports and the duty desks that acknowledge them.

use anyhow::{Context as _, Result};
use chrono::TimeDelta;
use huiyin_domain::organs;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Level, UrgentKind};
use huiyin_proto::stability_early_warning::v1::{
    AcknowledgeAlertRequest, Alert, GetAlertRequest, ListAlertsRequest, RaiseAlertRequest,
    RecipientState, ReportOnAlertRequest,
};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire;

use super::{Act, Actors, Next, lock};
use crate::connect::{by, persist};

/// Minutes of the acknowledgement limit and of each step of the escalation, for the instants at which
/// the clock must stand still.
const STEP_MINUTES: i64 = 30;
/// Minutes after the last acknowledgement at which the end is reported: before any acknowledgement lapses.
const AFTER_ALL_ACKNOWLEDGED: i64 = 60;

impl Actors {
    pub(super) async fn raise(&self, at: Instant, index: usize) -> Result<Next> {
        let Some(planned) = self.plan.reports.get(index) else {
            return Ok(Vec::new());
        };
        let place: TerritoryCode = planned
            .place
            .parse()
            .context("a generated place is not a code")?;
        let county = place
            .ancestor(Level::County)
            .context("a generated place has no county")?;
        let request = RaiseAlertRequest {
            request_id: format!("raise-{index}"),
            kind: kind(planned.kind).into(),
            place_code: planned.place.clone(),
            organ_id: organs::organ_id(&county, organs::PETITION_OFFICE).to_string(),
            matter_ids: Vec::new(),
            persons: planned.persons,
            happened_time: Some(wire::timestamp(planned.happened)),
            known_time: Some(wire::timestamp(
                planned.happened + TimeDelta::minutes(planned.known_after),
            )),
            facts: "Generated report: people have gathered and ask for an answer.".to_owned(),
            measures: "The duty desk is on site.".to_owned(),
            duty_phone: "0745-12345".to_owned(),
            recipient_rule: String::new(),
        };
        let warning = &self.clients.warning;
        let alert = persist("raising an alert", || {
            let (mut warning, request) = (
                warning.clone(),
                by(&request.organ_id, "duty-desk", request.clone()),
            );
            async move { warning.raise_alert(request).await }
        })
        .await?
        .alert
        .context("an answer without an alert")?;
        Ok(acknowledgements(at, &alert, &planned.acknowledged_after))
    }

    /// The acknowledgements of the alert that a large visit raised by itself.
    pub(super) async fn answer_gathering(&self, at: Instant, index: usize) -> Result<Next> {
        let matter = lock(&self.receipts)
            .get(&index)
            .map(|receipt| receipt.matter.clone());
        let matter = matter.context("a gathering without a matter")?;
        let request = ListAlertsRequest {
            waiting_only: true,
            page_size: 200,
            ..ListAlertsRequest::default()
        };
        let warning = &self.clients.warning;
        let page = persist("listing alerts", || {
            let (mut warning, request) = (
                warning.clone(),
                by(&self.office, "duty-desk", request.clone()),
            );
            async move { warning.list_alerts(request).await }
        })
        .await?;
        let alert = page
            .alerts
            .iter()
            .find(|alert| alert.matter_ids.contains(&matter))
            .context("a visit above the threshold raised no alert")?;
        let minutes: Vec<i64> = (0..12)
            .map(|n| {
                if (index + n).is_multiple_of(9) {
                    45
                } else {
                    10 + 5 * (i64::from(n % 2 == 0))
                }
            })
            .collect();
        Ok(acknowledgements(at, alert, &minutes))
    }

    pub(super) async fn acknowledge(&self, alert: String, organ: String) -> Result<Next> {
        let request = AcknowledgeAlertRequest {
            request_id: format!("ack-{}", short(&alert, &organ)),
            alert_id: alert,
            organ_id: organ,
            post: "officer on duty".to_owned(),
            take_over: false,
        };
        let warning = &self.clients.warning;
        persist("acknowledging an alert", || {
            let (mut warning, request) = (
                warning.clone(),
                by(&request.organ_id, "duty-desk", request.clone()),
            );
            async move { warning.acknowledge_alert(request).await }
        })
        .await?;
        Ok(Vec::new())
    }
}

impl Actors {
    pub(super) async fn report_end(
        &self,
        alert_id: String,
        organ_id: String,
        persons: u32,
    ) -> Result<Next> {
        let request = ReportOnAlertRequest {
            request_id: format!("end-{}", short(&alert_id, &organ_id)),
            alert_id,
            organ_id,
            post: "officer on duty".to_owned(),
            stage: words::AlertReportStage::Final.into(),
            persons,
            facts: "Generated report: an answer was promised on the spot and all went home."
                .to_owned(),
            measures: "The organ in charge answers in writing.".to_owned(),
            corrects: 0,
        };
        let warning = &self.clients.warning;
        persist("reporting the end of an alert", || {
            let (mut warning, request) = (
                warning.clone(),
                by(&request.organ_id, "duty-desk", request.clone()),
            );
            async move { warning.report_on_alert(request).await }
        })
        .await?;
        Ok(Vec::new())
    }

    /// Whoever has not acknowledged by now does.
    pub(super) async fn acknowledge_rest(&self, alert_id: String) -> Result<Next> {
        let request = GetAlertRequest {
            alert_id: alert_id.clone(),
        };
        let warning = &self.clients.warning;
        let alert = persist("reading an alert", || {
            let (mut warning, request) = (
                warning.clone(),
                by(&self.office, "duty-desk", request.clone()),
            );
            async move { warning.get_alert(request).await }
        })
        .await?
        .alert
        .context("an answer without an alert")?;
        for recipient in alert.recipients {
            if recipient.state() == RecipientState::Waiting {
                self.acknowledge(alert_id.clone(), recipient.organ_id)
                    .await?;
            }
        }
        Ok(Vec::new())
    }
}

fn short(alert: &str, organ: &str) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(format!("{alert} {organ}")))
        .chars()
        .take(40)
        .collect()
}

/// When each recipient acknowledges, and the instants in between at which an escalation falls due.
fn acknowledgements(at: Instant, alert: &Alert, minutes: &[i64]) -> Next {
    let mut organs: Vec<&str> = alert
        .recipients
        .iter()
        .map(|recipient| recipient.organ_id.as_str())
        .collect();
    organs.sort_unstable();
    let mut next = Vec::new();
    let mut latest = 0;
    for (organ, after) in organs.into_iter().zip(minutes.iter().cycle()) {
        let act = Act::Acknowledge {
            alert: alert.alert_id.clone(),
            organ: organ.to_owned(),
        };
        next.push((at + TimeDelta::minutes(*after), act));
        latest = latest.max(*after);
    }
    let rest = latest + 20;
    next.push((
        at + TimeDelta::minutes(rest),
        Act::AcknowledgeRest(alert.alert_id.clone()),
    ));
    next.push((
        at + TimeDelta::minutes(rest + AFTER_ALL_ACKNOWLEDGED),
        Act::ReportEnd {
            alert: alert.alert_id.clone(),
            organ: alert.organ_id.clone(),
            persons: alert.persons,
        },
    ));
    let mut due = STEP_MINUTES;
    while due < rest {
        next.push((at + TimeDelta::minutes(due), Act::LetTimePass));
        due += STEP_MINUTES;
    }
    next
}

fn kind(kind: UrgentKind) -> words::UrgentKind {
    match kind {
        UrgentKind::DangerToLife => words::UrgentKind::DangerToLife,
        UrgentKind::CollectiveVisit => words::UrgentKind::CollectiveVisit,
        UrgentKind::ServiceFailure => words::UrgentKind::ServiceFailure,
        UrgentKind::PromiseBroken => words::UrgentKind::PromiseBroken,
        UrgentKind::Retaliation => words::UrgentKind::Retaliation,
        UrgentKind::Other => words::UrgentKind::Other,
    }
}
