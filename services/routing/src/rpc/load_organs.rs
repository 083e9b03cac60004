//! Loads organs: wrong rows listed, a rerun changes nothing.

use std::collections::{HashMap, HashSet};

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::{OrganProfile, organ_id};
use huiyin_domain::routing::is_function;
use huiyin_domain::territory::TerritoryCode;
use huiyin_proto::events::v1::OrgansEstablished;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::{LoadOrgansRequest, LoadOrgansResponse, OrganRow};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::load::{Line, NAME, Rows, TOLD_AT_ONCE, Tally, check_call};
use crate::service::Service;
use crate::{store, wire};

/// Functions of one organ.
const FUNCTIONS: usize = 50;

/// Loads organs.
pub(crate) async fn load_organs(
    service: &Service,
    request: Request<LoadOrgansRequest>,
) -> Result<LoadOrgansResponse, Problem> {
    let request_id = check_call(&request.get_ref().request_id, request.get_ref().rows.len())?;
    let asked = Asked::of(request.metadata(), &request_id, request.get_ref());
    let rows = Rows::read(request.into_inner().rows, |row| row.line, read);
    service
        .desk
        .database
        .once("load_organs", asked, move |tx| {
            let rows = rows.clone();
            Box::pin(async move { load(tx, rows).await })
        })
        .await
}

fn read(violations: &mut Violations, row: &OrganRow) -> Option<OrganProfile> {
    let territory = violations.territory_code("territory_code", &row.territory_code);
    let name = violations.text("name", &row.name, 1, NAME);
    let level = wire::level(violations, "level", row.level);
    let functions = functions(violations, &row.functions);
    let given = match row.organ_id.as_str() {
        "" => None,
        id => Some(violations.id("organ_id", id)?),
    };
    let (territory, level) = territory.zip(level)?;
    let stands = territory.level();
    violations.check(
        "level",
        level == stands,
        format!("is {level}, but {territory} is a {stands}"),
    );
    let id = given.or_else(|| functions.first().map(|first| organ_id(&territory, first)))?;
    Some(OrganProfile {
        id,
        name,
        level,
        territory,
        functions,
    })
}

fn functions(violations: &mut Violations, given: &[String]) -> Vec<String> {
    let number = given.len();
    violations.check(
        "functions",
        (1..=FUNCTIONS).contains(&number),
        format!("are {number}; 1 to {FUNCTIONS} are allowed"),
    );
    violations.check(
        "functions",
        given.iter().all(|function| is_function(function)),
        "must be 1 to 64 lower-case letters, digits and underscores each, like petition_office",
    );
    let different: HashSet<&String> = given.iter().collect();
    violations.check(
        "functions",
        different.len() == number,
        "name the same function twice",
    );
    given.to_vec()
}

async fn load(tx: &mut Tx, mut rows: Rows<OrganProfile>) -> Result<LoadOrgansResponse, Problem> {
    store::organ_edition::lock(tx.connection()).await?;
    keep_the_placed(tx, &mut rows).await?;
    let ids: Vec<OrganId> = rows.lines.iter().map(|line| line.row.id).collect();
    let known: HashMap<OrganId, OrganProfile> = store::organ::find(tx.connection(), &ids)
        .await?
        .into_iter()
        .map(|organ| (organ.id, organ))
        .collect();
    let mut tally = Tally::default();
    let lines = std::mem::take(&mut rows.lines);
    let new: Vec<OrganProfile> = lines
        .into_iter()
        .filter_map(|Line { row, .. }| {
            let before = known.get(&row.id);
            tally.sort(row, before)
        })
        .collect();
    if !new.is_empty() {
        store::organ::write(tx.connection(), &new).await?;
        store::organ_edition::advance(tx.connection()).await?;
    }
    for organs in new.chunks(TOLD_AT_ONCE) {
        let organs = organs.iter().map(wire::told_organ).collect();
        tx.tell(Fact::OrgansEstablished(OrgansEstablished { organs }));
    }
    let Tally {
        loaded,
        changed,
        unchanged,
    } = tally;
    Ok(LoadOrgansResponse {
        loaded,
        changed,
        unchanged,
        problems: rows.problems(),
    })
}

/// Refuses a second row of an organ, and a row of a territory that is not known.
async fn keep_the_placed(tx: &mut Tx, rows: &mut Rows<OrganProfile>) -> Result<(), Problem> {
    let wanted: HashSet<TerritoryCode> = rows.lines.iter().map(|line| line.row.territory).collect();
    let wanted: Vec<TerritoryCode> = wanted.into_iter().collect();
    let known: HashSet<TerritoryCode> = store::territory::find(tx.connection(), &wanted)
        .await?
        .into_iter()
        .map(|territory| territory.code)
        .collect();
    let mut seen = HashSet::new();
    rows.retain(|violations, organ| {
        violations.check(
            "organ_id",
            seen.insert(organ.id),
            format!("{} stands in an earlier row already", organ.id),
        );
        let there = known.contains(&organ.territory);
        violations.check(
            "territory_code",
            there,
            format!("is {}, which was never loaded", organ.territory),
        );
    });
    Ok(())
}
