//! What one look came to.

use huiyin_service_kit::metrics;
use huiyin_service_kit::names::ServiceName;

use crate::findings::Findings;
use crate::invariant::Invariant;

/// What one look came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is wrong.
    pub findings: Findings,
    /// What could not be looked at.
    pub missed: Vec<Missed>,
    /// Which processes are alive.
    pub processes: Vec<Processes>,
    /// What is late.
    pub lateness: Vec<Lateness>,
    /// How far consumers are behind.
    pub lags: Vec<Lag>,
    /// Whether the stream server was looked at.
    pub streams: Compared,
}

/// A part that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Of which service.
    pub service: ServiceName,
    /// Why.
    pub words: String,
}

/// The processes of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Processes {
    /// The service.
    pub service: ServiceName,
    /// How many say that they are alive.
    pub beating: usize,
    /// Those that say nothing more.
    pub silent: Vec<Silent>,
}

/// A process that says nothing more.
#[derive(Clone, Debug, PartialEq)]
pub struct Silent {
    /// Its name: machine and door.
    pub process: String,
    /// Since when, in seconds.
    pub seconds: f64,
}

/// What is late in the schema of a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lateness {
    /// The service.
    pub service: ServiceName,
    /// Age of the oldest row that waits in the urgent outbox, in seconds; 0 when none waits.
    pub oldest_urgent: f64,
    /// Seconds by which the most overdue timer is late; 0 when none is.
    pub overdue: f64,
}

/// How far a consumer is behind the head of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Who consumes.
    pub service: ServiceName,
    /// The stream.
    pub stream: String,
    /// Entries between cursor and head; of the newest epoch alone when the cursor stands in an older one.
    pub entries: i64,
}

/// Whether the stream server was looked at. Its absence breaks nothing: every event is in the feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compared {
    /// The settings name none.
    #[default]
    NotNamed,
    /// It does not answer.
    NotReached,
    /// So many entries were compared with their feed rows.
    Entries(usize),
}

impl Report {
    /// Whether everything was looked at that the settings name.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missed.is_empty()
    }

    /// Whether everything was looked at, nothing is wrong, and each service has processes that all are alive.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let are_alive = |of: &Processes| of.beating > 0 && of.silent.is_empty();
        self.is_complete()
            && self.findings.broken().is_empty()
            && self.processes.iter().all(are_alive)
    }

    /// Shows it on the page of metrics.
    pub(crate) fn measure(&self) {
        for invariant in Invariant::ALL {
            if let Some(finding) = self.findings.of(invariant) {
                let labels = [("invariant", invariant.name())];
                metrics::gauge(
                    "huiyin_audit_violations",
                    gauge(finding.violations),
                    &labels,
                );
            }
        }
        for missed in &self.missed {
            let labels = [("service", missed.service.as_str())];
            metrics::count("huiyin_audit_failures", 1, &labels);
        }
        for of in &self.processes {
            let labels = [("service", of.service.as_str())];
            metrics::gauge("huiyin_audit_processes", gauge(of.beating), &labels);
            let silent = gauge(of.silent.len());
            metrics::gauge("huiyin_audit_silent_processes", silent, &labels);
        }
        for late in &self.lateness {
            let labels = [("service", late.service.as_str())];
            let name = "huiyin_audit_urgent_outbox_oldest_seconds";
            metrics::gauge(name, late.oldest_urgent, &labels);
            let name = "huiyin_audit_timer_overdue_seconds";
            metrics::gauge(name, late.overdue, &labels);
        }
        for lag in &self.lags {
            let labels = [
                ("service", lag.service.as_str()),
                ("stream", lag.stream.as_str()),
            ];
            let entries = usize::try_from(lag.entries).unwrap_or(0);
            metrics::gauge("huiyin_audit_cursor_lag", gauge(entries), &labels);
        }
        let compared = match self.streams {
            Compared::NotNamed | Compared::NotReached => 0,
            Compared::Entries(entries) => entries,
        };
        metrics::gauge("huiyin_audit_entries_compared", gauge(compared), &[]);
    }

    /// Logs what is wrong: ids and places, and nothing that an event says.
    pub(crate) fn log(&self) {
        for invariant in self.findings.broken() {
            if let Some(finding) = self.findings.of(invariant) {
                tracing::error!(
                    invariant = invariant.name(),
                    violations = finding.violations,
                    examples = finding.examples.join(", "),
                    "broken: {}",
                    invariant.words()
                );
            }
        }
        for missed in &self.missed {
            tracing::error!(
                service = missed.service.as_str(),
                error = missed.words,
                "a schema could not be looked at"
            );
        }
        for of in &self.processes {
            for silent in &of.silent {
                tracing::error!(
                    service = of.service.as_str(),
                    process = silent.process,
                    silent.seconds = silent.seconds,
                    "a process says nothing more"
                );
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge of what is counted")]
fn gauge(number: usize) -> f64 {
    number as f64
}
