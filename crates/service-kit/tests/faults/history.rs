//! What was told, what stands in the feed, and what was applied; and what must be true of the three together.

use std::collections::{BTreeMap, BTreeSet};

/// How a transaction that told something ended for whoever began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its commit was answered.
    Confirmed,
    /// The connection was lost: it may be there or not.
    Unknown,
    /// It refused by itself: it must not be there.
    Refused,
    /// It was confirmed, and the database restored to an instant before: it may be known to those whose database was not.
    Undone,
}

/// One fact that a writer told.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) number: i64,
    pub(crate) stream: String,
    pub(crate) writer: u32,
    pub(crate) outcome: Outcome,
}

/// What one consumer did about one stream, in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Applied {
    pub(crate) consumer: &'static str,
    pub(crate) stream: String,
    pub(crate) numbers: Vec<i64>,
    pub(crate) set_aside: Vec<i64>,
}

/// Everything that happened. What a writer told stands in the order in which it told it.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) told: Vec<Told>,
    /// The numbers in each stream's feed, in order.
    pub(crate) feeds: BTreeMap<String, Vec<i64>>,
    pub(crate) applied: Vec<Applied>,
    /// The numbers whose effect always fails.
    pub(crate) poison: BTreeSet<i64>,
    /// The numbers that waited in an outbox at the instant to which the database was restored: they are told again, and whoever
    /// was not restored may know them already.
    pub(crate) retold: BTreeSet<i64>,
}

/// What is wrong with a number, at a consumer or, where none is named, in the feed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wrong {
    /// Confirmed and never applied, nor set aside.
    Lost(&'static str, i64),
    /// Applied, and nobody told it, or refused it, or it is in no feed.
    Phantom(&'static str, i64),
    /// Applied twice.
    Twice(&'static str, i64),
    /// Applied or sequenced behind one that came later.
    OutOfOrder(&'static str, i64),
    /// Set aside although its effect does not fail, or applied although it does.
    Misjudged(&'static str, i64),
}

const FEED: &str = "feed";

/// Whatever is wrong with a history; nothing when it is as promised.
pub(crate) fn check(history: &History) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for (stream, feed) in &history.feeds {
        wrong.extend(check_feed(history, stream, feed));
    }
    for applied in &history.applied {
        wrong.extend(check_consumer(history, applied));
    }
    wrong.sort();
    wrong
}

fn places(numbers: &[i64]) -> BTreeMap<i64, usize> {
    let numbered = numbers.iter().enumerate();
    numbered.map(|(place, number)| (*number, place)).collect()
}

/// The feed has each fact once, nothing that was refused, and what one writer told one after the other in that order.
fn check_feed(history: &History, stream: &str, feed: &[i64]) -> Vec<Wrong> {
    let mut wrong = twice(FEED, feed);
    let place = places(feed);
    let mut last: BTreeMap<u32, usize> = BTreeMap::new();
    let told = history.told.iter().filter(|told| told.stream == stream);
    let mut known = BTreeSet::new();
    for told in told {
        known.insert(told.number);
        let Some(&at) = place.get(&told.number) else {
            if told.outcome == Outcome::Confirmed {
                wrong.push(Wrong::Lost(FEED, told.number));
            }
            continue;
        };
        if told.outcome == Outcome::Refused {
            wrong.push(Wrong::Phantom(FEED, told.number));
        }
        // a commit that was never answered may come after what its writer told next
        if told.outcome == Outcome::Confirmed {
            let before = last.insert(told.writer, at);
            if before.is_some_and(|before| before > at) {
                wrong.push(Wrong::OutOfOrder(FEED, told.number));
            }
        }
    }
    let strangers = feed.iter().filter(|number| !known.contains(number));
    wrong.extend(strangers.map(|number| Wrong::Phantom(FEED, *number)));
    wrong
}

/// A consumer applies each fact of the feed once, in its order, and nothing else.
fn check_consumer(history: &History, applied: &Applied) -> Vec<Wrong> {
    let who = applied.consumer;
    let numbers = without_retold(history, &applied.numbers);
    let mut wrong = twice(who, &numbers);
    let nothing = Vec::new();
    let place = places(history.feeds.get(&applied.stream).unwrap_or(&nothing));
    let outcomes: BTreeMap<i64, Outcome> = history
        .told
        .iter()
        .filter(|told| told.stream == applied.stream)
        .map(|told| (told.number, told.outcome))
        .collect();
    let mut last = 0;
    for number in &numbers {
        let undone = outcomes.get(number) == Some(&Outcome::Undone);
        match place.get(number) {
            Some(&at) if at < last => wrong.push(Wrong::OutOfOrder(who, *number)),
            Some(&at) => last = at,
            None if undone => {}
            None => wrong.push(Wrong::Phantom(who, *number)),
        }
        if history.poison.contains(number) {
            wrong.push(Wrong::Misjudged(who, *number));
        }
    }
    let seen: BTreeSet<i64> = numbers.iter().copied().collect();
    let aside: BTreeSet<i64> = applied.set_aside.iter().copied().collect();
    let unfounded = aside.difference(&history.poison);
    wrong.extend(unfounded.map(|number| Wrong::Misjudged(who, *number)));
    for (number, outcome) in outcomes {
        let sure = outcome == Outcome::Confirmed || place.contains_key(&number);
        if sure && !seen.contains(&number) && !aside.contains(&number) {
            wrong.push(Wrong::Lost(who, number));
        }
    }
    wrong
}

/// What was applied, each that was told again where it was applied last.
fn without_retold(history: &History, numbers: &[i64]) -> Vec<i64> {
    let last = places(numbers);
    let numbered = numbers.iter().enumerate();
    let kept = numbered
        .filter(|(place, number)| !history.retold.contains(number) || last[*number] == *place);
    kept.map(|(_, number)| *number).collect()
}

fn twice(who: &'static str, numbers: &[i64]) -> Vec<Wrong> {
    let mut seen = BTreeSet::new();
    let again = numbers.iter().filter(|number| !seen.insert(**number));
    again.map(|number| Wrong::Twice(who, *number)).collect()
}

mod tests {
    use super::*;

    /// Two writers, five facts of one stream, one consumer: 3 is poison, 4 was never answered, 9 was refused.
    fn whole() -> History {
        let told = |number, writer, outcome| Told {
            number,
            stream: "s".to_owned(),
            writer,
            outcome,
        };
        History {
            told: vec![
                told(1, 1, Outcome::Confirmed),
                told(2, 2, Outcome::Confirmed),
                told(3, 1, Outcome::Confirmed),
                told(4, 2, Outcome::Unknown),
                told(5, 1, Outcome::Confirmed),
                told(9, 2, Outcome::Refused),
            ],
            feeds: BTreeMap::from([("s".to_owned(), vec![2, 1, 3, 4, 5])]),
            applied: vec![Applied {
                consumer: "reader",
                stream: "s".to_owned(),
                numbers: vec![2, 1, 4, 5],
                set_aside: vec![3],
            }],
            poison: BTreeSet::from([3]),
            retold: BTreeSet::new(),
        }
    }

    fn after(change: impl FnOnce(&mut History)) -> Vec<Wrong> {
        let mut history = whole();
        change(&mut history);
        check(&history)
    }

    fn with_applied(numbers: &[i64]) -> Vec<Wrong> {
        after(|history| history.applied[0].numbers = numbers.to_vec())
    }

    fn with_feed(numbers: &[i64]) -> Vec<Wrong> {
        let numbers = numbers.to_vec();
        after(|history| drop(history.feeds.insert("s".to_owned(), numbers)))
    }

    #[test]
    fn a_history_as_promised_has_nothing_wrong() {
        assert_eq!(check(&whole()), []);
    }

    #[test]
    fn what_nobody_answered_may_be_there_or_not() {
        let neither = after(|history| {
            history.feeds.insert("s".to_owned(), vec![2, 1, 3, 5]);
            history.applied[0].numbers = vec![2, 1, 5];
        });
        assert_eq!(neither, []);
    }

    #[test]
    fn a_lost_fact_is_found_at_the_reader_and_in_the_feed() {
        assert_eq!(with_applied(&[2, 1, 4]), [Wrong::Lost("reader", 5)]);
        assert_eq!(
            with_applied(&[2, 1, 5]),
            [Wrong::Lost("reader", 4)],
            "in the feed it is sure"
        );
        let in_feed = with_feed(&[2, 1, 3, 4]);
        assert_eq!(
            in_feed,
            [Wrong::Lost("feed", 5), Wrong::Phantom("reader", 5)]
        );
    }

    #[test]
    fn a_phantom_is_found() {
        assert_eq!(
            with_applied(&[2, 1, 4, 5, 77]),
            [Wrong::Phantom("reader", 77)]
        );
        assert_eq!(
            with_applied(&[2, 1, 4, 5, 9]),
            [Wrong::Phantom("reader", 9)]
        );
        let refused = after(|history| {
            history.feeds.insert("s".to_owned(), vec![2, 1, 3, 4, 5, 9]);
            history.applied[0].numbers.push(9);
        });
        assert_eq!(refused, [Wrong::Phantom("feed", 9)]);
        let strange = with_feed(&[2, 1, 3, 4, 5, 77]);
        assert_eq!(strange, [Wrong::Phantom("feed", 77)]);
    }

    #[test]
    fn a_second_effect_is_found() {
        assert_eq!(with_applied(&[2, 1, 4, 5, 5]), [Wrong::Twice("reader", 5)]);
        assert_eq!(with_feed(&[2, 1, 3, 4, 5, 5]), [Wrong::Twice("feed", 5)]);
    }

    #[test]
    fn two_facts_that_changed_places_are_found() {
        assert_eq!(
            with_applied(&[1, 2, 4, 5]),
            [Wrong::OutOfOrder("reader", 2)]
        );
        let swapped = after(|history| {
            history.feeds.insert("s".to_owned(), vec![2, 3, 1, 4, 5]);
        });
        assert_eq!(swapped, [Wrong::OutOfOrder("feed", 3)]);
    }

    #[test]
    fn what_is_set_aside_without_need_is_found_and_so_is_poison_that_was_applied() {
        let aside = after(|history| {
            history.applied[0].numbers.pop();
            history.applied[0].set_aside.push(5);
        });
        assert_eq!(aside, [Wrong::Misjudged("reader", 5)]);
        let eaten = after(|history| {
            history.applied[0].numbers = vec![2, 1, 3, 4, 5];
            history.applied[0].set_aside.clear();
        });
        assert_eq!(eaten, [Wrong::Misjudged("reader", 3)]);
    }

    #[test]
    fn what_a_restored_database_tells_again_may_be_known_and_nothing_else_may() {
        let again = |retold: &[i64]| {
            after(|history| {
                history.applied[0].numbers = vec![5, 2, 1, 4, 5];
                history.retold = retold.iter().copied().collect();
            })
        };
        assert_eq!(again(&[5]), []);
        let stranger = again(&[4]);
        assert!(
            stranger.contains(&Wrong::Twice("reader", 5)),
            "{stranger:?}"
        );
    }

    #[test]
    fn what_a_restore_undid_may_be_known_to_a_reader_and_nothing_else_may() {
        let known = after(|history| {
            history.told[4].outcome = Outcome::Undone;
            history.feeds.insert("s".to_owned(), vec![2, 1, 3, 4]);
        });
        assert_eq!(known, []);
    }
}
