//! Runs of leaves, and the perfect subtrees they consist of.

/// The leaves from one to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first.
    pub from: u64,
    /// The one behind the last.
    pub to: u64,
}

/// A perfect subtree: over 2^level leaves, of which `index` times as many lie before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    /// 0 for a single leaf.
    pub level: u8,
    /// Its place among those of its level.
    pub index: u64,
}

impl Span {
    /// The tree over a whole log.
    #[must_use]
    pub const fn whole(size: u64) -> Self {
        Self { from: 0, to: size }
    }

    /// How many leaves.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The two subtrees under the node over these leaves: the left one has the largest power of two that is smaller than
    /// all. None for a single leaf.
    #[must_use]
    pub const fn split(self) -> Option<(Self, Self)> {
        let len = self.len();
        if len < 2 {
            return None;
        }
        let middle = self.from + (1 << (len - 1).ilog2());
        let left = Self {
            from: self.from,
            to: middle,
        };
        let right = Self {
            from: middle,
            to: self.to,
        };
        Some((left, right))
    }

    /// The perfect subtrees it consists of, the largest first. Of a span that the splitting of a tree gives: such a one
    /// begins where a subtree of its largest size may.
    pub fn subtrees(self) -> impl Iterator<Item = Subtree> {
        let mut from = self.from;
        std::iter::from_fn(move || {
            let left = self.to.checked_sub(from).filter(|left| *left > 0)?;
            let level = u8::try_from(left.ilog2()).ok()?;
            let subtree = Subtree {
                level,
                index: from >> level,
            };
            from += 1 << level;
            Some(subtree)
        })
    }
}

impl Subtree {
    /// The node above it, and its index among the two below that.
    #[must_use]
    pub const fn above(self) -> Self {
        Self {
            level: self.level + 1,
            index: self.index >> 1,
        }
    }
}
