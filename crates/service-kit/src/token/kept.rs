//! What is kept until its time is over, and no more than so much of it.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// Entries by key, each with the time at which it ends. When there is no place left, the one that would end first goes.
///
/// Not a cache of a library: those read a clock of their own, and may turn a newcomer away in favour of what is asked for more
/// often, which would let a caller keep others from being remembered.
#[derive(Debug)]
pub(super) struct Kept<K, V, T> {
    most: usize,
    entries: HashMap<K, (V, T)>,
    ends: BTreeSet<(T, K)>,
}

impl<K: Copy + Ord + Hash, V, T: Copy + Ord> Kept<K, V, T> {
    /// Nothing yet, and never more than this.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            entries: HashMap::new(),
            ends: BTreeSet::new(),
        }
    }

    /// What is kept under a key and has not ended.
    pub(super) fn get(&self, key: &K, now: T) -> Option<&V> {
        let (value, end) = self.entries.get(key)?;
        (*end > now).then_some(value)
    }

    /// Keeps something until a time. Gives how many entries had to go before theirs.
    pub(super) fn keep(&mut self, key: K, value: V, (now, end): (T, T)) -> usize {
        self.forget(&key);
        while self.ends.first().is_some_and(|(ended, _)| *ended <= now) {
            self.forget_first();
        }
        let mut gone = 0;
        while self.entries.len() >= self.most && self.forget_first() {
            gone += 1;
        }
        self.entries.insert(key, (value, end));
        self.ends.insert((end, key));
        gone
    }

    fn forget(&mut self, key: &K) {
        if let Some((_, end)) = self.entries.remove(key) {
            self.ends.remove(&(end, *key));
        }
    }

    /// Whether there was one.
    fn forget_first(&mut self) -> bool {
        let first = self.ends.pop_first();
        if let Some((_, key)) = first {
            self.entries.remove(&key);
        }
        first.is_some()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.entries.len(), self.ends.len());
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_lives_until_its_end_and_the_ended_make_place() {
        let mut kept = Kept::new(2);
        assert_eq!(kept.keep("a", 1, (0, 10)), 0);
        assert_eq!(kept.keep("b", 2, (0, 20)), 0);
        assert_eq!((kept.get(&"a", 9), kept.get(&"a", 10)), (Some(&1), None));
        assert_eq!(kept.keep("c", 3, (10, 30)), 0, "a had ended");
        assert_eq!((kept.get(&"b", 10), kept.len()), (Some(&2), 2));
    }

    #[test]
    fn without_a_place_the_first_to_end_goes() {
        let mut kept = Kept::new(2);
        kept.keep("late", 1, (0, 30));
        kept.keep("soon", 2, (0, 10));
        assert_eq!(kept.keep("new", 3, (0, 20)), 1);
        let there = ["late", "soon", "new"].map(|key| kept.get(&key, 0).is_some());
        assert_eq!((there, kept.len()), ([true, false, true], 2));
    }

    #[test]
    fn a_key_is_kept_once() {
        let mut kept = Kept::new(2);
        kept.keep("a", 1, (0, 10));
        kept.keep("a", 2, (0, 20));
        assert_eq!((kept.get(&"a", 15), kept.len()), (Some(&2), 1));
    }
}
