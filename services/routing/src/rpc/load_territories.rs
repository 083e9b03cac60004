//! Loads territories: parents before children, wrong rows listed, a rerun changes nothing.

use std::collections::{HashMap, HashSet};

use huiyin_domain::territory::{Territory, TerritoryCode};
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::TerritoriesEstablished;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::{LoadTerritoriesRequest, LoadTerritoriesResponse, TerritoryRow};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::load::{Line, NAME, Rows, TOLD_AT_ONCE, Tally, check_call};
use crate::service::Service;
use crate::{store, wire};

/// Loads territories.
pub(crate) async fn load_territories(
    service: &Service,
    request: Request<LoadTerritoriesRequest>,
) -> Result<LoadTerritoriesResponse, Problem> {
    let request_id = check_call(&request.get_ref().request_id, request.get_ref().rows.len())?;
    let asked = Asked::of(request.metadata(), &request_id, request.get_ref());
    let rows = Rows::read(request.into_inner().rows, |row| row.line, read);
    service
        .desk
        .database
        .once("load_territories", asked, move |tx| {
            let rows = rows.clone();
            Box::pin(async move { load(tx, rows).await })
        })
        .await
}

fn read(violations: &mut Violations, row: &TerritoryRow) -> Option<Territory> {
    let code = violations.territory_code("code", &row.code);
    let name = violations.text("name", &row.name, 1, NAME);
    let level = wire::level(violations, "level", row.level);
    let parent = match row.parent_code.as_str() {
        "" => None,
        parent => Some(violations.territory_code("parent_code", parent)?),
    };
    let (code, level) = code.zip(level)?;
    let by_code = code.level();
    violations.check(
        "level",
        level == by_code,
        format!("is {level}, but the code is that of a {by_code}"),
    );
    match parent {
        None => violations.check(
            "parent_code",
            level == Level::Nation,
            "is empty, which only the nation's may be",
        ),
        Some(parent) => violations.check(
            "parent_code",
            parent != code && code.is_within(&parent),
            format!("is {parent}, but {code} does not lie under that code"),
        ),
    };
    Some(Territory {
        code,
        name,
        level,
        parent,
    })
}

async fn load(tx: &mut Tx, mut rows: Rows<Territory>) -> Result<LoadTerritoriesResponse, Problem> {
    store::territory_edition::lock(tx.connection()).await?;
    let wanted: HashSet<TerritoryCode> = rows
        .lines
        .iter()
        .flat_map(|line| [Some(line.row.code), line.row.parent])
        .flatten()
        .collect();
    let wanted: Vec<TerritoryCode> = wanted.into_iter().collect();
    let known: HashMap<TerritoryCode, Territory> = store::territory::find(tx.connection(), &wanted)
        .await?
        .into_iter()
        .map(|territory| (territory.code, territory))
        .collect();
    keep_the_tree(&mut rows, &known);
    let mut tally = Tally::default();
    let lines = std::mem::take(&mut rows.lines);
    let new: Vec<Territory> = lines
        .into_iter()
        .filter_map(|Line { row, .. }| {
            let before = known.get(&row.code);
            tally.sort(row, before)
        })
        .collect();
    if !new.is_empty() {
        let edition = store::territory_edition::advance(tx.connection(), tally.changed > 0).await?;
        store::territory::write(tx.connection(), &new, edition).await?;
    }
    for territories in new.chunks(TOLD_AT_ONCE) {
        let territories = territories.iter().map(wire::told_territory).collect();
        tx.tell(Fact::TerritoriesEstablished(TerritoriesEstablished {
            territories,
        }));
    }
    let Tally {
        loaded,
        changed,
        unchanged,
    } = tally;
    Ok(LoadTerritoriesResponse {
        loaded,
        changed,
        unchanged,
        problems: rows.problems(),
    })
}

/// Refuses a second row of a code, and a row whose parent is neither known nor in an earlier row.
fn keep_the_tree(rows: &mut Rows<Territory>, known: &HashMap<TerritoryCode, Territory>) {
    let mut seen = HashSet::new();
    let mut kept = HashSet::new();
    rows.retain(|violations, territory| {
        let first = seen.insert(territory.code);
        violations.check(
            "code",
            first,
            format!("{} stands in an earlier row already", territory.code),
        );
        if let Some(parent) = territory.parent {
            let there = known.contains_key(&parent) || kept.contains(&parent);
            violations.check(
                "parent_code",
                there,
                format!("is {parent}, which no earlier row and no earlier load has"),
            );
        }
        if violations.is_empty() {
            kept.insert(territory.code);
        }
    });
}
