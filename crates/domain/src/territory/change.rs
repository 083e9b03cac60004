//! What became of places: renamed, recoded, merged, split. Places change by a dated decision with a document; a code is
//! never edited.

use thiserror::Error;

use super::{Established, TerritoryCode, TerritoryFault};
use crate::{time::Date, vocabulary::Level, word::words};

words! {
    /// What a decision did.
    ChangeKind {
        /// One place has another name under its code.
        Renamed = "renamed",
        /// One place goes on under another code, under the same name or another: a county that became a district.
        Recoded = "recoded",
        /// Several places end and one begins that holds them.
        Merged = "merged",
        /// Places end and go into one that goes on.
        Absorbed = "absorbed",
        /// One place ends and several begin.
        Split = "split",
        /// Several places end and several others begin on their ground.
        Redrawn = "redrawn",
        /// A part of a place that goes on begins as a place of its own.
        SplitOff = "split_off",
        /// A part of a place goes to another; both go on.
        Transferred = "transferred",
        /// A place begins that nothing known went into.
        Established = "established",
    }
}

/// A place that a change names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its code.
    pub code: TerritoryCode,
    /// Its name before the change, or after it.
    pub name: String,
}

impl Unit {
    /// Reads places written `310106 静安区;310108 闸北区`; none for an empty text.
    ///
    /// # Errors
    /// The part that is no code with a name.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        let parts = text
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts
            .map(|part| {
                let read = part.split_once(' ').and_then(|(code, name)| {
                    let name = name.trim().to_owned();
                    Some(Self {
                        code: code.parse().ok()?,
                        name,
                    })
                });
                read.ok_or_else(|| {
                    format!("{part:?} is no place; expected its code, a space and its name, several with semicolons between")
                })
            })
            .collect()
    }
}

/// A decision on places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it did.
    pub kind: ChangeKind,
    /// The first day on which it holds.
    pub on: Date,
    /// The places before.
    pub from: Vec<Unit>,
    /// The places after.
    pub to: Vec<Unit>,
    /// The document that decided it.
    pub document: String,
}

/// Why a change is not taken in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChangeFault {
    /// Places do not change before the day has come.
    #[error("{on} lies in the future; today is {today}")]
    Future {
        /// The day of the change.
        on: Date,
        /// Today.
        today: Date,
    },
    /// Not as many places as the kind of change has.
    #[error("{kind} needs {needs}; {from} before and {to} after are given")]
    Number {
        /// The kind.
        kind: ChangeKind,
        /// What it needs.
        needs: &'static str,
        /// How many places before are given.
        from: usize,
        /// How many places after are given.
        to: usize,
    },
    /// A rename that changes the code, or another change that does not.
    #[error("{code}: a place that is renamed keeps its code, one that is recoded gets another")]
    Code {
        /// The code.
        code: TerritoryCode,
    },
    /// A place that should end is not in force on the day before.
    #[error("{code} is not in force on {day}, the day before the change")]
    NotInForce {
        /// The code.
        code: TerritoryCode,
        /// The day before the change.
        day: Date,
    },
    /// A place that should begin is in force already.
    #[error("{code} is in force since {since} already")]
    InForce {
        /// The code.
        code: TerritoryCode,
        /// Since when.
        since: Date,
    },
    /// A place bears another name.
    #[error("{code} is {known}, not {given}")]
    OtherName {
        /// The code.
        code: TerritoryCode,
        /// Its name.
        known: String,
        /// The name of the change.
        given: String,
    },
    /// A place ends although others still lie in it at the end of the day's changes.
    #[error(
        "{code} cannot end while {child} lies in it; say with it, from the same day on, what becomes of that"
    )]
    StillHolds {
        /// The code.
        code: TerritoryCode,
        /// One that lies in it.
        child: TerritoryCode,
    },
    /// A place of the change cannot be taken in.
    #[error(transparent)]
    Territory(#[from] TerritoryFault),
}

/// The change that is not taken in, and why.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{fault}")]
pub struct ChangeRefused {
    /// Its place among the changes given, from 0.
    pub place: usize,
    /// What is wrong with it.
    pub fault: ChangeFault,
}

/// What a change did to the places, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The change itself is known from now on; so are those that follow from it, before it.
    Remembered(Change),
    /// A stretch was taken in.
    Established(Established),
    /// The stretch of the code that holds the day ended on it.
    Ended {
        /// The code.
        code: TerritoryCode,
        /// Its last day.
        last: Date,
    },
    /// The stretch of the code that holds the day begins on it and not when it was thought to.
    Begun {
        /// The code.
        code: TerritoryCode,
        /// The first day it was thought to have.
        since: Date,
        /// Its first day.
        first: Date,
        /// Whether what lies below and was thought to begin with it does so too.
        with_below: bool,
    },
}

impl ChangeKind {
    /// Whether the places before end.
    #[must_use]
    pub const fn ends(self) -> bool {
        match self {
            Self::Recoded | Self::Merged | Self::Absorbed | Self::Split | Self::Redrawn => true,
            Self::Renamed | Self::SplitOff | Self::Transferred | Self::Established => false,
        }
    }

    /// Whether the places after begin.
    #[must_use]
    pub const fn begins(self) -> bool {
        match self {
            Self::Recoded
            | Self::Merged
            | Self::Split
            | Self::Redrawn
            | Self::SplitOff
            | Self::Established => true,
            Self::Renamed | Self::Absorbed | Self::Transferred => false,
        }
    }

    /// How many places it has before and after, in words, and whether the numbers fit.
    pub(super) const fn fits(self, from: usize, to: usize) -> (&'static str, bool) {
        match self {
            Self::Renamed | Self::Recoded | Self::Transferred => {
                ("one place before and one after", from == 1 && to == 1)
            }
            Self::Merged => (
                "at least two places before and one after",
                from > 1 && to == 1,
            ),
            Self::Absorbed => (
                "at least one place before and one after",
                from > 0 && to == 1,
            ),
            Self::Split => (
                "one place before and at least two successors",
                from == 1 && to > 1,
            ),
            Self::Redrawn => (
                "at least two places before and two after",
                from > 1 && to > 1,
            ),
            Self::SplitOff => (
                "one place before and at least one after",
                from == 1 && to > 0,
            ),
            Self::Established => ("no place before and one after", from == 0 && to == 1),
        }
    }
}

impl Change {
    /// The highest level of a place it names.
    pub(super) fn highest(&self) -> Option<Level> {
        let units = self.to.iter().chain(&self.from);
        units.map(|unit| unit.code.level()).max()
    }

    /// What concerns the change alone.
    pub(super) fn checked(&self, today: Date) -> Result<(), ChangeFault> {
        let (on, kind) = (self.on, self.kind);
        if on > today {
            return Err(ChangeFault::Future { on, today });
        }
        let (from, to) = (self.from.len(), self.to.len());
        let (needs, fits) = kind.fits(from, to);
        if !fits {
            return Err(ChangeFault::Number {
                kind,
                needs,
                from,
                to,
            });
        }
        let both = |unit: &&Unit| self.to.iter().any(|after| after.code == unit.code);
        match self.from.iter().find(both) {
            Some(unit) if kind != ChangeKind::Renamed => Err(ChangeFault::Code { code: unit.code }),
            None if kind == ChangeKind::Renamed => Err(ChangeFault::Code {
                code: self
                    .from
                    .first()
                    .map_or(TerritoryCode::NATION, |unit| unit.code),
            }),
            Some(_) | None => Ok(()),
        }
    }
}
