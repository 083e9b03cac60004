//! Changes taken into a gazetteer: what ends, what begins, what goes on under another name or code.

use std::collections::BTreeSet;

use super::{
    Change, ChangeFault, ChangeKind, ChangeRefused, Effect, Established, Gazetteer, Place,
    Territory, TerritoryCode, TerritoryFault, Unit, gazetteer::BEGINNING,
};
use crate::time::Date;

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
