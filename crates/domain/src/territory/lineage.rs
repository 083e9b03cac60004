//! Following a place through its changes, so that years can be compared place by place and not code by code.

use std::collections::BTreeSet;

use super::{Change, ChangeKind, Gazetteer, TerritoryCode};
use crate::{time::Date, vocabulary::Level};

/// Places of one day and the places of another that cover the same ground.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparable {
    /// The places on the earlier day; none when nothing known went into those of the later one.
    pub then: BTreeSet<TerritoryCode>,
    /// The places on the later day.
    pub now: BTreeSet<TerritoryCode>,
    /// Changes by which only a part of one of them moved: their figures compare, but not to the last matter.
    pub parts_moved: Vec<Change>,
}

/// The places before and after a change that cover the same ground: what goes on stands on both sides.
struct Sides {
    before: Vec<TerritoryCode>,
    after: Vec<TerritoryCode>,
}

impl Sides {
    fn of(change: &Change) -> Option<Self> {
        let codes = |units: &[super::Unit]| units.iter().map(|unit| unit.code).collect::<Vec<_>>();
        let (mut before, mut after) = (codes(&change.from), codes(&change.to));
        match change.kind {
            ChangeKind::Recoded
            | ChangeKind::Merged
            | ChangeKind::Split
            | ChangeKind::Redrawn
            | ChangeKind::Established => {}
            ChangeKind::Absorbed => before.extend_from_slice(&after),
            ChangeKind::SplitOff => after.extend_from_slice(&before),
            ChangeKind::Renamed | ChangeKind::Transferred => return None,
        }
        Some(Self { before, after })
    }
}

impl Gazetteer {
    /// What the place of the earlier day had become on the later one: itself, one other, or several. A place in
    /// one that got another code is found under that code if it is known there, else the place above stands for it.
    #[must_use]
    pub fn became(&self, code: TerritoryCode, then: Date, now: Date) -> BTreeSet<TerritoryCode> {
        let mut places = BTreeSet::from([code]);
        for change in self.between(code, then, now) {
            if change.kind.ends() {
                places = self.step(&places, &Sided::forward(change), change.on);
            }
        }
        places
    }

    /// The changes that happened to the place, or to one above it, after one day and up to another, in order; those of
    /// its successors among them.
    #[must_use]
    pub fn lineage(&self, code: TerritoryCode, then: Date, now: Date) -> Vec<&Change> {
        self.between(code, then, now)
    }

    /// The places of the two days that cover the same ground as this place of the later day, as few as possible.
    #[must_use]
    pub fn comparable(&self, code: TerritoryCode, then: Date, now: Date) -> Comparable {
        let changes = self.between(code, then, now);
        let mut later = BTreeSet::from([code]);
        loop {
            let mut earlier = later.clone();
            let mut backwards = changes.clone();
            backwards.sort_by_key(|change| std::cmp::Reverse(change.on));
            for change in backwards {
                let day_before = change.on.pred_opt().unwrap_or(change.on);
                if let Some(sided) = Sided::backward(change) {
                    earlier = self.step(&earlier, &sided, day_before);
                }
            }
            let mut again = earlier.clone();
            for change in &changes {
                if let Some(sided) = Sided::whole(change) {
                    again = self.step(&again, &sided, change.on);
                }
            }
            again.extend(&later);
            if again == later {
                let part = |change: &&&Change| change.kind == ChangeKind::Transferred;
                return Comparable {
                    then: earlier,
                    now: later,
                    parts_moved: changes
                        .iter()
                        .filter(part)
                        .map(|change| (*change).clone())
                        .collect(),
                };
            }
            later = again;
        }
    }

    /// The places after a step: those on one side are replaced by all of the other side.
    fn step(
        &self,
        places: &BTreeSet<TerritoryCode>,
        sided: &Sided,
        on: Date,
    ) -> BTreeSet<TerritoryCode> {
        let mut stepped = BTreeSet::new();
        for place in places {
            match sided.away.iter().find(|away| place.is_within(away)) {
                None => {
                    stepped.insert(*place);
                }
                Some(away) if away == place => stepped.extend(&sided.there),
                Some(away) if sided.there.contains(away) => {
                    stepped.insert(*place);
                }
                Some(away) => stepped.extend(self.below(*place, *away, &sided.there, on)),
            }
        }
        stepped
    }

    /// What a place in one that changed became: the same digits under the one new code, if that is known, else the new
    /// places themselves.
    fn below(
        &self,
        place: TerritoryCode,
        away: TerritoryCode,
        there: &[TerritoryCode],
        on: Date,
    ) -> Vec<TerritoryCode> {
        let moved = match there {
            [one] => place.moved(&away, one),
            _ => None,
        };
        match moved.filter(|code| self.at(*code, on).is_some()) {
            Some(code) => vec![code],
            None => there.to_vec(),
        }
    }

    /// The changes after one day and up to another that can concern the place: those of itself, of places above it, and of
    /// whatever these changed from or into.
    /// On one day those of lower places stand first: what is said of a place itself goes before what is said of one above.
    fn between(&self, code: TerritoryCode, then: Date, now: Date) -> Vec<&Change> {
        let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut open: Vec<TerritoryCode> = vec![code];
        while let Some(code) = open.pop() {
            for above in code
                .chain()
                .take_while(|above| *above != TerritoryCode::NATION)
            {
                if !seen.insert(above) {
                    continue;
                }
                for place in self.concerning.get(&above).into_iter().flatten() {
                    let Some(change) = self.changes.get(*place) else {
                        continue;
                    };
                    if then < change.on
                        && change.on <= now
                        && found.insert((change.on, level_of(change), *place))
                    {
                        let units = change.from.iter().chain(&change.to);
                        open.extend(units.map(|unit| unit.code));
                    }
                }
            }
        }
        found
            .into_iter()
            .filter_map(|(_, _, place)| self.changes.get(place))
            .collect()
    }
}

/// The level of what a change concerns, the lowest first.
fn level_of(change: &Change) -> Option<Level> {
    let units = change.from.iter().chain(&change.to);
    units.map(|unit| unit.code.level()).min()
}

/// A change walked through in one direction: what is left and what is come to.
struct Sided {
    away: Vec<TerritoryCode>,
    there: Vec<TerritoryCode>,
}

impl Sided {
    /// Only what ends is left, and only by those that end.
    fn forward(change: &Change) -> Self {
        Self {
            away: change.from.iter().map(|unit| unit.code).collect(),
            there: change.to.iter().map(|unit| unit.code).collect(),
        }
    }

    fn whole(change: &Change) -> Option<Self> {
        Sides::of(change).map(|sides| Self {
            away: sides.before,
            there: sides.after,
        })
    }

    fn backward(change: &Change) -> Option<Self> {
        Sides::of(change).map(|sides| Self {
            away: sides.after,
            there: sides.before,
        })
    }
}
