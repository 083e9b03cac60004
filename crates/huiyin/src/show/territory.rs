//! `huiyin show territory`: a place on a day, what lies above it, and what became of it.

use anyhow::{Context as _, Result};
use huiyin_proto::routing::v1::{
    GetTerritoryRequest, GetTerritoryResponse, Territory, TerritoryChange, TerritoryUnit,
    TraceTerritoryRequest,
};

use super::plain;
use tonic::Request;

use crate::connect::{Clients, persist};

/// Shows it.
///
/// # Errors
/// When it was not in force on the day, or a day is none.
pub(super) async fn show(
    clients: &Clients,
    code: String,
    on: String,
    since: Option<String>,
) -> Result<()> {
    let request = GetTerritoryRequest {
        code: code.clone(),
        on_date: on.clone(),
    };
    let shown = persist("the territory cannot be shown", || {
        let (mut routing, request) = (clients.routing.clone(), Request::new(request.clone()));
        async move { routing.get_territory(request).await }
    })
    .await;
    let Some(since) = since else {
        return print(&shown?);
    };
    // a code that has ended has no place today, but a story
    if let Ok(shown) = &shown {
        print(shown)?;
    }
    trace(clients, code, since, on).await
}

fn print(shown: &GetTerritoryResponse) -> Result<()> {
    let territory = shown
        .territory
        .as_ref()
        .context("an answer without a territory")?;
    println!("{}", line(territory));
    println!("  in force since {}", territory.valid_from);
    for above in &shown.ancestors {
        let mark = if above.code == shown.superior_code {
            "  <- superior"
        } else {
            ""
        };
        println!("  in {}{mark}", line(above));
    }
    Ok(())
}

fn line(territory: &Territory) -> String {
    format!(
        "{} {} ({})",
        territory.code,
        territory.name,
        plain(territory.level().as_str_name(), "LEVEL_")
    )
}

async fn trace(clients: &Clients, code: String, since: String, on: String) -> Result<()> {
    let until = if on.is_empty() {
        "today".to_owned()
    } else {
        format!("on {on}")
    };
    let request = TraceTerritoryRequest {
        code,
        then_date: since.clone(),
        now_date: on,
    };
    let traced = persist("the territory cannot be traced", || {
        let (mut routing, request) = (clients.routing.clone(), Request::new(request.clone()));
        async move { routing.trace_territory(request).await }
    })
    .await?;
    for change in &traced.changes {
        println!("  {}", told(change));
    }
    if !traced.became.is_empty() {
        println!("  the place of {since} is {until}:");
        traced
            .became
            .iter()
            .for_each(|place| println!("    {}", line(place)));
    }
    if !traced.comparable_now.is_empty() {
        println!("  to compare with {since}:");
        traced
            .comparable_now
            .iter()
            .for_each(|place| println!("    now  {}", line(place)));
        traced
            .comparable_then
            .iter()
            .for_each(|place| println!("    then {}", line(place)));
        if traced.comparable_then.is_empty() {
            println!("    then nothing known");
        }
    }
    if traced.parts_moved {
        println!("  a part of one of them moved: the comparison is not exact");
    }
    Ok(())
}

fn told(change: &TerritoryChange) -> String {
    let names = |units: &[TerritoryUnit]| {
        let name = |unit: &TerritoryUnit| format!("{} {}", unit.code, unit.name);
        units.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    format!(
        "{} {}: {} -> {}  [{}]",
        change.holds_from,
        plain(change.kind().as_str_name(), "TERRITORY_CHANGE_KIND_"),
        names(&change.from),
        names(&change.to),
        change.document
    )
}
