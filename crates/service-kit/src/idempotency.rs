//! Exactly one effect for one request id: the answer is kept as long as the matter and given again.

use std::sync::Arc;

use futures::future::BoxFuture;
use prost::Message;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use crate::client::CALLER;
use crate::database::{Database, Tx};
use crate::status::Problem;

/// Who asks, and under which id.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The caller, as named by its metadata.
    pub caller: String,
    /// The request id it chose.
    pub request_id: String,
    /// SHA-256 of the request.
    pub body_hash: [u8; 32],
}

impl Asked {
    /// The identity of a request. The caller is the `x-huiyin-caller` metadata, or "unnamed".
    pub fn of<M: Message>(
        metadata: &tonic::metadata::MetadataMap,
        request_id: &str,
        message: &M,
    ) -> Self {
        let caller = metadata
            .get(CALLER)
            .and_then(|caller| caller.to_str().ok())
            .map_or("unnamed", |caller| caller);
        Self {
            caller: caller.chars().take(100).collect(),
            request_id: request_id.to_owned(),
            body_hash: Sha256::digest(message.encode_to_vec()).into(),
        }
    }
}

impl Database {
    /// Runs `work` once for a request id. Asked again with the same body, it gives the same answer;
    /// with another body it is refused, and nothing happens.
    ///
    /// # Errors
    /// What `work` refuses; [`Problem::RequestIdReused`] for another body.
    pub async fn once<R, W>(&self, name: &'static str, asked: Asked, work: W) -> Result<R, Problem>
    where
        R: Message + Default + 'static,
        W: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<R, Problem>> + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        let wanted = asked.clone();
        let outcome = self
            .transaction(name, move |tx| {
                let (work, asked) = (Arc::clone(&work), wanted.clone());
                Box::pin(async move {
                    let answer = work(tx).await?;
                    if keep(tx.connection(), &asked, &answer.encode_to_vec()).await? {
                        Ok(answer)
                    } else {
                        // Somebody answered this id meanwhile: undo, and give that answer.
                        Err(Problem::ChangedMeanwhile)
                    }
                })
            })
            .await;
        match outcome {
            Ok(answer) => Ok(answer),
            // A refusal may only mean that the work was done by an earlier call with this id.
            Err(refused) if refused.code() == tonic::Code::Internal => Err(refused),
            Err(refused) => self.answered(&asked).await?.ok_or(refused),
        }
    }

    /// The answer already given to a request id; `None` when it was never used.
    ///
    /// # Errors
    /// [`Problem::RequestIdReused`] when it was used with another body.
    pub async fn answered<R: Message + Default>(
        &self,
        asked: &Asked,
    ) -> Result<Option<R>, Problem> {
        let kept = sqlx::query!(
            "SELECT body_hash, response FROM idempotency WHERE caller = $1 AND request_id = $2",
            asked.caller,
            asked.request_id,
        )
        .fetch_optional(self.pool())
        .await?;
        let Some(kept) = kept else { return Ok(None) };
        if kept.body_hash != asked.body_hash {
            return Err(Problem::RequestIdReused {
                request_id: asked.request_id.clone(),
            });
        }
        R::decode(kept.response.as_slice())
            .map(Some)
            .map_err(|error| Problem::Unexpected(format!("a kept answer does not decode: {error}")))
    }
}

async fn keep(
    connection: &mut PgConnection,
    asked: &Asked,
    response: &[u8],
) -> Result<bool, sqlx::Error> {
    let kept = sqlx::query!(
        "INSERT INTO idempotency (caller, request_id, body_hash, response) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        asked.caller,
        asked.request_id,
        &asked.body_hash[..],
        response,
    )
    .execute(connection)
    .await?;
    Ok(kept.rows_affected() == 1)
}
