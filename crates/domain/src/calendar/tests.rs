//! Days off and working days, and calendars that are refused.

use super::*;

#[test]
fn the_years_a_deadline_can_lie_in_are_numbered_and_no_others() {
    let index = &WorkCalendar::embedded().index;
    let day = |text: &str| text.parse().unwrap();
    assert_eq!(index.up_to(day("2004-12-31")), None);
    assert_eq!(
        index.up_to(day("2005-01-03")),
        Some(1),
        "a Monday after a holiday and a weekend"
    );
    let all = index.up_to(day("2060-12-31")).unwrap();
    assert_eq!(index.nth(all), Some(day("2060-12-31")), "a Friday");
    assert_eq!(index.up_to(day("2061-01-01")), None);
    assert_eq!((index.nth(0), index.nth(all + 1)), (None, None));
}

#[test]
fn no_working_day_after_a_day_is_the_day_itself() {
    let calendar = WorkCalendar::embedded();
    for text in ["2026-01-01", "2026-01-05", "2099-01-01"] {
        let day: Date = text.parse().unwrap();
        assert_eq!(calendar.add_working_days(day, 0), day);
        assert_eq!(calendar.subtract_working_days(day, 0), day);
    }
}
