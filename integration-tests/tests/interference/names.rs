//! What things are called in the two worlds: what is made in both has an id of its own in each.

use std::collections::{HashMap, HashSet};

const HEX: usize = 32;

/// Which id of one world is which of the other. Ids are kept by their hex digits alone.
#[derive(Default)]
pub struct Names {
    to_high: HashMap<String, String>,
    to_low: HashMap<String, String>,
    /// Of what is sealed, which is there in the high world only.
    sealed: HashSet<String>,
}

/// What the places in a question that are for sealed things stand for now: by the digits of the place, those of the thing.
pub type Slots = HashMap<String, String>;

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Id(String),
}

impl Names {
    pub fn seal(&mut self, id: &str) {
        self.sealed.insert(id.to_owned());
    }

    pub fn is_sealed(&self, id: &str) -> bool {
        self.sealed.contains(id)
    }

    pub fn is_known(&self, id: &str) -> bool {
        self.to_low.contains_key(id) || self.sealed.contains(id)
    }

    /// Whether two texts say the same, each of its own world. Ids that neither world has met are the same thing from now on.
    pub fn say_the_same(&mut self, low: &str, high: &str, slots: &Slots) -> bool {
        let (low, high) = (pieces(low), pieces(high));
        if low.len() != high.len() {
            return false;
        }
        let mut met = Vec::new();
        for pair in low.into_iter().zip(high) {
            match pair {
                (Piece::Text(low), Piece::Text(high)) if low == high => {}
                (Piece::Id(low), Piece::Id(high)) if self.fits(&low, &high, slots) => {
                    if low != high && !slots.contains_key(&low) {
                        met.push((low, high));
                    }
                }
                (Piece::Text(_) | Piece::Id(_), _) => return false,
            }
        }
        for (low, high) in met {
            self.meet(low, high);
        }
        true
    }

    /// Takes in what two texts of the same form call things, as far as they agree.
    pub fn learn(&mut self, low: &str, high: &str) {
        for (low, high) in low.lines().zip(high.lines()) {
            self.say_the_same(low, high, &Slots::new());
        }
    }

    fn fits(&self, low: &str, high: &str, slots: &Slots) -> bool {
        if let Some(real) = slots.get(low) {
            return real == high;
        }
        if low == high {
            return true;
        }
        match (self.to_high.get(low), self.to_low.get(high)) {
            (Some(known), _) => known == high,
            (None, Some(_)) => false,
            (None, None) => !self.sealed.contains(high),
        }
    }

    fn meet(&mut self, low: String, high: String) {
        self.to_low.insert(high.clone(), low.clone());
        self.to_high.insert(low, high);
    }

    /// A message of the low world as it is asked in the high one.
    pub fn in_high(&self, message: &[u8], slots: &Slots) -> Vec<u8> {
        let mut told = message.to_vec();
        let mut at = 0;
        while let Some(found) = message.get(at..).and_then(next_id) {
            let range = at + found..at + found + HEX;
            let id = String::from_utf8_lossy(&message[range.clone()]).into_owned();
            if let Some(other) = slots.get(&id).or_else(|| self.to_high.get(&id)) {
                told[range.clone()].copy_from_slice(other.as_bytes());
            }
            at = range.end;
        }
        told
    }
}

/// Where the digits of the next id begin.
fn next_id(bytes: &[u8]) -> Option<usize> {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    (1..bytes.len()).find(|at| {
        let digits = bytes.get(*at..at + HEX);
        bytes[at - 1] == b'_' && digits.is_some_and(|digits| digits.iter().all(is_digit))
    })
}

/// The ids in a text, by their digits.
pub fn ids(text: &str) -> Vec<String> {
    let pieces = pieces(text).into_iter();
    pieces
        .filter_map(|piece| match piece {
            Piece::Id(id) => Some(id),
            Piece::Text(_) => None,
        })
        .collect()
}

/// A text cut at its ids, which are written `matter_<32 digits>` or, in keys of pages, with hyphens.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut done = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let length = id_at(bytes, at);
        if length == 0 {
            at += 1;
            continue;
        }
        pieces.push(Piece::Text(&text[done..at]));
        pieces.push(Piece::Id(text[at..at + length].replace('-', "")));
        at += length;
        done = at;
    }
    pieces.push(Piece::Text(&text[done..]));
    pieces
}

/// How long the id is that begins here; 0 when none does.
fn id_at(bytes: &[u8], at: usize) -> usize {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if !is_digit(bytes[at]) || at == 0 {
        return 0;
    }
    let plain = bytes.get(at..at + HEX);
    if bytes[at - 1] == b'_' && plain.is_some_and(|plain| plain.iter().all(|byte| is_digit(*byte)))
    {
        return HEX;
    }
    let hyphened = bytes.get(at..at + HEX + HYPHENS.len());
    let fits = |(place, byte): (usize, &u8)| match HYPHENS.contains(&place) {
        true => *byte == b'-',
        false => is_digit(*byte),
    };
    match hyphened {
        Some(hyphened) if hyphened.iter().enumerate().all(fits) => hyphened.len(),
        Some(_) | None => 0,
    }
}

#[test]
fn texts_of_two_worlds_are_compared_by_what_they_speak_of() {
    let id = |digit: &str| format!("matter_{}", digit.repeat(HEX));
    let mut names = Names::default();
    let none = Slots::new();
    assert!(names.say_the_same(&id("1"), &id("2"), &none));
    // once met, a thing stays the same
    assert!(names.say_the_same(&id("1"), &id("2"), &none));
    assert!(!names.say_the_same(&id("1"), &id("3"), &none));
    assert!(!names.say_the_same(&id("4"), &id("2"), &none));
    names.seal(&"5".repeat(HEX));
    assert!(!names.say_the_same(&id("6"), &id("5"), &none));
    let slots = Slots::from([("7".repeat(HEX), "5".repeat(HEX))]);
    assert!(names.say_the_same(&id("7"), &id("5"), &slots));
    assert!(!names.say_the_same(&id("7"), &id("7"), &slots));
    let asked = names.in_high(format!("{} {}", id("1"), id("7")).as_bytes(), &slots);
    assert_eq!(asked, format!("{} {}", id("2"), id("5")).as_bytes());
    let key = |digit: &str| uuid_like(&digit.repeat(HEX));
    assert!(names.say_the_same(&key("1"), &key("2"), &none));
    assert!(!names.say_the_same("one", "two", &none));
}

#[cfg(test)]
fn uuid_like(digits: &str) -> String {
    format!(
        "-{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}
