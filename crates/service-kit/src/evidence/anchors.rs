//! Keeps the heads that others hand in, and refuses one that contradicts what they handed in before.

use huiyin_domain::time::Instant;
use huiyin_proto::log::v1::{AnchorHeadResponse, AnchorOutcome};
use sqlx::PgConnection;

use super::digest::Digest;
use super::head::SignedHead;
use super::store::anchors as table;
use super::tree::is_beginning;
use crate::metrics;
use crate::names::ServiceName;
use crate::status::Problem;

/// A head as it was handed in; that it is signed is known.
#[derive(Clone, Debug)]
pub(super) struct Handed {
    /// The head.
    pub(super) signed: SignedHead,
    /// The size from which the log is proved to have grown.
    pub(super) from: u64,
    /// The proof.
    pub(super) path: Vec<Digest>,
}

/// Keeps a head.
///
/// # Errors
/// [`Problem::HeadContradicts`] when it contradicts the largest that is kept of this log and key.
pub(super) async fn keep(
    connection: &mut PgConnection,
    handed: &Handed,
    now: Instant,
) -> Result<AnchorHeadResponse, Problem> {
    let (head, key) = (&handed.signed.head, &handed.signed.key);
    table::lock(connection, &head.origin, head.log).await?;
    let newest = table::newest(connection, (&head.origin, head.log), key).await?;
    let answered = |outcome: AnchorOutcome, kept_size| AnchorHeadResponse {
        outcome: outcome.into(),
        kept_size,
    };
    let verdict = match &newest {
        None => Verdict::Keep,
        Some(newest) => judged(&newest.signed, handed),
    };
    let kept = newest.map_or(0, |newest| newest.signed.head.size);
    match verdict {
        Verdict::Keep => {
            table::insert(connection, &handed.signed, now).await?;
            Ok(answered(AnchorOutcome::Kept, head.size))
        }
        Verdict::Known => Ok(answered(AnchorOutcome::Kept, kept)),
        Verdict::Outdated => Ok(answered(AnchorOutcome::Outdated, kept)),
        Verdict::ProofWanted => Ok(answered(AnchorOutcome::ProofWanted, kept)),
        Verdict::Contradicts(words) => Err(Problem::HeadContradicts { words }),
    }
}

/// What is to be done with a head.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Keep,
    Known,
    Outdated,
    ProofWanted,
    Contradicts(String),
}

/// What a head means beside the largest that is kept of its log and key.
fn judged(kept: &SignedHead, handed: &Handed) -> Verdict {
    let (known, given) = (&kept.head, &handed.signed.head);
    let contradicts = |wrong: &str| {
        let (from, to) = (known.size, given.size);
        let log = format!("{} {}", given.origin, given.log);
        Verdict::Contradicts(format!(
            "the head of {log} with {to} entries contradicts the one with {from} that is kept here: {wrong}"
        ))
    };
    if known.suite != given.suite {
        return contradicts("it has another hash function");
    }
    if given.size < known.size {
        return if given.at > known.at {
            contradicts("it is later and smaller")
        } else {
            Verdict::Outdated
        };
    }
    if given.size == known.size {
        return if given.root == known.root {
            Verdict::Known
        } else {
            contradicts("it has as many entries and another root")
        };
    }
    if known.size > 0 && handed.from != known.size {
        return Verdict::ProofWanted;
    }
    let (smaller, larger) = ((known.size, &known.root), (given.size, &given.root));
    let is_grown = known.size == 0 || is_beginning(given.suite, smaller, larger, &handed.path);
    if is_grown {
        Verdict::Keep
    } else {
        contradicts("what is kept here is not its beginning")
    }
}

/// Tells of a contradiction: two heads that one key has signed and that cannot both be true.
pub(super) fn alarm(service: ServiceName, signed: &SignedHead, problem: &Problem) {
    let head = &signed.head;
    let labels = [
        ("service", service.as_str()),
        ("origin", head.origin.as_str()),
    ];
    metrics::count("huiyin_anchor_contradictions", 1, &labels);
    let (text, signature) = (head.text(&signed.key), hex::encode(signed.signature));
    tracing::error!(%problem, head = text, signature, "a head contradicts one that was handed in earlier");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::digest::HashSuite;
    use crate::evidence::head::{Head, LogName};
    use crate::evidence::key::LogKey;
    use crate::evidence::tree::{Frontier, Stored, consistency};

    const SUITE: HashSuite = HashSuite::Sha256;

    /// A head of a log of so many entries, signed in that second of a minute.
    fn head(words: &str, size: u64, second: u32) -> (SignedHead, Stored) {
        let (mut frontier, mut stored) = (Frontier::default(), Stored::default());
        for index in 0..size {
            let leaf = SUITE.leaf(&[words.as_bytes(), &index.to_be_bytes(), b""]);
            stored.insert(0, index, leaf);
            frontier.push(SUITE, leaf, |_, _| {});
        }
        let head = Head {
            origin: "intake".parse().unwrap(),
            log: LogName::Open,
            suite: SUITE,
            size,
            root: frontier.root(SUITE),
            at: format!("2026-01-05T08:00:{second:02}Z").parse().unwrap(),
            kept: 0,
        };
        (head.signed(&LogKey::drawn().unwrap()), stored)
    }

    fn handed(words: &str, (from, size): (u64, u64), second: u32) -> Handed {
        let (signed, stored) = head(words, size, second);
        let path = consistency(from, size).into_iter();
        let path = path.map(|span| stored.root(SUITE, span).unwrap());
        Handed {
            signed,
            from,
            path: path.collect(),
        }
    }

    fn verdict(kept: (&str, u64, u32), handed: &Handed) -> Verdict {
        judged(&head(kept.0, kept.1, kept.2).0, handed)
    }

    fn contradicts(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Contradicts(_))
    }

    #[test]
    fn a_log_that_only_grew_is_kept() {
        assert_eq!(verdict(("a", 5, 1), &handed("a", (5, 9), 2)), Verdict::Keep);
        assert_eq!(verdict(("a", 0, 1), &handed("a", (0, 9), 2)), Verdict::Keep);
    }

    #[test]
    fn growth_without_a_proof_from_what_is_kept_is_asked_for() {
        let wanted = verdict(("a", 5, 1), &handed("a", (4, 9), 2));
        assert_eq!(wanted, Verdict::ProofWanted);
        let wanted = verdict(("a", 5, 1), &handed("a", (0, 9), 2));
        assert_eq!(wanted, Verdict::ProofWanted);
    }

    #[test]
    fn another_past_contradicts_whatever_its_proof_says() {
        assert!(contradicts(&verdict(("b", 5, 1), &handed("a", (5, 9), 2))));
        let mut without = handed("a", (5, 9), 2);
        without.path.clear();
        assert!(contradicts(&verdict(("a", 5, 1), &without)));
        assert!(contradicts(&verdict(("b", 5, 1), &handed("a", (5, 5), 2))));
    }

    #[test]
    fn a_log_that_was_cut_back_contradicts_and_an_old_head_is_only_old() {
        assert!(contradicts(&verdict(("a", 9, 1), &handed("a", (0, 5), 2))));
        let old = verdict(("a", 9, 2), &handed("a", (0, 5), 1));
        assert_eq!(old, Verdict::Outdated);
        let again = verdict(("a", 9, 1), &handed("a", (0, 9), 1));
        assert_eq!(again, Verdict::Known);
    }
}
