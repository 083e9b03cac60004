//! `huiyin load changes FILE.csv`: what became of territories; all of the file or nothing.

use std::io::Read;

use anyhow::{Result, ensure};
use huiyin_domain::territory::{ChangeKind, Unit};
use huiyin_proto::routing::v1::{
    LoadTerritoryChangesRequest, TerritoryChange, TerritoryChangeKind, TerritoryChangeRow,
    TerritoryUnit,
};

use super::{ROWS, Report, Row, rows};
use tonic::Request;

use crate::connect::{Clients, persist};

/// Loads changes of territories.
///
/// # Errors
/// When the file has other columns or too many rows, or routing refuses the call.
pub async fn changes(clients: &Clients, file: impl Read) -> Result<Report> {
    let mut report = Report::default();
    let mut wanted = Vec::new();
    for row in rows(file, &["on", "kind", "from", "to", "document"], &mut report)? {
        match change(&row) {
            Ok(change) => wanted.push(TerritoryChangeRow {
                line: row.line,
                change: Some(change),
            }),
            Err((field, reason)) => report.refuse(row.line, field, reason),
        }
    }
    ensure!(
        wanted.len() <= ROWS,
        "the file holds {} changes; at most {ROWS} load at once",
        wanted.len()
    );
    if !report.problems.is_empty() {
        return Ok(report);
    }
    let request = LoadTerritoryChangesRequest {
        request_id: format!(
            "changes-{}",
            huiyin_service_kit::chance::new_uuid().simple()
        ),
        rows: wanted,
    };
    let answer = persist("loading changes", || {
        let (mut routing, request) = (clients.loading.clone(), Request::new(request.clone()));
        async move { routing.load_territory_changes(request).await }
    })
    .await?;
    report.loaded = answer.loaded;
    report.unchanged = answer.unchanged;
    report.problems = answer.problems;
    Ok(report)
}

fn change(row: &Row) -> Result<TerritoryChange, (&'static str, String)> {
    let kind: ChangeKind = row
        .get("kind")
        .parse()
        .map_err(|error| ("kind", format!("{error}")))?;
    let word = format!("TERRITORY_CHANGE_KIND_{}", kind.as_str().to_uppercase());
    let kind = TerritoryChangeKind::from_str_name(&word).unwrap_or_default();
    Ok(TerritoryChange {
        holds_from: row.get("on").to_owned(),
        kind: kind.into(),
        from: units(row, "from")?,
        to: units(row, "to")?,
        document: row.get("document").to_owned(),
    })
}

fn units(row: &Row, field: &'static str) -> Result<Vec<TerritoryUnit>, (&'static str, String)> {
    let units = Unit::list(row.get(field)).map_err(|reason| (field, reason))?;
    let told = |unit: Unit| TerritoryUnit {
        code: unit.code.to_string(),
        name: unit.name,
    };
    Ok(units.into_iter().map(told).collect())
}
