//! The summary as a person reads it.

use huiyin_service_kit::names::ServiceName;
use unicode_width::UnicodeWidthStr as _;

use super::Year;
use super::trace::{Span, tree};
use crate::constellation::Constellation;

/// Prints the summary.
pub(super) fn page(year: &Year) {
    year.print();
}

impl Year {
    fn print(&self) {
        let counts = &self.counts;
        println!();
        println!(
            "The year 2025 of Huaihua, {} matters (generated), played in {:.1} s",
            counts.total,
            self.took.as_secs_f64()
        );
        println!(
            "{} acts of petitioners, organs and duty desks over the contract",
            self.played.acts
        );
        println!();
        println!("Matters by stage");
        for (stage, number) in &counts.stages {
            println!("  {:<28}{number:>8}", plain(stage));
        }
        println!();
        println!(
            "{:<30}{:>8}{:>8}{:>8}{:>8}",
            "Deadlines", "kept", "passed", "running", "lapsed"
        );
        for (clock, [running, kept, passed, lapsed]) in &counts.clocks {
            println!(
                "  {:<28}{kept:>8}{passed:>8}{running:>8}{lapsed:>8}",
                plain(clock)
            );
        }
        println!();
        println!(
            "Supervise orders to organs: {} given, {} answered; {} objections to forwardings",
            counts.orders_issued, counts.orders_answered, counts.objections
        );
        println!();
        println!("Urgent reports: {} raised", counts.alerts_raised);
        println!(
            "{:<30}{:>10}{:>10}{:>9}{:>6}{:>11}",
            "  level", "addressed", "delivered", "in time", "late", "escalated"
        );
        for level in super::summary::levels() {
            if let Some([addressed, delivered, in_time, late, escalated]) =
                counts.alert_levels.get(level)
            {
                println!(
                    "  {level:<28}{addressed:>10}{delivered:>10}{in_time:>9}{late:>6}{escalated:>11}"
                );
            }
        }
        self.print_table();
        self.print_check();
    }

    fn print_table(&self) {
        let table = &self.told.table;
        println!();
        println!("{}  {}", table.title, table.title_zh);
        for section in &table.sections {
            println!(
                "  by {:<35}{:>8}{:>10}{:>9}",
                section.dimension, "count", "persons", "share"
            );
            for row in &section.rows {
                let persons = if row.persons > 0 {
                    row.persons.to_string()
                } else {
                    String::new()
                };
                println!(
                    "    {}{:>8}{persons:>10}{:>9}  {}",
                    column(&plain(&row.key), 34),
                    row.count,
                    row.share,
                    row.unit
                );
            }
            println!("    {:<34}{:>8}", "sum", section.sum);
        }
        println!(
            "  total {} matters, {} persons in visits",
            table.total, table.persons_total
        );
        for warning in &table.warnings {
            println!("  WARNING: {warning}");
        }
        println!();
        println!("Indicators");
        for row in &self.told.indicators {
            println!(
                "  {:<60}{:>9}  {}/{}",
                row.title, row.percent, row.numerator, row.denominator
            );
        }
    }

    fn print_check(&self) {
        println!();
        if self.differences.is_empty() {
            println!(
                "Recount by SQL over the services' own tables: {} figures, all equal",
                self.figures
            );
        } else {
            println!("Recount by SQL over the services' own tables DIFFERS:");
            for difference in &self.differences {
                println!("  {difference}");
            }
        }
    }
}

/// A text in a column of a terminal, where a Chinese character takes two places.
fn column(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn plain(key: &str) -> String {
    key.replace('_', " ")
}

/// One trace as a tree.
pub(super) fn trace(spans: &[Span]) {
    println!();
    println!("One urgent matter, from registration to the desk of the nation");
    for line in tree(spans) {
        println!("  {line}");
    }
}

/// How to look further.
pub(super) fn hints(constellation: &Constellation, example: Option<&(String, String)>) {
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "huiyin".to_owned());
    println!();
    println!("Look further, while it runs:");
    println!("  {program} watch alerts --level nation --from-beginning");
    if let Some((number, code)) = example {
        println!("  {program} show matter {number}");
        println!("  {program} show progress {number} {code}");
    }
    println!(
        "  grpcurl -plaintext {} list",
        constellation.ports.listen(ServiceName::Intake)
    );
    println!(
        "  metrics of intake: http://{}/metrics",
        constellation.ports.metrics(ServiceName::Intake)
    );
    println!("  settings: {}", constellation.settings.display());
}
