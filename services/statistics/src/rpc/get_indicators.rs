//! Indicators of a period and place, each with its definition, numerator and denominator.

use huiyin_domain::statistics::{Indicator as Kind, Rate, definition};
use huiyin_proto::statistics::v1::{GetIndicatorsRequest, GetIndicatorsResponse, Indicator};
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;

use super::count;
use crate::period::Period;
use crate::store::{deadline_fact, matter_fact, matter_step, small_facts};

pub(crate) async fn answer(
    desk: &Desk,
    request: GetIndicatorsRequest,
) -> Result<GetIndicatorsResponse, Problem> {
    let period = Period::parse((&request.from_date, &request.to_date, &request.place_code))?;
    period.permitted().await?;
    let mut connection = desk.database.reading().await?;
    let mut indicators = Vec::new();
    for (kind, clock) in [
        (Kind::TimelyForwarding, "register_and_forward"),
        (Kind::TimelyAcceptance, "acceptance"),
        (Kind::OnTimeCompletion, "opinion"),
    ] {
        let counts = deadline_fact::kept_of_due(&mut connection, &period, clock).await?;
        indicators.push(indicator(kind, "", counts));
    }
    indicators.push(indicator(
        Kind::Participation,
        "",
        small_facts::evaluated(&mut connection, &period).await?,
    ));
    for addressee in ["petition_office", "handling_organ"] {
        let counts = small_facts::satisfied(&mut connection, &period, addressee).await?;
        indicators.push(indicator(Kind::Satisfaction, addressee, counts));
    }
    let counts = matter_step::resolved_once(&mut connection, &period).await?;
    indicators.push(indicator(Kind::OneTimeResolution, "", counts));
    let counts = matter_fact::repeats(&mut connection, &period).await?;
    indicators.push(indicator(Kind::SameLevelRepeat, "", counts));
    Ok(GetIndicatorsResponse { indicators })
}

fn indicator(kind: Kind, of: &str, (numerator, denominator): (i64, i64)) -> Indicator {
    let defined = definition(kind);
    let rate = Rate {
        numerator: count(numerator),
        denominator: count(denominator),
    };
    let (id, words) = if of.is_empty() {
        (
            format!("{}.v{}", kind.as_str(), defined.version),
            String::new(),
        )
    } else {
        (
            format!("{}.v{}.{of}", kind.as_str(), defined.version),
            format!(", {}", of.replace('_', " ")),
        )
    };
    Indicator {
        definition: id,
        title: format!("{}{words}", kind.as_str().replace('_', " ")),
        numerator: rate.numerator,
        denominator: rate.denominator,
        percent: rate.percent_text(),
    }
}
