//! A period and a place, as asked for.

use chrono::{Datelike as _, Days};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Date;
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::authorization::{About, permit, subject};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

/// Days of the longest period that is counted: ten years.
const LONGEST_DAYS: i64 = 3653;

/// Days from the first to the last, both counted, at a place and everywhere below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) from: Date,
    pub(crate) to: Date,
    pub(crate) place: Option<TerritoryCode>,
}

impl Period {
    /// Parses what was asked; every field at fault is named.
    pub(crate) fn parse((from, to, place): (&str, &str, &str)) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        let from = violations.date("from_date", from);
        let to = violations.date("to_date", to);
        if let (Some(from), Some(to)) = (from, to) {
            violations.check("to_date", to >= from, "must not be before from_date");
            let days = (to - from).num_days();
            violations.check(
                "to_date",
                days <= LONGEST_DAYS,
                "must be within ten years of from_date",
            );
        }
        let place = parse_place(&mut violations, place);
        let dates = violations.finish_with(from.zip(to))?;
        Ok(Self {
            from: dates.0,
            to: dates.1,
            place,
        })
    }

    /// Refuses unless who asks may count there.
    pub(crate) async fn permitted(&self) -> Result<(), Problem> {
        may_count(self.place).await
    }

    /// The same days of the year before; 29 February becomes the 28th.
    pub(crate) fn year_before(&self) -> Self {
        Self {
            from: year_before(self.from),
            to: year_before(self.to),
            place: self.place,
        }
    }

    /// The digits with which the codes of the place and everything below it begin.
    pub(crate) fn prefix(&self) -> &str {
        prefix(self.place.as_ref())
    }

    /// Digits of the codes one level below the place.
    pub(crate) fn digits_below(&self) -> i32 {
        match self.place.as_ref().map(TerritoryCode::level) {
            None | Some(Level::Nation) => 2,
            Some(Level::Province) => 4,
            Some(Level::City) => 6,
            Some(Level::County) => 9,
            Some(Level::Township | Level::Village) => 12,
        }
    }
}

/// Parses a place; empty means that of who asks, and everywhere for the service itself.
pub(crate) fn parse_place(violations: &mut Violations, place: &str) -> Option<TerritoryCode> {
    if place.is_empty() {
        let own = subject().and_then(|subject| subject.standing);
        return own.map(|own| own.territory);
    }
    violations.territory_code("place_code", place)
}

/// Refuses unless who asks may count at a place; none is everywhere.
pub(crate) async fn may_count(place: Option<TerritoryCode>) -> Result<(), Problem> {
    permit(About::Place(place.unwrap_or(TerritoryCode::NATION))).await
}

/// The digits with which the codes of a place and everything below it begin.
pub(crate) fn prefix(place: Option<&TerritoryCode>) -> &str {
    match place {
        Some(place) if place.level() != Level::Nation => place.short(),
        Some(_) | None => "",
    }
}

fn year_before(day: Date) -> Date {
    let earlier = day.with_year(day.year() - 1);
    earlier.unwrap_or_else(|| day - Days::new(366))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(from: &str, to: &str, place: &str) -> Period {
        Period::parse((from, to, place)).unwrap()
    }

    #[test]
    fn a_city_is_counted_by_the_digits_of_its_code_and_broken_down_by_county() {
        let city = period("2025-01-01", "2025-12-31", "4312");
        assert_eq!((city.prefix(), city.digits_below()), ("4312", 6));
        let everywhere = period("2025-01-01", "2025-12-31", "");
        assert_eq!((everywhere.prefix(), everywhere.digits_below()), ("", 2));
    }

    #[test]
    fn part_years_compare_the_same_days_also_of_a_leap_year() {
        let leap = period("2024-01-01", "2024-02-29", "");
        let before = leap.year_before();
        assert_eq!(
            (before.from.to_string(), before.to.to_string()),
            ("2023-01-01".to_owned(), "2023-02-28".to_owned())
        );
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let Err(Problem::InvalidFields(violations)) = Period::parse(("2025-13-01", "soon", "43x"))
        else {
            unreachable!("wrong fields were taken")
        };
        let fields: Vec<&str> = violations
            .iter()
            .map(|violation| violation.field.as_str())
            .collect();
        assert_eq!(fields, ["from_date", "to_date", "place_code"]);
        assert!(Period::parse(("2025-02-01", "2025-01-01", "")).is_err());
    }
}
