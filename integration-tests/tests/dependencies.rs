//! What we depend on, held to `deny.toml`: licences, sources, what is banned, and the versions below which nothing may fall.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::semver::{Version, VersionReq};
use cargo_metadata::{CargoOpt, Metadata, MetadataCommand};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    named: String,
    #[serde(default, rename = "deny-multiple-versions")]
    is_once: bool,
}

#[derive(Deserialize)]
struct Sources {
    #[serde(rename = "allow-registry")]
    registries: Vec<String>,
}

/// One package of the lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Package {
    name: String,
    version: Version,
    licence: Option<String>,
    source: Option<String>,
}

impl Rules {
    fn read() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deny.toml");
        toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    }

    /// What is wrong with these packages, a line each.
    fn broken_by(&self, packages: &[Package]) -> Vec<String> {
        let mut broken: Vec<String> = packages
            .iter()
            .filter_map(|package| self.licence(package).or_else(|| self.source(package)))
            .collect();
        let mut versions: BTreeMap<&str, BTreeSet<&Version>> = BTreeMap::new();
        for package in packages {
            let known = versions.entry(package.name.as_str()).or_default();
            known.insert(&package.version);
        }
        for ban in &self.bans.deny {
            broken.extend(ban.broken_by(&versions));
        }
        broken
    }

    fn licence(&self, package: &Package) -> Option<String> {
        let Package { name, version, .. } = package;
        let Some(licence) = &package.licence else {
            return Some(format!("{name} {version} names no licence"));
        };
        let Ok(terms) = Expression::parse_mode(licence, ParseMode::LAX) else {
            return Some(format!("{name} {version}: {licence} is no SPDX expression"));
        };
        let allowed: Vec<Licensee> = self
            .licenses
            .allow
            .iter()
            .map(|allowed| Licensee::parse(allowed).unwrap())
            .collect();
        let is_allowed = terms.evaluate(|asked| allowed.iter().any(|one| one.satisfies(asked)));
        (!is_allowed).then(|| format!("{name} {version} is under {licence}"))
    }

    /// Where a package comes from; ours come from nowhere.
    fn source(&self, package: &Package) -> Option<String> {
        let source = package.source.as_deref()?;
        let registry = source.strip_prefix("registry+");
        let is_known =
            registry.is_some_and(|from| self.sources.registries.iter().any(|known| known == from));
        (!is_known).then(|| format!("{} {} comes from {source}", package.name, package.version))
    }
}

impl Ban {
    fn broken_by(&self, versions: &BTreeMap<&str, BTreeSet<&Version>>) -> Option<String> {
        let (name, below) = match self.named.split_once('@') {
            Some((name, below)) => (name, Some(VersionReq::parse(below).unwrap())),
            None => (self.named.as_str(), None),
        };
        let there = versions.get(name)?;
        match below {
            Some(below) => {
                let low = there.iter().find(|version| below.matches(version))?;
                Some(format!("{name} {low} is banned: {}", self.named))
            }
            None if self.is_once => {
                (there.len() > 1).then(|| format!("{name} is there in {} versions", there.len()))
            }
            None => Some(format!("{name} is banned")),
        }
    }
}

fn packages(metadata: Metadata) -> Vec<Package> {
    let all = metadata.packages.into_iter();
    all.map(|package| Package {
        name: package.name.to_string(),
        version: package.version,
        licence: package.license,
        source: package.source.map(|source| source.repr),
    })
    .collect()
}

/// Everything the lock file names.
fn ours() -> Vec<Package> {
    let mut command = MetadataCommand::new();
    command.features(CargoOpt::AllFeatures);
    packages(command.exec().unwrap())
}

fn package(name: &str, version: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: version.parse().unwrap(),
        licence: Some("MIT OR Apache-2.0".to_owned()),
        source: Some("registry+https://github.com/rust-lang/crates.io-index".to_owned()),
    }
}

#[test]
fn every_dependency_is_one_that_may_be_there() {
    let packages = ours();
    assert!(packages.len() > 100, "only {} packages", packages.len());
    let broken = Rules::read().broken_by(&packages);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn http_2_and_certificates_are_read_by_versions_that_know_the_known_attacks() {
    for (name, floor) in [("h2", "0.4.16"), ("rustls-webpki", "0.103.13")] {
        let floor: Version = floor.parse().unwrap();
        let there: Vec<Version> = ours()
            .into_iter()
            .filter(|package| package.name == name)
            .map(|package| package.version)
            .collect();
        assert_eq!(there.len(), 1, "{name} is there in {there:?}");
        assert!(
            there.iter().all(|version| *version >= floor),
            "{name} {there:?} is below {floor}"
        );
    }
}

#[test]
fn what_may_not_be_there_is_named() {
    let rules = Rules::read();
    let good = package("tonic", "0.14.9");
    assert_eq!(
        rules.broken_by(std::slice::from_ref(&good)),
        Vec::<String>::new()
    );
    let licence = |licence: Option<&str>| Package {
        licence: licence.map(str::to_owned),
        ..good.clone()
    };
    let from = |source: &str| Package {
        source: Some(source.to_owned()),
        ..good.clone()
    };
    for (wrong, words) in [
        (package("openssl", "0.10.1"), "openssl is banned"),
        (package("aws-lc-rs", "1.0.0"), "aws-lc-rs is banned"),
        (package("h2", "0.4.15"), "h2 0.4.15 is banned: h2@<0.4.16"),
        (
            package("rustls-webpki", "0.103.12"),
            "rustls-webpki 0.103.12 is banned: rustls-webpki@<0.103.13",
        ),
        (package("tonic", "0.13.0"), "tonic is there in 2 versions"),
        (
            licence(Some("GPL-3.0-only")),
            "tonic 0.14.9 is under GPL-3.0-only",
        ),
        (
            licence(Some("MIT AND GPL-2.0-only")),
            "tonic 0.14.9 is under MIT AND GPL-2.0-only",
        ),
        (licence(None), "tonic 0.14.9 names no licence"),
        (
            licence(Some("my own")),
            "tonic 0.14.9: my own is no SPDX expression",
        ),
        (
            from("git+https://github.com/somebody/tonic"),
            "tonic 0.14.9 comes from git+https://github.com/somebody/tonic",
        ),
        (
            from("registry+https://registry.example"),
            "tonic 0.14.9 comes from registry+https://registry.example",
        ),
    ] {
        assert_eq!(rules.broken_by(&[good.clone(), wrong]), [words]);
    }
}
