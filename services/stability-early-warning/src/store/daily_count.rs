//! Matters of each day by place and subject.

use std::collections::BTreeMap;

use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Date;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;

use super::{count, integer, word};
use crate::hot_spots::looking::Key;

/// Counts that are read for the clusters of a day at most: 300 townships, 60 days, 200 subjects are not half as many.
const ROWS: i64 = 10_000_000;

/// Adds counts, and names the series that are new.
pub(crate) async fn add(
    connection: &mut PgConnection,
    counts: &BTreeMap<(TerritoryCode, String, Date), u32>,
) -> Result<(), Problem> {
    let places: Vec<String> = counts.keys().map(|(place, ..)| place.to_string()).collect();
    let subjects: Vec<String> = counts
        .keys()
        .map(|(_, subject, _)| subject.clone())
        .collect();
    let days: Vec<Date> = counts.keys().map(|(.., day)| *day).collect();
    let matters = counts.values().map(|matters| integer(*matters));
    let matters = matters.collect::<Result<Vec<i32>, Problem>>()?;
    sqlx::query!(
        "INSERT INTO daily_count (place_code, subject, day, matters)
         SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::integer[])
         ON CONFLICT (place_code, subject, day) DO UPDATE SET matters = daily_count.matters + excluded.matters",
        &places,
        &subjects,
        &days,
        &matters,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO counted_series (place_code, subject)
         SELECT DISTINCT place_code, subject FROM unnest($1::text[], $2::text[]) AS counted (place_code, subject)
         ON CONFLICT DO NOTHING",
        &places,
        &subjects,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many series there are.
pub(crate) async fn series(connection: &mut PgConnection) -> Result<usize, Problem> {
    let series = sqlx::query_scalar!(r#"SELECT count(*) AS "series!" FROM counted_series"#)
        .fetch_one(connection)
        .await?;
    Ok(usize::try_from(series).unwrap_or(0))
}

/// The series that had so many matters or more on these days together and no hot spot that is open.
pub(crate) async fn busy(
    connection: &mut PgConnection,
    (from, to): (Date, Date),
    (least, limit): (u64, i64),
) -> Result<Vec<Key>, Problem> {
    let rows = sqlx::query!(
        "SELECT place_code, subject FROM daily_count
         WHERE day BETWEEN $1 AND $2
           AND NOT EXISTS (SELECT 1 FROM hot_spot
                           WHERE hot_spot.place_code = daily_count.place_code AND hot_spot.subject = daily_count.subject
                             AND answered_at IS NULL)
         GROUP BY place_code, subject HAVING sum(matters) >= $3
         ORDER BY sum(matters) DESC, place_code, subject LIMIT $4",
        from,
        to,
        i64::try_from(least).unwrap_or(i64::MAX),
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok((
                word("daily_count.place_code", &row.place_code)?,
                row.subject,
            ))
        })
        .collect()
}

/// A series' counts: how many days after the first each lies, and how many matters it has. Days without a matter are left out.
#[derive(Debug)]
pub(crate) struct Counts {
    /// The place and subject.
    pub(crate) series: Key,
    /// Days after the first.
    pub(crate) days: Vec<i32>,
    /// Matters of each.
    pub(crate) matters: Vec<i32>,
}

/// The counts of these series on these days.
pub(crate) async fn of(
    connection: &mut PgConnection,
    series: &[Key],
    (from, to): (Date, Date),
) -> Result<Vec<Counts>, Problem> {
    let places: Vec<String> = series.iter().map(|(place, _)| place.to_string()).collect();
    let subjects: Vec<String> = series.iter().map(|(_, subject)| subject.clone()).collect();
    let rows = sqlx::query!(
        r#"SELECT place_code AS "place_code!", subject AS "subject!", array_agg(day - $3::date) AS "days!",
                  array_agg(matters) AS "matters!"
           FROM unnest($1::text[], $2::text[]) AS looked (place_code, subject)
           JOIN daily_count USING (place_code, subject)
           WHERE day BETWEEN $3 AND $4 GROUP BY place_code, subject"#,
        &places,
        &subjects,
        from,
        to,
    )
    .fetch_all(connection)
    .await?;
    let counts = rows.into_iter().map(|row| {
        Ok(Counts {
            series: (
                word("daily_count.place_code", &row.place_code)?,
                row.subject,
            ),
            days: row.days,
            matters: row.matters,
        })
    });
    counts.collect()
}

/// The counts of all subjects in these places on these days; days without a matter are left out.
pub(crate) async fn of_places(
    connection: &mut PgConnection,
    places: &[TerritoryCode],
    (from, to): (Date, Date),
) -> Result<Vec<(Key, Date, u32)>, Problem> {
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    let rows = sqlx::query!(
        "SELECT place_code, subject, day, matters FROM daily_count
         WHERE day BETWEEN $2 AND $3 AND place_code = ANY($1) LIMIT $4",
        &places,
        from,
        to,
        ROWS,
    )
    .fetch_all(connection)
    .await?;
    let counts = rows.into_iter().map(|row| {
        let place = word("daily_count.place_code", &row.place_code)?;
        let matters = count("daily_count.matters", row.matters)?;
        Ok(((place, row.subject), row.day, matters))
    });
    counts.collect()
}
