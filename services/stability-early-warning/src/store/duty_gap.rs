//! Hours that were found in advance in which somebody must be on duty and nobody is.

use huiyin_domain::ids::{GapId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{most, stretch, word};
use crate::duty::Gap;

/// Open gaps of one organ at most; there is one shift between two of them at least.
const MOST: i64 = 1000;

struct Row {
    gap_id: Uuid,
    organ_id: Uuid,
    place_code: String,
    from_at: Instant,
    to_at: Instant,
    to_organ: Option<Uuid>,
    found_at: Instant,
    filled_at: Option<Instant>,
}

impl TryFrom<Row> for Gap {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: GapId::from_uuid(row.gap_id),
            organ: OrganId::from_uuid(row.organ_id),
            place: word("duty_gap.place_code", &row.place_code)?,
            time: stretch("duty_gap", (row.from_at, row.to_at))?,
            to: row.to_organ.map(OrganId::from_uuid),
            found_at: row.found_at,
            filled_at: row.filled_at,
        })
    }
}

/// Writes gaps.
pub(crate) async fn insert(connection: &mut PgConnection, gaps: &[Gap]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = gaps.iter().map(|gap| gap.id.uuid()).collect();
    let organs: Vec<Uuid> = gaps.iter().map(|gap| gap.organ.uuid()).collect();
    let places: Vec<String> = gaps.iter().map(|gap| gap.place.to_string()).collect();
    let from: Vec<Instant> = gaps.iter().map(|gap| gap.time.from()).collect();
    let to: Vec<Instant> = gaps.iter().map(|gap| gap.time.to()).collect();
    let above: Vec<Option<Uuid>> = gaps.iter().map(|gap| gap.to.map(OrganId::uuid)).collect();
    let found: Vec<Instant> = gaps.iter().map(|gap| gap.found_at).collect();
    sqlx::query!(
        "INSERT INTO duty_gap (gap_id, organ_id, place_code, from_at, to_at, to_organ, found_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::uuid[],
                              $7::timestamptz[])",
        &ids,
        &organs,
        &places,
        &from,
        &to,
        above.as_slice() as &[Option<Uuid>],
        &found,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The gaps of organs that are neither filled nor over.
pub(crate) async fn open(
    connection: &mut PgConnection,
    organs: &[OrganId],
    now: Instant,
) -> Result<Vec<Gap>, Problem> {
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT gap_id, organ_id, place_code, from_at, to_at, to_organ, found_at, filled_at FROM duty_gap
         WHERE organ_id = ANY($1) AND to_at > $2 AND filled_at IS NULL ORDER BY organ_id, from_at LIMIT $3",
        &ids,
        now,
        most(&ids).saturating_mul(MOST),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Gap::try_from).collect()
}

/// Writes that nothing is left of gaps.
pub(crate) async fn fill(
    connection: &mut PgConnection,
    gaps: &[Uuid],
    at: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE duty_gap SET filled_at = $2 WHERE gap_id = ANY($1) AND filled_at IS NULL",
        gaps,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Which gaps a list wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Of this organ.
    pub(crate) organ: Option<OrganId>,
    /// That are not filled.
    pub(crate) open_only: bool,
    /// Behind this one.
    pub(crate) after: Option<(Instant, GapId)>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page of gaps, by their beginning.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<Gap>, Problem> {
    let (after_time, after_id) = wanted.after.map(|(at, id)| (at, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT gap_id, organ_id, place_code, from_at, to_at, to_organ, found_at, filled_at FROM duty_gap
         WHERE ($1::uuid IS NULL OR organ_id = $1) AND (NOT $2 OR filled_at IS NULL)
           AND ($3::timestamptz IS NULL OR (from_at, gap_id) > ($3, $4))
         ORDER BY from_at, gap_id LIMIT $5",
        wanted.organ.map(OrganId::uuid),
        wanted.open_only,
        after_time,
        after_id,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Gap::try_from).collect()
}
