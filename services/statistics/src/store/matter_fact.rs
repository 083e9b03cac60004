//! Registered matters.

use std::collections::BTreeMap;

use huiyin_domain::time::Date;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::heard::Registered;
use crate::period::Period;

pub(crate) async fn keep(
    connection: &mut PgConnection,
    registered: &BTreeMap<Uuid, Registered>,
) -> Result<(), sqlx::Error> {
    if registered.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = registered.keys().copied().collect();
    let text = |field: fn(&Registered) -> &String| -> Vec<String> {
        registered
            .values()
            .map(|matter| field(matter).clone())
            .collect()
    };
    let persons: Vec<i32> = registered.values().map(|matter| matter.persons).collect();
    let offices: Vec<Uuid> = registered
        .values()
        .map(|matter| matter.registered_by)
        .collect();
    let received: Vec<Date> = registered
        .values()
        .map(|matter| matter.received_on)
        .collect();
    let repeats: Vec<Option<Uuid>> = registered.values().map(|matter| matter.repeat_of).collect();
    let about: Vec<Option<Uuid>> = registered.values().map(|matter| matter.about).collect();
    sqlx::query!(
        "INSERT INTO matter_fact (matter_id, channel, category, subject, place_code, persons, registered_by,
                                  received_on, repeat_of, about_organ)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[],
                              $7::uuid[], $8::date[], $9::uuid[], $10::uuid[])
         ON CONFLICT (matter_id) DO NOTHING",
        &ids,
        &text(|matter| &matter.channel),
        &text(|matter| &matter.category),
        &text(|matter| &matter.subject),
        &text(|matter| &matter.place),
        &persons,
        &offices,
        &received,
        &repeats as &[Option<Uuid>],
        &about as &[Option<Uuid>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Matters of a period that are alike in what a table breaks down by.
#[derive(Clone, Debug)]
pub(crate) struct Alike {
    pub(crate) channel: String,
    pub(crate) category: String,
    pub(crate) subject: String,
    pub(crate) place: String,
    pub(crate) matters: i64,
    pub(crate) persons: i64,
}

/// The matters received in a period, by channel, category, subject and the places just below.
pub(crate) async fn alike(
    connection: &mut PgConnection,
    period: &Period,
) -> Result<Vec<Alike>, sqlx::Error> {
    sqlx::query_as!(
        Alike,
        r#"SELECT channel, category, subject, rpad(left(place_code, $4), 12, '0') AS "place!",
                  count(*) AS "matters!", sum(persons) AS "persons!"
           FROM matter_fact
           WHERE received_on BETWEEN $1 AND $2 AND starts_with(place_code, $3)
           GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT 1000000"#,
        period.from,
        period.to,
        period.prefix(),
        period.digits_below(),
    )
    .fetch_all(connection)
    .await
}

/// The matters received in a period and the persons of its visits, counted without any breakdown.
pub(crate) async fn totals(
    connection: &mut PgConnection,
    period: &Period,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "matters!", coalesce(sum(persons) FILTER (WHERE channel = 'visit'), 0) AS "persons!"
           FROM matter_fact WHERE received_on BETWEEN $1 AND $2 AND starts_with(place_code, $3)"#,
        period.from,
        period.to,
        period.prefix(),
    )
    .fetch_one(connection)
    .await?;
    Ok((row.matters, row.persons))
}

/// Matters received in a period, and the repeats among them: of a matter that who counts sees too.
pub(crate) async fn repeats(
    connection: &mut PgConnection,
    period: &Period,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE EXISTS (
                      SELECT FROM matter_fact AS earlier WHERE earlier.matter_id = matter.repeat_of)) AS "repeats!",
                  count(*) AS "matters!"
           FROM matter_fact AS matter WHERE received_on BETWEEN $1 AND $2 AND starts_with(place_code, $3)"#,
        period.from,
        period.to,
        period.prefix(),
    )
    .fetch_one(connection)
    .await?;
    Ok((row.repeats, row.matters))
}
