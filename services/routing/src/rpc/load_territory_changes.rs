//! Loads what became of territories: all changes of a call, or none and why.

use huiyin_domain::organs::OrganProfile;
use huiyin_domain::territory::{
    Change, ChangeRefused, Effect, Gazetteer, Territory, TerritoryCode, Unit,
};
use huiyin_domain::time::{Date, local_date};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{OrgansEstablished, TerritoriesEstablished};
use huiyin_proto::routing::v1::{
    LoadTerritoryChangesRequest, LoadTerritoryChangesResponse, RowProblem, TerritoryChangeRow,
    TerritoryUnit,
};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::load::{NAME, Rows, TOLD_AT_ONCE, check_call};
use crate::places::Places;
use crate::service::Service;
use crate::{store, wire};

/// Places that a change names on one side.
const UNITS: usize = 100;
/// Characters of the name of a document.
const DOCUMENT: usize = 200;

/// Loads changes.
pub(crate) async fn load_territory_changes(
    service: &Service,
    request: Request<LoadTerritoryChangesRequest>,
) -> Result<LoadTerritoryChangesResponse, Problem> {
    let request_id = check_call(&request.get_ref().request_id, request.get_ref().rows.len())?;
    let asked = Asked::of(request.metadata(), &request_id, request.get_ref());
    let rows = Rows::read(request.into_inner().rows, |row| row.line, read);
    let database = &service.desk.database;
    let places = service.rulebook.places.clone();
    database
        .once("load_territory_changes", asked, move |tx| {
            let (rows, places) = (rows.clone(), places.clone());
            Box::pin(async move { load(tx, &places, rows).await })
        })
        .await
}

fn read(violations: &mut Violations, row: &TerritoryChangeRow) -> Option<Change> {
    let Some(change) = &row.change else {
        violations.add("change", "is missing");
        return None;
    };
    let on = violations.date("holds_from", &change.holds_from);
    let kind = wire::change_kind(violations, "kind", change.kind);
    let from = units(violations, "from", &change.from);
    let to = units(violations, "to", &change.to);
    let document = violations.text("document", &change.document, 1, DOCUMENT);
    let (on, kind) = on.zip(kind)?;
    Some(Change {
        kind,
        on,
        from,
        to,
        document,
    })
}

fn units(violations: &mut Violations, field: &str, given: &[TerritoryUnit]) -> Vec<Unit> {
    let number = given.len();
    violations.check(
        field,
        number <= UNITS,
        format!("are {number} places; at most {UNITS} are allowed"),
    );
    let mut units = Vec::with_capacity(number.min(UNITS));
    for unit in given.iter().take(UNITS) {
        let code = violations.territory_code(field, &unit.code);
        let name = violations.text(field, &unit.name, 1, NAME);
        units.extend(code.map(|code| Unit { code, name }));
    }
    units
}

async fn load(
    tx: &mut Tx,
    places: &Places,
    rows: Rows<Change>,
) -> Result<LoadTerritoryChangesResponse, Problem> {
    store::territory_edition::lock(tx.connection()).await?;
    let known = places.current(tx.connection()).await?;
    let mut problems = rows.problems;
    if !problems.is_empty() {
        return Ok(refused(problems));
    }
    let mut gazetteer = Gazetteer::clone(&known);
    let today = local_date(tx.now());
    let changes: Vec<Change> = rows.lines.iter().map(|line| line.row.clone()).collect();
    let effects = match gazetteer.apply_all(&changes, today) {
        Ok(effects) => effects,
        Err(ChangeRefused { place, fault }) => {
            problems.push(RowProblem {
                line: rows.lines.get(place).map_or(0, |line| line.line),
                field: "change".to_owned(),
                reason: fault.to_string(),
            });
            return Ok(refused(problems));
        }
    };
    let given =
        |effect: &&Effect| matches!(effect, Effect::Remembered(change) if changes.contains(change));
    let new = effects.iter().filter(given).count();
    if new > 0 {
        keep(tx, &effects).await?;
        move_organs(tx, &gazetteer, &effects).await?;
    }
    Ok(LoadTerritoryChangesResponse {
        loaded: count(new),
        unchanged: count(changes.len() - new),
        problems,
    })
}

fn refused(problems: Vec<RowProblem>) -> LoadTerritoryChangesResponse {
    LoadTerritoryChangesResponse {
        problems,
        ..LoadTerritoryChangesResponse::default()
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

async fn keep(tx: &mut Tx, effects: &[Effect]) -> Result<(), Problem> {
    let connection = tx.connection();
    let edition = store::territory_edition::advance(connection, true).await?;
    let mut told: Vec<Territory> = Vec::new();
    for effect in effects {
        match effect {
            Effect::Remembered(change) => {
                store::territory_change::insert(connection, change).await?
            }
            Effect::Established(row) => match row.valid_to {
                None => {
                    store::territory::establish(connection, row, edition).await?;
                    told.push(row.territory.clone());
                }
                Some(last) => store::territory_past::insert(connection, row, last).await?,
            },
            Effect::Ended { code, last } => {
                store::territory_past::end(connection, *code, *last).await?;
            }
            Effect::Begun {
                code,
                since,
                first,
                with_below,
            } => {
                store::territory::begin(connection, *code, (*since, *first), *with_below).await?;
            }
        }
    }
    for territories in told.chunks(TOLD_AT_ONCE) {
        let territories = territories.iter().map(wire::told_territory).collect();
        tx.tell(Fact::TerritoriesEstablished(TerritoriesEstablished {
            territories,
        }));
    }
    Ok(())
}

/// The organs of a place that goes on under another code go with it. Those of one that was merged or split stay where
/// they were: who follows them is for the government of the level to say (art. 24).
async fn move_organs(tx: &mut Tx, places: &Gazetteer, effects: &[Effect]) -> Result<(), Problem> {
    let moves: Vec<(TerritoryCode, TerritoryCode)> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ended { code, last } => Some((*code, goes_to(places, *code, *last)?)),
            Effect::Remembered(_) | Effect::Established(_) | Effect::Begun { .. } => None,
        })
        .collect();
    let moved: Vec<OrganProfile> = store::organ::move_to(tx.connection(), &moves).await?;
    if moved.is_empty() {
        return Ok(());
    }
    store::organ_edition::advance(tx.connection()).await?;
    for organs in moved.chunks(TOLD_AT_ONCE) {
        let organs = organs.iter().map(wire::told_organ).collect();
        tx.tell(Fact::OrgansEstablished(OrgansEstablished { organs }));
    }
    Ok(())
}

fn goes_to(places: &Gazetteer, code: TerritoryCode, last: Date) -> Option<TerritoryCode> {
    let on = last.succ_opt()?;
    let became = places.became(code, last, on);
    let compared = |new: &TerritoryCode| places.comparable(*new, last, on).then.len() == 1;
    match became.first() {
        Some(one) if became.len() == 1 && one.level() == code.level() && compared(one) => {
            Some(*one)
        }
        Some(_) | None => None,
    }
}
