//! The real city: territory and organs of Huaihua, loaded through the public commands.

use anyhow::{Context as _, Result};
use huiyin_domain::organs::{self, OrganProfile};
use huiyin_domain::territory::{Territory, TerritoryCode};

use crate::connect::Clients;
use crate::load::{self, Report};

/// Territories of Huaihua (4312) with its province and the nation; source and licence in data/NOTICE.md.
pub const TERRITORY_CSV: &str = include_str!("../../data/huaihua_territory.csv");

/// The city's code.
pub const CITY: &str = "431200000000";

/// The territories of the city.
///
/// # Errors
/// When the file that comes with the program is broken.
pub fn territories() -> Result<Vec<Territory>> {
    let mut reader = csv::Reader::from_reader(TERRITORY_CSV.as_bytes());
    let mut territories = Vec::new();
    for row in reader.records() {
        let row = row.context("the territory file cannot be read")?;
        let field = |place: usize| row.get(place).unwrap_or_default();
        let parent = field(3);
        territories.push(Territory {
            code: field(0).parse::<TerritoryCode>()?,
            name: field(1).to_owned(),
            level: field(2).parse()?,
            parent: if parent.is_empty() {
                None
            } else {
                Some(parent.parse()?)
            },
        });
    }
    Ok(territories)
}

/// The organs generated from the territories by the documented rule, as a file for `load organs`.
///
/// # Errors
/// Never in practice.
pub fn organs_csv(organs: &[OrganProfile]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["organ_id", "name", "level", "territory_code", "functions"])?;
    for organ in organs {
        let functions = organ.functions.join(";");
        let id = organ.id.to_string();
        writer.write_record([
            &id,
            &organ.name,
            organ.level.as_str(),
            organ.territory.as_str(),
            &functions,
        ])?;
    }
    Ok(String::from_utf8(
        writer
            .into_inner()
            .context("the organ file cannot be made")?,
    )?)
}

/// Loads territory and organs; nothing may be refused.
///
/// # Errors
/// When a row is refused.
pub async fn load(clients: &Clients, territories: &[Territory]) -> Result<(Report, Report)> {
    let loaded = load::territory(clients, TERRITORY_CSV.as_bytes()).await?;
    anyhow::ensure!(
        loaded.problems.is_empty(),
        "territory rows were refused: {:?}",
        loaded.problems.first()
    );
    let organs = organs_csv(&organs::generate(territories))?;
    let known = load::organs(clients, organs.as_bytes()).await?;
    anyhow::ensure!(
        known.problems.is_empty(),
        "organ rows were refused: {:?}",
        known.problems.first()
    );
    Ok((loaded, known))
}
