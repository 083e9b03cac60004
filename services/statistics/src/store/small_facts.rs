//! Objections, evaluations, and how far was counted.

use std::collections::BTreeMap;

use huiyin_domain::time::Instant;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::period::Period;

pub(crate) async fn keep_objections(
    connection: &mut PgConnection,
    objections: &BTreeMap<Uuid, Uuid>,
) -> Result<(), sqlx::Error> {
    if objections.is_empty() {
        return Ok(());
    }
    let (forwardings, matters): (Vec<Uuid>, Vec<Uuid>) = objections.iter().unzip();
    sqlx::query!(
        "INSERT INTO objection_fact (forwarding_id, matter_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])
         ON CONFLICT (forwarding_id) DO NOTHING",
        &forwardings,
        &matters,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn objections(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "objections!" FROM objection_fact"#)
        .fetch_one(connection)
        .await
}

pub(crate) async fn keep_evaluations(
    connection: &mut PgConnection,
    evaluations: &BTreeMap<(Uuid, String), (String, Uuid)>,
) -> Result<(), sqlx::Error> {
    if evaluations.is_empty() {
        return Ok(());
    }
    let (matters, addressees): (Vec<Uuid>, Vec<String>) = evaluations.keys().cloned().unzip();
    let (satisfactions, organs): (Vec<String>, Vec<Uuid>) = evaluations.values().cloned().unzip();
    sqlx::query!(
        "INSERT INTO evaluation_fact (matter_id, addressee, satisfaction, organ_id)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
         ON CONFLICT (matter_id, addressee) DO NOTHING",
        &matters,
        &addressees,
        &satisfactions,
        &organs,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Of the evaluations of an addressee about matters of a period: the satisfied, and all.
pub(crate) async fn satisfied(
    connection: &mut PgConnection,
    period: &Period,
    addressee: &str,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE satisfaction IN ('satisfied', 'basically_satisfied')) AS "satisfied!",
                  count(*) AS "evaluated!"
           FROM evaluation_fact JOIN matter_fact AS matter USING (matter_id)
           WHERE addressee = $1 AND matter.received_on BETWEEN $2 AND $3 AND starts_with(matter.place_code, $4)"#,
        addressee,
        period.from,
        period.to,
        period.prefix(),
    )
    .fetch_one(connection)
    .await?;
    Ok((row.satisfied, row.evaluated))
}

/// Of the matters of a period that were replied: those evaluated, and all. Silence is no evaluation.
pub(crate) async fn evaluated(
    connection: &mut PgConnection,
    period: &Period,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE EXISTS (
                      SELECT FROM evaluation_fact AS said WHERE said.matter_id = matter.matter_id)) AS "evaluated!",
                  count(*) AS "open!"
           FROM matter_fact AS matter JOIN matter_step AS step USING (matter_id)
           WHERE step.stage = 'replied' AND matter.received_on BETWEEN $1 AND $2
             AND starts_with(matter.place_code, $3)"#,
        period.from,
        period.to,
        period.prefix(),
    )
    .fetch_one(connection)
    .await?;
    Ok((row.evaluated, row.open))
}

/// When the newest step of a matter that was counted happened.
pub(crate) async fn counted_until(
    connection: &mut PgConnection,
) -> Result<Option<Instant>, sqlx::Error> {
    sqlx::query_scalar!("SELECT at FROM matter_step ORDER BY at DESC LIMIT 1")
        .fetch_optional(connection)
        .await
}
