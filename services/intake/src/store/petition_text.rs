//! The sealed texts of petitions and evaluations. Those of denunciations are touched under the role of their table, and only as
//! long as the statement takes.

use huiyin_domain::ids::MatterId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::vault::{Kind, Sealed};

/// A text with what it belongs to.
pub(crate) struct Text {
    /// The matter, for its petition; the evaluation, for its words.
    pub(crate) record: Uuid,
    /// The text.
    pub(crate) sealed: Sealed,
}

struct Row {
    record_id: Uuid,
    leaf: i64,
    epoch: i32,
    wrapped_key: Vec<u8>,
    body: Vec<u8>,
}

impl From<Row> for Text {
    fn from(row: Row) -> Self {
        Self {
            record: row.record_id,
            sealed: Sealed {
                leaf: row.leaf,
                epoch: row.epoch,
                wrapped_key: row.wrapped_key,
                body: row.body,
            },
        }
    }
}

/// A key that is to be wrapped anew.
pub(crate) struct OldKey {
    /// What its text belongs to.
    pub(crate) record: Uuid,
    /// The key.
    pub(crate) wrapped_key: Vec<u8>,
}

async fn take_role(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SET LOCAL ROLE intake_sealed")
        .execute(connection)
        .await?;
    Ok(())
}

async fn leave_role(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("RESET ROLE").execute(connection).await?;
    Ok(())
}

/// Keeps a text of a matter. Those of registrations are kept by their own statement.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    (kind, matter): (Kind, MatterId),
    text: &Text,
) -> Result<(), sqlx::Error> {
    let Text { record, sealed } = text;
    match kind {
        Kind::Open => {
            sqlx::query!(
                "INSERT INTO petition_text (record_id, matter_id, leaf, epoch, wrapped_key, body)
                 VALUES ($1, $2, $3, $4, $5, $6)",
                record,
                matter.uuid(),
                sealed.leaf,
                sealed.epoch,
                sealed.wrapped_key,
                sealed.body,
            )
            .execute(connection)
            .await?
        }
        Kind::Sealed => {
            sqlx::query!(
                "INSERT INTO sealed_petition_text (record_id, matter_id, leaf, epoch, wrapped_key, body)
                 VALUES ($1, $2, $3, $4, $5, $6)",
                record,
                matter.uuid(),
                sealed.leaf,
                sealed.epoch,
                sealed.wrapped_key,
                sealed.body,
            )
            .execute(connection)
            .await?
        }
    };
    Ok(())
}

/// The texts of a matter; none when they were erased.
pub(crate) async fn of_matter(
    connection: &mut PgConnection,
    (kind, matter): (Kind, MatterId),
) -> Result<Vec<Text>, sqlx::Error> {
    let rows = match kind {
        Kind::Open => {
            sqlx::query_as!(
                Row,
                "SELECT record_id, leaf, epoch, wrapped_key, body FROM petition_text
                 WHERE record_id = $1 OR record_id IN (SELECT evaluation_id FROM evaluation WHERE matter_id = $1)
                 ORDER BY leaf",
                matter.uuid(),
            )
            .fetch_all(connection)
            .await?
        }
        Kind::Sealed => {
            take_role(connection).await?;
            let rows = sqlx::query_as!(
                Row,
                "SELECT record_id, leaf, epoch, wrapped_key, body FROM sealed_petition_text
                 WHERE record_id = $1 OR record_id IN (SELECT evaluation_id FROM evaluation WHERE matter_id = $1)
                 ORDER BY leaf",
                matter.uuid(),
            )
            .fetch_all(&mut *connection)
            .await?;
            leave_role(connection).await?;
            rows
        }
    };
    Ok(rows.into_iter().map(Text::from).collect())
}

/// Deletes the texts of these matters; gives their leaves.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    kind: Kind,
    matters: &[Uuid],
) -> Result<Vec<i64>, sqlx::Error> {
    match kind {
        Kind::Open => {
            sqlx::query_scalar!(
                "DELETE FROM petition_text
                 WHERE record_id = ANY($1)
                    OR record_id IN (SELECT evaluation_id FROM evaluation WHERE matter_id = ANY($1))
                 RETURNING leaf",
                matters,
            )
            .fetch_all(connection)
            .await
        }
        Kind::Sealed => {
            take_role(connection).await?;
            let leaves = sqlx::query_scalar!(
                "DELETE FROM sealed_petition_text
                 WHERE record_id = ANY($1)
                    OR record_id IN (SELECT evaluation_id FROM evaluation WHERE matter_id = ANY($1))
                 RETURNING leaf",
                matters,
            )
            .fetch_all(&mut *connection)
            .await?;
            leave_role(connection).await?;
            Ok(leaves)
        }
    }
}

/// Keys of texts behind `after` that lie under an epoch before `newest`, by record; at most `limit`. They stay locked.
pub(crate) async fn old_keys(
    connection: &mut PgConnection,
    kind: Kind,
    (after, newest, limit): (Uuid, i32, i64),
) -> Result<Vec<OldKey>, sqlx::Error> {
    match kind {
        Kind::Open => {
            sqlx::query_as!(
                OldKey,
                "SELECT record_id AS record, wrapped_key FROM petition_text
                 WHERE record_id > $1 AND epoch < $2 ORDER BY record_id LIMIT $3 FOR UPDATE",
                after,
                newest,
                limit,
            )
            .fetch_all(connection)
            .await
        }
        Kind::Sealed => {
            take_role(connection).await?;
            let keys = sqlx::query_as!(
                OldKey,
                "SELECT record_id AS record, wrapped_key FROM sealed_petition_text
                 WHERE record_id > $1 AND epoch < $2 ORDER BY record_id LIMIT $3 FOR UPDATE",
                after,
                newest,
                limit,
            )
            .fetch_all(&mut *connection)
            .await?;
            leave_role(connection).await?;
            Ok(keys)
        }
    }
}

/// Writes keys that were wrapped anew under an epoch.
pub(crate) async fn rewrap(
    connection: &mut PgConnection,
    (kind, epoch): (Kind, i32),
    keys: Vec<OldKey>,
) -> Result<(), sqlx::Error> {
    let (records, wrapped): (Vec<Uuid>, Vec<Vec<u8>>) = keys
        .into_iter()
        .map(|key| (key.record, key.wrapped_key))
        .unzip();
    match kind {
        Kind::Open => {
            sqlx::query!(
                "UPDATE petition_text t SET epoch = $1, wrapped_key = given.wrapped_key
                 FROM unnest($2::uuid[], $3::bytea[]) AS given (record_id, wrapped_key)
                 WHERE t.record_id = given.record_id",
                epoch,
                &records,
                &wrapped,
            )
            .execute(connection)
            .await?;
        }
        Kind::Sealed => {
            take_role(connection).await?;
            sqlx::query!(
                "UPDATE sealed_petition_text t SET epoch = $1, wrapped_key = given.wrapped_key
                 FROM unnest($2::uuid[], $3::bytea[]) AS given (record_id, wrapped_key)
                 WHERE t.record_id = given.record_id",
                epoch,
                &records,
                &wrapped,
            )
            .execute(&mut *connection)
            .await?;
            leave_role(connection).await?;
        }
    }
    Ok(())
}

/// How many texts lie under which epoch.
pub(crate) async fn count(
    connection: &mut PgConnection,
    kind: Kind,
) -> Result<Vec<(i32, i64)>, sqlx::Error> {
    struct Counted {
        epoch: i32,
        texts: i64,
    }
    let counted = match kind {
        Kind::Open => {
            sqlx::query_as!(
                Counted,
                r#"SELECT epoch, count(*) AS "texts!" FROM petition_text GROUP BY epoch"#
            )
            .fetch_all(connection)
            .await?
        }
        Kind::Sealed => {
            take_role(connection).await?;
            let counted = sqlx::query_as!(
                Counted,
                r#"SELECT epoch, count(*) AS "texts!" FROM sealed_petition_text GROUP BY epoch"#
            )
            .fetch_all(&mut *connection)
            .await?;
            leave_role(connection).await?;
            counted
        }
    };
    Ok(counted
        .into_iter()
        .map(|counted| (counted.epoch, counted.texts))
        .collect())
}
