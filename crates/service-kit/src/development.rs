//! The hand-moved clock and the standing of one service. Served in the development profile only.

use huiyin_proto::development::v1::{
    GetStandingRequest, GetStandingResponse, MoveClockRequest, MoveClockResponse, StreamPlace,
    clock_service_server::ClockService,
};
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use crate::database::Database;
use crate::status::Problem;
use crate::violations::Violations;
use crate::wire;

/// `ClockService` over one service's database.
#[derive(Clone, Debug)]
pub struct ClockRpc {
    /// The database whose clock is moved.
    pub database: Database,
}

#[tonic::async_trait]
impl ClockService for ClockRpc {
    async fn move_clock(
        &self,
        request: Request<MoveClockRequest>,
    ) -> Result<Response<MoveClockResponse>, Status> {
        if !self.database.clock().is_by_hand() {
            return Err(Problem::DevelopmentOnly.into());
        }
        let mut violations = Violations::default();
        let to = violations.time("to_time", request.into_inner().to_time.as_ref());
        violations.finish()?;
        let moved: Option<chrono::DateTime<chrono::Utc>> = sqlx::query_scalar(
            "UPDATE development.clock SET now_time = greatest(now_time, $1) RETURNING now_time",
        )
        .bind(to)
        .fetch_optional(self.database.pool())
        .await
        .map_err(Problem::from)?;
        self.database.pokes().poke_sweeps();
        Ok(Response::new(MoveClockResponse {
            now_time: moved.map(wire::timestamp),
        }))
    }

    async fn get_standing(
        &self,
        _request: Request<GetStandingRequest>,
    ) -> Result<Response<GetStandingResponse>, Status> {
        self.database.pokes().poke_sweeps();
        let standing = standing(&self.database).await.map_err(Problem::from)?;
        Ok(Response::new(standing))
    }
}

/// One consistent look: every statement sees the same snapshot.
async fn standing(database: &Database) -> Result<GetStandingResponse, sqlx::Error> {
    let mut look = database
        .pool()
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let now = database.clock().now(&mut look).await?;
    let counts = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM outbox_urgent) AS "outbox_rows!",
                  (SELECT count(*) FROM timer WHERE fire_at <= $1) AS "due_timers!",
                  (SELECT count(*) FROM quarantine) AS "quarantined!""#,
        now,
    )
    .fetch_one(&mut *look)
    .await?;
    let heads = places(&mut look, true).await?;
    let cursors = places(&mut look, false).await?;
    Ok(GetStandingResponse {
        now_time: Some(wire::timestamp(now)),
        outbox_rows: u64::try_from(counts.outbox_rows).unwrap_or(0),
        due_timers: u64::try_from(counts.due_timers).unwrap_or(0),
        heads,
        cursors,
        quarantined: u64::try_from(counts.quarantined).unwrap_or(0),
    })
}

async fn places(look: &mut PgConnection, heads: bool) -> Result<Vec<StreamPlace>, sqlx::Error> {
    let rows: Vec<(String, i32, i64)> = if heads {
        sqlx::query_as("SELECT stream, epoch, seq FROM stream_head ORDER BY stream LIMIT 1000")
            .fetch_all(look)
            .await?
    } else {
        sqlx::query_as("SELECT stream, epoch, seq FROM cursor ORDER BY stream LIMIT 1000")
            .fetch_all(look)
            .await?
    };
    Ok(rows
        .into_iter()
        .map(|(stream, epoch, seq)| StreamPlace {
            stream,
            epoch: u32::try_from(epoch).unwrap_or(0),
            seq: u64::try_from(seq).unwrap_or(0),
        })
        .collect())
}
