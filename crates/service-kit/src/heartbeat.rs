//! Each process says every few seconds, for each service it runs, that it is alive: in a row of that service's schema, so that
//! whoever reads it knows at once that the process works and that it reaches its database. A process that is stopped, hangs or
//! dies says nothing more, and the auditor finds it.

use std::net::SocketAddr;
use std::time::Duration;

use crate::database::Database;
use crate::lifecycle::Stopper;

/// Seconds after which a process that never came back is forgotten by the others of its service.
const FORGOTTEN_AFTER: f64 = 3600.0;
/// Where the kernel says how the machine, or the container, is called.
const HOST: &str = "/proc/sys/kernel/hostname";
/// Characters of the name of a process at most.
const LONGEST: usize = 200;

/// How a process is called: the machine or container it runs on, and where its service listens there. One that is started again
/// in its place has the same name, and no two at a time have.
#[must_use]
pub fn process(listen: SocketAddr) -> String {
    let host = std::fs::read_to_string(HOST).unwrap_or_default();
    let name = format!("{} {listen}", host.trim());
    name.trim_start().chars().take(LONGEST).collect()
}

/// Says so every `every` until the process has drained; one that ends in order takes its row away.
pub async fn beat(database: Database, process: String, every: Duration, stopper: Stopper) {
    let mut turn = tokio::time::interval(every);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turn.tick() => {}
            () = stopper.drained() => break,
        }
        if let Err(error) = say(&database, &process).await {
            tracing::warn!(%error, "that this process is alive could not be written");
        }
    }
    if let Err(error) = leave(&database, &process).await {
        tracing::debug!(%error, "the row of this process was left to be forgotten");
    }
}

/// Says that a process is alive, and forgets those that never came back.
///
/// # Errors
/// When the database does not answer.
pub async fn say(database: &Database, process: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH forgotten AS (
             DELETE FROM heartbeat WHERE at < clock_timestamp() - make_interval(secs => $2) AND process <> $1
         )
         INSERT INTO heartbeat (process, started_at, at) VALUES ($1, clock_timestamp(), clock_timestamp())
         ON CONFLICT (process) DO UPDATE SET at = excluded.at",
        process,
        FORGOTTEN_AFTER,
    )
    .execute(database.pool())
    .await?;
    Ok(())
}

async fn leave(database: &Database, process: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM heartbeat WHERE process = $1", process)
        .execute(database.pool())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_called_by_its_machine_and_its_door() {
        let [one, other] = [7401, 7402].map(|port| process(SocketAddr::from(([0, 0, 0, 0], port))));
        assert_ne!(one, other);
        assert!(one.ends_with("0.0.0.0:7401"), "{one}");
    }
}
