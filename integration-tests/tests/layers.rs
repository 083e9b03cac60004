//! Who may know whom: the rule of the house, checked over the workspace's own metadata.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

const SERVICES: [&str; 5] = [
    "huiyin-intake",
    "huiyin-routing",
    "huiyin-supervision",
    "huiyin-stability-early-warning",
    "huiyin-statistics",
];

/// Each package of ours with the packages of ours it uses in production code.
fn known() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    metadata
        .packages
        .iter()
        .map(|package| {
            let uses = package
                .dependencies
                .iter()
                .filter(|dependency| {
                    dependency.kind == DependencyKind::Normal
                        && dependency.name.starts_with("huiyin")
                })
                .map(|dependency| dependency.name.clone())
                .collect();
            (package.name.to_string(), uses)
        })
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn domain_and_contract_know_nothing_of_ours() {
    let known = known();
    assert_eq!(known["huiyin-domain"], set(&[]));
    assert_eq!(known["huiyin-proto"], set(&[]));
}

#[test]
fn the_kit_knows_only_the_domain_and_the_contract() {
    assert_eq!(
        known()["huiyin-service-kit"],
        set(&["huiyin-domain", "huiyin-proto"])
    );
}

#[test]
fn a_service_never_knows_another_service() {
    let known = known();
    for service in SERVICES {
        assert_eq!(
            known[service],
            set(&["huiyin-domain", "huiyin-proto", "huiyin-service-kit"]),
            "{service}"
        );
    }
}

#[test]
fn the_auditor_knows_no_service_and_nobody_but_the_program_knows_it() {
    let known = known();
    assert_eq!(
        known["huiyin-auditor"],
        set(&["huiyin-domain", "huiyin-service-kit"])
    );
    let knowing: BTreeSet<String> = known
        .into_iter()
        .filter(|(_, uses)| uses.contains("huiyin-auditor"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(knowing, set(&["huiyin"]));
}

#[test]
fn the_domain_does_no_input_or_output() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let domain = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "huiyin-domain")
        .unwrap();
    for banned in [
        "tokio",
        "sqlx",
        "redis",
        "tonic",
        "rand",
        "getrandom",
        "reqwest",
        "hyper",
    ] {
        let used = domain.dependencies.iter().any(|dependency| {
            dependency.name == banned && dependency.kind == DependencyKind::Normal
        });
        assert!(!used, "the domain uses {banned}");
    }
}
