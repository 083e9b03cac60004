//! The command line as a person uses it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Up, office, program};
use tokio::process::Command;

/// What a command printed, and whether it ended well.
async fn said(up: &Up, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program())
        .arg("--settings")
        .arg(up.folder.path().join("settings.toml"))
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

fn file(up: &Up, name: &str, text: &str) -> String {
    let path = up.folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn loading_lists_wrong_rows_keeps_the_rest_and_can_be_repeated() {
    let up = Up::start().await;
    let territories = "code,name,level,parent\n\
        431299000000,试验县,county,431200000000\n\
        431299001000,试验乡,township,431299000000\n\
        43129,缺一位,county,431200000000\n\
        431298001000,无上级乡,township,431298000000\n\
        431297000000,错级,hamlet,431200000000\n";
    let path = file(&up, "territories.csv", territories);
    let (success, words) = said(&up, &["load", "territory", &path]).await;
    assert!(
        !success && words.contains("2 loaded, 0 changed, 0 unchanged, 3 refused"),
        "{words}"
    );
    assert!(
        words.contains("line 4: code")
            && words.contains("line 5: parent")
            && words.contains("line 6: level"),
        "{words}"
    );
    let (_, words) = said(&up, &["load", "territory", &path]).await;
    assert!(
        words.contains("0 loaded, 0 changed, 2 unchanged, 3 refused"),
        "{words}"
    );
    let organs = "name,level,territory_code,functions\n\
        试验县信访局,county,431299,petition_office\n\
        无地机关,county,439999,petition_office\n";
    let (success, words) = said(&up, &["load", "organs", &file(&up, "organs.csv", organs)]).await;
    assert!(
        !success && words.contains("1 loaded") && words.contains("line 3: territory_code"),
        "{words}"
    );
    up.stop().await;
}

#[tokio::test]
async fn matters_from_a_file_are_registered_once() {
    let up = Up::start().await;
    let matters = format!(
        "channel,category,subject,place_code,received_by,main_request\n\
         online,claim,environment,431202,{office},the river smells\n\
         pigeon,claim,environment,431202,{office},the river smells\n\
         letter,claim,weather,431202,{office},too much rain\n",
        office = office()
    );
    let path = file(&up, "matters.csv", &matters);
    for _ in 0..2 {
        let (success, words) = said(&up, &["load", "matters", &path]).await;
        assert!(
            !success && words.contains("1 loaded") && words.contains("2 refused"),
            "{words}"
        );
        assert!(
            words.contains("line 3: channel")
                && words.contains("line 4: row")
                && words.contains("subject"),
            "{words}"
        );
    }
    let (_, words) = said(
        &up,
        &[
            "load",
            "matters",
            &file(&up, "empty.csv", "channel,category\n"),
        ],
    )
    .await;
    assert!(
        words.contains("missing: subject, place_code, received_by, main_request"),
        "{words}"
    );
    up.stop().await;
}

#[tokio::test]
async fn a_matter_is_registered_shown_and_followed() {
    let up = Up::start().await;
    let office = office();
    let register = [
        "register",
        "--channel",
        "online",
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
    ];
    let (success, receipt) = said(&up, &register).await;
    assert!(success, "{receipt}");
    let field = |name: &str| {
        let line = receipt.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    let (number, code) = (field("matter"), field("query code"));
    let (success, progress) = said(&up, &["show", "progress", &number, &code]).await;
    assert!(success && progress.contains("registered"), "{progress}");
    let (success, words) = said(&up, &["show", "progress", &number, "BBBBBBBBBBBB"]).await;
    assert!(!success && !words.contains("environment"), "{words}");
    common::until("the matter is forwarded", || async {
        let (success, shown) = said(&up, &["show", "matter", &number]).await;
        (success && shown.contains("hop 1") && shown.contains("clock")).then_some(())
    })
    .await;
    up.stop().await;
}

#[tokio::test]
async fn completions_are_there_for_three_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::new(program())
            .args(["completions", shell])
            .output()
            .await
            .unwrap();
        assert!(output.status.success());
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("watch"),
            "{shell}"
        );
    }
}

#[tokio::test]
async fn a_decision_and_a_deadline_are_explained_supposed_and_rehearsed() {
    let up = Up::start().await;
    let route = ["route", "--subject", "environment", "--place", "431202"];
    let (success, words) = said(&up, &[&route[..], &["--explain"]].concat()).await;
    assert!(
        success && words.contains("鹤城区生态环境局") && words.contains("[competence/environment]"),
        "{words}"
    );
    let (success, rules) = said(&up, &["rules", "print"]).await;
    assert!(success, "{rules}");
    let proposed = rules
        .replace("\"version\": \"2026-01-01\"", "\"version\": \"trial\"")
        .replace(
            "{\"subject\": \"environment\", \"place\": \"000000000000\", \"level\": \"county\"}",
            "{\"subject\": \"environment\", \"place\": \"000000000000\", \"level\": \"city\"}",
        );
    let path = file(&up, "rules.json", &proposed);
    let (success, words) = said(&up, &[&route[..], &["--rules", &path]].concat()).await;
    assert!(success && words.contains("怀化市生态环境局"), "{words}");
    let (success, words) = said(&up, &["rules", "rehearse", &path]).await;
    assert!(success && words.contains("0 would go elsewhere"), "{words}");
    let wrong = file(&up, "wrong.json", &proposed.replace("medical", "weather"));
    let (success, words) = said(&up, &["rules", "rehearse", &wrong]).await;
    assert!(
        !success
            && words.contains("\"weather\" is no subject")
            && words.contains("medical has no rule"),
        "{words}"
    );
    let pause = "2026-03-01=pause:expert_appraisal";
    let suppose = [
        "simulate",
        "opinion",
        "--start",
        "2026-01-05",
        "--step",
        pause,
    ];
    let (success, words) = said(
        &up,
        &[
            &suppose[..],
            &["--step", "2026-03-11=resume:expert_appraisal"],
        ]
        .concat(),
    )
    .await;
    assert!(
        success && words.contains("due 2026-03-16") && words.contains("10 days"),
        "{words}"
    );
    let (success, words) = said(&up, &["simulate", "opinion", "--start", "2026-13-05"]).await;
    assert!(!success && words.contains("start_date"), "{words}");
    up.stop().await;
}

#[tokio::test]
async fn a_calendar_is_published_once_and_a_wrong_one_never() {
    let up = Up::start().await;
    let notice = r#"{"year": 2027, "version": "2027/1", "source": "a notice", "days_off": ["2027-01-01", "2027-10-01"], "working_weekends": []}"#;
    let publish = async |text: &str| {
        let path = file(&up, "notice.json", text);
        said(&up, &["calendar", "publish", &path, "--post", "director"]).await
    };
    let (success, words) = publish(&notice.replace("2027-10-01", "2027-10-02")).await;
    assert!(
        !success && words.contains("2027-10-01 is a holiday by law"),
        "{words}"
    );
    let (success, words) = publish(notice).await;
    assert!(success && words.contains("2027/1 is in force"), "{words}");
    let (success, words) = publish(notice).await;
    assert!(!success && words.contains("version"), "{words}");
    up.stop().await;
}

/// What a command printed that needs no services.
async fn printed(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program())
        .args(arguments)
        .output()
        .await
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.success(), text)
}

/// What starts and ends the opinion clock in a wrong file, and part of the words that refuse it.
const WRONG_LAW: [(&str, &str, &str); 4] = [
    (
        "ring.json",
        "\"starts\": [\"accepted\"], \"ends\": [\"accepted\"]",
        "start each other for ever",
    ),
    (
        "endless.json",
        "\"starts\": [\"accepted\"], \"ends\": []",
        "nothing ends the clock opinion, version 2022-05-01",
    ),
    (
        "other.json",
        "\"starts\": [\"accepted\"], \"ends\": [\"declined\"]",
        "was in force and is left out or changed",
    ),
    (
        "unknown.json",
        "\"starts\": [\"shouted\"], \"ends\": [\"declined\"]",
        "unknown variant `shouted`",
    ),
];

/// The settings with secrets that are written out, where nobody has made the files that they name.
fn written_out(example: &str) -> String {
    let lines = example.lines().map(|line| match line.split_once(" = ") {
        Some(("database_url", _)) => "database_url = \"postgres://x@127.0.0.1:1/x\"",
        Some(("url", _)) => "url = \"redis://127.0.0.1:1\"",
        Some(("profile", _)) => "profile = \"development\"",
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_wrong_law_is_refused_by_name_and_no_service_starts_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (success, law) = printed(&["law", "print"]).await;
    assert!(success);
    let good = path("good.json");
    std::fs::write(&good, &law).unwrap();
    let (success, words) = printed(&["law", "check", &good]).await;
    assert!(success && words.contains("nothing is wrong"), "{words}");
    let opinion = "\"starts\": [\"accepted\"], \"ends\": [\"opinion_delivered\"]";
    for (name, change, wrong) in WRONG_LAW {
        assert!(law.contains(opinion));
        let file = path(name);
        std::fs::write(&file, law.replace(opinion, change)).unwrap();
        let (success, words) = printed(&["law", "check", &file]).await;
        assert!(
            !success && words.contains(wrong) && words.contains(name),
            "{words}"
        );
        let settings = path("settings.toml");
        let example = include_str!("../../deploy/settings.example.toml");
        let text = format!("law_rules = {file:?}\n{}", written_out(example));
        std::fs::write(&settings, text).unwrap();
        let (success, words) = printed(&["--settings", &settings, "serve", "intake"]).await;
        assert!(
            !success && words.contains("law_rules") && words.contains(wrong),
            "{words}"
        );
    }
}
