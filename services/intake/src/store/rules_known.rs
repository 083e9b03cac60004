//! The competence rules that routing put in force.

use huiyin_domain::routing::{CompetenceFile, CompetenceRules};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use sqlx::types::Json;

/// Every version, the oldest first; they are few.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<CompetenceRules>, Problem> {
    let files = sqlx::query_scalar!(
        r#"SELECT file AS "file: Json<CompetenceFile>" FROM rules_known ORDER BY valid_from LIMIT 10000"#
    )
    .fetch_all(connection)
    .await?;
    let rules = files.into_iter().map(|file| {
        CompetenceRules::new(file.0).map_err(|faults| {
            let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Problem::Unexpected(format!("table rules_known: {}", words.join("; ")))
        })
    });
    rules.collect()
}

/// Writes a version; one that is known stays as it is.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    rules: &CompetenceRules,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO rules_known (version, valid_from, file) VALUES ($1, $2, $3) ON CONFLICT (version) DO NOTHING",
        rules.version(),
        rules.valid_from(),
        Json(rules.file()) as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}
