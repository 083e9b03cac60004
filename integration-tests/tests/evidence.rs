//! Tamper evidence as a city uses it: a receipt that is checked at home, a log that is checked at night.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Up, office, program, until};
use huiyin_service_kit::database::Database;
use huiyin_service_kit::names::ServiceName;
use sqlx::PgPool;
use tokio::process::Command;

/// What a command printed, and whether it ended well.
async fn said(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program())
        .args(arguments)
        .output()
        .await
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

fn path(up: &Up, name: &str) -> String {
    up.folder.path().join(name).display().to_string()
}

/// Registers one matter, and keeps the proof in a file.
async fn register(up: &Up, receipt: &str) -> String {
    let (settings, office) = (path(up, "settings.toml"), office());
    let (success, words) = said(&[
        "--settings",
        &settings,
        "register",
        "--channel",
        "letter",
        "--category",
        "claim",
        "--subject",
        "environment",
        "--place",
        "431202",
        "--received-by",
        &office,
        "--request",
        "the river smells",
        "--receipt",
        receipt,
    ])
    .await;
    assert!(
        success && words.contains("huiyin verify receipt"),
        "{words}"
    );
    words
        .lines()
        .find_map(|line| line.strip_prefix("matter      "))
        .unwrap()
        .to_owned()
}

/// Checks the log of a service.
async fn verified(up: &Up, service: &str, more: &[&str]) -> (bool, String) {
    let settings = path(up, "settings.toml");
    let verify = [
        "--settings",
        &settings,
        "verify",
        "log",
        "--service",
        service,
    ];
    said(&[&verify, more].concat()).await
}

async fn tables_of_intake(up: &Up) -> PgPool {
    let own = up.settings.service(ServiceName::Intake).unwrap();
    let database = Database::connect(ServiceName::Intake, up.settings.profile, own).await;
    database.unwrap().writing().clone()
}

#[tokio::test]
async fn a_receipt_is_checked_at_home_and_a_changed_one_says_what_failed() {
    let up = Up::start().await;
    let (receipt, key) = (
        path(&up, "receipt.json"),
        path(&up, "keys/intake.log.pub.pem"),
    );
    let number = register(&up, &receipt).await;
    let other = path(&up, "keys/routing.log.pub.pem");
    // from here on nobody answers
    let (text, folder) = (
        std::fs::read_to_string(&receipt).unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let kept = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (honest, key) = (
        kept("honest", &text),
        kept("key", &std::fs::read_to_string(key).unwrap()),
    );
    let other = kept("other", &std::fs::read_to_string(other).unwrap());
    up.stop().await;
    let (success, words) = said(&["verify", "receipt", &honest, "--key", &key]).await;
    assert!(
        success && words.contains(&format!("matter {number} was registered")),
        "{words}"
    );
    assert!(
        words.contains("by the key that you gave") && !words.contains("whose key that is"),
        "{words}"
    );
    let (success, words) = said(&["verify", "receipt", &honest]).await;
    assert!(success && words.contains("whose key that is"), "{words}");
    let (success, words) = said(&["verify", "receipt", &honest, "--key", &other]).await;
    assert!(
        !success && words.contains("signed by another key"),
        "{words}"
    );
    for (from, to, failed) in [
        (
            "\"index\": ",
            "\"index\": 1",
            "not in the log at this place",
        ),
        ("\"at\": \"2", "\"at\": \"3", "not signed by the key"),
        (
            "\"event\": \"C",
            "\"event\": \"D",
            "its hash is another one",
        ),
        ("\"kind\": \"huiyin", "\"kind\": \"other", "is no receipt"),
    ] {
        assert!(text.contains(from), "{text}");
        let changed = kept("changed", &text.replace(from, to));
        let (success, words) = said(&["verify", "receipt", &changed, "--key", &key]).await;
        assert!(!success && words.contains(failed), "{words}");
    }
}

#[tokio::test]
async fn a_log_is_checked_at_night_and_a_changed_event_is_named() {
    let up = Up::start().await;
    let receipt = path(&up, "receipt.json");
    for _ in 0..3 {
        register(&up, &receipt).await;
    }
    // the next service of the ring has the head within ten seconds
    for service in ["intake", "routing"] {
        until("a head that is kept elsewhere", || async {
            let (success, words) = verified(&up, service, &[]).await;
            assert!(success, "{words}");
            let mut logs = words
                .lines()
                .filter(|line| line.trim_start().starts_with("open"));
            logs.any(|log| !log.contains("and 0 that its keeper has"))
                .then_some(())
        })
        .await;
    }
    let key = path(&up, "keys/intake.log.pub.pem");
    let (success, words) = verified(&up, "intake", &["--key", &key]).await;
    assert!(
        success
            && words.contains("3 entries")
            && words.contains("proved: nothing in it was deleted"),
        "{words}"
    );
    let tables = tables_of_intake(&up).await;
    let change = "UPDATE feed SET payload = payload || '\\x00'::bytea WHERE seq = 2";
    sqlx::query(change).execute(&tables).await.unwrap();
    let (success, words) = verified(&up, "intake", &["--key", &key]).await;
    let changed = "row 2 of epoch 1 of events:{intake:0} of the feed, or the entry, was changed";
    assert!(
        !success && words.contains("entry 1 of the log open") && words.contains(changed),
        "{words}"
    );
    // the other services' logs are as they were
    let (success, words) = verified(&up, "routing", &[]).await;
    assert!(success, "{words}");
    up.stop().await;
}
