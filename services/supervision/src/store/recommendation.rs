//! Recommendations to organs.

use huiyin_domain::ids::{MatterId, OrganId, RecommendationId};
use huiyin_domain::time::{Date, Instant};
use huiyin_domain::vocabulary::{Adoption, RecommendationKind};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Page, column, number, word};

/// A recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recommendation {
    /// Its id.
    pub(crate) id: RecommendationId,
    /// The matter that gave rise to it.
    pub(crate) matter: MatterId,
    /// Its number among those of the matter, and of its clock.
    pub(crate) cycle: u32,
    /// The petition office that recommends.
    pub(crate) from: OrganId,
    /// The organ that must answer.
    pub(crate) organ: OrganId,
    /// Which of the three.
    pub(crate) kind: RecommendationKind,
    /// When it was made.
    pub(crate) made_at: Instant,
    /// When its answer is due.
    pub(crate) due: Option<Date>,
    /// When the organ answered and what it makes of it; none while it owes the answer.
    pub(crate) answered: Option<(Instant, Adoption)>,
}

struct Row {
    recommendation_id: Uuid,
    matter_id: Uuid,
    cycle: i32,
    from_organ: Uuid,
    organ_id: Uuid,
    kind: String,
    made_at: Instant,
    due: Option<Date>,
    answered_at: Option<Instant>,
    adoption: Option<String>,
}

impl Row {
    fn recommendation(self) -> Result<Recommendation, Problem> {
        let adoption = self.adoption.as_deref().map(word).transpose()?;
        Ok(Recommendation {
            id: RecommendationId::from_uuid(self.recommendation_id),
            matter: MatterId::from_uuid(self.matter_id),
            cycle: number(self.cycle),
            from: OrganId::from_uuid(self.from_organ),
            organ: OrganId::from_uuid(self.organ_id),
            kind: word(&self.kind)?,
            made_at: self.made_at,
            due: self.due,
            answered: self.answered_at.zip(adoption),
        })
    }
}

/// Writes a recommendation with its words and the post that made it.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    made: &Recommendation,
    (words, post): (&str, &str),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO recommendation
             (recommendation_id, matter_id, cycle, from_organ, organ_id, kind, recommendation, post, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        made.id.uuid(),
        made.matter.uuid(),
        column(made.cycle),
        made.from.uuid(),
        made.organ.uuid(),
        made.kind.as_str(),
        words,
        post,
        made.made_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One recommendation.
pub(crate) async fn read(
    connection: &mut PgConnection,
    id: RecommendationId,
) -> Result<Option<Recommendation>, Problem> {
    sqlx::query_as!(
        Row,
        r#"SELECT recommendation_id, recommendation.matter_id, recommendation.cycle, from_organ,
                  recommendation.organ_id, recommendation.kind, made_at, clock.due AS "due?", answered_at, adoption
           FROM recommendation
           LEFT JOIN clock ON clock.matter_id = recommendation.matter_id AND clock.kind = 'recommendation_answer'
                          AND clock.cycle = recommendation.cycle
           WHERE recommendation_id = $1"#,
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?
    .map(Row::recommendation)
    .transpose()
}

/// Writes the organ's answer to a recommendation that waits for it; false when it does not any more.
pub(crate) async fn answer(
    connection: &mut PgConnection,
    id: RecommendationId,
    (adoption, answer): (Adoption, &str),
    at: Instant,
) -> Result<bool, sqlx::Error> {
    let answered = sqlx::query!(
        "UPDATE recommendation SET answered_at = $2, adoption = $3, answer = $4
         WHERE recommendation_id = $1 AND answered_at IS NULL",
        id.uuid(),
        at,
        adoption.as_str(),
        answer,
    )
    .execute(connection)
    .await?;
    Ok(answered.rows_affected() == 1)
}

/// Which recommendations are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only those to this organ.
    pub(crate) organ: Option<OrganId>,
    /// Only those that wait for an answer.
    pub(crate) open: bool,
}

/// A page of recommendations, oldest first.
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: Filter,
    page: &Page<(Instant, RecommendationId)>,
) -> Result<Vec<Recommendation>, Problem> {
    let (at, id) = page.after.unwrap_or((
        Instant::UNIX_EPOCH,
        RecommendationId::from_uuid(Uuid::nil()),
    ));
    sqlx::query_as!(
        Row,
        r#"SELECT recommendation_id, recommendation.matter_id, recommendation.cycle, from_organ,
                  recommendation.organ_id, recommendation.kind, made_at, clock.due AS "due?", answered_at, adoption
           FROM recommendation
           LEFT JOIN clock ON clock.matter_id = recommendation.matter_id AND clock.kind = 'recommendation_answer'
                          AND clock.cycle = recommendation.cycle
           WHERE (made_at, recommendation_id) > ($1, $2)
             AND ($3::uuid IS NULL OR recommendation.organ_id = $3)
             AND (NOT $4 OR answered_at IS NULL)
           ORDER BY made_at, recommendation_id LIMIT $5"#,
        at,
        id.uuid(),
        filter.organ.map(OrganId::uuid),
        filter.open,
        page.limit,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(Row::recommendation)
    .collect()
}
