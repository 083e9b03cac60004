//! The state of the whole.

use huiyin_proto::statistics::v1::{
    AlertLevelCount, ClockCount, GetOverviewRequest, GetOverviewResponse, StageCount,
};
use huiyin_proto::vocabulary::v1::{ClockKind, Level, Stage};
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire;
use sqlx::PgConnection;

use super::count;
use crate::period::{may_count, parse_place, prefix};
use crate::store::{alert_fact, deadline_fact, matter_step, order_fact, small_facts};
use crate::words::value;

pub(crate) async fn answer(
    desk: &Desk,
    request: GetOverviewRequest,
) -> Result<GetOverviewResponse, Problem> {
    let mut violations = Violations::default();
    let place = parse_place(&mut violations, &request.place_code);
    violations.finish()?;
    may_count(place).await?;
    let prefix = prefix(place.as_ref());
    let mut connection = desk.database.reading().await?;
    let (orders_issued, orders_answered) = order_fact::counts(&mut connection, prefix).await?;
    Ok(GetOverviewResponse {
        stages: stages(&mut connection, prefix).await?,
        clocks: clocks(&mut connection, prefix).await?,
        orders_issued: count(orders_issued),
        orders_answered: count(orders_answered),
        alerts_raised: count(alert_fact::raised(&mut connection).await?),
        alert_levels: levels(&mut connection).await?,
        objections: count(small_facts::objections(&mut connection).await?),
        counted_until_time: small_facts::counted_until(&mut connection)
            .await?
            .map(wire::timestamp),
    })
}

async fn stages(connection: &mut PgConnection, prefix: &str) -> Result<Vec<StageCount>, Problem> {
    let stages = matter_step::stages(connection, prefix).await?;
    let counted = stages.into_iter().map(|(stage, matters)| StageCount {
        stage: value(&stage, "STAGE_", Stage::from_str_name)
            .unwrap_or_default()
            .into(),
        count: count(matters),
    });
    Ok(counted.collect())
}

async fn clocks(connection: &mut PgConnection, prefix: &str) -> Result<Vec<ClockCount>, Problem> {
    let standings = deadline_fact::standings(connection, prefix).await?;
    let counted = standings.into_iter().map(|standing| ClockCount {
        kind: value(&standing.clock, "CLOCK_KIND_", ClockKind::from_str_name)
            .unwrap_or_default()
            .into(),
        running: count(standing.running),
        kept: count(standing.kept),
        passed: count(standing.passed),
        lapsed: count(standing.lapsed),
    });
    Ok(counted.collect())
}

async fn levels(connection: &mut PgConnection) -> Result<Vec<AlertLevelCount>, Problem> {
    let levels = alert_fact::levels(connection).await?;
    let counted = levels.into_iter().map(|level| AlertLevelCount {
        level: value(&level.level, "LEVEL_", Level::from_str_name)
            .unwrap_or_default()
            .into(),
        addressed: count(level.addressed),
        delivered: count(level.delivered),
        acknowledged: count(level.in_time),
        acknowledged_late: count(level.late),
        escalations: count(level.escalations),
    });
    Ok(counted.collect())
}
