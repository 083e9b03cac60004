//! What happened to matters; only ever added to.

use std::collections::HashMap;

use huiyin_domain::ids::MatterId;
use huiyin_domain::supervision::{Fact, FactKind};
use huiyin_domain::time::Instant;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::heard::Heard;

/// Adds facts; one that is known already stays as it is.
pub(crate) async fn append(
    connection: &mut PgConnection,
    heard: &[Heard],
) -> Result<(), sqlx::Error> {
    let matters: Vec<Uuid> = heard.iter().map(|heard| heard.matter.uuid()).collect();
    let sources: Vec<Uuid> = heard.iter().map(|heard| heard.source).collect();
    let instants: Vec<Instant> = heard.iter().map(|heard| heard.fact.at).collect();
    let facts: Vec<Json<FactKind>> = heard.iter().map(|heard| Json(heard.fact.kind)).collect();
    sqlx::query!(
        "INSERT INTO clock_fact (matter_id, event_id, at, fact)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[])
         ON CONFLICT DO NOTHING",
        &matters,
        &sources,
        &instants,
        &facts as &[Json<FactKind>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The facts of these matters, which are as few as a matter's hops.
pub(crate) async fn of(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<HashMap<MatterId, Vec<Fact>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT matter_id, at, fact AS "fact: Json<FactKind>" FROM clock_fact WHERE matter_id = ANY($1)"#,
        matters,
    )
    .fetch_all(connection)
    .await?;
    let mut facts: HashMap<MatterId, Vec<Fact>> = HashMap::with_capacity(matters.len());
    for row in rows {
        let fact = Fact {
            at: row.at,
            kind: row.fact.0,
        };
        facts
            .entry(MatterId::from_uuid(row.matter_id))
            .or_default()
            .push(fact);
    }
    Ok(facts)
}
