//! What was found wrong, counted, with a few examples.

use std::collections::BTreeMap;

use crate::invariant::Invariant;

/// Examples kept of each invariant.
const EXAMPLES: usize = 5;

/// What is wrong by one invariant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// How many things; a schema tells of 1,000 at most.
    pub violations: usize,
    /// The keys of the first of them, 5 at most: ids and places in streams, never what they say.
    pub examples: Vec<String>,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(BTreeMap<Invariant, Finding>);

impl Findings {
    /// Notes that an invariant was looked at, and what was found wrong.
    pub(crate) fn found(&mut self, invariant: Invariant, keys: Vec<String>) {
        let finding = self.0.entry(invariant).or_default();
        finding.violations = finding.violations.saturating_add(keys.len());
        let room = EXAMPLES.saturating_sub(finding.examples.len());
        finding.examples.extend(keys.into_iter().take(room));
    }

    /// Adds what was found elsewhere.
    pub(crate) fn add(&mut self, others: Self) {
        for (invariant, other) in others.0 {
            let finding = self.0.entry(invariant).or_default();
            finding.violations = finding.violations.saturating_add(other.violations);
            let room = EXAMPLES.saturating_sub(finding.examples.len());
            finding
                .examples
                .extend(other.examples.into_iter().take(room));
        }
    }

    /// What was found by an invariant; nothing when it was not looked at.
    #[must_use]
    pub fn of(&self, invariant: Invariant) -> Option<&Finding> {
        self.0.get(&invariant)
    }

    /// The invariants that are broken.
    #[must_use]
    pub fn broken(&self) -> Vec<Invariant> {
        let all = self.0.iter();
        all.filter(|(_, finding)| finding.violations > 0)
            .map(|(invariant, _)| *invariant)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_counted_and_a_few_are_named() {
        let mut findings = Findings::default();
        findings.found(Invariant::FeedIsDense, Vec::new());
        let keys = |from: usize| (from..from + 4).map(|key| key.to_string()).collect();
        findings.found(Invariant::OutboxIsYoung, keys(0));
        let mut others = Findings::default();
        others.found(Invariant::OutboxIsYoung, keys(4));
        findings.add(others);
        let finding = findings.of(Invariant::OutboxIsYoung).unwrap();
        assert_eq!(finding.violations, 8);
        assert_eq!(finding.examples, ["0", "1", "2", "3", "4"]);
        assert_eq!(findings.broken(), [Invariant::OutboxIsYoung]);
        assert_eq!(findings.of(Invariant::EventIsOnce), None);
    }
}
