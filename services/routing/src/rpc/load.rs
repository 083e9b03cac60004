//! What the two loads share: rows are checked one by one, wrong ones listed, the rest written.

use huiyin_proto::routing::v1::RowProblem;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

/// Rows of one call.
pub(super) const ROWS: usize = 2000;
/// Rows told in one event.
pub(super) const TOLD_AT_ONCE: usize = 500;
/// Characters of a name.
pub(super) const NAME: usize = 200;

/// A row that reads, with its line.
#[derive(Clone, Debug)]
pub(super) struct Line<R> {
    /// Line of the file.
    pub(super) line: u32,
    /// What stands there.
    pub(super) row: R,
}

/// The rows that read, in order, and what is wrong with the others.
#[derive(Clone, Debug)]
pub(super) struct Rows<R> {
    /// The rows that read.
    pub(super) lines: Vec<Line<R>>,
    /// What is wrong with the others.
    pub(super) problems: Vec<RowProblem>,
}

/// How many rows were new, changed and the same.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// New rows.
    pub(super) loaded: u32,
    /// Rows that changed something.
    pub(super) changed: u32,
    /// Rows that were there already.
    pub(super) unchanged: u32,
}

/// Checks what concerns the call as a whole.
pub(super) fn check_call(request_id: &str, rows: usize) -> Result<String, Problem> {
    let mut violations = Violations::default();
    let request_id = violations.request_id(request_id);
    violations.check(
        "rows",
        rows <= ROWS,
        format!("are {rows}; at most {ROWS} are allowed in one call"),
    );
    violations.finish_with(Some(request_id))
}

impl<R> Rows<R> {
    /// Reads the rows one by one.
    pub(super) fn read<G>(
        given: Vec<G>,
        line: impl Fn(&G) -> u32,
        read: impl Fn(&mut Violations, &G) -> Option<R>,
    ) -> Self {
        let mut rows = Self {
            lines: Vec::with_capacity(given.len()),
            problems: Vec::new(),
        };
        for given in given {
            let (line, mut violations) = (line(&given), Violations::default());
            match read(&mut violations, &given) {
                Some(row) if violations.is_empty() => rows.lines.push(Line { line, row }),
                Some(_) | None => rows.refuse(line, &violations),
            }
        }
        rows
    }

    /// Keeps the rows in which `check` finds nothing wrong; it sees them in order.
    pub(super) fn retain(&mut self, mut check: impl FnMut(&mut Violations, &R)) {
        for line in std::mem::take(&mut self.lines) {
            let mut violations = Violations::default();
            check(&mut violations, &line.row);
            if violations.is_empty() {
                self.lines.push(line);
            } else {
                self.refuse(line.line, &violations);
            }
        }
    }

    /// Lists what is wrong by line.
    pub(super) fn problems(mut self) -> Vec<RowProblem> {
        self.problems.sort_by_key(|problem| problem.line);
        self.problems
    }

    fn refuse(&mut self, line: u32, violations: &Violations) {
        self.problems
            .extend(violations.iter().map(|wrong| RowProblem {
                line,
                field: wrong.field.clone(),
                reason: wrong.description.clone(),
            }));
    }
}

impl Tally {
    /// Counts a row against what was known under its key, and gives it back when it must be written.
    pub(super) fn sort<R: PartialEq>(&mut self, row: R, known: Option<&R>) -> Option<R> {
        match known {
            None => self.loaded += 1,
            Some(known) if *known == row => {
                self.unchanged += 1;
                return None;
            }
            Some(_) => self.changed += 1,
        }
        Some(row)
    }
}
