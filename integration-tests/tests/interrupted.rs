//! A year that is interrupted comes to the same summary as one that is not: any one service killed and
//! started again, the stream server emptied, PostgreSQL crashed and restarted.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::path::Path;
use std::process::Stdio;

use common::{folder, program};
use huiyin_service_kit::names::ServiceName;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

/// What happens to a running year.
#[derive(Clone, Copy, Debug)]
enum Interruption {
    Nothing,
    KillService(ServiceName),
    FlushStreams,
    CrashPostgres,
}

/// Matters that are played, a third as many by day as by night, and as many days as every third of them.
fn matters() -> u32 {
    if seeds() > 5 { 90 } else { 30 }
}

/// Plays the first days of a year from `seed` and interrupts it at a moment drawn from the seed.
async fn summary(seed: u64, interruption: Interruption) -> Value {
    let folder = folder();
    let mut child = Command::new(program())
        .args(["demo", "--once", "--json", "--any-ports"])
        .args(["--matters", &matters().to_string()])
        .args(["--days", &(matters() / 3).to_string()])
        .args(["--seed", &seed.to_string(), "--folder"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut words = Vec::new();
    while let Some(line) = said.next_line().await.unwrap() {
        let playing = line.contains("playing 2025");
        words.push(line);
        if playing {
            break;
        }
    }
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    // the harness, not the system under test, waits a drawn while before it strikes
    let moment = std::time::Duration::from_millis(chance.random_range(100..2500));
    tokio::time::timeout(moment, child.wait()).await.ok();
    strike(folder.path(), interruption).await;
    let rest = tokio::spawn(async move {
        while let Some(line) = said.next_line().await.unwrap() {
            words.push(line);
        }
        words
    });
    let output = tokio::time::timeout(common::WITHIN * 2, child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let words = rest.await.unwrap();
    assert!(
        output.status.success(),
        "seed {seed}, {interruption:?}: {}",
        words.join("\n")
    );
    let text: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(text["measured"]["quarantined"], 0);
    text["summary"].clone()
}

async fn strike(folder: &Path, interruption: Interruption) {
    match interruption {
        Interruption::Nothing => {}
        Interruption::KillService(service) => {
            let pid = std::fs::read_to_string(folder.join(format!("{service}.pid"))).unwrap();
            assert!(run("kill", &["-KILL", pid.trim()]).await);
        }
        Interruption::FlushStreams => {
            let settings =
                huiyin_service_kit::settings::Settings::load(Some(&folder.join("settings.toml")))
                    .unwrap();
            let mut connection = settings
                .stream_server()
                .unwrap()
                .unwrap()
                .connect(None)
                .await
                .unwrap();
            redis::cmd("FLUSHALL")
                .query_async::<()>(&mut connection)
                .await
                .unwrap();
        }
        Interruption::CrashPostgres => {
            // a server process killed makes PostgreSQL cut every connection and recover from its log
            let data = folder.join("postgres/data/postmaster.pid");
            let newest = format!("kill -KILL $(pgrep -n -P $(head -n 1 {}))", data.display());
            assert!(run("sh", &["-c", &newest]).await);
        }
    }
}

async fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .status()
        .await
        .unwrap()
        .success()
}

fn seeds() -> u64 {
    std::env::var("HUIYIN_SEEDS")
        .ok()
        .and_then(|seeds| seeds.parse().ok())
        .unwrap_or(2)
}

#[tokio::test]
async fn whatever_interrupts_a_year_changes_nothing() {
    let mut whole = (0, Value::Null);
    for turn in 1..=seeds() {
        // by day the same days with two of the five killed in their turn, by night each of them on other days each time
        let seed = if seeds() > 5 { turn } else { 1 };
        if whole.0 != seed {
            whole = (seed, summary(seed, Interruption::Nothing).await);
            assert_eq!(whole.1["total"].as_u64(), Some(u64::from(matters())));
        }
        let service = ServiceName::ALL[usize::try_from(turn).unwrap() % 5];
        let mut interruptions = vec![Interruption::KillService(service)];
        if turn == 1 {
            interruptions.extend([Interruption::FlushStreams, Interruption::CrashPostgres]);
        }
        for interruption in interruptions {
            let interrupted = summary(seed, interruption).await;
            assert_eq!(whole.1, interrupted, "seed {seed}: {interruption:?}");
        }
    }
}
