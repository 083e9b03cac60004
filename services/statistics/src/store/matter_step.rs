//! Stages reached.

use std::collections::BTreeMap;

use huiyin_domain::time::Instant;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::heard::Stage;
use crate::period::Period;

pub(crate) async fn keep(
    connection: &mut PgConnection,
    steps: &BTreeMap<(Uuid, Stage), Instant>,
) -> Result<(), sqlx::Error> {
    if steps.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = steps.keys().map(|(matter, _)| *matter).collect();
    let stages: Vec<String> = steps
        .keys()
        .map(|(_, stage)| stage.as_str().to_owned())
        .collect();
    let ranks: Vec<i16> = steps.keys().map(|(_, stage)| *stage as i16).collect();
    let instants: Vec<Instant> = steps.values().copied().collect();
    sqlx::query!(
        "INSERT INTO matter_step AS step (matter_id, stage, rank, at)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::timestamptz[])
         ON CONFLICT (matter_id, stage) DO UPDATE SET at = greatest(step.at, excluded.at)",
        &ids,
        &stages,
        &ranks,
        &instants,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many registered matters stand at each stage: the one reached last.
pub(crate) async fn stages(
    connection: &mut PgConnection,
    prefix: &str,
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT stage AS "stage!", count(*) AS "matters!" FROM (
             SELECT DISTINCT ON (step.matter_id) step.stage
             FROM matter_step AS step JOIN matter_fact AS matter USING (matter_id)
             WHERE starts_with(matter.place_code, $1)
             ORDER BY step.matter_id, step.at DESC, step.rank DESC
           ) AS standing GROUP BY 1 ORDER BY 1 LIMIT 100"#,
        prefix,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.stage, row.matters))
        .collect())
}

/// Initial matters of a period that were replied, and those among them that nobody raised again. For who counts a matter is
/// initial when it repeats none that it sees.
pub(crate) async fn resolved_once(
    connection: &mut PgConnection,
    period: &Period,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE NOT EXISTS (
                      SELECT FROM matter_fact AS again WHERE again.repeat_of = matter.matter_id)) AS "once!",
                  count(*) AS "closed!"
           FROM matter_fact AS matter JOIN matter_step AS step USING (matter_id)
           WHERE step.stage = 'replied'
             AND NOT EXISTS (SELECT FROM matter_fact AS earlier WHERE earlier.matter_id = matter.repeat_of)
             AND matter.received_on BETWEEN $1 AND $2 AND starts_with(matter.place_code, $3)"#,
        period.from,
        period.to,
        period.prefix(),
    )
    .fetch_one(connection)
    .await?;
    Ok((row.once, row.closed))
}
