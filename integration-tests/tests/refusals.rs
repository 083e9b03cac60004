//! Bad input: each refusal names the field or key and what is allowed, with the right code, and leaves
//! nothing half-written.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::process::Command;

use common::{Up, claim, folder, program};
use futures::future::join_all;
use huiyin_proto::intake::v1::{ListMattersRequest, RegisterMatterRequest};
use huiyin_service_kit::names::ServiceName;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

fn fields(status: &Status) -> Vec<String> {
    let bad = status.get_details_bad_request();
    let violations = bad.map(|bad| bad.field_violations).unwrap_or_default();
    violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

async fn refused(up: &Up, request: RegisterMatterRequest) -> Status {
    up.intake()
        .await
        .register_matter(request)
        .await
        .unwrap_err()
}

async fn registered(up: &Up) -> usize {
    let request = ListMattersRequest {
        page_size: 500,
        ..ListMattersRequest::default()
    };
    up.intake()
        .await
        .list_matters(request)
        .await
        .unwrap()
        .into_inner()
        .matters
        .len()
}

/// Makes one field of a right claim wrong.
type Spoil = fn(&mut RegisterMatterRequest);

/// One wrong field each.
const WRONG: [(&str, Spoil); 10] = [
    ("place_code", |claim| claim.place_code = "999999".to_owned()),
    ("place_code", |claim| claim.place_code = "43x2".to_owned()),
    ("main_request", |claim| claim.main_request = "  ".to_owned()),
    ("received_time", |claim| claim.received_time = Some(FUTURE)),
    ("channel", |claim| claim.channel = 99),
    ("category", |claim| claim.category = 0),
    ("subject", |claim| claim.subject = "weather".to_owned()),
    ("received_by", |claim| {
        claim.received_by = "organ_x".to_owned()
    }),
    ("request_id", |claim| claim.request_id = String::new()),
    ("facts", |claim| claim.facts = "f".repeat(1_100_000)),
];

const FUTURE: prost_types::Timestamp = prost_types::Timestamp {
    seconds: 4_000_000_000,
    nanos: 0,
};

#[tokio::test]
async fn a_wrong_registration_is_refused_by_field_and_leaves_nothing() {
    let up = Up::start().await;
    for (number, (field, spoil)) in WRONG.into_iter().enumerate() {
        let mut request = claim(&format!("wrong-{number}"));
        spoil(&mut request);
        let status = refused(&up, request).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{field}: {status}");
        assert_eq!(fields(&status), [field], "{status}");
        assert_eq!(
            status.get_details_error_info().unwrap().reason,
            "INVALID_FIELDS"
        );
    }
    let every = RegisterMatterRequest {
        channel: 99,
        category: 99,
        main_request: String::new(),
        ..claim("k")
    };
    assert_eq!(
        fields(&refused(&up, every).await).len(),
        3,
        "all violations at once"
    );
    let large = refused(
        &up,
        RegisterMatterRequest {
            facts: "f".repeat(5 << 20),
            ..claim("l")
        },
    )
    .await;
    assert_eq!(large.code(), Code::InvalidArgument);
    assert_eq!(registered(&up).await, 0);
    up.stop().await;
}

#[tokio::test]
async fn six_representatives_are_recorded_with_a_warning() {
    let up = Up::start().await;
    let request = RegisterMatterRequest {
        channel: huiyin_proto::vocabulary::v1::Channel::Visit.into(),
        persons: 12,
        representatives: (1..=6).map(|number| format!("演示代表{number}")).collect(),
        ..claim("six")
    };
    let receipt = up
        .intake()
        .await
        .register_matter(request)
        .await
        .unwrap()
        .into_inner();
    assert!(
        receipt
            .warnings
            .iter()
            .any(|warning| warning.contains("representatives")),
        "{:?}",
        receipt.warnings
    );
    assert_eq!(registered(&up).await, 1);
    up.stop().await;
}

#[tokio::test]
async fn a_hundred_equal_registrations_make_one_matter_and_a_changed_one_is_refused() {
    let up = Up::start().await;
    let intake = up.intake().await;
    let calls = (0..100).map(|_| {
        let mut intake = intake.clone();
        async move {
            intake
                .register_matter(claim("same"))
                .await
                .unwrap()
                .into_inner()
        }
    });
    let receipts = join_all(calls).await;
    assert!(receipts.iter().all(|receipt| receipt == &receipts[0]));
    assert_eq!(registered(&up).await, 1);
    let changed = RegisterMatterRequest {
        main_request: "another".to_owned(),
        ..claim("same")
    };
    let status = refused(&up, changed).await;
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(
        status.get_details_error_info().unwrap().reason,
        "REQUEST_ID_REUSED"
    );
    assert_eq!(registered(&up).await, 1);
    up.stop().await;
}

#[tokio::test]
async fn a_page_token_of_another_list_is_refused() {
    let up = Up::start().await;
    let request = ListMattersRequest {
        page_token: "not-ours".to_owned(),
        ..ListMattersRequest::default()
    };
    let status = up.intake().await.list_matters(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(
        status.get_details_error_info().unwrap().reason,
        "WRONG_PAGE_TOKEN"
    );
    up.stop().await;
}

fn said(settings: &str, service: &str) -> (bool, String) {
    let folder = folder();
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, settings).unwrap();
    let output = Command::new(program())
        .args(["serve", service, "--settings"])
        .arg(&file)
        .output()
        .unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn wrong_settings_end_the_program_with_the_key_at_fault() {
    let (success, words) = said("profile = \"development\"\ncolour = \"red\"\n", "routing");
    assert!(!success && words.contains("colour"), "{words}");
    let (success, words) = said("profile = \"development\"\n", "routing");
    assert!(!success && words.contains("[routing]"), "{words}");
}

#[test]
fn an_unreachable_database_ends_the_program_with_the_key_at_fault() {
    let port = huiyin_service_kit::local::free_port().unwrap();
    let settings = format!(
        "profile = \"development\"\n[statistics]\nlisten = \"127.0.0.1:0\"\ndatabase_url = \"postgres://secret:hidden@127.0.0.1:{port}/x\"\n"
    );
    let (success, words) = said(&settings, "statistics");
    assert!(
        !success && words.contains("[statistics] database_url"),
        "{words}"
    );
    assert!(
        !words.contains("hidden") && !words.contains("panicked") && !words.contains("stack"),
        "{words}"
    );
}

#[tokio::test]
async fn a_taken_port_ends_the_program_with_the_key_at_fault() {
    let up = Up::start().await;
    let settings = up.folder.path().join("settings.toml");
    let output = Command::new(program())
        .args(["serve", "routing", "--settings"])
        .arg(settings)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && words.contains("listen") && words.contains("taken"),
        "{words}"
    );
    assert!(up.pid(ServiceName::Routing) > 0);
    up.stop().await;
}

#[test]
fn an_unknown_service_is_refused_with_the_five_named() {
    let output = Command::new(program())
        .args(["serve", "postbox"])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && words.contains("stability-early-warning"),
        "{words}"
    );
}
