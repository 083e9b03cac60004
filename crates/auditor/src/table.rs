//! A report as a person reads it.

use crate::invariant::Invariant;
use crate::report::{Compared, Lag, Lateness, Missed, Report, Silent};

/// The report as a table: a line an invariant, then who is silent, what is late and what could not be looked at.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut lines = Vec::new();
    invariants(report, &mut lines);
    processes(report, &mut lines);
    lateness(report, &mut lines);
    lines.push(match report.streams {
        Compared::NotNamed => "stream server: not named".to_owned(),
        Compared::NotReached => "stream server: does not answer".to_owned(),
        Compared::Entries(entries) => format!("stream server: {entries} entries compared"),
    });
    for missed in &report.missed {
        let Missed { service, words } = missed;
        lines.push(format!("{service} could not be looked at: {words}"));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn invariants(report: &Report, lines: &mut Vec<String>) {
    for invariant in Invariant::ALL {
        let found = report.findings.of(invariant);
        let state = match found.map(|finding| finding.violations) {
            None => "not seen".to_owned(),
            Some(0) => "holds".to_owned(),
            Some(violations) => format!("{violations} broken"),
        };
        let (name, words) = (invariant.name(), invariant.words());
        lines.push(format!("{name:<4} {state:<12} {words}"));
        let examples = found.map_or([].as_slice(), |finding| &finding.examples);
        lines.extend(examples.iter().map(|example| format!("     {example}")));
    }
}

fn processes(report: &Report, lines: &mut Vec<String>) {
    for of in &report.processes {
        lines.push(format!("{}: {} alive", of.service, of.beating));
        let silent = of.silent.iter();
        lines.extend(silent.map(|Silent { process, seconds }| {
            format!("     {process} silent for {seconds:.0} s")
        }));
    }
}

fn lateness(report: &Report, lines: &mut Vec<String>) {
    for late in &report.lateness {
        let Lateness {
            service,
            oldest_urgent,
            overdue,
        } = late;
        if *oldest_urgent > 0.0 || *overdue > 0.0 {
            lines.push(format!(
                "{service}: oldest urgent row {oldest_urgent:.1} s, timers {overdue:.0} s overdue"
            ));
        }
    }
    for lag in report.lags.iter().filter(|lag| lag.entries > 0) {
        let Lag {
            service,
            stream,
            entries,
        } = lag;
        lines.push(format!("{service}: {entries} entries behind {stream}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use huiyin_service_kit::names::ServiceName;

    #[test]
    fn what_is_broken_silent_and_late_is_named_below_what_it_breaks() {
        let mut report = Report::default();
        report.findings.found(Invariant::FeedIsDense, Vec::new());
        let key = "intake: events:{intake:0} epoch 1".to_owned();
        report.findings.found(Invariant::EventIsOnce, vec![key]);
        report.processes.push(crate::report::Processes {
            service: ServiceName::Intake,
            beating: 1,
            silent: vec![Silent {
                process: "host 127.0.0.1:7401".to_owned(),
                seconds: 41.4,
            }],
        });
        let table = table(&report);
        let lines: Vec<&str> = table.lines().collect();
        let expected = [
            "I2   holds        the feed is dense, and its last place is the head",
            "I3   1 broken     an event is in a stream's feed once",
            "     intake: events:{intake:0} epoch 1",
            "I4   not seen     an entry of the stream server equals its feed row",
        ];
        assert_eq!(lines[1..5], expected);
        let expected = [
            "intake: 1 alive",
            "     host 127.0.0.1:7401 silent for 41 s",
            "stream server: not named",
        ];
        assert_eq!(lines[12..], expected);
    }
}
