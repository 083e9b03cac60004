//! Small cells are not published, nor what would give them away by subtraction.

use serde::{Deserialize, Serialize};

/// Counts from 1 to below this are not published (default).
pub const SMALL_CELL: u64 = 5;

/// A count as it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cell", content = "count", rename_all = "snake_case")]
pub enum Cell {
    /// The count.
    Shown(u64),
    /// Withheld.
    Suppressed,
}

/// A line of cells with its total, as it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// The cells, in order.
    pub cells: Vec<Cell>,
    /// Their sum.
    pub total: Cell,
}

/// The line as it may be published together with its total. Zero is shown: it is nobody. When small
/// cells could be derived from the total, the next smallest cells are withheld with them.
#[must_use]
pub fn suppress(counts: &[u64], threshold: u64) -> Suppressed {
    let mut withheld: Vec<bool> = counts
        .iter()
        .map(|count| is_small(*count, threshold))
        .collect();
    protect(counts, &mut withheld, threshold);
    let total = counts
        .iter()
        .fold(0, |sum: u64, count| sum.saturating_add(*count));
    let cells = counts
        .iter()
        .zip(&withheld)
        .map(|(count, withheld)| cell(*count, *withheld))
        .collect();
    Suppressed {
        cells,
        total: cell(total, is_small(total, threshold)),
    }
}

/// A grid of counts as it may be published together with the totals of its rows, of its columns and of
/// the whole: no withheld cell can be had by subtraction along a row or a column, the total line included. The last row and
/// the last column of the answer are the totals. Rows shorter than the first are filled with 0, longer ones cut.
#[must_use]
pub fn suppress_grid(rows: &[Vec<u64>], threshold: u64) -> Vec<Vec<Cell>> {
    let grid = with_totals(rows);
    let mut withheld: Vec<Vec<bool>> = grid
        .iter()
        .map(|row| {
            row.iter()
                .map(|count| is_small(*count, threshold))
                .collect()
        })
        .collect();
    let width = grid.first().map_or(0, Vec::len);
    loop {
        let before = withheld.clone();
        for (counts, marks) in grid.iter().zip(&mut withheld) {
            protect_with_total(counts, marks, threshold);
        }
        for column in 0..width {
            let counts: Vec<u64> = grid.iter().map(|row| row[column]).collect();
            let mut marks: Vec<bool> = withheld.iter().map(|row| row[column]).collect();
            protect_with_total(&counts, &mut marks, threshold);
            for (row, mark) in withheld.iter_mut().zip(marks) {
                row[column] = mark;
            }
        }
        if withheld == before {
            break;
        }
    }
    let publish = |(counts, marks): (&Vec<u64>, &Vec<bool>)| {
        counts
            .iter()
            .zip(marks)
            .map(|(count, withheld)| cell(*count, *withheld))
            .collect()
    };
    grid.iter().zip(&withheld).map(publish).collect()
}

const fn is_small(count: u64, threshold: u64) -> bool {
    count > 0 && count < threshold
}

const fn cell(count: u64, withheld: bool) -> Cell {
    if withheld {
        Cell::Suppressed
    } else {
        Cell::Shown(count)
    }
}

/// The rows with a column of row sums and a row of column sums.
fn with_totals(rows: &[Vec<u64>]) -> Vec<Vec<u64>> {
    let width = rows.first().map_or(0, Vec::len);
    let mut grid: Vec<Vec<u64>> = rows
        .iter()
        .map(|row| {
            let mut cells: Vec<u64> = row
                .iter()
                .copied()
                .chain(std::iter::repeat(0))
                .take(width)
                .collect();
            cells.push(
                cells
                    .iter()
                    .fold(0, |sum, count| sum.saturating_add(*count)),
            );
            cells
        })
        .collect();
    let sum_of = |column: usize| {
        grid.iter()
            .fold(0_u64, |sum, row| sum.saturating_add(row[column]))
    };
    let totals = (0..=width).map(sum_of).collect();
    grid.push(totals);
    grid
}

/// Withholds further cells of a line whose total is published, smallest first, until those withheld are
/// at least two and add up to the threshold; else their values would follow from total and rest.
fn protect(counts: &[u64], withheld: &mut [bool], threshold: u64) {
    loop {
        let hidden = counts
            .iter()
            .zip(withheld.iter())
            .filter(|(_, withheld)| **withheld)
            .map(|(count, _)| *count);
        let (number, sum) = hidden.fold((0_u32, 0_u64), |(number, sum), count| {
            (number + 1, sum.saturating_add(count))
        });
        if number == 0 || (number >= 2 && sum >= threshold) {
            return;
        }
        let candidates = (0..counts.len()).filter(|index| !withheld[*index] && counts[*index] > 0);
        let Some(smallest) = candidates.min_by_key(|index| counts[*index]) else {
            return;
        };
        withheld[smallest] = true;
    }
}

/// [`protect`] for a line whose last cell is its total. A withheld total protects the line by itself,
/// unless it is the only one withheld: then it is the sum of what is shown.
fn protect_with_total(counts: &[u64], withheld: &mut [bool], threshold: u64) {
    let Some(last) = counts.len().checked_sub(1) else {
        return;
    };
    if !withheld[last] {
        protect(&counts[..last], &mut withheld[..last], threshold);
        let hidden = withheld[..last].iter().filter(|mark| **mark).count();
        // One cell is left alone with zeros beside it: it equals the total.
        withheld[last] = hidden == 1;
    } else if !withheld[..last].contains(&true) {
        let largest = (0..last)
            .filter(|index| counts[*index] > 0)
            .min_by_key(|index| counts[*index]);
        if let Some(index) = largest {
            withheld[index] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_small_cell_takes_the_next_smallest_with_it() {
        let line = suppress(&[40, 3, 12, 0], SMALL_CELL);
        assert_eq!(
            line.cells,
            [
                Cell::Shown(40),
                Cell::Suppressed,
                Cell::Suppressed,
                Cell::Shown(0)
            ]
        );
        assert_eq!(line.total, Cell::Shown(55));
    }

    #[test]
    fn two_ones_do_not_hide_each_other() {
        let line = suppress(&[1, 1, 90, 80], SMALL_CELL);
        assert_eq!(
            line.cells,
            [
                Cell::Suppressed,
                Cell::Suppressed,
                Cell::Shown(90),
                Cell::Suppressed
            ]
        );
    }

    #[test]
    fn a_small_total_is_withheld_itself() {
        assert_eq!(
            suppress(&[3, 0], SMALL_CELL),
            Suppressed {
                cells: vec![Cell::Suppressed, Cell::Shown(0)],
                total: Cell::Suppressed
            }
        );
        assert_eq!(suppress(&[5, 0], SMALL_CELL).total, Cell::Shown(5));
    }

    #[test]
    fn a_grid_is_protected_along_rows_and_columns() {
        let grid = suppress_grid(
            &[vec![3, 20, 30], vec![40, 50, 60], vec![70, 80, 90]],
            SMALL_CELL,
        );
        let hidden = Cell::Suppressed;
        assert_eq!(grid[0], [hidden, hidden, Cell::Shown(30), Cell::Shown(53)]);
        assert_eq!(grid[1], [hidden, hidden, Cell::Shown(60), Cell::Shown(150)]);
        assert_eq!(
            grid[3],
            [
                Cell::Shown(113),
                Cell::Shown(150),
                Cell::Shown(180),
                Cell::Shown(443)
            ]
        );
    }

    /// A line of cells and their total shows a withheld cell when it is the only one withheld.
    fn gives_away(line: &[Cell]) -> bool {
        line.iter()
            .filter(|cell| **cell == Cell::Suppressed)
            .count()
            == 1
    }

    proptest! {
        #[test]
        fn nothing_small_is_shown_and_nothing_withheld_can_be_derived(counts in prop::collection::vec(0_u64..30, 0..8)) {
            let line = suppress(&counts, SMALL_CELL);
            let shown = |cell: &Cell| !matches!(cell, Cell::Shown(1..SMALL_CELL));
            prop_assert!(line.cells.iter().all(shown) && shown(&line.total));
            let all: Vec<_> = line.cells.iter().copied().chain([line.total]).collect();
            prop_assert!(!gives_away(&all), "{all:?}");
        }

        #[test]
        fn no_line_of_a_grid_gives_a_cell_away(rows in prop::collection::vec(prop::collection::vec(0_u64..20, 4), 1..5)) {
            let grid = suppress_grid(&rows, SMALL_CELL);
            prop_assert!(grid.iter().flatten().all(|cell| !matches!(cell, Cell::Shown(1..SMALL_CELL))));
            for row in &grid {
                prop_assert!(!gives_away(row), "{grid:?}");
            }
            for column in 0..grid[0].len() {
                let line: Vec<_> = grid.iter().map(|row| row[column]).collect();
                prop_assert!(!gives_away(&line), "column {column} of {grid:?}");
            }
        }
    }
}
