//! The places and organs of the two worlds.

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::{self, OrganProfile, organ_id};
use huiyin_domain::standing::Standing;
use huiyin_domain::territory::{Territory, TerritoryCode};
use huiyin_domain::vocabulary::Level;
use huiyin_proto::routing::v1::{OrganRow, TerritoryRow};
use huiyin_proto::vocabulary::v1 as words;

/// Nation, province, a city with two counties, townships and villages in both.
const PLACES: [(&str, &str); 11] = [
    ("00", "中华人民共和国"),
    ("43", "湖南省"),
    ("4312", "怀化市"),
    ("431202", "鹤城区"),
    ("431221", "中方县"),
    ("431202001", "城中街道"),
    ("431202002", "城北街道"),
    ("431221100", "中方镇"),
    ("431202001001", "一村"),
    ("431202001002", "二村"),
    ("431221100001", "三村"),
];

/// Governments that the rule makes no organ for: they head the organs of their place.
const GOVERNMENTS: [(&str, &str); 2] =
    [("4312", "city_government"), ("431202", "county_government")];

pub fn code(text: &str) -> TerritoryCode {
    text.parse().unwrap()
}

pub fn organ(place: &str, function: &str) -> OrganId {
    organ_id(&code(place), function)
}

fn territories() -> Vec<Territory> {
    PLACES
        .map(|(text, name)| Territory {
            code: code(text),
            name: name.to_owned(),
            level: code(text).level(),
            parent: code(text).parent(),
        })
        .to_vec()
}

pub fn profiles() -> Vec<OrganProfile> {
    let mut profiles = organs::generate(&territories());
    profiles.extend(GOVERNMENTS.map(|(place, function)| OrganProfile {
        id: organ(place, function),
        name: format!("{place} {function}"),
        level: code(place).level(),
        territory: code(place),
        functions: vec![function.to_owned()],
    }));
    profiles
}

/// An organ as a report names it: `petition_office of 431202`.
pub fn name(organ: OrganId) -> String {
    let found = profiles().into_iter().find(|known| known.id == organ);
    let found = found.unwrap();
    format!("the {} of {}", found.functions[0], found.territory.short())
}

/// Where every organ stands.
pub fn standings() -> Vec<Standing> {
    let standing = |organ: OrganProfile| {
        Standing::new(organ.id, (organ.level, organ.territory), &organ.functions)
    };
    profiles().into_iter().map(standing).collect()
}

/// The codes of the places, as requests give them: whole and short.
pub fn codes() -> Vec<String> {
    PLACES.map(|(text, _)| code(text).to_string()).to_vec()
}

pub fn functions() -> Vec<String> {
    let functions = profiles().into_iter().flat_map(|organ| organ.functions);
    let mut functions: Vec<String> = functions.collect();
    functions.sort();
    functions.dedup();
    functions
}

pub fn territory_rows() -> Vec<TerritoryRow> {
    let rows = territories().into_iter().zip(1..);
    rows.map(|(place, line)| TerritoryRow {
        line,
        code: place.code.to_string(),
        name: place.name,
        level: level(place.level),
        parent_code: place
            .parent
            .map(|code| code.to_string())
            .unwrap_or_default(),
    })
    .collect()
}

pub fn organ_rows() -> Vec<OrganRow> {
    let rows = profiles().into_iter().zip(1..);
    rows.map(|(organ, line)| OrganRow {
        line,
        organ_id: organ.id.to_string(),
        name: organ.name,
        level: level(organ.level),
        territory_code: organ.territory.to_string(),
        functions: organ.functions,
    })
    .collect()
}

fn level(level: Level) -> i32 {
    let name = format!("LEVEL_{}", level.as_str().to_uppercase());
    words::Level::from_str_name(&name).unwrap().into()
}
