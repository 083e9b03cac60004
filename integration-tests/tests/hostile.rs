//! Hostile clients against the real program. Whatever they do, the service neither ends nor panics, its memory stays bounded, and
//! honest callers are answered as before. Every figure is printed; `./dev nightly` runs larger numbers (HUIYIN_HOSTILE).

mod attack;
mod common;

use attack::scene::Scene;
use attack::{calls, connections, flood};

/// How much of an attack by numbers: all of it by night, a part by day.
fn of(all: usize) -> usize {
    if by_night() { all } else { all / 10 }
}

/// Whether everything is asked, on a machine that does nothing else.
fn by_night() -> bool {
    std::env::var_os("HUIYIN_HOSTILE").is_some_and(|value| value == "all")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_frames_are_ended_or_read_slowly_and_cost_others_little() {
    let scene = Scene::new(&[]).await;
    let outcome = scene.attacked("resets", flood::resets).await;
    outcome.costs_others_at_most(2.0);
    let outcome = scene
        .attacked("endless CONTINUATION", flood::continuations)
        .await;
    outcome.costs_others_at_most(2.0);
    let outcome = scene
        .attacked("endless empty DATA", flood::empty_data)
        .await;
    outcome.costs_others_at_most(2.0);
    let outcome = scene.attacked("endless PING", flood::pings).await;
    outcome.costs_others_at_most(2.0);
    scene.survived().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crowds_of_connections_are_kept_out_and_cost_others_little() {
    let scene = Scene::new(&[]).await;
    let most = of(10_000);
    let name = format!("{most} idle connections a round");
    let idle = move |target| connections::idle(target, most);
    scene.attacked(&name, idle).await.costs_others_at_most(2.0);
    let name = format!("{most} half-open handshakes a round");
    let half_open = move |target| connections::half_open(target, most);
    scene
        .attacked(&name, half_open)
        .await
        .costs_others_at_most(2.0);
    scene.survived().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_say_too_much_are_refused_and_cost_others_little() {
    let scene = Scene::new(&[]).await;
    let outcome = scene.attacked("a length of 1 GiB", calls::a_gibibyte).await;
    outcome.costs_others_at_most(2.0);
    let outcome = scene.attacked("nesting of 10^4", calls::nesting).await;
    outcome.costs_others_at_most(2.0);
    let outcome = scene.attacked("a bomb of gzip", calls::a_bomb).await;
    outcome.costs_others_at_most(2.0);
    scene.survived().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_caller_at_fifty_times_its_quota_costs_others_half_of_their_time_again_at_most() {
    // so small a quota that fifty times as much can be made here; the honest desks, 14 calls a second each, are within theirs
    let scene = Scene::new(&[
        ("HUIYIN__LIMITS__CALLS_PER_SECOND", "20"),
        ("HUIYIN__LIMITS__BURST", "40"),
    ])
    .await;
    let fifty = |target| calls::too_many(target, 50 * 20);
    let outcome = scene.attacked("50 times its quota", fifty).await;
    assert!(outcome.refused > 0, "nothing was refused");
    outcome.costs_others_at_most(1.5);
    scene.survived().await;
}
