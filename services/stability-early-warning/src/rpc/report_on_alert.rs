//! Somebody reports on an alert: a follow-up, a final report, a correction or a cancellation. Whoever holds the alert holds it
//! anew from now; when the thread has ended nobody has to report on any more. Whoever has not acknowledged still must.

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_domain::vocabulary::Level;
use huiyin_domain::warning::ReportStage;
use huiyin_proto::stability_early_warning::v1::{ReportOnAlertRequest, ReportOnAlertResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::{metrics, timer};
use std::collections::BTreeSet;
use tonic::Request;
use uuid::Uuid;

use super::{nameless, raise_alert};
use crate::alert::{Alert, FurtherReport};
use crate::duty::on_duty;
use crate::limits::Limits;
use crate::service::Service;
use crate::store::{alert, alert_recipient, alert_report};
use crate::thread::{self, REPORT};
use crate::{told, wire};

/// Reports on an alert.
///
/// # Errors
/// Every wrong field at once; when the organ was not told of the alert; when the report does not fit into the thread;
/// [`Problem::NotOnDuty`] for an organ that was told.
pub(crate) async fn answer(
    service: &Service,
    request: Request<ReportOnAlertRequest>,
) -> Result<ReportOnAlertResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let wanted = parse(&message)?;
    permit(About::Organ(wanted.organ)).await?;
    let limits = service.limits.clone();
    service
        .desk
        .database
        .once("report_on_alert", asked, move |tx| {
            let (wanted, limits) = (wanted.clone(), limits.clone());
            Box::pin(async move {
                let report = report_on(tx, &limits, wanted).await?;
                Ok(ReportOnAlertResponse {
                    report: Some(wire::further_report(&report)),
                })
            })
        })
        .await
}

/// Reads the request; its number and instant are found when it is kept.
fn parse(message: &ReportOnAlertRequest) -> Result<FurtherReport, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let alert: Option<AlertId> = violations.id("alert_id", &message.alert_id);
    let organ: Option<OrganId> = violations.id("organ_id", &message.organ_id);
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let stage = wire::report_stage(&mut violations, "stage", message.stage);
    let persons = violations.within("persons", message.persons, 0..=raise_alert::PERSONS);
    let facts = nameless(&mut violations, "facts", &message.facts, (1, 4000));
    let measures = nameless(&mut violations, "measures", &message.measures, (0, 4000));
    let corrects = stage
        .filter(|stage| *stage == ReportStage::Correction)
        .map(|_| message.corrects);
    violations.check(
        "corrects",
        corrects.is_some() || message.corrects == 0,
        "is given without a correction; 0 is allowed",
    );
    let (alert, (organ, stage)) = violations.finish_with(alert.zip(organ.zip(stage)))?;
    Ok(FurtherReport {
        alert,
        number: 0,
        stage,
        organ,
        post,
        reported_at: huiyin_domain::time::Instant::UNIX_EPOCH,
        persons,
        facts,
        measures,
        corrects,
    })
}

async fn report_on(
    tx: &mut Tx,
    limits: &Limits,
    mut report: FurtherReport,
) -> Result<FurtherReport, Problem> {
    // read with the eyes of who asks: whoever was not told of the alert finds none
    let found = alert::find(tx.connection(), &[report.alert]).await?;
    let own = alert_recipient::id_of(tx.connection(), report.alert, report.organ).await?;
    let told = |alert: &&Alert| alert.report.organ == report.organ || own.is_some();
    let alert = found
        .first()
        .filter(told)
        .ok_or_else(|| Problem::NotFound {
            what: "alert",
            id: report.alert.to_string(),
        })?;
    tx.as_house().await?;
    let earlier = alert_report::of(tx.connection(), &[report.alert]).await?;
    let thread = thread::of(alert, &earlier);
    let by_its_reporter = alert.report.organ == report.organ;
    if !by_its_reporter {
        let now = wire::kept(tx.now());
        on_duty::check(tx.connection(), (report.organ, &report.post), now).await?;
    }
    thread
        .take(report.stage, by_its_reporter, report.corrects.unwrap_or(0))
        .map_err(|unfit| Problem::NotAllowedNow {
            action: "report_on_alert".to_owned(),
            state: unfit.to_string(),
            allowed: Vec::new(),
        })?;
    report.number = thread.reports + 1;
    report.reported_at = wire::kept(tx.now());
    if !alert_report::insert(tx.connection(), &report).await? {
        return Err(Problem::ChangedMeanwhile);
    }
    let (recipients, levels): (Vec<Uuid>, Vec<Level>) =
        alert_recipient::everybody(tx.connection(), report.alert)
            .await?
            .into_iter()
            .unzip();
    renew(tx, limits, alert, &report, &recipients).await?;
    let sender = alert::sender_level(tx.connection(), report.alert).await?;
    let levels: BTreeSet<Level> = levels.into_iter().chain(sender).collect();
    told::reported_on(tx, &report, &levels.into_iter().collect::<Vec<_>>());
    metrics::count(
        "huiyin_alert_reports",
        1,
        &[("stage", report.stage.as_str())],
    );
    Ok(report)
}

/// Whoever holds the alert holds it anew; after its end nobody does.
async fn renew(
    tx: &mut Tx,
    limits: &Limits,
    alert: &Alert,
    report: &FurtherReport,
    recipients: &[Uuid],
) -> Result<(), Problem> {
    // the timers first and the recipients second, and once more behind their locks, as in acknowledge_alert
    timer::disarm(tx.connection(), REPORT, recipients).await?;
    let mut holders = alert_recipient::lock_holders(tx.connection(), alert.id).await?;
    timer::disarm(tx.connection(), REPORT, recipients).await?;
    let now = report.reported_at;
    for holder in &mut holders {
        holder.report_due = (!report.stage.ends() && holder.report_due.is_some())
            .then(|| now + limits.reporting_on(&alert.report, holder.level, now));
    }
    alert_recipient::hold(tx.connection(), &holders).await?;
    let timers: Vec<_> = holders
        .iter()
        .filter_map(|holder| Some((holder.id, holder.report_due?)))
        .collect();
    timer::arm_all(tx.connection(), REPORT, &timers).await?;
    Ok(())
}
