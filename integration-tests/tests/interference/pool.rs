//! What questions and acts are about: things of the low world, and places for things that are sealed.

use std::collections::BTreeMap;

use huiyin_proto::intake::v1::RegisterMatterResponse;

use super::names::Slots;

/// Places for sealed things of each kind in questions.
pub const SLOTS: usize = 6;
/// What else has an id by which something is asked.
pub const KINDS: [&str; 15] = [
    "order",
    "alert",
    "recommendation",
    "batch",
    "report",
    "schedule",
    "dispute",
    "assessment",
    "hot_spot",
    "roster",
    "shift",
    "gap",
    "period",
    "notice",
    "webhook",
];
/// Of which of these kinds a denunciation makes things of its own.
const OF_SEALED: [&str; 4] = ["matter", "order", "alert", "recommendation"];
/// How a place for the number of a sealed matter is written, and for a number beside it; as long as any number.
const SEALED_NUMBER: &str = "######-####-s";
const NEIGHBOUR: &str = "######-####-n";

/// A registered matter, with what its petitioner knows.
#[derive(Clone, Debug)]
pub struct Matter {
    pub id: String,
    pub number: String,
    pub code: String,
}

impl From<RegisterMatterResponse> for Matter {
    fn from(receipt: RegisterMatterResponse) -> Self {
        Self {
            id: receipt.matter_id,
            number: receipt.number,
            code: receipt.query_code,
        }
    }
}

/// Things of one world.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    pub matters: Vec<Matter>,
    /// Ids of other things by their kind.
    pub others: BTreeMap<String, Vec<String>>,
}

impl Pool {
    /// Keeps what a text names that is no matter.
    pub fn keep(&mut self, text: &str) {
        for word in text.split('"') {
            let Some((kind, _)) = word.rsplit_once('_') else {
                continue;
            };
            if !KINDS.contains(&kind) || super::names::ids(word).is_empty() {
                continue;
            }
            let known = self.others.entry(kind.to_owned()).or_default();
            if !known.iter().any(|known| known == word) {
                known.push(word.to_owned());
            }
        }
    }

    /// Of what kind and with which digits everything is.
    fn of_kind(&self, kind: &str) -> Vec<&str> {
        match kind {
            "matter" => self
                .matters
                .iter()
                .map(|matter| matter.id.as_str())
                .collect(),
            other => {
                let others = self.others.get(other).map_or(&[][..], Vec::as_slice);
                others.iter().map(String::as_str).collect()
            }
        }
    }

    /// What the places for sealed things stand for at a turn: another thing for each turn.
    pub fn slots(&self, turn: usize) -> Slots {
        let mut slots = Slots::new();
        for kind in OF_SEALED {
            let things = self.of_kind(kind);
            for slot in 0..SLOTS.min(things.len() * SLOTS) {
                let thing = things[(slot + turn) % things.len()];
                let digits = |id: &str| id.rsplit_once('_').map(|(_, digits)| digits.to_owned());
                slots.extend(digits(&place(kind, slot)).zip(digits(thing)));
            }
        }
        slots
    }

    /// A message with the numbers its places for numbers stand for at a turn: the same in both worlds.
    pub fn with_numbers(&self, message: &[u8], turn: usize) -> Vec<u8> {
        let mut told = message.to_vec();
        for slot in 0..SLOTS {
            let number = match self.matters.len() {
                0 => format!("431202-2026-{:08}", 16 * turn + slot),
                most => self.matters[(slot + turn) % most].number.clone(),
            };
            let beside = beside(&number, slot);
            for (place, number) in [(SEALED_NUMBER, &number), (NEIGHBOUR, &beside)] {
                replace(
                    &mut told,
                    format!("{place}{slot:07}").as_bytes(),
                    number.as_bytes(),
                );
            }
        }
        told
    }
}

/// One of the numbers nearest to this one.
fn beside(number: &str, slot: usize) -> String {
    const NEAR: [i64; SLOTS] = [-2, -1, 1, 2, -16, 16];
    let (place, number) = number.rsplit_once('-').unwrap();
    let number: i64 = number.parse().unwrap();
    format!("{place}-{:08}", (number + NEAR[slot]).max(0))
}

fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let found = bytes.windows(old.len()).position(|window| window == old);
    if let Some(at) = found {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
}

/// The place for a sealed thing of a kind: an id that nothing has.
pub fn place(kind: &str, slot: usize) -> String {
    let number = OF_SEALED
        .iter()
        .position(|known| *known == kind)
        .unwrap_or(OF_SEALED.len());
    format!("{kind}_5ea1ed{number:02x}{slot:024x}")
}

/// The place for the number of a sealed matter, or for one beside it.
pub fn number_place(slot: usize, beside: bool) -> String {
    let form = if beside { NEIGHBOUR } else { SEALED_NUMBER };
    format!("{form}{slot:07}")
}

/// Whether a message has a place for a number.
pub fn has_number(message: &[u8]) -> bool {
    message.windows(12).any(|window| window == b"######-####-")
}
