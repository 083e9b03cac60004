//! An organ that oversees the place ends a special period earlier. What was required before stays as it was.

use huiyin_domain::ids::{OrganId, SpecialPeriodId};
use huiyin_domain::time::{Date, local_date};
use huiyin_proto::stability_early_warning::v1::{
    EndSpecialPeriodRequest, EndSpecialPeriodResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{is_near, overseer};
use crate::duty::{SpecialPeriod, looking, told, wire};
use crate::limits::Limits;
use crate::rpc::reporting::{directory, wrong};
use crate::service::Service;
use crate::store::special_period;
use crate::wire::kept;

/// Who ends what.
#[derive(Clone, Copy, Debug)]
struct Ending {
    organ: OrganId,
    period: SpecialPeriodId,
    valid_to: Date,
}

/// Ends a special period.
///
/// # Errors
/// Every wrong field at once; when the organ does not oversee the place, or the day is not between yesterday and the last day.
pub(crate) async fn answer(
    service: &Service,
    request: Request<EndSpecialPeriodRequest>,
) -> Result<EndSpecialPeriodResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let (ending, period) = read(service, &message).await?;
    permit(About::Place(period.place)).await?;
    let limits = service.limits.clone();
    service
        .desk
        .database
        .once("end_special_period", asked, move |tx| {
            let limits = limits.clone();
            Box::pin(async move {
                let ended = end(tx, &limits, ending).await?;
                Ok(EndSpecialPeriodResponse {
                    period: Some(wire::special_period(&ended)),
                })
            })
        })
        .await
}

async fn read(
    service: &Service,
    message: &EndSpecialPeriodRequest,
) -> Result<(Ending, SpecialPeriod), Problem> {
    let mut connection = service.desk.database.reading().await?;
    let directory = directory(service, &mut connection).await?;
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let id = violations.id("period_id", &message.period_id);
    let valid_to = violations.date("valid_to", &message.valid_to);
    let organ = overseer(&mut violations, &message.organ_id, (None, &directory));
    let (organ, (id, valid_to)) = violations.finish_with(organ.zip(id.zip(valid_to)))?;
    let period = special_period::find(&mut connection, id).await?;
    let period = period
        .filter(|period| is_near(period.place))
        .ok_or_else(|| unknown(id))?;
    let territory = directory.get(organ).map(|organ| organ.territory);
    if !territory.is_some_and(|territory| period.place.is_within(&territory)) {
        return Err(wrong(
            "organ_id",
            "does not oversee the place of the period",
        ));
    }
    let ending = Ending {
        organ,
        period: id,
        valid_to,
    };
    Ok((ending, period))
}

fn unknown(id: SpecialPeriodId) -> Problem {
    Problem::NotFound {
        what: "special period",
        id: id.to_string(),
    }
}

async fn end(tx: &mut Tx, limits: &Limits, ending: Ending) -> Result<SpecialPeriod, Problem> {
    tx.as_house().await?;
    // the timer first, as the sweep does
    let id = ending.period;
    looking::disarm(tx.connection(), id).await?;
    let locked = special_period::lock(tx.connection(), &[id.uuid()]).await?;
    let mut period = locked.into_iter().next().ok_or_else(|| unknown(id))?;
    let now = kept(tx.now());
    let today = local_date(now);
    let earliest = today.pred_opt().unwrap_or(today);
    if ending.valid_to < earliest || ending.valid_to >= period.valid_to {
        let words = format!(
            "must be {earliest} or later and earlier than {}, the last day it has",
            period.valid_to
        );
        return Err(wrong("valid_to", words));
    }
    period.valid_to = ending.valid_to;
    special_period::end(tx.connection(), &period).await?;
    looking::wait(tx.connection(), (limits, &period), now).await?;
    told::special_period(tx, &period, ending.organ);
    Ok(period)
}
