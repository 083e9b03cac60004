//! How far each stream has been logged, and what waits behind.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use crate::road::sequencer::Sequenced;

/// Epoch and sequence number that a stream has been logged to.
pub(in crate::evidence) type Reached = (i32, i64);

/// How far each stream has been logged.
pub(in crate::evidence) async fn all(
    connection: &mut PgConnection,
) -> Result<BTreeMap<String, Reached>, sqlx::Error> {
    let rows = sqlx::query!("SELECT stream, epoch, seq FROM log_cursor ORDER BY stream LIMIT 1000")
        .fetch_all(connection)
        .await?;
    let rows = rows.into_iter();
    Ok(rows.map(|row| (row.stream, (row.epoch, row.seq))).collect())
}

/// What of the feed waits to be logged, each stream in its order: at most so many rows of each and so many bytes of all, but
/// one row at least.
pub(in crate::evidence) async fn waiting(
    connection: &mut PgConnection,
    rows: i64,
    bytes: i64,
) -> Result<Vec<Sequenced>, sqlx::Error> {
    sqlx::query_as!(
        Sequenced,
        r#"SELECT stream AS "stream!", epoch AS "epoch!", seq AS "seq!", event_id AS "event_id!", payload AS "payload!"
           FROM (
               SELECT f.stream, f.epoch, f.seq, f.event_id, f.payload,
                      sum(octet_length(f.payload)) OVER (ORDER BY f.stream, f.epoch, f.seq) - octet_length(f.payload)
                          AS before
               FROM stream_head h LEFT JOIN log_cursor c ON c.stream = h.stream
               CROSS JOIN LATERAL (
                   SELECT stream, epoch, seq, event_id, payload FROM feed
                   WHERE stream = h.stream AND (epoch, seq) > (coalesce(c.epoch, 0), coalesce(c.seq, 0))
                   ORDER BY epoch, seq LIMIT $1
               ) f
           ) run WHERE before < $2 ORDER BY stream, epoch, seq"#,
        rows,
        bytes,
    )
    .fetch_all(connection)
    .await
}

/// Moves the cursors.
pub(in crate::evidence) async fn advance(
    connection: &mut PgConnection,
    reached: &BTreeMap<String, Reached>,
) -> Result<(), sqlx::Error> {
    let streams: Vec<String> = reached.keys().cloned().collect();
    let (epochs, seqs): (Vec<i32>, Vec<i64>) = reached.values().copied().unzip();
    sqlx::query!(
        "INSERT INTO log_cursor (stream, epoch, seq) SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[])
         ON CONFLICT (stream) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq",
        &streams,
        &epochs,
        &seqs,
    )
    .execute(connection)
    .await?;
    Ok(())
}
