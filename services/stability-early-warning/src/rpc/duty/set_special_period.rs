//! An organ that oversees a place sets a special period for it.

use chrono::TimeDelta;
use huiyin_domain::time::{Date, local_date};
use huiyin_proto::stability_early_warning::v1::{
    SetSpecialPeriodRequest, SetSpecialPeriodResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::overseer;
use crate::duty::{SpecialPeriod, looking, told, wire};
use crate::limits::Limits;
use crate::rpc::reporting::directory;
use crate::service::Service;
use crate::store::{special_period, warned_place};
use crate::wire::kept;

/// How far ahead a special period may begin; days.
const FARTHEST_DAYS: i64 = 366;
/// How long it may be; days.
const LONGEST_DAYS: i64 = 92;

/// Sets a special period.
///
/// # Errors
/// Every wrong field at once. [`Problem::Unavailable`] before the offices are known here.
pub(crate) async fn answer(
    service: &Service,
    request: Request<SetSpecialPeriodRequest>,
) -> Result<SetSpecialPeriodResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let period = read(service, &message).await?;
    permit(About::Place(period.place)).await?;
    let limits = service.limits.clone();
    service
        .desk
        .database
        .once("set_special_period", asked, move |tx| {
            let (period, limits) = (period.clone(), limits.clone());
            Box::pin(async move {
                let period = set(tx, &limits, period).await?;
                Ok(SetSpecialPeriodResponse {
                    period: Some(wire::special_period(&period)),
                })
            })
        })
        .await
}

async fn read(
    service: &Service,
    message: &SetSpecialPeriodRequest,
) -> Result<SpecialPeriod, Problem> {
    let mut connection = service.desk.database.reading().await?;
    let directory = directory(service, &mut connection).await?;
    let now = service.desk.database.now();
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let place = violations.territory_code("place_code", &message.place_code);
    if let Some(place) = place {
        let known = warned_place::is_known(&mut connection, place).await?;
        violations.check("place_code", known, "is no territory that was loaded");
    }
    let organ = overseer(&mut violations, &message.organ_id, (place, &directory));
    let valid_from = violations.date("valid_from", &message.valid_from);
    let valid_to = violations.date("valid_to", &message.valid_to);
    check_days(&mut violations, (valid_from, valid_to), local_date(now));
    let source = violations.text("source", &message.source, 1, 200);
    let days = valid_from.zip(valid_to);
    let ((place, organ), (valid_from, valid_to)) =
        violations.finish_with(place.zip(organ).zip(days))?;
    Ok(SpecialPeriod {
        id: chance::new_id(),
        place,
        valid_from,
        valid_to,
        source,
        organ,
        set_at: now,
    })
}

fn check_days(
    violations: &mut Violations,
    (valid_from, valid_to): (Option<Date>, Option<Date>),
    today: Date,
) {
    if let Some(from) = valid_from {
        let latest = today + TimeDelta::days(FARTHEST_DAYS);
        let words = format!("must be a day from {today} to {latest}");
        violations.check("valid_from", (today..=latest).contains(&from), words);
        let latest = from + TimeDelta::days(LONGEST_DAYS - 1);
        let words = format!(
            "must be a day from {from} to {latest}; a special period has {LONGEST_DAYS} days at most"
        );
        let fits = valid_to.is_none_or(|to| (from..=latest).contains(&to));
        violations.check("valid_to", fits, words);
    }
}

async fn set(
    tx: &mut Tx,
    limits: &Limits,
    mut period: SpecialPeriod,
) -> Result<SpecialPeriod, Problem> {
    tx.as_house().await?;
    period.set_at = kept(tx.now());
    special_period::insert(tx.connection(), &period).await?;
    let at = period.set_at;
    looking::wait(tx.connection(), (limits, &period), at).await?;
    told::special_period(tx, &period, period.organ);
    Ok(period)
}
