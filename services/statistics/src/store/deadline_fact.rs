//! Clocks.

use std::collections::BTreeMap;

use huiyin_domain::time::Date;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::heard::Deadline;
use crate::period::Period;

pub(crate) async fn keep(
    connection: &mut PgConnection,
    deadlines: &BTreeMap<(Uuid, String, i32), Deadline>,
) -> Result<(), sqlx::Error> {
    if deadlines.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = deadlines.keys().map(|key| key.0).collect();
    let clocks: Vec<String> = deadlines.keys().map(|key| key.1.clone()).collect();
    let cycles: Vec<i32> = deadlines.keys().map(|key| key.2).collect();
    let organs: Vec<Option<Uuid>> = deadlines.values().map(|told| told.organ).collect();
    let dues: Vec<Option<Date>> = deadlines.values().map(|told| told.due).collect();
    let ends: Vec<Option<String>> = deadlines
        .values()
        .map(|told| told.ended.map(str::to_owned))
        .collect();
    let passed: Vec<bool> = deadlines.values().map(|told| told.passed).collect();
    sqlx::query!(
        "INSERT INTO deadline_fact AS kept (matter_id, clock, cycle, organ_id, due, ended, passed)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::uuid[], $5::date[], $6::text[],
                              $7::boolean[])
         ON CONFLICT (matter_id, clock, cycle) DO UPDATE
         SET organ_id = coalesce(excluded.organ_id, kept.organ_id), due = coalesce(excluded.due, kept.due),
             ended = coalesce(excluded.ended, kept.ended), passed = kept.passed OR excluded.passed",
        &ids,
        &clocks,
        &cycles,
        &organs as &[Option<Uuid>],
        &dues as &[Option<Date>],
        &ends as &[Option<String>],
        &passed,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The clocks of a kind, by how they stand.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) clock: String,
    pub(crate) running: i64,
    pub(crate) kept: i64,
    pub(crate) passed: i64,
    pub(crate) lapsed: i64,
}

/// The clocks of all matters of a place, by kind.
pub(crate) async fn standings(
    connection: &mut PgConnection,
    prefix: &str,
) -> Result<Vec<Standing>, sqlx::Error> {
    sqlx::query_as!(
        Standing,
        r#"SELECT clock, count(*) FILTER (WHERE coalesce(ended, 'running') = 'running' AND NOT passed) AS "running!",
                  count(*) FILTER (WHERE ended = 'kept') AS "kept!",
                  count(*) FILTER (WHERE passed OR ended = 'overrun') AS "passed!",
                  count(*) FILTER (WHERE ended = 'lapsed' AND NOT passed) AS "lapsed!"
           FROM deadline_fact JOIN matter_fact AS matter USING (matter_id)
           WHERE starts_with(matter.place_code, $1)
           GROUP BY clock ORDER BY clock LIMIT 100"#,
        prefix,
    )
    .fetch_all(connection)
    .await
}

/// Of the clocks of a kind due in a period and not freed: those kept, and all. Open overdue ones count.
pub(crate) async fn kept_of_due(
    connection: &mut PgConnection,
    period: &Period,
    clock: &str,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE ended = 'kept') AS "kept!", count(*) AS "due!"
           FROM deadline_fact JOIN matter_fact AS matter USING (matter_id)
           WHERE clock = $1 AND due BETWEEN $2 AND $3 AND starts_with(matter.place_code, $4)
             AND (ended IN ('kept', 'overrun') OR passed)"#,
        clock,
        period.from,
        period.to,
        period.prefix(),
    )
    .fetch_one(connection)
    .await?;
    Ok((row.kept, row.due))
}
