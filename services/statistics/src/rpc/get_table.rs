//! The table of a period and place: four breakdowns of one total, each with its unit and its sum, beside
//! the same days of the year before.

use std::collections::BTreeMap;

use huiyin_domain::statistics::{Rate, check_parts, year_on_year};
use huiyin_proto::statistics::v1::{
    GetTableRequest, GetTableResponse, Table, TableRow, TableSection,
};
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;

use super::count;
use crate::period::Period;
use crate::store::matter_fact::{self, Alike};
use crate::store::place_name;

/// What a table breaks its total down by.
#[derive(Clone, Copy, Debug)]
enum Dimension {
    Channel,
    Category,
    Subject,
    Place,
}

impl Dimension {
    const ALL: [Self; 4] = [Self::Channel, Self::Category, Self::Subject, Self::Place];

    fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Category => "category",
            Self::Subject => "subject",
            Self::Place => "place",
        }
    }

    fn key(self, alike: &Alike) -> &str {
        match self {
            Self::Channel => &alike.channel,
            Self::Category => &alike.category,
            Self::Subject => &alike.subject,
            Self::Place => &alike.place,
        }
    }

    /// Visits count in batches, everything else in pieces; a row that holds both says so.
    fn unit(self, key: &str) -> &'static str {
        match (self, key) {
            (Self::Channel, "visit") => "batches",
            (Self::Channel, _) => "pieces",
            (Self::Category | Self::Subject | Self::Place, _) => "pieces and batches",
        }
    }
}

/// Matters and persons of visits, this year and the matters of the year before.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    matters: u64,
    persons: u64,
    before: u64,
}

pub(crate) async fn answer(
    desk: &Desk,
    request: GetTableRequest,
) -> Result<GetTableResponse, Problem> {
    let period = Period::parse((&request.from_date, &request.to_date, &request.place_code))?;
    period.permitted().await?;
    let mut connection = desk.database.reading().await?;
    let table = table(&mut connection, &period).await?;
    Ok(GetTableResponse { table: Some(table) })
}

/// Counts a table.
pub(crate) async fn table(
    connection: &mut PgConnection,
    period: &Period,
) -> Result<Table, Problem> {
    let place = place_of(connection, period).await?;
    let now = matter_fact::alike(connection, period).await?;
    let before = matter_fact::alike(connection, &period.year_before()).await?;
    let (total, persons) = matter_fact::totals(connection, period).await?;
    let codes: Vec<String> = now
        .iter()
        .chain(&before)
        .map(|alike| alike.place.clone())
        .collect();
    let names = place_name::names(connection, &codes).await?;
    let total = count(total);
    let mut sections = Vec::new();
    let mut warnings = Vec::new();
    for dimension in Dimension::ALL {
        let section = section(dimension, (&now, &before), total, &names);
        let parts: Vec<u64> = section.rows.iter().map(|row| row.count).collect();
        if let Err(unclassified) = check_parts(&parts, total) {
            warnings.push(format!(
                "the parts by {}: {unclassified}",
                dimension.as_str()
            ));
        }
        sections.push(section);
    }
    Ok(Table {
        title: format!(
            "Matters received from {} to {}, {place}",
            period.from, period.to
        ),
        title_zh: format!("{}至{}收到信访事项情况（{place}）", period.from, period.to),
        total,
        persons_total: count(persons),
        sections,
        warnings,
    })
}

/// The name of the place; refuses one that is not known.
async fn place_of(connection: &mut PgConnection, period: &Period) -> Result<String, Problem> {
    let Some(place) = &period.place else {
        return Ok("everywhere".to_owned());
    };
    let code = place.as_str().to_owned();
    let names = place_name::names(connection, std::slice::from_ref(&code)).await?;
    names.get(&code).cloned().ok_or(Problem::NotFound {
        what: "territory",
        id: code,
    })
}

fn section(
    dimension: Dimension,
    (now, before): (&[Alike], &[Alike]),
    total: u64,
    names: &BTreeMap<String, String>,
) -> TableSection {
    let mut cells: BTreeMap<&str, Cell> = BTreeMap::new();
    for alike in now {
        let cell = cells.entry(dimension.key(alike)).or_default();
        cell.matters += count(alike.matters);
        if alike.channel == "visit" {
            cell.persons += count(alike.persons);
        }
    }
    for alike in before {
        cells.entry(dimension.key(alike)).or_default().before += count(alike.matters);
    }
    let rows: Vec<TableRow> = cells
        .into_iter()
        .map(|(key, cell)| row(dimension, (key, cell), total, names))
        .collect();
    let sum = rows.iter().map(|row| row.count).sum();
    TableSection {
        dimension: dimension.as_str().to_owned(),
        rows,
        sum,
    }
}

fn row(
    dimension: Dimension,
    (key, cell): (&str, Cell),
    total: u64,
    names: &BTreeMap<String, String>,
) -> TableRow {
    let name = match dimension {
        Dimension::Place => format!(
            "{} {}",
            short(key),
            names.get(key).map_or("", String::as_str)
        ),
        Dimension::Channel | Dimension::Category | Dimension::Subject => key.to_owned(),
    };
    TableRow {
        key: name.trim_end().to_owned(),
        unit: dimension.unit(key).to_owned(),
        count: cell.matters,
        persons: cell.persons,
        previous_count: cell.before,
        year_on_year: year_on_year(cell.matters, cell.before).to_string(),
        share: Rate {
            numerator: cell.matters,
            denominator: total,
        }
        .percent_text(),
    }
}

/// A code without the zeros that only fill it.
fn short(code: &str) -> String {
    code.parse::<huiyin_domain::territory::TerritoryCode>()
        .map_or_else(|_| code.to_owned(), |code| code.short().to_owned())
}
