//! The working calendar and the clocks of the law against the handbook's lists and its printed table.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own text fails"
)]

use huiyin_domain::{
    calendar::{CalendarError, Calendars, WorkCalendar, YearNotice},
    law::{ClockId, DayTreatment, Due, Limit, due, due_after, explain_due, rules},
    time::Date,
};
use proptest::prelude::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn calendar() -> &'static WorkCalendar {
    WorkCalendar::embedded()
}

/// The days from the first to the last, both counted.
fn span(first: &str, last: &str) -> impl Iterator<Item = Date> + use<> {
    let last = day(last);
    day(first).iter_days().take_while(move |date| *date <= last)
}

#[test]
fn the_days_off_are_those_of_the_handbook() {
    let days_off = [
        ("2025-01-01", "2025-01-01"),
        ("2025-01-28", "2025-02-04"),
        ("2025-04-04", "2025-04-06"),
        ("2025-05-01", "2025-05-05"),
        ("2025-05-31", "2025-06-02"),
        ("2025-10-01", "2025-10-08"),
        ("2026-01-01", "2026-01-03"),
        ("2026-02-15", "2026-02-23"),
        ("2026-04-04", "2026-04-06"),
        ("2026-05-01", "2026-05-05"),
        ("2026-06-19", "2026-06-21"),
        ("2026-09-25", "2026-09-27"),
        ("2026-10-01", "2026-10-07"),
    ];
    let working_weekends = [
        "2025-01-26",
        "2025-02-08",
        "2025-04-27",
        "2025-09-28",
        "2025-10-11",
        "2026-01-04",
        "2026-02-14",
        "2026-02-28",
        "2026-05-09",
        "2026-09-20",
        "2026-10-10",
    ];
    let off: Vec<Date> = days_off
        .into_iter()
        .flat_map(|(first, last)| span(first, last))
        .collect();
    let worked: Vec<Date> = working_weekends.into_iter().map(day).collect();
    for date in span("2025-01-01", "2026-12-31") {
        let weekend = matches!(
            chrono::Datelike::weekday(&date),
            chrono::Weekday::Sat | chrono::Weekday::Sun
        );
        let expected = worked.contains(&date) || (!weekend && !off.contains(&date));
        assert_eq!(calendar().is_working_day(date), expected, "{date}");
    }
    assert!(
        calendar().published(2025) && calendar().published(2026) && !calendar().published(2027)
    );
}

/// The table of the handbook as it is printed: the day of receipt, then 1, 3, 5 and 10 working days, then
/// 15, 30, 60 and 90 days as `raw` or `raw->rolled`.
const PRINTED: &str = "
    2025-01-24 01-26 02-05 02-07 02-13 02-08 02-23->02-24 03-25 04-24
    2025-09-26 09-28 09-30 10-10 10-16 10-11 10-26->10-27 11-25 12-25
    2026-01-05 01-06 01-08 01-12 01-19 01-20 02-04 03-06 04-05->04-07
    2026-04-30 05-06 05-08 05-11 05-18 05-15 05-30->06-01 06-29 07-29
    2026-09-30 10-08 10-10 10-13 10-20 10-15 10-30 11-29->11-30 12-29
";

#[test]
fn the_printed_table_is_reproduced() {
    let working = [1, 3, 5, 10].map(|n| Limit::WorkingDays { n });
    let limits = working
        .into_iter()
        .chain([15, 30, 60, 90].map(|n| Limit::Days { n }));
    let mut compared = 0;
    for row in PRINTED.lines().filter(|row| !row.trim().is_empty()) {
        let (received, cells) = row.trim().split_once(' ').unwrap();
        let year = &received[..5];
        for (limit, cell) in limits.clone().zip(cells.split(' ')) {
            let (raw, rolled) = cell.split_once("->").unwrap_or((cell, cell));
            let [raw, rolled] = [raw, rolled].map(|text| day(&format!("{year}{text}")));
            let expected = Due {
                raw,
                rolled,
                provisional: false,
            };
            assert_eq!(
                due_after(limit, day(received), calendar()),
                expected,
                "{received} {limit:?}"
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 40);
}

#[test]
fn a_year_without_notice_is_provisional_and_uses_weekends_and_fixed_holidays() {
    assert!(!calendar().is_working_day(day("2027-01-01")));
    assert!(!calendar().is_working_day(day("2027-10-02")));
    assert!(!calendar().is_working_day(day("2027-03-06")));
    assert!(calendar().is_working_day(day("2027-03-08")));
    let opinion = due(
        rules().rule(ClockId::Opinion),
        day("2026-12-01"),
        calendar(),
    );
    assert_eq!(
        opinion,
        Due {
            raw: day("2027-01-30"),
            rolled: day("2027-02-01"),
            provisional: true
        }
    );
    let lines = explain_due(Limit::WorkingDays { n: 3 }, day("2026-12-30"), calendar());
    assert_eq!(lines.iter().filter(|line| line.provisional).count(), 5);
}

#[test]
fn the_explanation_lists_every_counted_skipped_and_rolled_day() {
    let lines = explain_due(Limit::WorkingDays { n: 3 }, day("2026-09-30"), calendar());
    let treatments: Vec<_> = lines.iter().map(|line| line.treatment).collect();
    let mut expected = vec![DayTreatment::Receipt];
    expected.extend([DayTreatment::Skipped; 7]);
    expected.extend([1, 2].map(|n| DayTreatment::Counted { n }));
    expected.push(DayTreatment::Counted { n: 3 });
    assert_eq!(treatments, expected);

    let lines = explain_due(Limit::Days { n: 90 }, day("2026-01-05"), calendar());
    let tail: Vec<_> = lines[90..]
        .iter()
        .map(|line| (line.date.to_string(), line.treatment))
        .collect();
    let expected = [
        ("2026-04-05", DayTreatment::Counted { n: 90 }),
        ("2026-04-05", DayTreatment::RolledOver),
        ("2026-04-06", DayTreatment::RolledOver),
        ("2026-04-07", DayTreatment::RolledTo),
    ];
    assert_eq!(
        tail,
        expected.map(|(date, treatment)| (date.to_owned(), treatment))
    );
}

#[test]
fn a_calendar_that_contradicts_itself_is_refused() {
    let parse = |off: &str, worked: &str| {
        let json = format!(
            r#"{{"version":"1","source":"a test","years":{{"2026":{{"days_off":[{off}],"working_weekends":[{worked}]}}}}}}"#
        );
        WorkCalendar::parse(&json)
    };
    let by_law = r#""2026-01-01","2026-05-01","2026-10-01","2026-10-02""#;
    assert!(parse(by_law, r#""2026-01-04""#).is_ok());
    assert!(matches!(
        parse(r#""2026-01-01","2026-10-01","2026-10-02""#, ""),
        Err(CalendarError::HolidayLeftOut { date }) if date == day("2026-05-01")
    ));
    assert!(matches!(
        parse(r#""2026-01-04""#, r#""2026-01-04""#),
        Err(CalendarError::OffAndWorking { .. })
    ));
    assert!(matches!(
        parse(r#""2025-01-01""#, ""),
        Err(CalendarError::OtherYear { year: 2026, .. })
    ));
    assert!(matches!(
        parse(r#""2026-01-01","2026-01-01""#, ""),
        Err(CalendarError::Twice { .. })
    ));
    assert!(matches!(
        parse(r#""2026-01-01""#, r#""2026-01-05""#),
        Err(CalendarError::NoWeekend { .. })
    ));
    assert!(matches!(
        parse("", ""),
        Err(CalendarError::Empty { year: 2026 })
    ));
    assert!(matches!(
        parse(r#""2026-02-30""#, ""),
        Err(CalendarError::Shape(_))
    ));
}

#[test]
fn a_new_notice_moves_an_open_due_date() {
    let text = include_str!("../data/work_calendar.json");
    let notice = r#""years": {"2027": {"days_off": ["2027-01-01", "2027-02-01", "2027-02-02", "2027-10-01"], "working_weekends": []},"#;
    let newer = WorkCalendar::parse(&text.replacen("\"years\": {", notice, 1)).unwrap();
    let opinion = due(rules().rule(ClockId::Opinion), day("2026-12-01"), &newer);
    assert_eq!(
        opinion,
        Due {
            raw: day("2027-01-30"),
            rolled: day("2027-02-03"),
            provisional: false
        }
    );
}

fn any_day() -> impl Strategy<Value = Date> {
    (0_u64..1500).prop_map(|offset| day("2024-06-01") + chrono::Days::new(offset))
}

fn any_limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        (1_u32..100).prop_map(|n| Limit::Days { n }),
        (1_u32..40).prop_map(|n| Limit::WorkingDays { n })
    ]
}

proptest! {
    #[test]
    fn a_later_start_is_never_due_earlier(start in any_day(), later in 0_u64..60, limit in any_limit()) {
        let first = due_after(limit, start, calendar());
        let second = due_after(limit, start + chrono::Days::new(later), calendar());
        prop_assert!(first.raw <= second.raw && first.rolled <= second.rolled);
    }

    #[test]
    fn a_due_date_is_a_working_day_on_or_after_the_raw_one_and_rolls_no_further(start in any_day(), limit in any_limit()) {
        let Due { raw, rolled, .. } = due_after(limit, start, calendar());
        prop_assert!(start < raw && raw <= rolled && calendar().is_working_day(rolled));
        prop_assert_eq!(calendar().roll(rolled), rolled);
    }

    #[test]
    fn the_explanation_counts_to_the_limit_and_ends_at_the_due_date(start in any_day(), limit in any_limit()) {
        let lines = explain_due(limit, start, calendar());
        let counted = lines.iter().filter(|line| matches!(line.treatment, DayTreatment::Counted { .. })).count();
        prop_assert_eq!(u32::try_from(counted).unwrap(), limit.n());
        prop_assert_eq!(lines.last().map(|line| line.date), Some(due_after(limit, start, calendar()).rolled));
    }

    #[test]
    fn counting_back_undoes_counting_forward(start in any_day(), n in 1_u32..40) {
        let start = calendar().roll(start);
        prop_assert_eq!(calendar().subtract_working_days(calendar().add_working_days(start, n), n), start);
    }
}

#[test]
fn the_second_day_of_may_is_a_holiday_by_law_since_2025() {
    let parse = |year: i32| {
        let json = format!(
            r#"{{"version":"1","source":"a test","years":{{"{year}":{{"days_off":["{year}-01-01","{year}-01-02","{year}-05-01","{year}-10-01","{year}-10-02","{year}-10-03"],"working_weekends":[]}}}}}}"#
        );
        WorkCalendar::parse(&json)
    };
    // both are Tuesdays
    assert!(parse(2023).is_ok());
    assert!(matches!(
        parse(2028),
        Err(CalendarError::HolidayLeftOut { date }) if date == day("2028-05-02")
    ));
}

/// The notice of 2027 as it could be.
fn notice() -> YearNotice {
    let days = |first, last| span(first, last);
    YearNotice {
        year: 2027,
        version: "2027/1".to_owned(),
        source: "a notice of the State Council".to_owned(),
        days_off: days("2027-01-01", "2027-01-03")
            .chain(days("2027-02-05", "2027-02-11"))
            .chain(days("2027-04-03", "2027-04-05"))
            .chain(days("2027-05-01", "2027-05-05"))
            .chain(days("2027-10-01", "2027-10-07"))
            .collect(),
        working_weekends: vec![day("2027-02-13"), day("2027-10-09")],
    }
}

#[test]
fn a_published_year_is_no_longer_provisional_and_the_years_before_stay_as_they_were() {
    let (before, after) = (calendar(), calendar().with(&notice()).unwrap());
    assert!(before.provisional(day("2027-02-08"), day("2027-02-08")));
    assert!(!after.provisional(day("2027-02-08"), day("2027-02-08")));
    assert!(after.provisional(day("2028-02-08"), day("2028-02-08")));
    assert_eq!(
        (after.version(), after.source()),
        ("2027/1", "a notice of the State Council")
    );
    let differs: Vec<String> = before
        .differs(&after, day("2015-01-01"), day("2027-04-30"))
        .map(|day| day.to_string())
        .collect();
    assert_eq!(
        differs,
        [
            "2027-02-05",
            "2027-02-08",
            "2027-02-09",
            "2027-02-10",
            "2027-02-11",
            "2027-02-13",
            "2027-04-05"
        ]
    );
}

/// Makes a notice wrong.
type Change<'a> = &'a dyn Fn(&mut YearNotice);

#[test]
fn a_wrong_notice_is_refused() {
    let refused = |change: &dyn Fn(&mut YearNotice)| {
        let mut wrong = notice();
        change(&mut wrong);
        calendar().with(&wrong).unwrap_err().to_string()
    };
    let cases: [(Change, &str); 8] = [
        (
            &|n| n.working_weekends.push(day("2027-01-02")),
            "2027-01-02 is both a day off and a working weekend",
        ),
        (
            &|n| n.days_off.push(day("2026-12-31")),
            "2026-12-31 is listed under the year 2027",
        ),
        (
            &|n| n.working_weekends.push(day("2027-02-15")),
            "2027-02-15 is listed as a working weekend but is neither",
        ),
        (
            &|n| n.days_off.retain(|date| *date != day("2027-10-01")),
            "2027-10-01 is a holiday by law but is not among",
        ),
        (
            &|n| n.version = calendar().version().to_owned(),
            "version must have 1 to 64 characters and be another",
        ),
        (
            &|n| n.source = String::new(),
            "source must have 1 to 200 characters",
        ),
        (&|n| n.year = 1999, "1999 lies outside of 2005 to 2060"),
        (
            &|n| *n = next_year_but_one(),
            "2027 has no notice; years follow each other without a gap",
        ),
    ];
    for (change, words) in cases {
        let said = refused(change);
        assert!(said.starts_with(words), "{said} is not {words}");
    }
}

/// A notice of 2028, one year too early.
fn next_year_but_one() -> YearNotice {
    YearNotice {
        year: 2028,
        version: "2028/1".to_owned(),
        source: "a notice".to_owned(),
        days_off: span("2028-05-01", "2028-05-02")
            .chain(span("2028-10-01", "2028-10-03"))
            .collect(),
        working_weekends: Vec::new(),
    }
}

#[test]
fn what_happened_is_judged_by_the_calendar_that_was_known_then() {
    let at = |text: &str| text.parse().unwrap();
    let mut calendars = Calendars::embedded();
    calendars
        .publish(at("2026-11-10T02:00:00Z"), &notice())
        .unwrap();
    let known = |text: &str| calendars.known_at(at(text)).version().to_owned();
    assert_eq!(known("2026-11-10T01:59:59Z"), calendar().version());
    assert_eq!(known("2026-11-10T02:00:00Z"), "2027/1");
    assert_eq!(calendars.newest().version(), "2027/1");
    let again = calendars.publish(at("2026-11-11T02:00:00Z"), &notice());
    assert!(matches!(
        again,
        Err(CalendarError::Text {
            field: "version",
            ..
        })
    ));
    assert_eq!(calendars.version(calendar().version()), Some(calendar()));
    assert_eq!(calendars.version("2099"), None);
}
