//! The nation down to its counties, as of 2023, and what became of places since 2015: real data.
#![expect(clippy::unwrap_used, reason = "a test whose ground is missing fails")]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use huiyin_domain::territory::{
    Change, ChangeFault, ChangeKind, Effect, Established, Gazetteer, Territory, TerritoryCode,
    TerritoryFault, Unit,
};
use huiyin_domain::time::Date;
use huiyin_domain::vocabulary::Level;
use proptest::prelude::*;

const COUNTIES: &str = include_str!("../../huiyin/data/nation_counties.csv");
const CHANGES: &str = include_str!("../../huiyin/data/territory_changes.csv");

fn code(text: &str) -> TerritoryCode {
    text.parse().unwrap()
}

fn codes(texts: &[&str]) -> BTreeSet<TerritoryCode> {
    texts.iter().map(|text| code(text)).collect()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn place(code_text: &str, name: &str, parent: Option<&str>) -> Established {
    let code = code(code_text);
    Established {
        territory: Territory {
            code,
            name: name.to_owned(),
            level: code.level(),
            parent: parent.map(self::code),
        },
        valid_from: Gazetteer::BEGINNING,
        valid_to: None,
    }
}

fn list_of_2023() -> Gazetteer {
    let mut gazetteer = Gazetteer::default();
    for line in COUNTIES.lines().skip(1) {
        let mut parts = line.split(',');
        let (code, name) = (parts.next().unwrap(), parts.next().unwrap());
        let parent = parts.nth(1).filter(|parent| !parent.is_empty());
        gazetteer.establish(&place(code, name, parent)).unwrap();
    }
    gazetteer
}

fn changes() -> Vec<Change> {
    let read = |line: &str| {
        let parts: Vec<&str> = line.splitn(5, ',').collect();
        Change {
            on: day(parts[0]),
            kind: parts[1].parse().unwrap(),
            from: Unit::list(parts[2]).unwrap(),
            to: Unit::list(parts[3]).unwrap(),
            document: parts[4].to_owned(),
        }
    };
    CHANGES.lines().skip(1).map(read).collect()
}

static NATION: LazyLock<Gazetteer> = LazyLock::new(|| {
    let mut gazetteer = list_of_2023();
    for change in changes() {
        gazetteer.apply(&change, day("2026-01-01")).unwrap();
    }
    gazetteer
});

fn change(kind: ChangeKind, on: &str, from: &str, to: &str) -> Change {
    Change {
        kind,
        on: day(on),
        from: Unit::list(from).unwrap(),
        to: Unit::list(to).unwrap(),
        document: "a decision".to_owned(),
    }
}

#[test]
fn every_county_of_2023_is_there_and_no_county_that_had_ended() {
    let on = day("2023-12-31");
    let known: BTreeSet<TerritoryCode> = NATION
        .subtree(TerritoryCode::NATION, on)
        .map(|place| place.code)
        .collect();
    let listed: BTreeSet<TerritoryCode> = COUNTIES
        .lines()
        .skip(1)
        .map(|line| code(&line[..12]))
        .collect();
    assert_eq!(known, listed);
    let counties_then = NATION
        .subtree(TerritoryCode::NATION, day("2015-01-01"))
        .filter(|place| place.level() == Level::County)
        .count();
    let is_county = |unit: &&Unit| unit.code.level() == Level::County;
    let until: Vec<Change> = changes()
        .into_iter()
        .filter(|change| change.on <= on)
        .collect();
    let count = |side: fn(&Change) -> &[Unit], counts: fn(ChangeKind) -> bool| -> usize {
        let of = |change: &Change| side(change).iter().filter(is_county).count();
        until
            .iter()
            .filter(|change| counts(change.kind))
            .map(of)
            .sum()
    };
    let begun = count(|change| &change.to, ChangeKind::begins);
    let ended = count(|change| &change.from, ChangeKind::ends);
    assert_eq!(counties_then + begun, 2_975 + ended);
}

#[test]
fn a_place_has_the_name_and_code_of_its_day() {
    let before = day("2015-06-01");
    assert_eq!(NATION.at(code("110118"), before), None);
    let county = NATION.at(code("110228"), before).unwrap();
    assert_eq!(
        (county.name, county.valid_to),
        ("密云县", Some(day("2015-12-30")))
    );
    assert_eq!(
        county.parent,
        Some(code("11")),
        "of the group 1102 nothing is known"
    );
    assert_eq!(
        NATION.at(code("110118"), day("2016-01-01")).unwrap().name,
        "密云区"
    );
    let names: Vec<&str> = NATION
        .history(code("130602"))
        .map(|place| place.name)
        .collect();
    assert_eq!(names, ["竞秀区", "新市区"]);
    assert_eq!(NATION.at(code("130602"), before).unwrap().name, "新市区");
}

#[test]
fn a_place_is_followed_through_everything_that_happened_to_it() {
    let (then, now) = (day("2014-12-31"), day("2025-12-31"));
    assert_eq!(NATION.became(code("310108"), then, now), codes(&["310106"]));
    assert_eq!(
        NATION.became(code("542623"), then, now),
        codes(&["540481"]),
        "recoded twice"
    );
    assert_eq!(
        NATION.became(code("140203"), then, now),
        codes(&["140213", "140214"])
    );
    assert_eq!(NATION.became(code("431202"), then, now), codes(&["431202"]));
    assert_eq!(
        NATION.became(code("542623"), then, day("2016-01-01")),
        codes(&["540422"])
    );
    let documents: Vec<&str> = NATION
        .lineage(code("330113"), then, now)
        .iter()
        .map(|change| change.document.as_str())
        .collect();
    assert_eq!(documents, ["国函〔2021〕29号"]);
}

#[test]
fn years_are_compared_on_the_same_ground() {
    let (then, now) = (day("2014-12-31"), day("2025-12-31"));
    let pair = |text: &str| {
        let found = NATION.comparable(code(text), then, now);
        (found.then, found.now)
    };
    assert_eq!(pair("431202"), (codes(&["431202"]), codes(&["431202"])));
    assert_eq!(pair("110118"), (codes(&["110228"]), codes(&["110118"])));
    assert_eq!(
        pair("310106"),
        (codes(&["310106", "310108"]), codes(&["310106"]))
    );
    assert_eq!(
        pair("330113"),
        (codes(&["330110"]), codes(&["330110", "330113"])),
        "what was split off compares only together with what it was split off from"
    );
    assert_eq!(
        pair("140213"),
        (codes(&["140203", "140211"]), codes(&["140213", "140214"]))
    );
    assert_eq!(
        pair("3701").0,
        codes(&["3701", "3712"]),
        "a city went into it"
    );
    assert_eq!(pair("330114").0, codes(&[]), "nothing known went into it");
}

#[test]
fn rows_that_only_group_others_are_passed_through() {
    let on = day("2026-01-01");
    let above = |text: &str| NATION.superior(code(text), on).unwrap().name.to_owned();
    assert_eq!(above("110118"), "北京市");
    assert_eq!(above("429004"), "湖北省");
    assert_eq!(above("431202"), "怀化市");
    assert_eq!(NATION.superior(TerritoryCode::NATION, on), None);
    let common = |texts: &[&str]| {
        let codes: Vec<TerritoryCode> = texts.iter().map(|text| code(text)).collect();
        NATION
            .common_superior(&codes, on)
            .map(|place| place.name.to_owned())
    };
    assert_eq!(common(&["431202", "431221"]), Some("怀化市".to_owned()));
    assert_eq!(common(&["431202", "4312"]), Some("怀化市".to_owned()));
    assert_eq!(common(&["110118", "110119"]), Some("北京市".to_owned()));
    assert_eq!(
        common(&["110118", "431202"]),
        Some("中华人民共和国".to_owned())
    );
    assert_eq!(common(&["110118", "110228"]), None, "one had ended");
    assert_eq!(common(&[]), None);
}

#[test]
fn townships_of_a_city_without_counties_lie_under_the_city() {
    let mut gazetteer = list_of_2023();
    gazetteer
        .establish(&place("441900003", "东城街道", Some("4419")))
        .unwrap();
    let on = day("2026-01-01");
    assert_eq!(
        gazetteer.superior(code("441900003"), on).unwrap().name,
        "东莞市"
    );
    let zone = place("4312L1", "怀化国际陆港", Some("4312"));
    gazetteer.establish(&zone).unwrap();
    assert!(
        gazetteer
            .children(code("4312"), on)
            .any(|place| place.code.is_local())
    );
}

/// A county with two townships, one of them with a village.
fn county() -> Gazetteer {
    let mut gazetteer = Gazetteer::default();
    for (code, name, parent) in [
        ("00", "国", None),
        ("43", "湖南省", Some("00")),
        ("4312", "怀化市", Some("43")),
        ("431202", "鹤城区", Some("4312")),
        ("431221", "中方县", Some("4312")),
        ("431221001", "甲镇", Some("431221")),
        ("431221002", "乙镇", Some("431221")),
        ("431221001001", "甲村", Some("431221001")),
    ] {
        gazetteer.establish(&place(code, name, parent)).unwrap();
    }
    gazetteer
}

#[test]
fn what_lies_in_a_place_goes_with_it_under_the_new_code() {
    let mut gazetteer = county();
    let today = day("2026-03-01");
    let moved = change(
        ChangeKind::Recoded,
        "2026-03-01",
        "431221 中方县",
        "431203 中方区",
    );
    let effects = gazetteer.apply(&moved, today).unwrap();
    assert_eq!(effects.len(), 9, "four begin, four end, one is remembered");
    assert_eq!(
        gazetteer.at(code("431203001001"), today).unwrap().name,
        "甲村"
    );
    assert_eq!(gazetteer.at(code("431221001001"), today), None);
    assert!(
        gazetteer
            .at(code("431221001001"), day("2026-02-28"))
            .is_some()
    );
    let village = gazetteer.became(code("431221001001"), day("2026-01-01"), today);
    assert_eq!(village, codes(&["431203001001"]));
    let back = gazetteer.comparable(code("431203001001"), day("2026-01-01"), today);
    assert_eq!(back.then, codes(&["431221001001"]));
    assert_eq!(
        gazetteer.apply(&moved, today),
        Ok(Vec::new()),
        "told twice, done once"
    );
}

#[test]
fn what_lies_in_a_place_that_ends_goes_where_a_change_of_the_same_day_says() {
    let mut gazetteer = county();
    let today = day("2026-03-01");
    let into = change(
        ChangeKind::Absorbed,
        "2026-03-01",
        "431221 中方县",
        "431202 鹤城区",
    );
    for (old, new) in [
        ("431221001 甲镇", "431202101 甲镇"),
        ("431221002 乙镇", "431202102 乙镇"),
    ] {
        let town = change(ChangeKind::Recoded, "2026-03-01", old, new);
        gazetteer.apply(&town, today).unwrap();
    }
    gazetteer.apply(&into, today).unwrap();
    assert_eq!(
        gazetteer.at(code("431202101001"), today).unwrap().name,
        "甲村"
    );
    assert_eq!(
        gazetteer.became(code("431221001001"), day("2026-01-01"), today),
        codes(&["431202101001"])
    );
    assert_eq!(
        gazetteer.became(code("431221"), day("2026-01-01"), today),
        codes(&["431202"])
    );
}

#[test]
fn what_lies_in_a_place_that_was_absorbed_goes_on_there_under_local_codes() {
    let mut gazetteer = county();
    let today = day("2026-03-01");
    let into = change(
        ChangeKind::Absorbed,
        "2026-03-01",
        "431221 中方县",
        "431202 鹤城区",
    );
    gazetteer.apply(&into, today).unwrap();
    let shown = |text: &str| gazetteer.at(code(text), today).unwrap().name.to_owned();
    assert_eq!(
        [
            shown("431202L00"),
            shown("431202L01"),
            shown("431202L00001")
        ],
        ["甲镇", "乙镇", "甲村"]
    );
    assert_eq!(
        gazetteer.became(code("431221001001"), day("2026-01-01"), today),
        codes(&["431202L00001"])
    );
    let numbered = change(
        ChangeKind::Recoded,
        "2026-04-01",
        "431202L00 甲镇",
        "431202105 甲镇",
    );
    gazetteer.apply(&numbered, day("2026-04-01")).unwrap();
    assert_eq!(
        gazetteer.became(code("431221001001"), day("2026-01-01"), day("2026-04-01")),
        codes(&["431202105001"])
    );
}

#[test]
fn what_lies_in_a_place_that_was_split_needs_a_word() {
    let split = change(
        ChangeKind::Split,
        "2026-03-01",
        "431221 中方县",
        "431203 中方区;431204 中圆区",
    );
    assert!(matches!(
        county().apply(&split, day("2026-03-01")),
        Err(ChangeFault::StillHolds { child, .. }) if child.level() == Level::Township
    ));
}

#[test]
fn a_part_that_moves_is_named_and_changes_no_code() {
    let mut gazetteer = county();
    let today = day("2026-03-01");
    let part = change(
        ChangeKind::Transferred,
        "2026-03-01",
        "431221 中方县",
        "431202 鹤城区",
    );
    let remembered = Ok(vec![Effect::Remembered(part.clone())]);
    assert_eq!(gazetteer.apply(&part, today), remembered);
    let compared = gazetteer.comparable(code("431202"), day("2026-01-01"), today);
    assert_eq!(compared.then, compared.now);
    assert_eq!(compared.parts_moved, [part]);
}

#[test]
fn a_wrong_change_is_refused_with_its_reason() {
    let refused = |kind, on: &str, from: &str, to: &str| {
        let change = change(kind, on, from, to);
        let fault = county().apply(&change, day("2026-03-01")).unwrap_err();
        fault.to_string()
    };
    let on = "2026-03-01";
    let cases = [
        (
            refused(
                ChangeKind::Renamed,
                "2026-03-02",
                "431202 鹤城区",
                "431202 新区",
            ),
            "2026-03-02 lies in the future; today is 2026-03-01",
        ),
        (
            refused(ChangeKind::Split, on, "431202 鹤城区", ""),
            "split needs one place before and at least two successors; 1 before and 0 after are given",
        ),
        (
            refused(ChangeKind::Split, on, "431202 鹤城区", "431204 东区"),
            "split needs one place before and at least two successors; 1 before and 1 after are given",
        ),
        (
            refused(ChangeKind::Merged, on, "431202 鹤城区", "431204 东区"),
            "merged needs at least two places before and one after; 1 before and 1 after are given",
        ),
        (
            refused(ChangeKind::Renamed, on, "431202 鹤城区", "431204 新区"),
            "431202000000: a place that is renamed keeps its code, one that is recoded gets another",
        ),
        (
            refused(ChangeKind::Recoded, on, "431202 鹤城区", "431202 新区"),
            "431202000000: a place that is renamed keeps its code, one that is recoded gets another",
        ),
        (
            refused(ChangeKind::Recoded, on, "431202 旧区", "431204 新区"),
            "431202000000 is 鹤城区, not 旧区",
        ),
        (
            refused(ChangeKind::Renamed, on, "431299 无县", "431299 新县"),
            "431299000000 is not in force on 2026-02-28, the day before the change",
        ),
        (
            refused(ChangeKind::Recoded, on, "431202 鹤城区", "431221 新区"),
            "431221000000 is 中方县, not 新区",
        ),
    ];
    for (said, expected) in cases {
        assert_eq!(said, expected);
    }
}

#[test]
fn a_wrong_row_is_refused_with_its_reason() {
    let refused = |row: Established| county().establish(&row).unwrap_err().to_string();
    assert_eq!(
        refused(place("431202", "鹤城区", Some("4312"))),
        "431202000000 is a duplicate: it is in force on 1949-10-01 already"
    );
    assert_eq!(
        refused(place("440103001", "街道", Some("440103"))),
        "440103001000 has a missing parent: 440103000000 is not in force on 1949-10-01"
    );
    assert_eq!(
        refused(place("431202009", "街道", Some("431221"))),
        "431202009000 is not under its parent's code 431221000000"
    );
    assert_eq!(
        refused(place("431202009", "街道", Some("431202009"))),
        "431202009000 is not under its parent's code 431202009000"
    );
    let mut wrong = place("431209", "区", Some("4312"));
    wrong.territory.level = Level::Township;
    assert_eq!(
        refused(wrong),
        "431209000000 is a county by its code, not a township"
    );
    let mut backwards = place("431209", "区", Some("4312"));
    backwards.valid_to = Some(day("1949-09-30"));
    assert!(refused(backwards).contains("ends on 1949-09-30, before it begins"));
    let mut gazetteer = county();
    let mut ended = place("431204", "旧区", Some("4312"));
    ended.valid_to = Some(day("1990-01-01"));
    gazetteer.establish(&ended).unwrap();
    let mut again = place("431204", "新区", Some("43"));
    again.valid_from = day("1995-01-01");
    assert!(matches!(
        gazetteer.establish(&again),
        Err(TerritoryFault::OtherParent { .. })
    ));
    again.territory.parent = Some(code("4312"));
    gazetteer.establish(&again).unwrap();
    assert_eq!(gazetteer.at(code("431204"), day("1992-01-01")), None);
    assert_eq!(
        gazetteer
            .at(code("431204"), day("1995-01-01"))
            .unwrap()
            .name,
        "新区"
    );
    assert_eq!(
        gazetteer
            .at(code("431204"), day("1990-01-01"))
            .unwrap()
            .name,
        "旧区"
    );
}

proptest! {
    /// Forward and back again is always on the same ground, whatever the two days.
    #[test]
    fn comparing_closes_on_itself(place in 0_usize..3_349, then in 0_i64..4_000, length in 0_i64..4_000) {
        let then = day("2014-06-01") + chrono::TimeDelta::days(then);
        let now = then + chrono::TimeDelta::days(length);
        let line = COUNTIES.lines().nth(place + 1).unwrap();
        let code = code(&line[..12]);
        prop_assume!(NATION.at(code, now).is_some());
        let found = NATION.comparable(code, then, now);
        prop_assert!(found.now.contains(&code));
        for place in &found.now {
            prop_assert!(NATION.at(*place, now).is_some());
            prop_assert_eq!(&NATION.comparable(*place, then, now).now, &found.now);
        }
        for place in &found.then {
            prop_assert!(NATION.at(*place, then).is_some());
            for became in NATION.became(*place, then, now) {
                prop_assert!(found.now.contains(&became));
            }
        }
    }
}

type Between = (usize, usize);

/// Between how many places before and after each kind of change stands.
const NUMBERS: [(ChangeKind, Between, Between); 9] = [
    (ChangeKind::Renamed, (1, 1), (1, 1)),
    (ChangeKind::Recoded, (1, 1), (1, 1)),
    (ChangeKind::Merged, (2, 9), (1, 1)),
    (ChangeKind::Absorbed, (1, 9), (1, 1)),
    (ChangeKind::Split, (1, 1), (2, 9)),
    (ChangeKind::Redrawn, (2, 9), (2, 9)),
    (ChangeKind::SplitOff, (1, 1), (1, 9)),
    (ChangeKind::Transferred, (1, 1), (1, 1)),
    (ChangeKind::Established, (0, 0), (1, 1)),
];

#[test]
fn every_kind_of_change_names_as_many_places_as_it_needs() {
    let units = |first: u32, number: usize| -> Vec<Unit> {
        (first..)
            .take(number)
            .map(|code_number| Unit {
                code: code(&code_number.to_string()),
                name: "某县".to_owned(),
            })
            .collect()
    };
    let mut cases = 0;
    for (kind, before, after) in NUMBERS {
        for (from, to) in (0..4).flat_map(|from| (0..4).map(move |to| (from, to))) {
            let change = Change {
                from: units(431_231, from),
                to: units(431_241, to),
                ..change(kind, "2026-03-01", "", "")
            };
            let refused = county().apply(&change, day("2026-03-01"));
            let wrong = matches!(refused, Err(ChangeFault::Number { .. }));
            let fits = (before.0..=before.1).contains(&from) && (after.0..=after.1).contains(&to);
            assert_eq!(wrong, !fits, "{kind}: {from} before and {to} after");
            cases += 1;
        }
    }
    assert_eq!((cases, ChangeKind::all().len()), (144, 9));
}

#[test]
fn of_one_day_higher_places_come_first_and_days_follow_each_other() {
    let township = change(ChangeKind::Established, "2026-03-01", "", "431231001 丙镇");
    let of_county = change(ChangeKind::Established, "2026-03-01", "", "431231 新县");
    let later = change(
        ChangeKind::Recoded,
        "2026-03-02",
        "431231 新县",
        "431205 新区",
    );
    let today = day("2026-04-01");
    let mut gazetteer = county();
    gazetteer
        .apply_all(&[later.clone(), township.clone(), of_county.clone()], today)
        .unwrap();
    assert!(gazetteer.at(code("431205001"), today).is_some());
    assert!(gazetteer.at(code("431231001"), day("2026-03-01")).is_some());
    let refused = county().apply_all(&[of_county, township.clone(), township_of_nowhere()], today);
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.place, refused.fault.to_string().as_str()),
        (
            2,
            "431299001000 has a missing parent: 431299000000 is not in force on 2026-03-01"
        )
    );
}

fn township_of_nowhere() -> Change {
    change(ChangeKind::Established, "2026-03-01", "", "431299001 丁镇")
}

#[test]
fn a_place_of_which_a_part_is_taken_must_be_there_on_that_day() {
    let today = day("2026-03-01");
    let mut gazetteer = county();
    let ended = change(
        ChangeKind::Recoded,
        "2026-01-01",
        "431202 鹤城区",
        "431203 鹤城新区",
    );
    gazetteer.apply(&ended, today).unwrap();
    for (kind, from, to) in [
        (ChangeKind::Transferred, "431202 鹤城区", "431221 中方县"),
        (ChangeKind::Transferred, "431221 中方县", "431202 鹤城区"),
        (ChangeKind::SplitOff, "431202 鹤城区", "431204 东区"),
    ] {
        let refused = gazetteer
            .clone()
            .apply(&change(kind, "2026-02-01", from, to), today);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "431202000000 is not in force on 2026-01-31, the day before the change",
            "{kind}"
        );
    }
    // a place that had ended before the list was made is learned from the change
    let unknown = change(
        ChangeKind::Transferred,
        "2026-02-01",
        "431299 旧县",
        "431221 中方县",
    );
    gazetteer.apply(&unknown, today).unwrap();
    assert_eq!(gazetteer.at(code("431299"), today).unwrap().name, "旧县");
}

#[test]
fn a_name_of_the_past_is_learned_once_and_never_against_what_is_known() {
    let today = day("2026-03-01");
    let mut gazetteer = county();
    let renamed = change(
        ChangeKind::Renamed,
        "2020-01-01",
        "431202 旧名区",
        "431202 鹤城区",
    );
    gazetteer.apply(&renamed, today).unwrap();
    let name = |gazetteer: &Gazetteer, on| {
        gazetteer
            .at(code("431202"), day(on))
            .unwrap()
            .name
            .to_owned()
    };
    assert_eq!(name(&gazetteer, "2019-12-31"), "旧名区");
    assert_eq!(name(&gazetteer, "2020-01-01"), "鹤城区");
    // since when it has its name is known now, and another name before it is no guess any more
    let again = change(
        ChangeKind::Renamed,
        "2021-01-01",
        "431202 别名区",
        "431202 鹤城区",
    );
    assert_eq!(
        gazetteer.apply(&again, today).unwrap_err().to_string(),
        "431202000000 is 鹤城区, not 别名区"
    );
    let other = change(
        ChangeKind::Renamed,
        "2021-01-01",
        "431221 别名县",
        "431221 另名县",
    );
    assert_eq!(
        gazetteer.apply(&other, today).unwrap_err().to_string(),
        "431221000000 is 中方县, not 别名县"
    );
}

#[test]
fn what_was_established_once_is_restored_once_and_under_whatever_is_above() {
    let mut gazetteer = Gazetteer::default();
    assert!(gazetteer.is_empty());
    let orphan = place("431202", "鹤城区", Some("4312"));
    assert_eq!(
        gazetteer.restore(&orphan).unwrap_err().to_string(),
        "431202000000 has a missing parent: 431200000000 is not in force on 1949-10-01"
    );
    let ended = Established {
        valid_to: Some(day("2020-12-31")),
        ..place("4312", "怀化地区", None)
    };
    let renamed = Established {
        valid_from: day("2021-01-01"),
        ..place("4312", "怀化市", None)
    };
    let later = Established {
        valid_from: day("2022-01-01"),
        ..orphan.clone()
    };
    for _ in 0..2 {
        for row in [&ended, &renamed, &later] {
            gazetteer.restore(row).unwrap();
        }
    }
    assert_eq!((gazetteer.len(), gazetteer.is_empty()), (2, false));
    let names = |code_text: &str| -> Vec<String> {
        ["2019-01-01", "2021-06-01", "2023-01-01"]
            .iter()
            .filter_map(|on| gazetteer.at(code(code_text), day(on)))
            .map(|place| place.name.to_owned())
            .collect()
    };
    assert_eq!(names("4312"), ["怀化地区", "怀化市", "怀化市"]);
    assert_eq!(names("431202"), ["鹤城区"]);
}

#[test]
fn a_place_may_last_a_day_but_not_begin_under_one_that_is_not_there_yet() {
    let mut gazetteer = Gazetteer::default();
    let late = Established {
        valid_from: day("2020-01-01"),
        ..place("43", "湖南省", None)
    };
    gazetteer.establish(&late).unwrap();
    let one_day = Established {
        valid_from: day("2020-05-01"),
        valid_to: Some(day("2020-05-01")),
        ..place("4312", "怀化市", Some("43"))
    };
    gazetteer.establish(&one_day).unwrap();
    assert!(gazetteer.at(code("4312"), day("2020-05-01")).is_some());
    assert!(gazetteer.at(code("4312"), day("2020-05-02")).is_none());
    let early = Established {
        valid_from: day("2019-12-31"),
        ..place("4313", "娄底市", Some("43"))
    };
    assert_eq!(
        gazetteer.establish(&early).unwrap_err().to_string(),
        "431300000000 has a missing parent: 430000000000 is not in force on 2019-12-31"
    );
}

#[test]
fn a_place_that_ends_may_hold_until_the_last_change_of_its_day() {
    let today = day("2026-03-01");
    let on = "2026-03-01";
    let split = change(
        ChangeKind::Split,
        on,
        "431221 中方县",
        "431222 东县;431223 西县",
    );
    let townships = [
        change(ChangeKind::Recoded, on, "431221001 甲镇", "431222001 甲镇"),
        change(ChangeKind::Recoded, on, "431221002 乙镇", "431223001 乙镇"),
    ];
    let [first, second] = townships;
    let mut gazetteer = county();
    gazetteer
        .apply_all(&[split.clone(), first.clone(), second], today)
        .unwrap();
    assert!(gazetteer.at(code("431222001001"), today).is_some());
    let refused = county().apply_all(&[split, first], today).unwrap_err();
    assert_eq!(
        (refused.place, refused.fault.to_string().as_str()),
        (
            0,
            "431221000000 cannot end while 431221002000 lies in it; say with it, from the same day on, what becomes of that"
        )
    );
}

#[test]
fn what_lies_in_a_place_that_goes_on_is_its_own_past() {
    let today = day("2026-03-01");
    let mut gazetteer = county();
    let absorbed = change(
        ChangeKind::Absorbed,
        "2026-02-01",
        "431202 鹤城区",
        "431221 中方县",
    );
    gazetteer.apply(&absorbed, today).unwrap();
    let township = gazetteer.comparable(code("431221001"), day("2026-01-01"), today);
    assert_eq!(township.then, codes(&["431221001"]));
    let of_county = gazetteer.comparable(code("431221"), day("2026-01-01"), today);
    assert_eq!(of_county.then, codes(&["431202", "431221"]));
    // the day of the change is a day after it
    let lineage = |then: &str| gazetteer.lineage(code("431221"), day(then), today).len();
    assert_eq!((lineage("2026-01-31"), lineage("2026-02-01")), (1, 0));
}
