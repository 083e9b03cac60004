//! A denunciation is sealed: the organ it is about, those that it heads, those below it and every post that is not for denunciations
//! learn nothing of it, by whatever they ask.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
mod interference;

use std::sync::Arc;

use interference::run::{Origin, many, many_of};
use interference::world::Barriers;

/// Cases of the constellation as a city runs it: 10,000, or what is asked for.
fn cases() -> usize {
    std::env::var("HUIYIN_CASES").map_or(10_000, |cases| cases.parse().unwrap())
}

/// With the services' own checks off, by day, fewer: there a leak shows sooner.
fn cases_of(barriers: Barriers) -> usize {
    match barriers {
        Barriers::Both => cases(),
        Barriers::Underneath if cases() > 10_000 => cases(),
        Barriers::Underneath => 4_000,
    }
}

fn seed() -> u64 {
    std::env::var("HUIYIN_SEED").map_or(20_220_501, |seed| seed.parse().unwrap())
}

async fn nothing_is_told(barriers: Barriers) {
    let outcome = many(seed(), cases_of(barriers), barriers, None)
        .await
        .unwrap();
    if std::env::var_os("HUIYIN_TALLY").is_some() {
        for ((what, how), count) in &outcome.codes {
            println!("{count:>7} {what} {how}");
        }
        for ((what, is_done), count) in &outcome.acts {
            println!(
                "{count:>7} {what} {}",
                if *is_done { "done" } else { "refused" }
            );
        }
    }
    let leaks: Vec<String> = outcome.leaks.iter().map(ToString::to_string).collect();
    assert!(
        leaks.is_empty(),
        "{} leaks\n{}",
        leaks.len(),
        leaks.join("\n")
    );
    println!("{} cases, 0 leaks", outcome.cases);
}

/// Guards that stand alone where the other barrier is away or never was. Each is taken away by the hand of a superuser.
const GUARDS: [(&str, Barriers, &str); 5] = [
    (
        "intake shows every matter",
        Barriers::Underneath,
        "ALTER POLICY matter_seen ON intake.matter USING (true)",
    ),
    (
        "supervision shows every line of its register",
        Barriers::Underneath,
        "ALTER POLICY register_line_seen ON supervision.register_line USING (true)",
    ),
    (
        "alerts are shown to those who were not told of them",
        Barriers::Underneath,
        "ALTER POLICY alert_seen ON stability_early_warning.alert USING (true);
         ALTER POLICY alert_recipient_seen ON stability_early_warning.alert_recipient USING (true)",
    ),
    (
        "denunciations are counted by whoever counts at their place",
        Barriers::Both,
        "ALTER POLICY matter_fact_seen ON statistics.matter_fact
         USING (statistics.is_house() OR statistics.reader_is_around(place_code))",
    ),
    (
        "the database seals nothing from the denounced and those it heads",
        Barriers::Underneath,
        "CREATE OR REPLACE FUNCTION intake.sealed_from_reader(denounced uuid) RETURNS boolean
         LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT false';
         CREATE OR REPLACE FUNCTION routing.sealed_from_reader(denounced uuid) RETURNS boolean
         LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT false';
         CREATE OR REPLACE FUNCTION supervision.sealed_from_reader(denounced uuid) RETURNS boolean
         LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT false'",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_that_is_missing_is_found() {
    let origin = Arc::new(Origin::new().await.unwrap());
    // by day those that are found soonest
    let looked_for = if cases() > 10_000 { GUARDS.len() } else { 2 };
    for (what, barriers, statement) in GUARDS.into_iter().take(looked_for) {
        let cases = (1, 9_000);
        let outcome = many_of(&origin, cases, barriers, Some(statement))
            .await
            .unwrap();
        let leak = outcome.leaks.first();
        let leak =
            leak.unwrap_or_else(|| panic!("{what}: nothing is found in {} cases", outcome.cases));
        println!(
            "{what}: found after {} cases by {} as {}",
            outcome.cases, leak.action, leak.reader
        );
    }
    origin.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_tells_of_a_denunciation() {
    nothing_is_told(Barriers::Both).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_services_own_checks_row_level_security_tells_nothing_either() {
    nothing_is_told(Barriers::Underneath).await;
}
