//! The other shape: all five services in one process, as a small county runs them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{WITHIN, office, program, until};
use huiyin_service_kit::chance;
use huiyin_service_kit::evidence::key::LogKey;
use huiyin_service_kit::local::authority::{Authority, Validity};
use huiyin_service_kit::local::prepare::{auditor_address, prepare};
use huiyin_service_kit::local::{free_port, vault_section};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::testing::{postgres_url, streams_url};
use huiyin_service_kit::tls::Identity;
use tokio::process::Command;

const TERRITORY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/huiyin/data/huaihua_territory.csv"
);

async fn settings(folder: &Path) -> String {
    let name = format!("test_{}", chance::new_uuid().simple());
    let databases = prepare(&postgres_url().unwrap(), &name, None)
        .await
        .unwrap();
    let streams = secret(folder, "streams", &streams_url().await.unwrap());
    let auditor = auditor_address(&postgres_url().unwrap(), &name).unwrap();
    let auditor = secret(folder, "auditor", &auditor);
    let mut text = format!(
        "profile = \"production\"\n[telemetry]\nlog_format = \"json\"\n[streams]\nurl = \"{streams}\"\n\
         [audit]\ndatabase_url = \"{auditor}\"\n"
    );
    let (mut addresses, mut sections) = (String::from("[addresses]\n"), String::new());
    for service in ServiceName::ALL {
        let (key, port) = (service.key(), free_port().unwrap());
        let database = secret(folder, key, &databases[&service]);
        writeln!(addresses, "{key} = \"http://127.0.0.1:{port}\"").unwrap();
        writeln!(
            sections,
            "[{key}]\nlisten = \"127.0.0.1:{port}\"\ndatabase_url = \"{database}\"\nlog_key = \"file:{}\"",
            log_key(folder, service).display()
        )
        .unwrap();
        sections.push_str(&vault_section(service, &folder.join("vault")));
    }
    text.push_str(&keys(folder));
    text.push_str(&addresses);
    text.push_str(&sections);
    text
}

/// The key that signs the log of a service.
fn log_key(folder: &Path, service: ServiceName) -> PathBuf {
    let path = folder.join(format!("{service}.log.key"));
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .unwrap();
    file.write_all(LogKey::made().unwrap().as_bytes()).unwrap();
    path
}

/// Writes a secret into a file that only we can read; gives how settings name it.
fn secret(folder: &Path, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(format!("{name}.secret"));
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("file:{}", path.display())
}

/// Keys of a short-lived authority for the services and for whoever uses the command line; gives the section of the settings.
fn keys(folder: &Path) -> String {
    let validity = Validity::from_today(1);
    let authority = Authority::new("small.county".parse().unwrap(), validity).unwrap();
    let services = ServiceName::ALL.map(|name| (name.as_str(), Identity::Service(name)));
    let office = Identity::Post {
        organ: office().parse().unwrap(),
        post: "office".to_owned(),
    };
    let others = [
        ("operator", Identity::Operator("county".to_owned())),
        ("office", office),
    ];
    for (who, identity) in services.into_iter().chain(others) {
        let issued = authority.issue(&identity, validity).unwrap();
        std::fs::write(folder.join(format!("{who}.pem")), issued.certificate).unwrap();
        std::fs::write(folder.join(format!("{who}.key")), issued.key).unwrap();
    }
    std::fs::write(folder.join("authorities.pem"), authority.certificate()).unwrap();
    let folder = folder.display();
    format!(
        "[tls]\ntrust_domain = \"small.county\"\ncertificate = \"{folder}/{{who}}.pem\"\nkey = \"{folder}/{{who}}.key\"\n\
         authorities = \"{folder}/authorities.pem\"\n"
    )
}

async fn huiyin(settings: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program())
        .arg("--settings")
        .arg(settings)
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

fn organs_file(folder: &Path) -> String {
    let city = "431200000000".parse().unwrap();
    let county = "431202000000".parse().unwrap();
    let mut text = String::from("organ_id,name,level,territory_code,functions\n");
    for (place, level) in [(city, "city"), (county, "county")] {
        for function in ["petition_office", "environment"] {
            let id = huiyin_domain::organs::organ_id(&place, function);
            writeln!(
                text,
                "{id},{function} of {place},{level},{place},{function}"
            )
            .unwrap();
        }
    }
    let path = folder.join("organs.csv");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Registers a claim; intake knows the office as soon as routing has told it.
async fn register(settings: &Path) -> String {
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
    until("a registration", || async {
        let (success, words) = huiyin(settings, &register).await;
        success.then_some(words)
    })
    .await
}

#[tokio::test]
async fn five_services_of_one_process_carry_a_matter_from_registration_to_its_clocks() {
    let folder = common::folder();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, settings(folder.path()).await).unwrap();
    let (success, words) = huiyin(&path, &["migrate"]).await;
    assert!(success, "{words}");

    let names = ServiceName::ALL.map(ServiceName::as_str);
    let mut process = Command::new(program())
        .arg("--settings")
        .arg(&path)
        .arg("serve")
        .args(names)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until("the territory loads", || async {
        huiyin(&path, &["load", "territory", TERRITORY])
            .await
            .0
            .then_some(())
    })
    .await;
    let (success, words) = huiyin(&path, &["load", "organs", &organs_file(folder.path())]).await;
    assert!(success, "{words}");

    let receipt = register(&path).await;
    let line = receipt
        .lines()
        .find(|line| line.starts_with("matter"))
        .unwrap();
    let number = line.split_whitespace().last().unwrap().to_owned();
    until("forwarded, with its clocks running", || async {
        let (success, shown) = huiyin(&path, &["show", "matter", &number]).await;
        (success && shown.contains("hop 1") && shown.contains("clock")).then_some(())
    })
    .await;

    // each of the five says in its own schema that the one process is alive
    until("an auditor that finds nothing wrong", || async {
        let (success, words) = huiyin(&path, &["audit", "--once"]).await;
        (success && words.matches(": 1 alive").count() == 5).then_some(())
    })
    .await;

    let id = process.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .unwrap()
            .success()
    );
    let ended = tokio::time::timeout(WITHIN, process.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(ended.success(), "ended with {ended}");
    // it took its rows with it: that nobody serves is no silence, and not well either
    let (success, words) = huiyin(&path, &["audit", "--once"]).await;
    assert!(!success && !words.contains("silent for"), "{words}");
    assert_eq!(words.matches(": 0 alive").count(), 5, "{words}");
}
