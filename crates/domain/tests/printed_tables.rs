//! The printed tables of the offices, with what is wrong in them said.

use huiyin_domain::{
    statistics::{DASH, Rate, Row, Table, Unclassified, check_parts, year_on_year},
    vocabulary::{Channel, Unit},
};
use proptest::prelude::*;

fn rate(numerator: u64, denominator: u64) -> String {
    Rate {
        numerator,
        denominator,
    }
    .percent_text()
}

#[test]
fn county_year() {
    assert_eq!(
        check_parts(&[211, 1_599], 1_820),
        Err(Unclassified { difference: 10 })
    );
    let warning = check_parts(&[211, 1_599], 1_820).unwrap_err().to_string();
    assert_eq!(
        warning,
        "the parts do not add up to the total: 10 unclassified"
    );
    assert_eq!(year_on_year(1_820, 1_918).to_string(), "-5.1 %");
    assert_eq!(year_on_year(211, 502).to_string(), "-58.0 %");
    assert_eq!(year_on_year(1_599, 1_398).to_string(), "+14.4 %");
    assert_eq!(
        Rate {
            numerator: 180,
            denominator: 210
        }
        .to_string(),
        "85.7 % (180/210)"
    );
    assert_eq!(
        Rate {
            numerator: 180,
            denominator: 211
        }
        .to_string(),
        "85.3 % (180/211)"
    );
}

#[test]
fn county_collective_visits_are_counted_in_batches_and_persons_apart() {
    let row = |unit, count| Row {
        channel: Channel::Visit,
        unit,
        count,
    };
    let (batches, persons) = (Unit::Batches, Unit::Persons);
    let table = Table {
        rows: vec![
            row(batches, 7),
            row(persons, 43),
            row(batches, 1),
            row(persons, 15),
            row(batches, 25),
            row(persons, 560),
        ],
    };
    assert_eq!(
        (
            table.total(batches),
            table.total(persons),
            table.total(Unit::Pieces)
        ),
        (33, 618, 0)
    );
    assert_eq!(table.check(batches, 33), Ok(()));
    assert_eq!(
        table.check(persons, 560),
        Err(Unclassified { difference: -58 })
    );
}

#[test]
fn town_a() {
    assert_eq!(check_parts(&[26, 1], 27), Ok(()));
    assert_eq!(check_parts(&[33, 68], 101), Ok(()));
    assert_eq!(check_parts(&[14, 1], 15), Ok(()));
    assert_eq!(rate(52, 52), "100.0 %");
}

#[test]
fn town_b() {
    assert_eq!(check_parts(&[5, 10, 61, 65], 141), Ok(()));
    assert_eq!(check_parts(&[136, 5], 141), Ok(()));
    assert_eq!(rate(136, 141), "96.5 %");
    assert_eq!(rate(32, 36), "88.9 %");
}

#[test]
fn town_c() {
    assert_eq!(rate(100, 105), "95.2 %");
}

#[test]
fn city() {
    assert_eq!(rate(392, 416), "94.2 %");
    assert_eq!(check_parts(&[32, 196, 188], 416), Ok(()));
    assert_eq!(check_parts(&[81, 8], 89), Ok(()));
    assert_eq!(year_on_year(836, 190).to_string(), "+340.0 %");
    assert_eq!(rate(836, 7_398), "11.3 %");
    assert_eq!(check_parts(&[160, 40, 260], 460), Ok(()));
    assert_eq!(rate(832, 860), "96.7 %");
}

#[test]
fn without_a_base_a_dash_is_printed() {
    assert_eq!(year_on_year(7, 0).to_string(), DASH);
    assert_eq!(
        Rate {
            numerator: 0,
            denominator: 0
        }
        .to_string(),
        format!("{DASH} (0/0)")
    );
}

#[test]
fn halves_are_rounded_up() {
    assert_eq!(rate(1, 2_000), "0.1 %");
    assert_eq!(rate(1_249, 20_000), "6.2 %");
    assert_eq!(rate(1_250, 20_000), "6.3 %");
    assert_eq!(year_on_year(1_999, 2_000).to_string(), "-0.1 %");
    assert_eq!(year_on_year(5, 5).to_string(), "0.0 %");
}

proptest! {
    #[test]
    fn a_percentage_is_within_half_a_tenth(numerator in 0_u64..1_000_000, denominator in 1_u64..1_000_000) {
        let tenths = Rate { numerator, denominator }.percent().unwrap().tenths;
        let off = i128::from(tenths) * i128::from(denominator) - 1_000 * i128::from(numerator);
        prop_assert!(2 * off.abs() <= i128::from(denominator));
    }
}
