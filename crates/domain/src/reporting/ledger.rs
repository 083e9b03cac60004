//! The rolling ledger: what is open appears in each next report until it is closed with a result.

use std::collections::BTreeSet;

use thiserror::Error;

/// What a report does to the ledger of its edge; `D` names a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries<D> {
    /// Disputes that it opens.
    pub opened: Vec<D>,
    /// Open disputes that it closes, each with its result.
    pub closed: Vec<D>,
    /// Open disputes on which it says how far they are.
    pub noted: Vec<D>,
}

/// What is wrong with the entries of a report.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LedgerFault {
    /// A dispute that is closed, or stands in no ledger of this edge.
    #[error("is no open dispute of this ledger; it has {open} open")]
    NotOpen {
        /// The field.
        field: &'static str,
        /// Which entry of it, from 0.
        entry: usize,
        /// How many are open.
        open: usize,
    },
    /// Said twice in one report.
    #[error("is named a second time; a report says one thing of each dispute")]
    Twice {
        /// The field.
        field: &'static str,
        /// Which entry of it, from 0.
        entry: usize,
    },
    /// A zero report with something in it.
    #[error(
        "is true, but the report has {items} items: {carried} open ones are carried into it, {opened} are opened and {closed} \
         closed; a zero report has none"
    )]
    NotZero {
        /// How many.
        items: usize,
        /// Of these carried.
        carried: usize,
        /// Of these opened.
        opened: usize,
        /// Of these closed.
        closed: usize,
    },
    /// A report with nothing in it that does not say so.
    #[error(
        "is false, but the report has no item; a report without items is due like any other and says that it is zero"
    )]
    ZeroNotSaid,
}

impl LedgerFault {
    /// The field it concerns, with the entry: `closed[0].dispute_id`.
    #[must_use]
    pub fn field(&self) -> String {
        match self {
            Self::NotOpen { field, entry, .. } | Self::Twice { field, entry } => {
                format!("{field}[{entry}].dispute_id")
            }
            Self::NotZero { .. } | Self::ZeroNotSaid => "zero".to_owned(),
        }
    }
}

/// The open disputes that are carried into a report: all that are open before it and that it does not close.
///
/// # Errors
/// Everything that is wrong with the entries: a dispute that is not open, or is named twice; a zero report that is none, and a
/// report without items that does not say so.
pub fn carry_over<D: Copy + Ord>(
    open: &[D],
    entries: &Entries<D>,
    zero: bool,
) -> Result<Vec<D>, Vec<LedgerFault>> {
    let known: BTreeSet<D> = open.iter().copied().collect();
    let mut said = BTreeSet::new();
    let mut faults = Vec::new();
    for (field, named) in [("closed", &entries.closed), ("noted", &entries.noted)] {
        for (entry, dispute) in named.iter().enumerate() {
            if !known.contains(dispute) {
                let open = known.len();
                faults.push(LedgerFault::NotOpen { field, entry, open });
            } else if !said.insert(*dispute) {
                faults.push(LedgerFault::Twice { field, entry });
            }
        }
    }
    let closed: BTreeSet<D> = entries.closed.iter().copied().collect();
    let carried: Vec<D> = open
        .iter()
        .copied()
        .filter(|dispute| !closed.contains(dispute))
        .collect();
    let (opened, closed) = (entries.opened.len(), entries.closed.len());
    let items = carried.len() + opened + closed;
    if zero && items > 0 {
        let carried = carried.len();
        faults.push(LedgerFault::NotZero {
            items,
            carried,
            opened,
            closed,
        });
    }
    if !zero && items == 0 {
        faults.push(LedgerFault::ZeroNotSaid);
    }
    if faults.is_empty() {
        Ok(carried)
    } else {
        Err(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(opened: &[u32], closed: &[u32], noted: &[u32]) -> Entries<u32> {
        Entries {
            opened: opened.to_vec(),
            closed: closed.to_vec(),
            noted: noted.to_vec(),
        }
    }

    #[test]
    fn what_is_not_closed_is_carried() {
        let carried = carry_over(&[1, 2, 3], &entries(&[4], &[2], &[3]), false);
        assert_eq!(carried, Ok(vec![1, 3]));
    }

    #[test]
    fn only_what_is_open_is_closed_and_each_once() {
        let faults = carry_over(&[1, 2], &entries(&[], &[1, 9, 1], &[1]), false).unwrap_err();
        let fields: Vec<String> = faults.iter().map(LedgerFault::field).collect();
        assert_eq!(
            fields,
            [
                "closed[1].dispute_id",
                "closed[2].dispute_id",
                "noted[0].dispute_id"
            ]
        );
    }

    #[test]
    fn a_zero_report_has_no_item_and_says_so() {
        let nothing = entries(&[], &[], &[]);
        assert_eq!(carry_over(&[], &nothing, true), Ok(vec![]));
        assert_eq!(
            carry_over(&[], &nothing, false),
            Err(vec![LedgerFault::ZeroNotSaid])
        );
        let words = carry_over(&[1, 2], &nothing, true).unwrap_err()[0].to_string();
        assert!(words.contains("2 open ones are carried into it"), "{words}");
    }
}
