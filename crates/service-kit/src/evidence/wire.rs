//! Heads, anchors and receipts between the contract and our types.

use chrono::SubsecRound as _;
use huiyin_proto::log::v1 as words;

use super::digest::{Digest, HashSuite};
use super::head::{Head, LogName, SignedHead};
use super::key::PublicKey;
use super::store::anchors::Anchor;
use crate::violations::Violations;
use crate::wire::timestamp;

/// Hashes of a proof at most: a log of 2^63 entries has no longer one.
const LONGEST_PROOF: usize = 64;

/// The word for a log.
#[must_use]
pub const fn log_word(log: LogName) -> words::LogName {
    match log {
        LogName::Open => words::LogName::Open,
        LogName::Sealed => words::LogName::Sealed,
    }
}

const fn suite_word(suite: HashSuite) -> words::HashSuite {
    match suite {
        HashSuite::Sha256 => words::HashSuite::Sha256,
        HashSuite::Sm3 => words::HashSuite::Sm3,
    }
}

/// A head on the wire.
#[must_use]
pub fn head(signed: &SignedHead) -> words::SignedHead {
    let head = &signed.head;
    words::SignedHead {
        origin: head.origin.to_string(),
        log: log_word(head.log).into(),
        suite: suite_word(head.suite).into(),
        size: head.size,
        root: head.root.0.to_vec(),
        signed_time: Some(timestamp(head.at)),
        kept: head.kept,
        public_key: signed.key.as_bytes().to_vec(),
        signature: signed.signature.to_vec(),
    }
}

/// An anchor on the wire.
pub(super) fn anchor(anchor: &Anchor) -> words::Anchor {
    words::Anchor {
        head: Some(head(&anchor.signed)),
        anchored_time: Some(timestamp(anchor.anchored_at)),
    }
}

/// The hashes of a proof on the wire.
#[must_use]
pub fn path(path: &[Digest]) -> Vec<Vec<u8>> {
    path.iter().map(|hash| hash.0.to_vec()).collect()
}

/// Which log is asked for.
pub(super) fn read_log(violations: &mut Violations, field: &str, given: i32) -> Option<LogName> {
    let log = violations.choice(field, given, words::LogName::as_str_name);
    match log? {
        words::LogName::Unspecified => None,
        words::LogName::Open => Some(LogName::Open),
        words::LogName::Sealed => Some(LogName::Sealed),
    }
}

fn read_suite(violations: &mut Violations, field: &str, given: i32) -> Option<HashSuite> {
    let suite = violations.choice(field, given, words::HashSuite::as_str_name);
    match suite? {
        words::HashSuite::Unspecified => None,
        words::HashSuite::Sha256 => Some(HashSuite::Sha256),
        words::HashSuite::Sm3 => Some(HashSuite::Sm3),
    }
}

/// A hash from the wire.
pub(super) fn read_hash(violations: &mut Violations, field: &str, given: &[u8]) -> Option<Digest> {
    let hash = Digest::of_slice(given);
    violations.check(field, hash.is_some(), "is no hash of 32 bytes");
    hash
}

/// The hashes of a proof from the wire.
pub(super) fn read_path(violations: &mut Violations, given: &[Vec<u8>]) -> Option<Vec<Digest>> {
    let short = violations.check(
        "path",
        given.len() <= LONGEST_PROOF,
        format!(
            "has {} hashes; at most {LONGEST_PROOF} are allowed",
            given.len()
        ),
    );
    let path: Option<Vec<Digest>> = given.iter().map(|hash| Digest::of_slice(hash)).collect();
    violations.check(
        "path",
        path.is_some(),
        "holds something else than hashes of 32 bytes",
    );
    path.filter(|_| short)
}

/// A head from the wire, with everything that is wrong with it; whether it is signed is another question.
#[must_use]
pub fn read_head(
    violations: &mut Violations,
    given: Option<&words::SignedHead>,
) -> Option<SignedHead> {
    let Some(given) = given else {
        violations.add("head", "is missing");
        return None;
    };
    let origin = given.origin.parse();
    violations.check("head.origin", origin.is_ok(), "is nobody's log");
    let log = read_log(violations, "head.log", given.log);
    let suite = read_suite(violations, "head.suite", given.suite);
    let root = read_hash(violations, "head.root", &given.root);
    let at = violations.time("head.signed_time", given.signed_time.as_ref());
    let whole = at.is_none_or(|at| at.trunc_subsecs(6) == at);
    violations.check("head.signed_time", whole, "is not in whole microseconds");
    for (field, count) in [("head.size", given.size), ("head.kept", given.kept)] {
        violations.check(field, i64::try_from(count).is_ok(), "is too large");
    }
    let key = PublicKey::of_slice(&given.public_key);
    violations.check("head.public_key", key.is_some(), "is no key of 32 bytes");
    let signature = given.signature.as_slice().try_into().ok();
    violations.check(
        "head.signature",
        signature.is_some(),
        "is no signature of 64 bytes",
    );
    Some(SignedHead {
        head: Head {
            origin: origin.ok()?,
            log: log?,
            suite: suite?,
            size: given.size,
            root: root?,
            at: at?,
            kept: given.kept,
        },
        key: key?,
        signature: signature?,
    })
}
