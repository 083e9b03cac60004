//! Every place in memory, with the stretches of time in which it was in force.

use std::collections::{BTreeMap, HashMap};

use thiserror::Error;

use super::{Change, Territory, TerritoryCode};
use crate::{time::Date, vocabulary::Level};

/// Names of rows that stand in the national list at the level of a city but are no authority: in a municipality,
/// or above counties that a province governs itself. They hold no organ; who looks for one above passes through them.
const PASSED_THROUGH: [&str; 5] = [
    "市辖区",
    "县",
    "省直辖县级行政区划",
    "自治区直辖县级行政区划",
    "省直辖行政单位",
];

/// The day from which a place counts as in force when no change says otherwise.
pub const BEGINNING: Date = match Date::from_ymd_opt(1949, 10, 1) {
    Some(day) => day,
    None => Date::MIN,
};

/// A place with the days on which it was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Established {
    /// The place.
    pub territory: Territory,
    /// Its first day; [`Gazetteer::BEGINNING`] when the day is not known.
    pub valid_from: Date,
    /// Its last day; none while it is in force.
    pub valid_to: Option<Date>,
}

/// A place as it was on some day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Its code.
    pub code: TerritoryCode,
    /// Its name on that day.
    pub name: &'a str,
    /// The place above by the list, which may be one that is passed through; none for the nation.
    pub parent: Option<TerritoryCode>,
    /// First day of that code under that name.
    pub valid_from: Date,
    /// Last day; none while it is in force.
    pub valid_to: Option<Date>,
}

/// Why a place is not taken in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TerritoryFault {
    /// The code is in force on one of the days already.
    #[error("{code} is a duplicate: it is in force on {on} already")]
    Duplicate {
        /// The code.
        code: TerritoryCode,
        /// A day on which it is in force already.
        on: Date,
    },
    /// The parent is not known on the first day.
    #[error("{code} has a missing parent: {parent} is not in force on {on}")]
    MissingParent {
        /// The code.
        code: TerritoryCode,
        /// The parent.
        parent: TerritoryCode,
        /// The day.
        on: Date,
    },
    /// The code does not lie under the code of the parent.
    #[error("{code} is not under its parent's code {parent}")]
    NotUnderParent {
        /// The code.
        code: TerritoryCode,
        /// The parent it claims.
        parent: TerritoryCode,
    },
    /// The level is not the one the code says.
    #[error("{code} is a {expected} by its code, not a {given}")]
    WrongLevel {
        /// The code.
        code: TerritoryCode,
        /// The level of the code.
        expected: Level,
        /// The level of the row.
        given: Level,
    },
    /// Another parent than the one it had before.
    #[error("{code} lay under {before}; a place that moves gets another code")]
    OtherParent {
        /// The code.
        code: TerritoryCode,
        /// The parent it had.
        before: TerritoryCode,
    },
    /// It ends before it begins.
    #[error("{code} ends on {valid_to}, before it begins on {valid_from}")]
    EndsBeforeItBegins {
        /// The code.
        code: TerritoryCode,
        /// First day.
        valid_from: Date,
        /// Last day.
        valid_to: Date,
    },
}

/// Every place by its code, as of any day. What a look-up costs does not grow with the number of places.
#[derive(Clone, Debug, Default)]
pub struct Gazetteer {
    /// All names, one after the other.
    names: String,
    nodes: Vec<Node>,
    spans: Vec<Span>,
    by_code: HashMap<TerritoryCode, u32>,
    /// What happened to places, in the order of the days.
    pub(super) changes: Vec<Change>,
    /// The changes that concern a code, by their place in `changes`.
    pub(super) concerning: BTreeMap<TerritoryCode, Vec<usize>>,
}

/// No node, no span.
const NONE: u32 = u32::MAX;

/// A code, in the tree.
#[derive(Clone, Copy, Debug)]
struct Node {
    code: TerritoryCode,
    parent: u32,
    first_child: u32,
    next_sibling: u32,
    newest: u32,
}

/// A stretch of days in which a code was in force under one name.
#[derive(Clone, Copy, Debug)]
struct Span {
    name_at: u32,
    name_len: u32,
    valid_from: Date,
    valid_to: Option<Date>,
    older: u32,
}

impl Span {
    fn holds(&self, on: Date) -> bool {
        self.valid_from <= on && self.valid_to.is_none_or(|last| on <= last)
    }

    fn meets(&self, from: Date, to: Option<Date>) -> bool {
        self.valid_to.is_none_or(|last| from <= last) && to.is_none_or(|to| self.valid_from <= to)
    }
}

impl Gazetteer {
    /// The day from which a place counts as in force when no change says otherwise.
    pub const BEGINNING: Date = BEGINNING;

    /// Room for so many places.
    #[must_use]
    pub fn with_capacity(places: usize) -> Self {
        Self {
            names: String::with_capacity(places.saturating_mul(24)),
            nodes: Vec::with_capacity(places),
            spans: Vec::with_capacity(places),
            by_code: HashMap::with_capacity(places),
            ..Self::default()
        }
    }

    /// Takes a place in; those above it come first.
    ///
    /// # Errors
    /// See [`TerritoryFault`]; then nothing changed.
    pub fn establish(&mut self, row: &Established) -> Result<(), TerritoryFault> {
        let parent = self.checked(row)?;
        self.take_in(row, parent);
        Ok(())
    }

    /// Takes in a place that was established once: the place above may have changed since, but is known. A stretch that
    /// is known already stays as it is.
    ///
    /// # Errors
    /// When the place above is not known.
    pub fn restore(&mut self, row: &Established) -> Result<(), TerritoryFault> {
        let taken_in = |span: &Span| span.valid_from == row.valid_from;
        if self.spans_of(row.territory.code).any(taken_in) {
            return Ok(());
        }
        let parent = match row.territory.parent {
            None => NONE,
            Some(parent) => *self
                .by_code
                .get(&parent)
                .ok_or(TerritoryFault::MissingParent {
                    code: row.territory.code,
                    parent,
                    on: row.valid_from,
                })?,
        };
        self.take_in(row, parent);
        Ok(())
    }

    fn take_in(&mut self, row: &Established, parent: u32) {
        let Established {
            territory,
            valid_from,
            valid_to,
        } = row;
        let code = territory.code;
        let name_at = small(self.names.len());
        self.names.push_str(&territory.name);
        let span = Span {
            name_at,
            name_len: small(territory.name.len()),
            valid_from: *valid_from,
            valid_to: *valid_to,
            older: NONE,
        };
        let node = match self.by_code.get(&code) {
            Some(node) => *node,
            None => self.grow(code, parent),
        };
        self.enter(node, span);
    }

    /// Whether the row can be taken in; the node of its parent.
    fn checked(&self, row: &Established) -> Result<u32, TerritoryFault> {
        let Territory {
            code,
            level,
            parent,
            ..
        } = row.territory;
        let (valid_from, valid_to) = (row.valid_from, row.valid_to);
        if code.level() != level {
            return Err(TerritoryFault::WrongLevel {
                code,
                expected: code.level(),
                given: level,
            });
        }
        if let Some(valid_to) = valid_to.filter(|last| *last < valid_from) {
            return Err(TerritoryFault::EndsBeforeItBegins {
                code,
                valid_from,
                valid_to,
            });
        }
        if let Some(span) = self
            .spans_of(code)
            .find(|span| span.meets(valid_from, valid_to))
        {
            return Err(TerritoryFault::Duplicate {
                code,
                on: span.valid_from.max(valid_from),
            });
        }
        let Some(parent) = parent else {
            return Ok(NONE);
        };
        if parent == code || !code.is_within(&parent) {
            return Err(TerritoryFault::NotUnderParent { code, parent });
        }
        let before = self
            .node(code)
            .and_then(|node| self.nodes.get(node.parent as usize));
        if let Some(before) = before.filter(|before| before.code != parent) {
            return Err(TerritoryFault::OtherParent {
                code,
                before: before.code,
            });
        }
        let there = self.at(parent, valid_from).is_some();
        match self.by_code.get(&parent) {
            Some(node) if there => Ok(*node),
            Some(_) | None => Err(TerritoryFault::MissingParent {
                code,
                parent,
                on: valid_from,
            }),
        }
    }

    fn grow(&mut self, code: TerritoryCode, parent: u32) -> u32 {
        let node = small(self.nodes.len());
        let mut next_sibling = NONE;
        if let Some(above) = self.nodes.get_mut(parent as usize) {
            next_sibling = std::mem::replace(&mut above.first_child, node);
        }
        self.nodes.push(Node {
            code,
            parent,
            first_child: NONE,
            next_sibling,
            newest: NONE,
        });
        self.by_code.insert(code, node);
        node
    }

    /// Puts a span into the list of its node, the newest first.
    fn enter(&mut self, node: u32, mut span: Span) {
        let place = small(self.spans.len());
        let mut before = NONE;
        let mut next = self
            .nodes
            .get(node as usize)
            .map_or(NONE, |node| node.newest);
        while let Some(newer) = self.spans.get(next as usize)
            && newer.valid_from > span.valid_from
        {
            before = next;
            next = newer.older;
        }
        span.older = next;
        self.spans.push(span);
        if let Some(newer) = self.spans.get_mut(before as usize) {
            newer.older = place;
        } else if let Some(node) = self.nodes.get_mut(node as usize) {
            node.newest = place;
        }
    }

    /// How many codes are known, in force or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The place with the code as it was on the day; none when the code was not in force.
    #[must_use]
    pub fn at(&self, code: TerritoryCode, on: Date) -> Option<Place<'_>> {
        self.place(self.node(code)?, on)
    }

    /// Whether the code is or was in force on any day.
    #[must_use]
    pub fn knows(&self, code: TerritoryCode) -> bool {
        self.by_code.contains_key(&code)
    }

    /// Every stretch of the code, the newest first.
    pub fn history(&self, code: TerritoryCode) -> impl Iterator<Item = Place<'_>> {
        let node = self.node(code).copied();
        self.spans_of(code)
            .filter_map(move |span| Some(self.shown(node.as_ref()?, span)))
    }

    /// The places above, the nearest first, as they were on the day.
    pub fn ancestors(&self, code: TerritoryCode, on: Date) -> impl Iterator<Item = Place<'_>> {
        let first = self.node(code).map_or(NONE, |node| node.parent);
        std::iter::successors(self.nodes.get(first as usize), |node| {
            self.nodes.get(node.parent as usize)
        })
        .filter_map(move |node| self.place(node, on))
    }

    /// The nearest place above that is an authority of its own: rows that only group others are passed through.
    #[must_use]
    pub fn superior(&self, code: TerritoryCode, on: Date) -> Option<Place<'_>> {
        self.ancestors(code, on)
            .find(|place| !place.passed_through())
    }

    /// The places directly below, as they were on the day, in no particular order.
    pub fn children(&self, code: TerritoryCode, on: Date) -> impl Iterator<Item = Place<'_>> {
        self.child_nodes(self.node(code))
            .filter_map(move |node| self.place(node, on))
    }

    /// The place and all below it, as they were on the day; those above come first.
    pub fn subtree(&self, code: TerritoryCode, on: Date) -> impl Iterator<Item = Place<'_>> {
        let mut open: Vec<&Node> = self.node(code).into_iter().collect();
        std::iter::from_fn(move || {
            let node = open.pop()?;
            open.extend(self.child_nodes(Some(node)));
            Some(node)
        })
        .filter_map(move |node| self.place(node, on))
    }

    /// The lowest authority that all of the places lie in, as of the day; it may be one of them. None when one
    /// of them was not in force, or none was given.
    #[must_use]
    pub fn common_superior(&self, codes: &[TerritoryCode], on: Date) -> Option<Place<'_>> {
        let known = codes.iter().all(|code| self.at(*code, on).is_some());
        let common = codes
            .iter()
            .copied()
            .reduce(|one, other| one.common(&other));
        let common = common.filter(|_| known)?;
        common
            .chain()
            .filter_map(|code| self.at(code, on))
            .find(|place| !place.passed_through())
    }

    /// The nearest place above the code that is in force on the day.
    pub(super) fn parent_on(&self, code: TerritoryCode, on: Date) -> Option<TerritoryCode> {
        code.chain()
            .skip(1)
            .find(|above| self.at(*above, on).is_some())
    }

    /// Lets the code's stretch that holds the day end on it.
    pub(super) fn end(&mut self, code: TerritoryCode, last: Date) {
        if let Some(span) = self.span_mut(code, last) {
            span.valid_to = Some(last);
        }
    }

    /// Whether nothing better is known of the first day of a stretch than that of a place above.
    pub(super) fn is_guessed(&self, place: &Place<'_>) -> bool {
        let since = place.valid_from;
        let mut above = self.ancestors(place.code, since);
        since == BEGINNING || above.any(|above| above.valid_from == since)
    }

    /// Lets the code, and all below it that is not known to be younger, begin on the day.
    pub(super) fn begin(&mut self, code: TerritoryCode, first: Date) {
        let Some(guessed) = self.at(code, first).map(|place| place.valid_from) else {
            return;
        };
        let below: Vec<TerritoryCode> = self.subtree(code, first).map(|place| place.code).collect();
        for code in below {
            if let Some(span) = self.span_mut(code, first)
                && span.valid_from == guessed
            {
                span.valid_from = first;
            }
        }
    }

    /// Lets the code alone begin on the day.
    pub(super) fn begin_only(&mut self, code: TerritoryCode, first: Date) {
        if let Some(span) = self.span_mut(code, first) {
            span.valid_from = first;
        }
    }

    fn span_mut(&mut self, code: TerritoryCode, on: Date) -> Option<&mut Span> {
        let mut next = self.node(code)?.newest;
        while let Some(span) = self.spans.get(next as usize) {
            if span.holds(on) {
                return self.spans.get_mut(next as usize);
            }
            next = span.older;
        }
        None
    }

    fn node(&self, code: TerritoryCode) -> Option<&Node> {
        self.nodes.get(*self.by_code.get(&code)? as usize)
    }

    fn spans_of(&self, code: TerritoryCode) -> impl Iterator<Item = &Span> {
        let newest = self.node(code).map_or(NONE, |node| node.newest);
        self.spans_from(newest)
    }

    fn spans_from(&self, newest: u32) -> impl Iterator<Item = &Span> {
        std::iter::successors(self.spans.get(newest as usize), |span| {
            self.spans.get(span.older as usize)
        })
    }

    fn child_nodes(&self, node: Option<&Node>) -> impl Iterator<Item = &Node> {
        let first = node.map_or(NONE, |node| node.first_child);
        std::iter::successors(self.nodes.get(first as usize), |node| {
            self.nodes.get(node.next_sibling as usize)
        })
    }

    fn place(&self, node: &Node, on: Date) -> Option<Place<'_>> {
        let span = self.spans_from(node.newest).find(|span| span.holds(on))?;
        Some(self.shown(node, span))
    }

    fn shown(&self, node: &Node, span: &Span) -> Place<'_> {
        let (from, len) = (span.name_at as usize, span.name_len as usize);
        Place {
            code: node.code,
            name: self.names.get(from..from + len).unwrap_or_default(),
            parent: self.nodes.get(node.parent as usize).map(|above| above.code),
            valid_from: span.valid_from,
            valid_to: span.valid_to,
        }
    }
}

impl Place<'_> {
    /// Its level, which is that of its code.
    #[must_use]
    pub fn level(&self) -> Level {
        self.code.level()
    }

    /// Whether it only groups others and is no authority of its own.
    #[must_use]
    pub fn passed_through(&self) -> bool {
        passes_through(self.level(), self.name)
    }
}

/// Whether a row of this level and name only groups others and is no authority of its own.
#[must_use]
pub fn passes_through(level: Level, name: &str) -> bool {
    level == Level::City && PASSED_THROUGH.contains(&name)
}

/// A number of bytes or places; four thousand million are never reached.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NONE)
}
