//! Recipients of urgent reports.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::heard::Recipient;

pub(crate) async fn keep(
    connection: &mut PgConnection,
    recipients: &BTreeMap<(Uuid, Uuid), Recipient>,
) -> Result<(), sqlx::Error> {
    if recipients.is_empty() {
        return Ok(());
    }
    let (alerts, organs): (Vec<Uuid>, Vec<Uuid>) = recipients.keys().copied().unzip();
    let levels: Vec<String> = recipients.values().map(|told| told.level.clone()).collect();
    let addressed: Vec<bool> = recipients.values().map(|told| told.addressed).collect();
    let delivered: Vec<bool> = recipients.values().map(|told| told.delivered).collect();
    let acknowledged: Vec<Option<String>> = recipients
        .values()
        .map(|told| told.acknowledged.map(str::to_owned))
        .collect();
    let escalations: Vec<i32> = recipients.values().map(|told| told.escalations).collect();
    let places: Vec<Option<String>> = recipients.values().map(|told| told.place.clone()).collect();
    // the matters of each as one text: a column of arrays cannot be given as an array
    let matters: Vec<String> = recipients
        .values()
        .map(|told| array(&told.matters))
        .collect();
    sqlx::query!(
        "INSERT INTO alert_fact AS kept (alert_id, organ_id, level, addressed, delivered, acknowledged, escalations,
                                         place_code, matter_ids)
         SELECT alert_id, organ_id, level, addressed, delivered, acknowledged, escalations, place_code,
                matter_ids::uuid[]
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::boolean[], $6::text[],
                     $7::integer[], $8::text[], $9::text[])
              AS told (alert_id, organ_id, level, addressed, delivered, acknowledged, escalations, place_code,
                       matter_ids)
         ON CONFLICT (alert_id, organ_id) DO UPDATE
         SET addressed = kept.addressed OR excluded.addressed, delivered = kept.delivered OR excluded.delivered,
             acknowledged = coalesce(excluded.acknowledged, kept.acknowledged),
             escalations = greatest(excluded.escalations, kept.escalations),
             place_code = coalesce(excluded.place_code, kept.place_code),
             matter_ids = CASE WHEN excluded.addressed THEN excluded.matter_ids ELSE kept.matter_ids END",
        &alerts,
        &organs,
        &levels,
        &addressed,
        &delivered,
        &acknowledged as &[Option<String>],
        &escalations,
        &places as &[Option<String>],
        &matters,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ids as PostgreSQL writes an array.
fn array(ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    format!("{{{}}}", ids.join(","))
}

/// The recipients of a level, by how far the alerts got.
#[derive(Clone, Debug)]
pub(crate) struct LevelCount {
    pub(crate) level: String,
    pub(crate) addressed: i64,
    pub(crate) delivered: i64,
    pub(crate) in_time: i64,
    pub(crate) late: i64,
    pub(crate) escalations: i64,
}

pub(crate) async fn levels(connection: &mut PgConnection) -> Result<Vec<LevelCount>, sqlx::Error> {
    sqlx::query_as!(
        LevelCount,
        r#"SELECT level, count(*) FILTER (WHERE addressed) AS "addressed!",
                  count(*) FILTER (WHERE delivered) AS "delivered!",
                  count(*) FILTER (WHERE acknowledged = 'in_time') AS "in_time!",
                  count(*) FILTER (WHERE acknowledged = 'late') AS "late!",
                  coalesce(sum(escalations), 0) AS "escalations!"
           FROM alert_fact GROUP BY level ORDER BY level LIMIT 100"#,
    )
    .fetch_all(connection)
    .await
}

/// Alerts that addressed somebody.
pub(crate) async fn raised(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(DISTINCT alert_id) AS "alerts!" FROM alert_fact WHERE addressed"#
    )
    .fetch_one(connection)
    .await
}
