//! `huiyin load territory|organs|matters FILE.csv`: wrong rows are listed with line and reason, the rest
//! loads, a rerun changes nothing.

mod changes;
mod matters;

use std::io::Read;
use std::rc::Rc;

use anyhow::{Context as _, Result};
use huiyin_domain::vocabulary::Level;
use huiyin_proto::routing::v1::{
    LoadOrgansRequest, LoadTerritoriesRequest, OrganRow, RowProblem, TerritoryRow,
};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire;
use sha2::{Digest as _, Sha256};
use tonic::Request;

use crate::connect::{Clients, persist};

pub use changes::changes;
pub use matters::{matters, word};

/// Rows sent in one call.
const ROWS: usize = 2000;

/// What a file did.
#[derive(Debug, Default)]
pub struct Report {
    /// New rows.
    pub loaded: u32,
    /// Rows that changed something.
    pub changed: u32,
    /// Rows that were there already.
    pub unchanged: u32,
    /// Rows that were refused.
    pub problems: Vec<RowProblem>,
}

impl Report {
    /// The report in lines a person can act on.
    #[must_use]
    pub fn lines(&self, what: &str) -> Vec<String> {
        let mut lines = vec![format!(
            "{what}: {} loaded, {} changed, {} unchanged, {} refused",
            self.loaded,
            self.changed,
            self.unchanged,
            self.problems.len()
        )];
        lines.extend(
            self.problems
                .iter()
                .map(|row| format!("  line {}: {}: {}", row.line, row.field, row.reason)),
        );
        lines
    }

    fn refuse(&mut self, line: u32, field: &str, reason: String) {
        self.problems.push(RowProblem {
            line,
            field: field.to_owned(),
            reason,
        });
    }
}

/// A row of a file: its line and its fields by name.
pub(crate) struct Row {
    pub(crate) line: u32,
    headers: Rc<csv::StringRecord>,
    fields: csv::StringRecord,
}

impl Row {
    /// A field by its column's name; empty when the file has no such column.
    pub(crate) fn get(&self, name: &str) -> &str {
        let place = self.headers.iter().position(|header| header.trim() == name);
        place
            .and_then(|place| self.fields.get(place))
            .unwrap_or_default()
            .trim()
    }

    /// A request id that is the same whenever the same row is loaded again.
    pub(crate) fn request_id(&self, what: &str) -> String {
        let text = self.fields.iter().collect::<Vec<_>>().join("\u{1f}");
        format!("{what}-{}", hash(&format!("{}\u{1f}{text}", self.line)))
    }
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text)).chars().take(40).collect()
}

/// The rows of a file; those that cannot be read are reported.
pub(crate) fn rows(file: impl Read, columns: &[&str], report: &mut Report) -> Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let headers = reader
        .headers()
        .context("the first line must name the columns")?
        .clone();
    let headers = Rc::new(headers);
    let missing: Vec<&str> = columns
        .iter()
        .copied()
        .filter(|column| !headers.iter().any(|header| header.trim() == *column))
        .collect();
    anyhow::ensure!(
        missing.is_empty(),
        "the first line must name the columns {}; missing: {}",
        columns.join(", "),
        missing.join(", ")
    );
    let mut rows = Vec::new();
    for (place, record) in reader.records().enumerate() {
        let fallback = u32::try_from(place + 2).unwrap_or(u32::MAX);
        match record {
            Ok(fields) => {
                let line = fields
                    .position()
                    .and_then(|at| u32::try_from(at.line()).ok())
                    .unwrap_or(fallback);
                rows.push(Row {
                    line,
                    headers: Rc::clone(&headers),
                    fields,
                });
            }
            Err(error) => report.refuse(fallback, "row", error.to_string()),
        }
    }
    Ok(rows)
}

fn level(text: &str) -> Result<words::Level, String> {
    let level: Level = text.parse().map_err(|error| format!("{error}"))?;
    Ok(wire::level_word(level))
}

/// Loads territories.
///
/// # Errors
/// When the file has other columns, or routing refuses the call.
pub async fn territory(clients: &Clients, file: impl Read) -> Result<Report> {
    let mut report = Report::default();
    let mut wanted = Vec::new();
    for row in rows(file, &["code", "name", "level", "parent"], &mut report)? {
        match level(row.get("level")) {
            Ok(level) => wanted.push(TerritoryRow {
                line: row.line,
                code: row.get("code").to_owned(),
                name: row.get("name").to_owned(),
                level: level.into(),
                parent_code: row.get("parent").to_owned(),
            }),
            Err(reason) => report.refuse(row.line, "level", reason),
        }
    }
    for chunk in wanted.chunks(ROWS) {
        let request_id = format!(
            "territory-{}",
            huiyin_service_kit::chance::new_uuid().simple()
        );
        let request = LoadTerritoriesRequest {
            request_id,
            rows: chunk.to_vec(),
        };
        let routing = &clients.loading;
        let answer = persist("loading territories", || {
            let (mut routing, request) = (routing.clone(), Request::new(request.clone()));
            async move { routing.load_territories(request).await }
        })
        .await?;
        report.loaded += answer.loaded;
        report.changed += answer.changed;
        report.unchanged += answer.unchanged;
        report.problems.extend(answer.problems);
    }
    report.problems.sort_by_key(|row| row.line);
    Ok(report)
}

/// Loads organs; several functions are separated by semicolons.
///
/// # Errors
/// When the file has other columns, or routing refuses the call.
pub async fn organs(clients: &Clients, file: impl Read) -> Result<Report> {
    let mut report = Report::default();
    let mut wanted = Vec::new();
    for row in rows(
        file,
        &["name", "level", "territory_code", "functions"],
        &mut report,
    )? {
        match level(row.get("level")) {
            Ok(level) => wanted.push(OrganRow {
                line: row.line,
                organ_id: row.get("organ_id").to_owned(),
                name: row.get("name").to_owned(),
                level: level.into(),
                territory_code: row.get("territory_code").to_owned(),
                functions: row
                    .get("functions")
                    .split(';')
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect(),
            }),
            Err(reason) => report.refuse(row.line, "level", reason),
        }
    }
    for chunk in wanted.chunks(ROWS) {
        let request_id = format!("organs-{}", huiyin_service_kit::chance::new_uuid().simple());
        let request = LoadOrgansRequest {
            request_id,
            rows: chunk.to_vec(),
        };
        let routing = &clients.loading;
        let answer = persist("loading organs", || {
            let (mut routing, request) = (routing.clone(), Request::new(request.clone()));
            async move { routing.load_organs(request).await }
        })
        .await?;
        report.loaded += answer.loaded;
        report.changed += answer.changed;
        report.unchanged += answer.unchanged;
        report.problems.extend(answer.problems);
    }
    report.problems.sort_by_key(|row| row.line);
    Ok(report)
}

/// Opens a file, or standard input for `-`.
///
/// # Errors
/// Names the file that cannot be opened.
pub fn open(file: &std::path::Path) -> Result<Box<dyn Read>> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin()));
    }
    let opened = std::fs::File::open(file)
        .with_context(|| format!("{} cannot be opened", file.display()))?;
    Ok(Box::new(opened))
}
