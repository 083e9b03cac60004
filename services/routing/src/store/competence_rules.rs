//! Versions of the competence rules that were put in force.

use huiyin_domain::routing::{CompetenceFile, CompetenceRules};
use huiyin_domain::time::Instant;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use sqlx::types::Json;

/// A version and who put it in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Activated {
    /// The rules as they are written.
    pub(crate) file: CompetenceFile,
    /// The post.
    pub(crate) post: String,
    /// Why.
    pub(crate) reason: String,
    /// When.
    pub(crate) at: Instant,
}

/// Every version, the oldest first; they are few.
pub(crate) async fn activated(
    connection: &mut PgConnection,
) -> Result<Vec<Activated>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT file AS "file: Json<CompetenceFile>", activated_by_post AS post, reason, activated_at AS at
           FROM competence_rules ORDER BY valid_from LIMIT 10000"#
    )
    .fetch_all(connection)
    .await?;
    let activated = rows.into_iter().map(|row| Activated {
        file: row.file.0,
        post: row.post,
        reason: row.reason,
        at: row.at,
    });
    Ok(activated.collect())
}

/// The rules of every version, the oldest first.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<CompetenceRules>, Problem> {
    let activated = activated(connection).await?.into_iter();
    activated
        .map(|version| {
            CompetenceRules::new(version.file).map_err(|faults| {
                let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
                Problem::Unexpected(format!("table competence_rules: {}", words.join("; ")))
            })
        })
        .collect()
}

/// Writes a version.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    activated: &Activated,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO competence_rules (version, valid_from, file, activated_by_post, reason, activated_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        activated.file.version,
        activated.file.valid_from,
        Json(&activated.file) as Json<&CompetenceFile>,
        activated.post,
        activated.reason,
        activated.at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
