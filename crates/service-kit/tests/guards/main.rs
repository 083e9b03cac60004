//! Each guard of the delivery protocol has a test that fails without it: seen by taking the guard out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

#[derive(Deserialize)]
struct Guards {
    guard: Vec<Guard>,
}

/// A guard, the changes that take it out, and the test that must fail then.
#[derive(Deserialize)]
struct Guard {
    name: String,
    what: String,
    package: String,
    /// The test program of the package.
    tests: String,
    test: String,
    change: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    file: String,
    from: String,
    to: String,
}

fn guards() -> Vec<Guard> {
    let guards: Guards = toml::from_str(include_str!("guards.toml")).unwrap();
    guards.guard
}

fn project() -> PathBuf {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR"));
    kit.ancestors().nth(2).unwrap().to_owned()
}

fn text(project: &Path, file: &str) -> String {
    std::fs::read_to_string(project.join(file)).unwrap()
}

/// The row of a guard in docs/mutants.md.
fn row(guard: &Guard) -> String {
    let Guard {
        name, what, test, ..
    } = guard;
    format!("| {name} | {what} | `{test}` |")
}

#[test]
fn every_guard_is_there_once_with_its_test_and_in_the_table() {
    let documented = text(&project(), "docs/mutants.md");
    let folders = [
        ("huiyin-service-kit", "crates/service-kit/tests"),
        (
            "huiyin-stability-early-warning",
            "services/stability-early-warning/tests/service",
        ),
    ];
    for guard in guards() {
        let wanted = row(&guard);
        assert!(documented.contains(&wanted), "docs/mutants.md: {wanted}");
        for change in &guard.change {
            let times = text(&project(), &change.file).matches(&change.from).count();
            assert_eq!(times, 1, "{}: {}", guard.name, change.from);
        }
        let (_, place) = folders
            .iter()
            .find(|(package, _)| *package == guard.package)
            .unwrap();
        let there = Command::new("grep")
            .args(["-rq", &format!("async fn {}()", guard.test)])
            .arg(project().join(place))
            .status()
            .unwrap();
        assert!(there.success(), "{}: {} is gone", guard.name, guard.test);
    }
}

/// The guards to take out: by day none, because each costs a compilation; by night all.
fn asked_for() -> Vec<Guard> {
    let by_night = std::env::var("HUIYIN_SEEDS").is_ok_and(|seeds| seeds != "10");
    let names = std::env::var("HUIYIN_GUARDS").ok();
    let names = names.or_else(|| by_night.then(|| "all".to_owned()));
    let names = names.unwrap_or_default();
    let wanted = |guard: &Guard| names == "all" || names.split(',').any(|name| name == guard.name);
    guards().into_iter().filter(wanted).collect()
}

/// The folder of everything that is compiled.
fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().to_owned()
}

/// A copy of the project's sources, in the same place each time, so that what is compiled of it is not kept twice.
fn copy_of_the_project() -> PathBuf {
    let copy = target().join("guards");
    if copy.exists() {
        std::fs::remove_dir_all(&copy).unwrap();
    }
    std::fs::create_dir(&copy).unwrap();
    let parts = [
        "Cargo.toml",
        "Cargo.lock",
        "clippy.toml",
        ".sqlx",
        "crates",
        "docs",
        "integration-tests",
        "proto",
        "services",
    ];
    let copied = Command::new("cp")
        .arg("-r")
        .args(parts.map(|part| project().join(part)))
        .arg(&copy)
        .status();
    assert!(copied.unwrap().success());
    copy
}

/// What cargo says when it runs one test of a copy, and whether that passed.
fn run(copy: &Path, guard: &Guard) -> (bool, String) {
    let ran = Command::new(env!("CARGO"))
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_INCREMENTAL", "0")
        .env("SQLX_OFFLINE", "true")
        .args(["test", "-p", &guard.package, "--test", &guard.tests, "--"])
        .args(["--nocapture", &guard.test])
        .output()
        .unwrap();
    let said = [ran.stdout, ran.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    (ran.status.success(), said.concat())
}

#[test]
fn each_guard_that_is_taken_out_is_missed_by_its_test() {
    let mut unmissed = Vec::new();
    let guards = asked_for();
    let copy = (!guards.is_empty()).then(copy_of_the_project);
    for (guard, copy) in guards.iter().zip(copy.iter().cycle()) {
        for change in &guard.change {
            let whole = text(copy, &change.file);
            let without = whole.replace(&change.from, &change.to);
            std::fs::write(copy.join(&change.file), without).unwrap();
        }
        let (passed, said) = run(copy, guard);
        for change in &guard.change {
            let file = copy.join(&change.file);
            std::fs::write(file, text(&project(), &change.file)).unwrap();
        }
        let missed = !passed && said.contains("test result: FAILED. 0 passed; 1 failed");
        println!(
            "{} {}",
            if missed { "missed  " } else { "UNMISSED" },
            row(guard)
        );
        if !missed {
            unmissed.push(format!("{}:\n{said}", guard.name));
        }
    }
    assert!(unmissed.is_empty(), "{}", unmissed.join("\n"));
}
