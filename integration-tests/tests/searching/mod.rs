//! Searches what a year leaves behind for what its petitioners said, and counts what was searched.

pub mod places;
pub mod planting;
pub mod spans;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;

/// What a petitioner of the demo says of himself or of his matter: how each begins, and one of them whole.
pub const CANARIES: [(&str, &str); 7] = [
    ("演示人", "演示人17"),
    ("演示代表", "演示代表2"),
    ("演示巷", "演示巷17号"),
    ("DEMO000", "DEMO00000000000017"),
    (PHONE, "12345670017"),
    ("generated request about", "generated request about water"),
    (
        "Generated from a seed",
        "Generated from a seed; there is no public petition data.",
    ),
];
/// How every phone begins; four more digits follow.
const PHONE: &str = "1234567";

/// Where something was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An event of a feed, as its bytes lie there.
    Event,
    /// The same, decoded.
    DecodedEvent,
    /// An alert or notice, as a duty desk reads it.
    Alert,
    /// A row of a table of the service of alerts.
    WarningRow,
    /// The body of what a webhook is told.
    WebhookBody,
    /// A row of any other table.
    Row,
    /// An entry of the stream server.
    StreamEntry,
    /// A line of a log.
    LogLine,
    /// A span, as its bytes were sent.
    Span,
    /// The same, decoded.
    DecodedSpan,
    /// A series of metrics.
    Metric,
}

impl Place {
    pub const ALL: [Self; 11] = [
        Self::Event,
        Self::DecodedEvent,
        Self::Alert,
        Self::WarningRow,
        Self::WebhookBody,
        Self::Row,
        Self::StreamEntry,
        Self::LogLine,
        Self::Span,
        Self::DecodedSpan,
        Self::Metric,
    ];
}

/// A form in which a canary can lie somewhere.
struct Form {
    /// How the canary begins.
    canary: &'static str,
    finder: memmem::Finder<'static>,
    /// Whether it is a phone as it is dialled: part of a longer number is none.
    is_dialled: bool,
}

/// What was searched and what was found.
pub struct Search {
    forms: Vec<Form>,
    /// Things and bytes that were looked at.
    pub looked: BTreeMap<Place, (u64, u64)>,
    /// Where a canary was found, the first few times.
    pub found: BTreeMap<(Place, &'static str), Vec<String>>,
}

impl Search {
    pub fn new() -> Self {
        let canaries = CANARIES.iter().map(|(begins, _)| *begins);
        Self {
            forms: canaries.flat_map(forms).collect(),
            looked: BTreeMap::new(),
            found: BTreeMap::new(),
        }
    }

    /// Looks at one thing in a place.
    pub fn look(&mut self, place: Place, name: &str, bytes: &[u8]) {
        let (things, size) = self.looked.entry(place).or_default();
        *things += 1;
        *size += bytes.len() as u64;
        for form in &self.forms {
            let mut hits = form.finder.find_iter(bytes);
            if hits.any(|hit| !form.is_dialled || is_phone(bytes, hit)) {
                let named = self.found.entry((place, form.canary)).or_default();
                if named.len() < 3 {
                    named.push(name.to_owned());
                }
            }
        }
    }

    /// What was looked at, a line each.
    pub fn figures(&self) -> String {
        let lines = self.looked.iter().map(|(place, (things, bytes))| {
            format!(
                "{:<14} {things:>10} {:>10} kB",
                format!("{place:?}"),
                bytes / 1000
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Whether the digits at a hit are a whole phone.
fn is_phone(bytes: &[u8], at: usize) -> bool {
    let is_digit = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
    let end = at + PHONE.len();
    let before = at.checked_sub(1).is_some_and(is_digit);
    !before && (end..end + 4).all(is_digit) && !is_digit(end + 4)
}

/// A canary as it is, in hexadecimal digits, escaped as JSON and as a URL, and in base64 wherever it begins.
fn forms(canary: &'static str) -> Vec<Form> {
    let bytes = canary.as_bytes();
    let hex = hex::encode(bytes);
    let mut written = BTreeSet::from([
        hex.to_ascii_uppercase(),
        hex,
        canary
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect(),
        bytes.iter().map(|byte| format!("%{byte:02X}")).collect(),
    ]);
    for before in 0..3 {
        let shifted = [&vec![0; before][..], bytes].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            // the letters that depend on what stands before and behind are left out
            let letters = engine.encode(&shifted);
            let whole = shifted.len() * 8 / 6;
            written.insert(letters[(before * 8).div_ceil(6)..whole].to_owned());
        }
    }
    let form = |text: &str, is_dialled| Form {
        canary,
        finder: memmem::Finder::new(text).into_owned(),
        is_dialled,
    };
    let plain = form(canary, canary == PHONE);
    let others = written.iter().map(|text| form(text, false));
    others.chain([plain]).collect()
}

#[test]
fn a_canary_is_found_in_every_form_and_a_longer_number_is_no_phone() {
    for (begins, whole) in CANARIES {
        let escaped: String = whole
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect();
        let mut written = vec![whole.to_owned(), hex::encode(whole), escaped];
        for before in ["", "x", "xy"] {
            written.push(STANDARD_NO_PAD.encode(format!("{before}{whole}, said")));
            written.push(URL_SAFE_NO_PAD.encode(format!("{before}{whole}, said")));
        }
        for text in written {
            let mut search = Search::new();
            search.look(Place::LogLine, "line", format!("said: {text}.").as_bytes());
            let found: Vec<&str> = search.found.keys().map(|(_, canary)| *canary).collect();
            assert_eq!(found, [begins], "{text}");
        }
    }
    let mut search = Search::new();
    for number in ["912345670017", "123456700178", "1234567001", "12345678"] {
        search.look(Place::Metric, "series", number.as_bytes());
    }
    assert!(search.found.is_empty());
}
