//! What became of places: renamed, recoded, merged, split. Places change by a dated decision with a document; a code is
//! never edited.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{
    Established, Gazetteer, Place, Territory, TerritoryCode, TerritoryFault, gazetteer::BEGINNING,
};
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
    const fn fits(self, from: usize, to: usize) -> (&'static str, bool) {
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
    fn highest(&self) -> Option<Level> {
        let units = self.to.iter().chain(&self.from);
        units.map(|unit| unit.code.level()).max()
    }

    /// What concerns the change alone.
    fn checked(&self, today: Date) -> Result<(), ChangeFault> {
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

impl Gazetteer {
    /// Takes a change in; see [`Self::apply_all`].
    ///
    /// # Errors
    /// See [`ChangeFault`]; the gazetteer may then have taken in a part of it and is to be thrown away.
    pub fn apply(&mut self, change: &Change, today: Date) -> Result<Vec<Effect>, ChangeFault> {
        let effects = self.apply_all(std::slice::from_ref(change), today);
        effects.map_err(|refused| refused.fault)
    }

    /// Takes changes in: those that happen now, or those of the past whose result is known already. They are taken in the
    /// order of their days, on one day those of higher places first; one that was taken in before has no effect. A place that ends
    /// must hold nothing when all changes of its day are taken in.
    ///
    /// # Errors
    /// The first change at fault; the gazetteer may then have taken in a part of them and is to be thrown away.
    pub fn apply_all(
        &mut self,
        changes: &[Change],
        today: Date,
    ) -> Result<Vec<Effect>, ChangeRefused> {
        let mut ordered: Vec<(usize, &Change)> = changes.iter().enumerate().collect();
        ordered.sort_by_key(|(_, change)| (change.on, std::cmp::Reverse(change.highest())));
        let mut effects = Vec::new();
        for of_one_day in ordered.chunk_by(|(_, one), (_, other)| one.on == other.on) {
            let units = of_one_day.iter().flat_map(|(_, change)| &change.from);
            let dealt_with: BTreeSet<TerritoryCode> = units.map(|unit| unit.code).collect();
            for (place, change) in of_one_day {
                let applied = self.apply_one(change, today, &dealt_with, &mut effects);
                applied.map_err(|fault| refused(*place, fault))?;
            }
            for (place, change) in of_one_day {
                self.holds_nothing(change)
                    .map_err(|fault| refused(*place, fault))?;
            }
        }
        Ok(effects)
    }

    fn apply_one(
        &mut self,
        change: &Change,
        today: Date,
        dealt_with: &BTreeSet<TerritoryCode>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChangeFault> {
        if self.lists(change) {
            return Ok(());
        }
        change.checked(today)?;
        match change.kind {
            ChangeKind::Renamed => self.rename(change, effects)?,
            kind => {
                for unit in &change.from {
                    if !kind.ends() {
                        self.goes_on(unit, change.on, effects)?;
                    }
                }
                for unit in &change.to {
                    if kind.begins() {
                        self.begins(unit, change.on, effects)?;
                    } else {
                        self.goes_on(unit, change.on, effects)?;
                    }
                }
                for unit in &change.from {
                    if kind.ends() {
                        self.ends(unit, change, dealt_with, effects)?;
                    }
                }
            }
        }
        self.remember(change.clone());
        effects.push(Effect::Remembered(change.clone()));
        Ok(())
    }

    /// What a change ends must hold nothing from its day on.
    fn holds_nothing(&self, change: &Change) -> Result<(), ChangeFault> {
        let ended = change.from.iter().filter(|_| change.kind.ends());
        let ended = ended.filter(|unit| self.at(unit.code, change.on).is_none());
        for Unit { code, .. } in ended {
            if let Some(child) = self.children(*code, change.on).next() {
                let (code, child) = (*code, child.code);
                return Err(ChangeFault::StillHolds { code, child });
            }
        }
        Ok(())
    }

    /// Whether the change was taken in already.
    #[must_use]
    pub fn lists(&self, change: &Change) -> bool {
        let unit = change.to.first().or(change.from.first());
        let concerning = unit.and_then(|unit| self.concerning.get(&unit.code));
        let mut places = concerning.into_iter().flatten();
        places.any(|place| self.changes.get(*place) == Some(change))
    }

    /// Takes in a change whose effects are known already.
    pub fn remember(&mut self, change: Change) {
        let place = self.changes.len();
        for unit in change.from.iter().chain(&change.to) {
            let concerning = self.concerning.entry(unit.code).or_default();
            if concerning.last() != Some(&place) {
                concerning.push(place);
            }
        }
        self.changes.push(change);
    }

    fn rename(&mut self, change: &Change, effects: &mut Vec<Effect>) -> Result<(), ChangeFault> {
        let (Some(old), Some(new)) = (change.from.first(), change.to.first()) else {
            return Ok(());
        };
        let last = day_before(change.on);
        let Some(now) = self.at(old.code, change.on) else {
            return Err(ChangeFault::NotInForce {
                code: old.code,
                day: last,
            });
        };
        if now.name == old.name {
            self.close(old.code, last, effects);
            return self.open(new, change.on, None, effects);
        }
        if now.name == new.name && self.is_guessed(&now) {
            let since = now.valid_from;
            self.begin_only(new.code, change.on);
            effects.push(Effect::Begun {
                code: new.code,
                since,
                first: change.on,
                with_below: false,
            });
            return self.open(old, BEGINNING, Some(last), effects);
        }
        Err(other_name(old, now.name))
    }

    /// A place that goes on: it is known, or was in force until a later change that is still to come.
    fn goes_on(
        &mut self,
        unit: &Unit,
        on: Date,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChangeFault> {
        match self.at(unit.code, on) {
            Some(_) => Ok(()),
            None if self.knows(unit.code) => Err(ChangeFault::NotInForce {
                code: unit.code,
                day: day_before(on),
            }),
            None => self.open(unit, BEGINNING, None, effects),
        }
    }

    fn begins(
        &mut self,
        unit: &Unit,
        on: Date,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChangeFault> {
        let Some(now) = self.at(unit.code, on) else {
            if let Some(parent) = unit.code.parent()
                && self.at(parent, on).is_none()
            {
                let code = unit.code;
                return Err(TerritoryFault::MissingParent { code, parent, on }.into());
            }
            return self.open(unit, on, None, effects);
        };
        if now.name != unit.name {
            return Err(other_name(unit, now.name));
        }
        let since = now.valid_from;
        if since == on {
            return Ok(());
        }
        if self.is_guessed(&now) {
            self.begin(unit.code, on);
            effects.push(Effect::Begun {
                code: unit.code,
                since,
                first: on,
                with_below: true,
            });
            return Ok(());
        }
        Err(ChangeFault::InForce {
            code: unit.code,
            since,
        })
    }

    fn ends(
        &mut self,
        unit: &Unit,
        change: &Change,
        dealt_with: &BTreeSet<TerritoryCode>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChangeFault> {
        let (code, last) = (unit.code, day_before(change.on));
        let Some(before) = self.at(code, last) else {
            if self.knows(code) {
                return Err(ChangeFault::NotInForce { code, day: last });
            }
            return self.open(unit, BEGINNING, Some(last), effects);
        };
        if before.name != unit.name {
            return Err(other_name(unit, before.name));
        }
        if before.valid_to == Some(last) {
            return Ok(());
        }
        match change.kind {
            ChangeKind::Recoded => self.carry(unit, change, dealt_with, effects)?,
            ChangeKind::Merged | ChangeKind::Absorbed => {
                self.take_along(unit, change, dealt_with, effects)?;
            }
            ChangeKind::Renamed
            | ChangeKind::Split
            | ChangeKind::Redrawn
            | ChangeKind::SplitOff
            | ChangeKind::Transferred
            | ChangeKind::Established => {}
        }
        self.close(code, last, effects);
        Ok(())
    }

    /// With a place that goes on under another code go all that lie in it and that no change of the day deals with: the
    /// same digits under the new code.
    fn carry(
        &mut self,
        unit: &Unit,
        change: &Change,
        dealt_with: &BTreeSet<TerritoryCode>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChangeFault> {
        let Some(new) = change.to.first() else {
            return Ok(());
        };
        let below = units(self.subtree(unit.code, change.on).skip(1), dealt_with);
        for old in below {
            let Some(code) = old.code.moved(&unit.code, &new.code) else {
                return Err(ChangeFault::StillHolds {
                    code: unit.code,
                    child: old.code,
                });
            };
            let moved = Unit {
                code,
                name: old.name,
            };
            self.begins(&moved, change.on, effects)?;
            self.close(old.code, day_before(change.on), effects);
        }
        Ok(())
    }

    /// What lies right in a place that goes into another, and no change of the day deals with, goes on there. How it is
    /// numbered there is not known yet, so it gets a local code, by a change that this one implies.
    fn take_along(
        &mut self,
        unit: &Unit,
        change: &Change,
        dealt_with: &BTreeSet<TerritoryCode>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChangeFault> {
        let Some(into) = change.to.first() else {
            return Ok(());
        };
        for old in units(self.children(unit.code, change.on), dealt_with) {
            let mut free = into.code.local_codes(old.code.level());
            let Some(code) = free.find(|code| !self.knows(*code)) else {
                return Err(ChangeFault::StillHolds {
                    code: unit.code,
                    child: old.code,
                });
            };
            let name = old.name.clone();
            let implied = Change {
                kind: ChangeKind::Recoded,
                from: vec![old],
                to: vec![Unit { code, name }],
                ..change.clone()
            };
            self.apply_one(&implied, change.on, dealt_with, effects)?;
        }
        Ok(())
    }

    fn open(
        &mut self,
        unit: &Unit,
        valid_from: Date,
        valid_to: Option<Date>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ChangeFault> {
        let code = unit.code;
        // a place that ended may have lain in one of which only the time after is known
        let seen_on = valid_to.unwrap_or(valid_from);
        let parent = self
            .parent_on(code, seen_on)
            .or_else(|| self.parent_on(code, valid_from));
        let row = Established {
            territory: Territory {
                code,
                name: unit.name.clone(),
                level: code.level(),
                parent,
            },
            valid_from,
            valid_to,
        };
        self.establish(&row)?;
        effects.push(Effect::Established(row));
        Ok(())
    }

    fn close(&mut self, code: TerritoryCode, last: Date, effects: &mut Vec<Effect>) {
        self.end(code, last);
        effects.push(Effect::Ended { code, last });
    }
}

/// The places that no change of the day deals with, by code.
fn units<'a>(
    places: impl Iterator<Item = Place<'a>>,
    dealt_with: &BTreeSet<TerritoryCode>,
) -> Vec<Unit> {
    let left = places.filter(|place| !dealt_with.contains(&place.code));
    let mut units: Vec<Unit> = left
        .map(|place| Unit {
            code: place.code,
            name: place.name.to_owned(),
        })
        .collect();
    units.sort_by_key(|unit| unit.code);
    units
}

fn refused(place: usize, fault: ChangeFault) -> ChangeRefused {
    ChangeRefused { place, fault }
}

fn other_name(unit: &Unit, known: &str) -> ChangeFault {
    ChangeFault::OtherName {
        code: unit.code,
        known: known.to_owned(),
        given: unit.name.clone(),
    }
}

fn day_before(on: Date) -> Date {
    on.pred_opt().unwrap_or(on)
}
