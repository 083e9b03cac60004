//! Every acknowledgement, taking over, refusal and lapse of a recipient.

use huiyin_domain::time::Instant;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::count;

/// What a post did, or did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecipientAct {
    /// It acknowledged.
    Acknowledged,
    /// It took over from another post.
    TookOver,
    /// It named another organ.
    Refused,
}

impl RecipientAct {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::TookOver => "took_over",
            Self::Refused => "refused",
        }
    }
}

/// Writes what a post of a locked recipient did.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    recipient: Uuid,
    (act, post): (RecipientAct, &str),
    at: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO recipient_act (recipient_id, number, act, post, at)
         SELECT $1, 1 + coalesce(max(number), 0), $2, $3, $4 FROM recipient_act WHERE recipient_id = $1",
        recipient,
        act.as_str(),
        post,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes that the acknowledgements of locked recipients lapsed.
pub(crate) async fn lapse(
    connection: &mut PgConnection,
    recipients: &[Uuid],
    at: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO recipient_act (recipient_id, number, act, at)
         SELECT lapsed.id, 1 + coalesce((SELECT max(number) FROM recipient_act WHERE recipient_id = lapsed.id), 0),
                'lapsed', $2
         FROM unnest($1::uuid[]) AS lapsed (id)",
        recipients,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many posts of a locked recipient acknowledged since its last acknowledgement lapsed, and whether this one did.
pub(crate) async fn posts(
    connection: &mut PgConnection,
    recipient: Uuid,
    post: &str,
) -> Result<(u32, bool), Problem> {
    let seen = sqlx::query!(
        r#"SELECT count(DISTINCT post)::integer AS "posts!", coalesce(bool_or(post = $2), false) AS "this!"
           FROM recipient_act
           WHERE recipient_id = $1 AND act = 'acknowledged'
             AND number > coalesce((SELECT max(number) FROM recipient_act
                                    WHERE recipient_id = $1 AND act = 'lapsed'), 0)"#,
        recipient,
        post,
    )
    .fetch_one(connection)
    .await?;
    Ok((count("recipient_act.posts", seen.posts)?, seen.this))
}
