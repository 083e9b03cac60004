//! What the year came to, from the statistics service, and its recount by SQL.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use huiyin_domain::organs::{PETITION_OFFICE, organ_id};
use huiyin_domain::vocabulary::Level;
use huiyin_proto::statistics::v1::{
    GetIndicatorsRequest, GetOverviewRequest, GetOverviewResponse, GetTableRequest, Indicator,
    Table,
};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::connect::{Clients, by, persist};

/// Counts that must be the same however the services were interrupted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Matters by stage.
    pub stages: BTreeMap<String, u64>,
    /// Clocks: running, kept, passed, lapsed.
    pub clocks: BTreeMap<String, [u64; 4]>,
    /// Orders given.
    pub orders_issued: u64,
    /// Orders answered.
    pub orders_answered: u64,
    /// Objections raised.
    pub objections: u64,
    /// Alerts raised.
    pub alerts_raised: u64,
    /// By level: addressed, delivered, acknowledged in time, late, escalations.
    pub alert_levels: BTreeMap<String, [u64; 5]>,
    /// Total of the year's table.
    pub total: u64,
    /// Sections of the year's table: key to count.
    pub sections: BTreeMap<String, BTreeMap<String, u64>>,
    /// Indicators: numerator and denominator.
    pub indicators: BTreeMap<String, (u64, u64)>,
}

/// Everything the demo prints of the year.
#[derive(Clone, Debug)]
pub struct Told {
    /// The overview.
    pub overview: GetOverviewResponse,
    /// The year's table.
    pub table: Table,
    /// The indicators.
    pub indicators: Vec<Indicator>,
}

/// Asks the statistics service, as the desk for denunciations of the petition office of the place, which counts them too.
///
/// # Errors
/// When it does not answer.
pub async fn ask(clients: &Clients, place: &str) -> Result<Told> {
    let office = &organ_id(&place.parse()?, PETITION_OFFICE).to_string();
    let statistics = &clients.statistics;
    let overview = persist("asking for the overview", || {
        let mut statistics = statistics.clone();
        async move {
            statistics
                .get_overview(by(office, "sealed-desk", GetOverviewRequest::default()))
                .await
        }
    })
    .await?;
    let (from_date, to_date) = ("2025-01-01".to_owned(), "2025-12-31".to_owned());
    let request = GetTableRequest {
        from_date: from_date.clone(),
        to_date: to_date.clone(),
        place_code: place.to_owned(),
    };
    let table = persist("asking for the year's table", || {
        let (mut statistics, request) = (
            statistics.clone(),
            by(office, "sealed-desk", request.clone()),
        );
        async move { statistics.get_table(request).await }
    })
    .await?
    .table
    .context("an answer without a table")?;
    let request = GetIndicatorsRequest {
        from_date,
        to_date,
        place_code: place.to_owned(),
    };
    let indicators = persist("asking for the indicators", || {
        let (mut statistics, request) = (
            statistics.clone(),
            by(office, "sealed-desk", request.clone()),
        );
        async move { statistics.get_indicators(request).await }
    })
    .await?
    .indicators;
    Ok(Told {
        overview,
        table,
        indicators,
    })
}

impl Told {
    /// The counts alone.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let overview = &self.overview;
        let stage = |row: &huiyin_proto::statistics::v1::StageCount| {
            short(row.stage().as_str_name(), "STAGE_")
        };
        Summary {
            stages: overview
                .stages
                .iter()
                .filter(|row| row.count > 0)
                .map(|row| (stage(row), row.count))
                .collect(),
            clocks: overview
                .clocks
                .iter()
                .filter(|row| row.running + row.kept + row.passed + row.lapsed > 0)
                .map(|row| {
                    (
                        short(row.kind().as_str_name(), "CLOCK_KIND_"),
                        [row.running, row.kept, row.passed, row.lapsed],
                    )
                })
                .collect(),
            orders_issued: overview.orders_issued,
            orders_answered: overview.orders_answered,
            objections: overview.objections,
            alerts_raised: overview.alerts_raised,
            alert_levels: self.alert_levels(),
            total: self.table.total,
            sections: self
                .table
                .sections
                .iter()
                .map(|section| {
                    let rows = section
                        .rows
                        .iter()
                        .map(|row| (row.key.clone(), row.count))
                        .collect();
                    (section.dimension.clone(), rows)
                })
                .collect(),
            indicators: self
                .indicators
                .iter()
                .map(|row| (row.definition.clone(), (row.numerator, row.denominator)))
                .collect(),
        }
    }
}

impl Told {
    fn alert_levels(&self) -> BTreeMap<String, [u64; 5]> {
        let addressed = self
            .overview
            .alert_levels
            .iter()
            .filter(|row| row.addressed > 0);
        addressed
            .map(|row| {
                let (in_time, late) = (row.acknowledged, row.acknowledged_late);
                let counts = [row.addressed, row.delivered, in_time, late, row.escalations];
                (short(row.level().as_str_name(), "LEVEL_"), counts)
            })
            .collect()
    }
}

fn short(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_ascii_lowercase()
}

/// What is counted again: its name, and a statement that gives a key and a number.
const RECOUNTS: [(&str, &str); 10] = [
    (
        "stage",
        "SELECT stage AS key, count(*) AS number FROM intake.matter GROUP BY 1",
    ),
    (
        "channel",
        "SELECT channel AS key, count(*) AS number FROM intake.matter GROUP BY 1",
    ),
    (
        "category",
        "SELECT category AS key, count(*) AS number FROM intake.matter GROUP BY 1",
    ),
    (
        "clock kept",
        "SELECT kind AS key, count(*) AS number FROM supervision.clock WHERE state = 'kept' GROUP BY 1",
    ),
    (
        "clock passed",
        "SELECT kind AS key, count(*) AS number FROM supervision.clock
         WHERE kind NOT IN ('objection', 'ask_review', 'ask_reexamination')
           AND (passed_at IS NOT NULL OR state = 'overrun') GROUP BY 1",
    ),
    (
        "orders",
        "SELECT 'issued' AS key, count(*) AS number FROM supervision.supervise_order",
    ),
    (
        "alerts",
        "SELECT 'raised' AS key, count(*) AS number FROM stability_early_warning.alert",
    ),
    (
        "addressed",
        "SELECT level AS key, count(*) AS number FROM stability_early_warning.alert_recipient GROUP BY 1",
    ),
    (
        "delivered",
        "SELECT level AS key, count(*) AS number FROM stability_early_warning.alert_recipient
         WHERE delivered_at IS NOT NULL GROUP BY 1",
    ),
    (
        "acknowledged",
        "SELECT level AS key, count(*) AS number FROM stability_early_warning.alert_recipient
         WHERE acked_at IS NOT NULL GROUP BY 1",
    ),
];

/// Counts again, by SQL over the schemas of the services that own the facts.
///
/// # Errors
/// When the database does not answer.
pub async fn recount(url: &str) -> Result<Vec<(String, u64)>> {
    let mut database = PgConnection::connect(url)
        .await
        .context("the recount cannot reach the database")?;
    let mut counts = Vec::new();
    for (what, statement) in RECOUNTS {
        for row in sqlx::query(statement)
            .fetch_all(&mut database)
            .await
            .with_context(|| format!("recounting {what}"))?
        {
            let key: String = row.try_get("key")?;
            let number: i64 = row.try_get("number")?;
            counts.push((format!("{what} {key}"), u64::try_from(number).unwrap_or(0)));
        }
    }
    counts.sort();
    Ok(counts)
}

/// The same lines from the summary, to compare with the recount.
#[must_use]
pub fn counted(summary: &Summary) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    let mut put = |what: &str, key: &str, number: u64| {
        if number > 0 {
            counts.push((format!("{what} {key}"), number));
        }
    };
    for (stage, number) in &summary.stages {
        put("stage", stage, *number);
    }
    for dimension in ["channel", "category"] {
        for (key, number) in summary.sections.get(dimension).into_iter().flatten() {
            put(dimension, key, *number);
        }
    }
    for (clock, [_, kept, passed, _]) in &summary.clocks {
        put("clock kept", clock, *kept);
        put("clock passed", clock, *passed);
    }
    put("orders", "issued", summary.orders_issued);
    put("alerts", "raised", summary.alerts_raised);
    for (level, [addressed, delivered, in_time, late, _]) in &summary.alert_levels {
        put("addressed", level, *addressed);
        put("delivered", level, *delivered);
        put("acknowledged", level, in_time + late);
    }
    counts.sort();
    counts
}

/// The lines in which two counts differ: what, the summary's number, the recount's.
#[must_use]
pub fn differences(summary: &[(String, u64)], recount: &[(String, u64)]) -> Vec<String> {
    let ours: BTreeMap<&str, u64> = summary
        .iter()
        .map(|(what, number)| (what.as_str(), *number))
        .collect();
    let theirs: BTreeMap<&str, u64> = recount
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(what, number)| (what.as_str(), *number))
        .collect();
    let mut all: Vec<&str> = ours.keys().chain(theirs.keys()).copied().collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
        .filter(|what| ours.get(what) != theirs.get(what))
        .map(|what| {
            let number = |side: &BTreeMap<&str, u64>| side.get(what).copied().unwrap_or(0);
            format!(
                "{what}: the summary says {}, the recount {}",
                number(&ours),
                number(&theirs)
            )
        })
        .collect()
}

/// The levels in the order of the administration, for printing.
#[must_use]
pub fn levels() -> Vec<&'static str> {
    Level::all().iter().map(|level| level.as_str()).collect()
}
