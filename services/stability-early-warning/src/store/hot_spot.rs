//! Hot spots.

use huiyin_domain::ids::{HotSpotId, OrganId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer, word};
use crate::hot_spots::{HotSpot, Normal, Together, Why};

struct Row {
    hot_spot_id: Uuid,
    place_code: String,
    subject: String,
    day: Date,
    matters: i64,
    observed: i64,
    expected: Option<f64>,
    bound: Option<f64>,
    p_value: Option<f64>,
    method: String,
    baseline_from: Option<Date>,
    baseline_to: Option<Date>,
    baseline_days: Option<i32>,
    baseline_mean: Option<f64>,
    explanation: String,
    over_budget: bool,
    desk_organ: Option<Uuid>,
    found_at: Instant,
    answered_at: Option<Instant>,
    place_codes: Vec<String>,
    first_day: Option<Date>,
}

impl Row {
    fn cluster(&self) -> Result<Option<Together>, Problem> {
        let places = self.place_codes.iter();
        let places = places.map(|place| word("hot_spot.place_codes", place));
        let places = places.collect::<Result<Vec<TerritoryCode>, Problem>>()?;
        Ok(self
            .first_day
            .map(|first_day| Together { places, first_day }))
    }

    fn baseline(&self) -> Result<Option<Normal>, Problem> {
        let days = self.baseline_days;
        let days = days
            .map(|days| count("hot_spot.baseline_days", days))
            .transpose()?;
        let stretch = self.baseline_from.zip(self.baseline_to);
        let whole = stretch.zip(days.zip(self.baseline_mean));
        Ok(whole.map(|((from, to), (days, mean))| Normal {
            from,
            to,
            days,
            mean,
        }))
    }
}

impl TryFrom<Row> for HotSpot {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: HotSpotId::from_uuid(row.hot_spot_id),
            place: word("hot_spot.place_code", &row.place_code)?,
            cluster: row.cluster()?,
            why: Why {
                matters: row.matters.unsigned_abs(),
                observed: row.observed.unsigned_abs(),
                expected: row.expected,
                bound: row.bound,
                p_value: row.p_value,
                method: row.method.clone(),
                baseline: row.baseline()?,
                words: row.explanation,
            },
            subject: row.subject,
            day: row.day,
            over_budget: row.over_budget,
            desk: row.desk_organ.map(OrganId::from_uuid),
            found_at: row.found_at,
            answered_at: row.answered_at,
        })
    }
}

/// Writes a hot spot and who owes answers; false when one of its place and subject is open, and then nothing is written.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    spot: &HotSpot,
    owing: &[OrganId],
) -> Result<bool, Problem> {
    let (why, normal) = (&spot.why, spot.why.baseline.as_ref());
    let days = normal.map(|normal| integer(normal.days)).transpose()?;
    let owing: Vec<Uuid> = owing.iter().map(|organ| organ.uuid()).collect();
    let cluster = spot.cluster.as_ref();
    let places = cluster.map_or(&[][..], |cluster| &cluster.places);
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    let written = sqlx::query!(
        "WITH found AS (
             INSERT INTO hot_spot (hot_spot_id, place_code, subject, day, matters, observed, expected, bound, p_value, method,
                                   baseline_from, baseline_to, baseline_days, baseline_mean, explanation, over_budget,
                                   desk_organ, found_at, place_codes, first_day)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $20, $21)
             ON CONFLICT (place_code, subject) WHERE answered_at IS NULL DO NOTHING
             RETURNING hot_spot_id, place_code)
         INSERT INTO hot_spot_answer (hot_spot_id, organ_id, place_code)
         SELECT hot_spot_id, owing.organ_id, place_code FROM found, unnest($19::uuid[]) AS owing (organ_id)",
        spot.id.uuid(),
        spot.place.as_str(),
        spot.subject,
        spot.day,
        i64::try_from(why.matters).unwrap_or(i64::MAX),
        i64::try_from(why.observed).unwrap_or(i64::MAX),
        why.expected,
        why.bound,
        why.p_value,
        why.method,
        normal.map(|normal| normal.from),
        normal.map(|normal| normal.to),
        days,
        normal.map(|normal| normal.mean),
        why.words,
        spot.over_budget,
        spot.desk.map(OrganId::uuid),
        spot.found_at,
        &owing,
        &places,
        cluster.map(|cluster| cluster.first_day),
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() > 0)
}

/// Whether a hot spot of the subject is open that has a place of the cluster, or is told for the place around it.
pub(crate) async fn overlaps(
    connection: &mut PgConnection,
    subject: &str,
    (around, places): (TerritoryCode, &[TerritoryCode]),
) -> Result<bool, sqlx::Error> {
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT 1 FROM hot_spot
               WHERE subject = $1 AND answered_at IS NULL
                 AND (place_code = $2 OR place_code = ANY($3) OR place_codes && $3)) AS "overlaps!""#,
        subject,
        around.as_str(),
        &places,
    )
    .fetch_one(connection)
    .await
}

/// One hot spot, if who asks sees it.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: HotSpotId,
) -> Result<Option<HotSpot>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT hot_spot_id, place_code, subject, day, matters, observed, expected, bound, p_value, method, baseline_from,
                baseline_to, baseline_days, baseline_mean, explanation, over_budget, desk_organ, found_at, answered_at,
                place_codes, first_day
         FROM hot_spot WHERE hot_spot_id = $1",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(HotSpot::try_from).transpose()
}

/// One hot spot, locked.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    id: HotSpotId,
) -> Result<Option<HotSpot>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT hot_spot_id, place_code, subject, day, matters, observed, expected, bound, p_value, method, baseline_from,
                baseline_to, baseline_days, baseline_mean, explanation, over_budget, desk_organ, found_at, answered_at,
                place_codes, first_day
         FROM hot_spot WHERE hot_spot_id = $1 FOR UPDATE",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(HotSpot::try_from).transpose()
}

/// Closes a hot spot that is locked.
pub(crate) async fn close(
    connection: &mut PgConnection,
    id: HotSpotId,
    at: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE hot_spot SET answered_at = $2 WHERE hot_spot_id = $1",
        id.uuid(),
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Which hot spots a list wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// To which this organ owes or owed an answer.
    pub(crate) organ: Option<OrganId>,
    /// That are open.
    pub(crate) open_only: bool,
    /// Behind this one.
    pub(crate) after: Option<(Instant, HotSpotId)>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page of hot spots, newest first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<HotSpot>, Problem> {
    let (after_time, after_id) = wanted.after.map(|(at, id)| (at, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT hot_spot_id, place_code, subject, day, matters, observed, expected, bound, p_value, method, baseline_from,
                baseline_to, baseline_days, baseline_mean, explanation, over_budget, desk_organ, found_at, answered_at,
                place_codes, first_day
         FROM hot_spot
         WHERE ($1::uuid IS NULL OR EXISTS (
                   SELECT 1 FROM hot_spot_answer AS owed
                   WHERE owed.hot_spot_id = hot_spot.hot_spot_id AND owed.organ_id = $1))
           AND (NOT $2 OR answered_at IS NULL)
           AND ($3::timestamptz IS NULL OR (found_at, hot_spot_id) < ($3, $4))
         ORDER BY found_at DESC, hot_spot_id DESC LIMIT $5",
        wanted.organ.map(OrganId::uuid),
        wanted.open_only,
        after_time,
        after_id,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(HotSpot::try_from).collect()
}
