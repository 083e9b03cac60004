//! The documented rule by which organs are made from territories (docs/organ-rule.md), so that every
//! service that knows the territories knows the same organs under the same ids.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    embedded,
    ids::OrganId,
    subject::Subject,
    territory::{Territory, TerritoryCode, passes_through},
    vocabulary::Level,
};

/// 信访部门: registers, forwards and supervises.
pub const PETITION_OFFICE: &str = "petition_office";
/// 纪检监察: the only organ that denunciations go to.
pub const DISCIPLINE_INSPECTION: &str = "discipline_inspection";
/// 政法委: the channel of litigation-related matters.
pub const POLITICAL_LEGAL: &str = "political_legal";
/// 联席会议办公室: decides cross-department matters.
pub const JOINT_MEETING: &str = "joint_meeting";
/// 乡镇人民政府: handles daily-life and village matters.
pub const TOWNSHIP_GOVERNMENT: &str = "township_government";
/// 人民调解: mediates disputes between citizens.
pub const PEOPLES_MEDIATION: &str = "peoples_mediation";

/// The namespace of generated organ ids. Changing it renames every organ.
const NAMESPACE: Uuid = Uuid::from_u128(0x6875_6979_696e_4f52_8741_4e52_554c_4501);

static DEPARTMENTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let parsed: Result<DepartmentFile, _> =
        serde_json::from_str(include_str!("../data/departments.json"));
    embedded::checked("departments.json", parsed)
        .departments
        .into_iter()
        .map(|row| (row.function, row.name_zh))
        .collect()
});

#[derive(Deserialize)]
struct DepartmentFile {
    departments: Vec<DepartmentRow>,
}

#[derive(Deserialize)]
struct DepartmentRow {
    function: String,
    name_zh: String,
}

/// An organ: where it stands and what it is competent for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganProfile {
    /// The id.
    pub id: OrganId,
    /// The Chinese name, such as 怀化市信访局.
    pub name: String,
    /// The level it stands at.
    pub level: Level,
    /// The territory it is competent in.
    pub territory: TerritoryCode,
    /// The functions it holds, at least one.
    pub functions: Vec<String>,
}

/// The id of the organ that the rule makes for the function in the territory: UUID v5 of `code/function`.
#[must_use]
pub fn organ_id(territory: &TerritoryCode, function: &str) -> OrganId {
    OrganId::from_uuid(Uuid::new_v5(
        &NAMESPACE,
        format!("{territory}/{function}").as_bytes(),
    ))
}

/// The organs of the territories, in their order. Villages have none: they report through their township.
#[must_use]
pub fn generate(territories: &[Territory]) -> Vec<OrganProfile> {
    territories.iter().flat_map(organs_of).collect()
}

fn organs_of(territory: &Territory) -> Vec<OrganProfile> {
    if passes_through(territory.level, &territory.name) {
        return Vec::new();
    }
    match territory.level {
        Level::Village => Vec::new(),
        Level::Township => township_organs(territory),
        Level::County | Level::City => {
            let mut organs = leading_organs(territory);
            organs.push(organ(territory, "信访工作联席会议办公室", &[JOINT_MEETING]));
            organs.extend(department_functions().map(|function| {
                let suffix = DEPARTMENTS.get(function).map_or(function, String::as_str);
                organ(territory, suffix, &[function])
            }));
            organs
        }
        Level::Province => leading_organs(territory),
        Level::Nation => vec![OrganProfile {
            name: "国家信访局".to_owned(),
            ..organ(territory, "", &[PETITION_OFFICE])
        }],
    }
}

fn leading_organs(territory: &Territory) -> Vec<OrganProfile> {
    vec![
        organ(territory, "信访局", &[PETITION_OFFICE]),
        organ(territory, "纪委监委", &[DISCIPLINE_INSPECTION]),
        organ(territory, "委政法委", &[POLITICAL_LEGAL]),
    ]
}

fn township_organs(territory: &Territory) -> Vec<OrganProfile> {
    let government = if territory.name.ends_with("街道") {
        "办事处"
    } else {
        "人民政府"
    };
    vec![
        organ(
            territory,
            government,
            &[TOWNSHIP_GOVERNMENT, PEOPLES_MEDIATION],
        ),
        organ(territory, "信访工作站", &[PETITION_OFFICE]),
    ]
}

/// The functions of departments: those the subjects name, less those of the organs named above.
fn department_functions() -> impl Iterator<Item = &'static str> {
    const OTHERS: [&str; 6] = [
        PETITION_OFFICE,
        DISCIPLINE_INSPECTION,
        POLITICAL_LEGAL,
        JOINT_MEETING,
        TOWNSHIP_GOVERNMENT,
        PEOPLES_MEDIATION,
    ];
    let named: std::collections::BTreeSet<_> = Subject::all()
        .iter()
        .map(|subject| subject.function.as_str())
        .collect();
    named
        .into_iter()
        .filter(|function| !OTHERS.contains(function))
}

/// An organ named after the territory; its id is that of its first function.
fn organ(territory: &Territory, suffix: &str, functions: &[&str]) -> OrganProfile {
    OrganProfile {
        id: organ_id(
            &territory.code,
            functions.first().copied().unwrap_or_default(),
        ),
        name: format!("{}{suffix}", territory.name),
        level: territory.level,
        territory: territory.code,
        functions: functions
            .iter()
            .map(|function| (*function).to_owned())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn territory(code: &str, name: &str) -> Territory {
        let code: TerritoryCode = code.parse().unwrap();
        Territory {
            code,
            name: name.to_owned(),
            level: code.level(),
            parent: code.parent(),
        }
    }

    fn names(code: &str, name: &str) -> Vec<String> {
        generate(&[territory(code, name)])
            .into_iter()
            .map(|organ| organ.name)
            .collect()
    }

    #[test]
    fn each_level_has_its_organs() {
        assert_eq!(names("00", "中华人民共和国"), ["国家信访局"]);
        assert_eq!(
            names("43", "湖南省"),
            ["湖南省信访局", "湖南省纪委监委", "湖南省委政法委"]
        );
        let city = names("4312", "怀化市");
        assert_eq!(
            city[..4],
            [
                "怀化市信访局",
                "怀化市纪委监委",
                "怀化市委政法委",
                "怀化市信访工作联席会议办公室"
            ]
        );
        assert!(city.contains(&"怀化市自然资源局".to_owned()));
        assert_eq!(city.len(), names("431202", "鹤城区").len());
        assert_eq!(
            names("431202001", "城中街道"),
            ["城中街道办事处", "城中街道信访工作站"]
        );
        assert_eq!(
            names("431221100", "中方镇"),
            ["中方镇人民政府", "中方镇信访工作站"]
        );
        assert!(names("431202001001", "某社区").is_empty());
        assert!(names("1101", "市辖区").is_empty());
    }

    #[test]
    fn ids_are_the_same_every_time_and_differ_from_organ_to_organ() {
        let territories = [
            territory("4312", "怀化市"),
            territory("431202", "鹤城区"),
            territory("431202001", "城中街道"),
        ];
        let organs = generate(&territories);
        assert_eq!(organs, generate(&territories));
        let ids: BTreeSet<_> = organs.iter().map(|organ| organ.id).collect();
        assert_eq!(ids.len(), organs.len());
        assert_eq!(
            organs[0].id,
            organ_id(&territories[0].code, PETITION_OFFICE)
        );
        assert_eq!(
            organs[0].id.to_string(),
            "organ_5182fd36b99259a5af46c4b8c5fe68a3"
        );
    }

    #[test]
    fn every_department_has_a_chinese_name() {
        assert!(department_functions().all(|function| DEPARTMENTS.contains_key(function)));
        assert_eq!(department_functions().count(), DEPARTMENTS.len());
    }
}
