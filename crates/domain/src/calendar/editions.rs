//! Which calendar was known when.

use std::sync::Arc;

use super::{CalendarError, WorkCalendar, YearNotice};
use crate::time::Instant;

/// The working calendar and each edition of it that was published since, with the instant from which it was known. What
/// happened is judged by the calendar that was known then: a new notice moves what is open and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendars {
    first: Arc<WorkCalendar>,
    later: Vec<(Instant, Arc<WorkCalendar>)>,
}

impl Calendars {
    /// One calendar that was always known.
    #[must_use]
    pub fn of(calendar: WorkCalendar) -> Self {
        Self {
            first: Arc::new(calendar),
            later: Vec::new(),
        }
    }

    /// The calendar this release was built with.
    #[must_use]
    pub fn embedded() -> Self {
        Self::of(WorkCalendar::embedded().clone())
    }

    /// With the notice of a year, known from the instant on; from that of the edition before when that is later.
    ///
    /// # Errors
    /// A wrong notice, or a version that an edition before has; see [`CalendarError`].
    pub fn publish(&mut self, at: Instant, notice: &YearNotice) -> Result<(), CalendarError> {
        if self.version(&notice.version).is_some() {
            return Err(CalendarError::Text {
                field: "version",
                most: 64,
            });
        }
        let next = self.newest().with(notice)?;
        let at = self.later.last().map_or(at, |(before, _)| at.max(*before));
        self.later.push((at, Arc::new(next)));
        Ok(())
    }

    /// The newest edition.
    #[must_use]
    pub fn newest(&self) -> &WorkCalendar {
        self.later
            .last()
            .map_or(&self.first, |(_, calendar)| calendar)
    }

    /// The first edition, and those after it with the instant from which each was known.
    #[must_use]
    pub(crate) fn editions(&self) -> (&WorkCalendar, &[(Instant, Arc<WorkCalendar>)]) {
        (&self.first, &self.later)
    }

    /// The newest edition known at the instant.
    #[must_use]
    pub fn known_at(&self, at: Instant) -> &WorkCalendar {
        let known = self.later.iter().rfind(|(from, _)| *from <= at);
        known.map_or(&self.first, |(_, calendar)| calendar)
    }

    /// The edition of the version.
    #[must_use]
    pub fn version(&self, version: &str) -> Option<&WorkCalendar> {
        let later = self.later.iter().map(|(_, calendar)| calendar);
        std::iter::once(&self.first)
            .chain(later)
            .find(|calendar| calendar.version() == version)
            .map(Arc::as_ref)
    }
}
