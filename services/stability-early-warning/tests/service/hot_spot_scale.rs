//! What a day costs at the scale of a city: series of every township and subject, three years of them.

use std::time::Instant;

use chrono::Days;
use huiyin_domain::time::local_date;

use crate::hot_spot_stage::{Watch, day};
use crate::stage::{Tested, start};

/// Series: 1,000 by day; the night asks for 56,000.
fn series() -> i64 {
    std::env::var("HUIYIN_SERIES").map_or(1_000, |series| series.parse().unwrap())
}

/// Seconds that a day may take.
const SECONDS: u64 = 60;
/// Days of counts: three years, and a few weeks.
const HISTORY: i32 = 1_150;

/// One matter in two days of each series, at random but always alike, each with matters enough to be judged; one of them is
/// struck today.
async fn counted(watch: &Watch) -> Tested {
    let today = local_date(start());
    let first = today - Days::new(HISTORY.unsigned_abs().into());
    let mut connection = watch.stage.desk.database().writing().acquire().await?;
    sqlx::query(
        "INSERT INTO daily_count (place_code, subject, day, matters)
         SELECT '4312' || lpad((series / 20 / 99 + 1)::text, 2, '0') || lpad((series / 20 % 99 + 1)::text, 3, '0') || '000',
                'S' || lpad((series % 20)::text, 3, '0'), $2::date + day, 1 + (hashint4(series * 7919 + day) & 7) / 6
         FROM generate_series(0, $1::integer - 1) AS series, generate_series(0, $3::integer) AS day
         WHERE hashint4(series * 31 + day * 104729) & 1 = 0 OR day > $3 - 4",
    )
    .bind(i32::try_from(series()).unwrap())
    .bind(first)
    .bind(HISTORY)
    .execute(&mut *connection)
    .await?;
    let struck = "UPDATE daily_count SET matters = 60 WHERE place_code = '431201001000' AND subject = 'S000' AND day = $1";
    let struck = sqlx::query(struck)
        .bind(today)
        .execute(&mut *connection)
        .await?;
    assert_eq!(struck.rows_affected(), 1);
    sqlx::query("INSERT INTO counted_series SELECT DISTINCT place_code, subject FROM daily_count")
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO hot_spot_watch (first_day, next_day) VALUES ($1, $2)")
        .bind(first)
        .bind(today)
        .execute(&mut *connection)
        .await?;
    sqlx::query("ANALYZE daily_count")
        .execute(&mut *connection)
        .await?;
    let timer = "INSERT INTO timer (kind, ref, fire_at) VALUES ('hot_spot_day', $1, $2)";
    sqlx::query(timer)
        .bind(uuid::Uuid::nil())
        .bind(start())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

#[tokio::test]
async fn every_series_of_a_city_is_judged_again_within_a_minute() -> Tested {
    let watch = Watch::set().await?;
    counted(&watch).await?;
    watch.stage.desk.move_clock(day(1)).await?;
    let began = Instant::now();
    assert_eq!(watch.pass().await?, 1);
    let took = began.elapsed();
    let rows = watch
        .stage
        .count("SELECT count(*) FROM daily_count")
        .await?;
    let spots = watch.list().await?;
    println!(
        "{} series with {rows} counts of three years: a day is judged in {:.1} s, {} hot spots",
        series(),
        took.as_secs_f64(),
        spots.len()
    );
    let struck = spots
        .iter()
        .find(|spot| spot.place_code == "431201001000" && spot.subject == "S000");
    assert_eq!(struck.map(|spot| spot.observed), Some(60));
    assert!(took.as_secs() < SECONDS, "{took:?}");
    Ok(())
}
