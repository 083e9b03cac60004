//! The hand-moved clock and the standing of one service. Served in the development profile only.

use huiyin_proto::development::v1::{
    GetStandingRequest, GetStandingResponse, MoveClockRequest, MoveClockResponse, StreamPlace,
    clock_service_server::ClockService,
};
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
        if let Some(to) = to {
            // the row is for services that start later
            sqlx::query("UPDATE development.clock SET now_time = greatest(now_time, $1)")
                .bind(to)
                .execute(self.database.pool())
                .await
                .map_err(Problem::from)?;
            self.database.clock().move_to(to);
        }
        self.database.pokes().poke_sweeps();
        Ok(Response::new(MoveClockResponse {
            now_time: Some(wire::timestamp(self.database.now())),
        }))
    }

    async fn get_standing(
        &self,
        _request: Request<GetStandingRequest>,
    ) -> Result<Response<GetStandingResponse>, Status> {
        let standing = standing(&self.database).await.map_err(Problem::from)?;
        if standing.due_timers > 0 {
            self.database.pokes().poke_sweeps();
        }
        Ok(Response::new(standing))
    }
}

/// One statement, so that everything is seen in one snapshot.
async fn standing(database: &Database) -> Result<GetStandingResponse, sqlx::Error> {
    let now = database.now();
    let seen = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM outbox_urgent) AS "outbox_rows!",
                  (SELECT count(*) FROM timer WHERE fire_at <= $1) AS "due_timers!",
                  (SELECT count(*) FROM quarantine) AS "quarantined!",
                  ARRAY(SELECT stream FROM stream_head ORDER BY stream) AS "head_streams!",
                  ARRAY(SELECT epoch FROM stream_head ORDER BY stream) AS "head_epochs!",
                  ARRAY(SELECT seq FROM stream_head ORDER BY stream) AS "head_seqs!",
                  ARRAY(SELECT stream FROM cursor ORDER BY stream) AS "cursor_streams!",
                  ARRAY(SELECT epoch FROM cursor ORDER BY stream) AS "cursor_epochs!",
                  ARRAY(SELECT seq FROM cursor ORDER BY stream) AS "cursor_seqs!""#,
        now,
    )
    .fetch_one(database.pool())
    .await?;
    Ok(GetStandingResponse {
        now_time: Some(wire::timestamp(now)),
        outbox_rows: u64::try_from(seen.outbox_rows).unwrap_or(0),
        due_timers: u64::try_from(seen.due_timers).unwrap_or(0),
        heads: places(seen.head_streams, seen.head_epochs, seen.head_seqs),
        cursors: places(seen.cursor_streams, seen.cursor_epochs, seen.cursor_seqs),
        quarantined: u64::try_from(seen.quarantined).unwrap_or(0),
    })
}

fn places(streams: Vec<String>, epochs: Vec<i32>, seqs: Vec<i64>) -> Vec<StreamPlace> {
    streams
        .into_iter()
        .zip(epochs.into_iter().zip(seqs))
        .map(|(stream, (epoch, seq))| StreamPlace {
            stream,
            epoch: u32::try_from(epoch).unwrap_or(0),
            seq: u64::try_from(seq).unwrap_or(0),
        })
        .collect()
}
