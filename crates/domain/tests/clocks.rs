//! The clocks of a matter, from its facts.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own text fails"
)]

use huiyin_domain::{
    calendar::{Calendars, WorkCalendar, YearNotice},
    ids::{ForwardingId, Id, OrganId},
    law::{ClockId, Due, PauseCause, RuleSet, rules},
    supervision::{
        Clock, ClockState, DueRefused, EndedWhy, ExtensionRefused, Fact, FactKind, PauseRefused,
        SimplifiedLimits, clocks, extend, in_hand, pause, resume, set_due,
    },
    time::{Date, Duration, Instant, start_of_day},
    vocabulary::ForwardingKind,
};
use proptest::prelude::*;
use uuid::Uuid;

fn organ(number: u128) -> OrganId {
    OrganId::from_uuid(Uuid::from_u128(number))
}

fn forwarding(number: u128) -> ForwardingId {
    ForwardingId::from_uuid(Uuid::from_u128(number))
}

/// Ten in the morning of the day.
fn at(date: &str) -> Instant {
    start_of_day(date.parse::<Date>().unwrap()) + Duration::hours(10)
}

fn fact(date: &str, kind: FactKind) -> Fact {
    Fact { at: at(date), kind }
}

fn forwarded(number: u128, to: u128, kind: ForwardingKind) -> FactKind {
    FactKind::Forwarded {
        forwarding: forwarding(number),
        to: organ(to),
        by: organ(99),
        kind,
        opinion_clock: true,
        limit_days: None,
        simplified: None,
    }
}

fn judged(facts: &[Fact]) -> Vec<Clock> {
    clocks(facts, rules(), &Calendars::embedded())
}

fn summary(facts: &[Fact]) -> Vec<(ClockId, u32, String, ClockState)> {
    judged(facts)
        .into_iter()
        .map(|clock| {
            (
                clock.clock,
                clock.cycle,
                clock.due.rolled.to_string(),
                clock.state,
            )
        })
        .collect()
}

fn accepted_matter() -> Vec<Fact> {
    vec![
        fact("2026-01-05", FactKind::Registered),
        fact("2026-01-07", forwarded(1, 1, ForwardingKind::Transfer)),
        fact("2026-01-12", FactKind::Accepted { by: organ(1) }),
    ]
}

#[test]
fn a_matter_answered_in_time_has_met_every_clock() {
    let mut facts = accepted_matter();
    facts.push(fact("2026-03-10", FactKind::OpinionIssued { by: organ(1) }));
    facts.push(fact(
        "2026-03-12",
        FactKind::ReplyDelivered { by: organ(1) },
    ));
    let met = |date| ClockState::Met { at: at(date) };
    let due = |date: &str| date.to_owned();
    let expected = [
        (
            ClockId::RegisterAndForward,
            1,
            due("2026-01-20"),
            met("2026-01-07"),
        ),
        (ClockId::Acceptance, 1, due("2026-01-22"), met("2026-01-12")),
        (
            ClockId::Objection,
            1,
            due("2026-01-14"),
            ClockState::Ended {
                at: at("2026-01-12"),
                why: EndedWhy::Accepted,
            },
        ),
        (ClockId::Opinion, 1, due("2026-03-13"), met("2026-03-12")),
        // the petitioner may ask for review now
        (
            ClockId::AskReview,
            1,
            due("2026-04-13"),
            ClockState::Running,
        ),
    ];
    assert_eq!(summary(&facts), expected);
    let passed = |clock: &&Clock| clock.passed(at("2027-01-01"));
    let passed: Vec<_> = judged(&facts)
        .iter()
        .filter(passed)
        .map(|clock| clock.clock)
        .collect();
    assert_eq!(passed, [ClockId::AskReview], "only a right was not used");
}

#[test]
fn a_clock_fires_when_the_rolled_day_is_over() {
    let clock = judged(&accepted_matter()).pop().unwrap();
    let fires = start_of_day("2026-03-14".parse().unwrap());
    assert_eq!(
        (clock.clock, clock.fires_at()),
        (ClockId::Opinion, Some(fires))
    );
    assert!(!clock.passed(fires - Duration::microseconds(1)) && clock.passed(fires));
}

#[test]
fn a_late_answer_overran_and_so_does_a_late_withdrawal() {
    for last in [
        FactKind::ReplyDelivered { by: organ(1) },
        FactKind::Withdrawn,
    ] {
        let mut facts = accepted_matter();
        facts.push(fact("2026-03-14", last));
        assert_eq!(
            opinion(&facts).state,
            ClockState::Overran {
                ended_at: at("2026-03-14")
            }
        );
    }
}

#[test]
fn an_issued_opinion_that_nobody_delivered_ends_nothing() {
    let mut facts = accepted_matter();
    facts.push(fact("2026-03-01", FactKind::OpinionIssued { by: organ(1) }));
    assert_eq!(judged(&facts).pop().unwrap().state, ClockState::Running);
}

#[test]
fn an_agreed_objection_ends_the_first_cycle_and_the_next_forwarding_opens_the_second() {
    let facts = [
        fact("2026-01-05", FactKind::Registered),
        fact("2026-01-07", forwarded(1, 1, ForwardingKind::Transfer)),
        fact(
            "2026-01-09",
            FactKind::ObjectionRaised {
                forwarding: forwarding(1),
            },
        ),
        fact(
            "2026-01-12",
            FactKind::ObjectionAgreed {
                forwarding: forwarding(1),
            },
        ),
        fact("2026-01-13", forwarded(2, 2, ForwardingKind::Transfer)),
    ];
    let states: Vec<_> = summary(&facts)
        .into_iter()
        .map(|(clock, cycle, _, state)| (clock, cycle, state))
        .collect();
    let expected = [
        (
            ClockId::RegisterAndForward,
            1,
            ClockState::Met {
                at: at("2026-01-07"),
            },
        ),
        (
            ClockId::Acceptance,
            1,
            ClockState::Ended {
                at: at("2026-01-12"),
                why: EndedWhy::ObjectionAgreed,
            },
        ),
        (
            ClockId::Objection,
            1,
            ClockState::Met {
                at: at("2026-01-09"),
            },
        ),
        (ClockId::Acceptance, 2, ClockState::Running),
        (ClockId::Objection, 2, ClockState::Running),
    ];
    assert_eq!(states, expected);
}

#[test]
fn forwarding_a_matter_on_does_not_hide_that_the_first_organ_was_late() {
    let facts = [
        fact("2026-01-05", FactKind::Registered),
        fact("2026-01-07", forwarded(1, 1, ForwardingKind::Transfer)),
        fact("2026-01-30", forwarded(2, 2, ForwardingKind::Transfer)),
    ];
    let late = judged(&facts)
        .into_iter()
        .find(|clock| (clock.clock, clock.cycle) == (ClockId::Acceptance, 1))
        .unwrap();
    assert_eq!(
        (late.organ, late.state),
        (
            Some(organ(1)),
            ClockState::Overran {
                ended_at: at("2026-01-30")
            }
        )
    );
}

#[test]
fn a_petition_office_that_is_handed_a_matter_must_forward_it() {
    let facts = [
        fact("2026-01-05", FactKind::Registered),
        fact("2026-01-06", forwarded(1, 7, ForwardingKind::HandDown)),
        fact("2026-01-08", forwarded(2, 1, ForwardingKind::Transfer)),
    ];
    let offices: Vec<_> = judged(&facts)
        .into_iter()
        .filter(|clock| clock.clock == ClockId::RegisterAndForward)
        .map(|clock| (clock.organ, clock.cycle, clock.state))
        .collect();
    let expected = [
        (
            None,
            1,
            ClockState::Met {
                at: at("2026-01-06"),
            },
        ),
        (
            Some(organ(7)),
            2,
            ClockState::Met {
                at: at("2026-01-08"),
            },
        ),
    ];
    assert_eq!(offices, expected);
}

#[test]
fn a_referred_matter_leaves_no_clock_running() {
    for last in [FactKind::Referred, forwarded(1, 1, ForwardingKind::Refer)] {
        let facts = [
            fact("2026-01-05", FactKind::Registered),
            fact("2026-01-06", last),
        ];
        let expected = [(
            ClockId::RegisterAndForward,
            1,
            "2026-01-20".to_owned(),
            ClockState::Met {
                at: at("2026-01-06"),
            },
        )];
        assert_eq!(summary(&facts), expected);
    }
}

#[test]
fn an_answer_by_the_office_itself_meets_its_clock() {
    let facts = [
        fact("2026-01-05", FactKind::Registered),
        fact("2026-01-06", FactKind::ReplyDelivered { by: organ(99) }),
    ];
    let expected = [(
        ClockId::RegisterAndForward,
        1,
        "2026-01-20".to_owned(),
        ClockState::Met {
            at: at("2026-01-06"),
        },
    )];
    assert_eq!(summary(&facts), expected);
}

#[test]
fn an_assignment_runs_its_own_limit_beside_the_opinion() {
    let assigned = limit(&assigned_matter());
    assert_eq!(
        (assigned.due.raw.to_string(), assigned.state),
        ("2026-02-04".to_owned(), ClockState::Running)
    );
}

/// A matter that was assigned on 2026-01-05 with 30 days, and accepted.
fn assigned_matter() -> Vec<Fact> {
    let kind = FactKind::Forwarded {
        forwarding: forwarding(1),
        to: organ(1),
        by: organ(99),
        kind: ForwardingKind::Assign,
        opinion_clock: true,
        limit_days: Some(30),
        simplified: None,
    };
    vec![
        fact("2026-01-05", FactKind::Registered),
        fact("2026-01-05", kind),
        fact("2026-01-06", FactKind::Accepted { by: organ(1) }),
    ]
}

fn limit(facts: &[Fact]) -> Clock {
    the(ClockId::AssignedLimit, facts)
}

fn the(clock: ClockId, facts: &[Fact]) -> Clock {
    let mut found = judged(facts);
    found.retain(|known| known.clock == clock);
    found.pop().unwrap()
}

#[test]
fn an_assignment_is_kept_by_the_report_that_the_assigning_organ_accepts() {
    let of = forwarding(1);
    let reported = FactKind::CompletionReported { forwarding: of };
    let returned = FactKind::CompletionReturned { forwarding: of };
    let accepted = FactKind::CompletionAccepted { forwarding: of };
    let kept = |date| ClockState::Met { at: at(date) };
    let late = |date| ClockState::Overran { ended_at: at(date) };
    let state = |more: &[(&str, FactKind)]| {
        let mut facts = assigned_matter();
        facts.extend(more.iter().map(|(date, kind)| fact(date, *kind)));
        limit(&facts).state
    };
    let reply = FactKind::ReplyDelivered { by: organ(1) };
    assert_eq!(
        state(&[("2026-01-20", reply)]),
        ClockState::Running,
        "the answer to the petitioner is no report to the office"
    );
    // the time in which the office reads it is not the organ's
    let in_time = ("2026-02-03", reported);
    assert_eq!(state(&[in_time]), kept("2026-02-03"));
    assert_eq!(
        state(&[in_time, ("2026-02-20", accepted)]),
        kept("2026-02-03")
    );
    assert_eq!(
        state(&[in_time, ("2026-02-20", returned)]),
        ClockState::Running
    );
    let again = ("2026-02-25", reported);
    assert_eq!(
        state(&[in_time, ("2026-02-20", returned), again]),
        late("2026-02-25")
    );
    assert_eq!(
        state(&[("2026-02-10", reported), ("2026-02-11", returned)]),
        ClockState::Running
    );
    assert_eq!(state(&[("2026-01-30", accepted)]), kept("2026-01-30"));
    let other = FactKind::CompletionReported {
        forwarding: forwarding(2),
    };
    assert_eq!(state(&[("2026-01-30", other)]), ClockState::Running);
    // whoever had the matter taken from it owes no better report
    let onward = ("2026-02-04", forwarded(2, 2, ForwardingKind::Transfer));
    assert_eq!(
        state(&[in_time, onward, ("2026-02-20", returned)]),
        kept("2026-02-03")
    );
}

fn answered_matter() -> Vec<Fact> {
    let mut facts = accepted_matter();
    facts.push(fact(
        "2026-03-12",
        FactKind::ReplyDelivered { by: organ(1) },
    ));
    facts
}

/// Remedies: for whom, due when, and how they stand.
fn remedies(facts: &[Fact]) -> Vec<(ClockId, Option<OrganId>, String, ClockState)> {
    let mut known = judged(facts);
    known.retain(|clock| clock.clock >= ClockId::AskReview);
    let told = |clock: Clock| {
        let due = clock.due.rolled.to_string();
        (clock.clock, clock.organ, due, clock.state)
    };
    known.into_iter().map(told).collect()
}

/// A matter whose petitioner asked for review and for re-examination, which had a hearing of 10 days.
fn examined_again() -> Vec<Fact> {
    let clock = ClockId::ReexaminationOpinion;
    let cause = PauseCause::Hearing;
    let (above, highest) = (organ(2), organ(3));
    let mut facts = answered_matter();
    facts.extend([
        fact("2026-04-13", FactKind::ReviewRequested { to: above }),
        fact("2026-05-08", FactKind::ReviewOpinionDelivered { by: above }),
        fact(
            "2026-05-20",
            FactKind::ReexaminationRequested { to: highest },
        ),
        fact("2026-05-25", FactKind::Paused { clock, cause }),
        fact("2026-06-04", FactKind::Resumed { clock, cause }),
    ]);
    facts
}

#[test]
fn remedies_follow_each_other_and_a_hearing_is_not_counted() {
    let mut facts = examined_again();
    let (above, highest) = (organ(2), organ(3));
    let met = |date| ClockState::Met { at: at(date) };
    let due = str::to_owned;
    let mut expected = [
        (
            ClockId::AskReview,
            Some(organ(1)),
            due("2026-04-13"),
            met("2026-04-13"),
        ),
        (
            ClockId::ReviewOpinion,
            Some(above),
            due("2026-05-13"),
            met("2026-05-08"),
        ),
        (
            ClockId::AskReexamination,
            Some(above),
            due("2026-06-08"),
            met("2026-05-20"),
        ),
        // 30 days, and the 10 of the hearing
        (
            ClockId::ReexaminationOpinion,
            Some(highest),
            due("2026-06-29"),
            ClockState::Running,
        ),
    ];
    assert_eq!(remedies(&facts), expected);
    facts.push(fact(
        "2026-06-30",
        FactKind::FinalOpinionDelivered { by: highest },
    ));
    expected[3].3 = ClockState::Overran {
        ended_at: at("2026-06-30"),
    };
    assert_eq!(remedies(&facts), expected);
}

#[test]
fn a_right_that_was_not_used_in_time_starts_nothing() {
    let mut facts = answered_matter();
    let asked = |date| fact(date, FactKind::ReviewRequested { to: organ(2) });
    // due on Saturday 2026-04-11, so asked for until Monday
    facts.push(asked("2026-04-14"));
    let kinds = |facts: &[Fact]| -> Vec<_> {
        judged(facts)
            .into_iter()
            .map(|clock| clock.clock)
            .filter(|clock| *clock >= ClockId::AskReview)
            .collect()
    };
    assert_eq!(kinds(&facts), [ClockId::AskReview]);
    assert_eq!(
        the(ClockId::AskReview, &facts).state,
        ClockState::Running,
        "nobody failed; the register lets it lapse"
    );
    let mut twice = answered_matter();
    twice.extend([asked("2026-03-20"), asked("2026-03-21")]);
    assert_eq!(
        kinds(&twice),
        [ClockId::AskReview, ClockId::ReviewOpinion],
        "asked for once"
    );
    // the opinion of another organ than the one that reviews says nothing
    twice.push(fact(
        "2026-03-25",
        FactKind::ReviewOpinionDelivered { by: organ(3) },
    ));
    assert_eq!(kinds(&twice).len(), 2);
    let early = [
        accepted_matter(),
        vec![fact(
            "2026-02-01",
            FactKind::ReviewRequested { to: organ(2) },
        )],
    ]
    .concat();
    assert!(kinds(&early).is_empty(), "there is no opinion yet");
}

#[test]
fn an_answer_that_is_no_opinion_opens_no_review() {
    let FactKind::Forwarded {
        forwarding,
        to,
        by,
        kind,
        ..
    } = forwarded(1, 1, ForwardingKind::Transfer)
    else {
        panic!("a forwarding");
    };
    let suggestion = FactKind::Forwarded {
        forwarding,
        to,
        by,
        kind,
        opinion_clock: false,
        limit_days: None,
        simplified: None,
    };
    let mut facts = answered_matter();
    facts[1] = fact("2026-01-07", suggestion);
    let kinds: Vec<_> = judged(&facts)
        .into_iter()
        .map(|clock| clock.clock)
        .collect();
    assert_eq!(
        kinds,
        [
            ClockId::RegisterAndForward,
            ClockId::Acceptance,
            ClockId::Objection
        ]
    );
}

/// Organ 1 is handed the matter under the simplified procedure, by whichever kind of forwarding.
fn simplified(kind: ForwardingKind) -> FactKind {
    FactKind::Forwarded {
        forwarding: forwarding(1),
        to: organ(1),
        by: organ(99),
        kind,
        opinion_clock: true,
        limit_days: None,
        simplified: Some(SimplifiedLimits {
            passing: 1,
            acceptance: 3,
            opinion: 10,
        }),
    }
}

#[test]
fn the_simplified_procedure_has_its_own_limits_and_the_same_rights() {
    // Thursday before the May holidays: the row of the handbook
    let facts = [
        fact("2026-04-29", FactKind::Registered),
        fact("2026-04-30", simplified(ForwardingKind::Transfer)),
        fact("2026-04-30", FactKind::Accepted { by: organ(1) }),
        fact("2026-05-18", FactKind::ReplyDelivered { by: organ(1) }),
    ];
    let known: Vec<_> = summary(&facts)
        .into_iter()
        .map(|(clock, _, due, _)| (clock, due))
        .collect();
    let due = str::to_owned;
    let expected = [
        (ClockId::RegisterAndForward, due("2026-05-14")),
        (ClockId::Objection, due("2026-05-11")),
        (ClockId::SimplifiedAcceptance, due("2026-05-08")),
        (ClockId::SimplifiedOpinion, due("2026-05-18")),
        (ClockId::AskReview, due("2026-06-17")),
    ];
    assert_eq!(known, expected);
    let states = summary(&facts);
    assert!(
        states[2..4]
            .iter()
            .all(|(_, _, _, state)| matches!(state, ClockState::Met { .. }))
    );
    // an office that it passes has one working day
    let passing = [
        fact("2026-04-29", FactKind::Registered),
        fact("2026-04-30", simplified(ForwardingKind::HandDown)),
    ];
    let office = the(ClockId::RegisterAndForward, &passing);
    assert_eq!(
        (office.cycle, office.due.rolled.to_string()),
        (2, due("2026-05-06"))
    );
}

fn recommended(number: u128, to: u128) -> FactKind {
    FactKind::Recommended {
        recommendation: Id::from_uuid(Uuid::from_u128(number)),
        to: organ(to),
        limit_days: 20,
    }
}

fn answered(number: u128) -> FactKind {
    FactKind::AdoptionAnswered {
        recommendation: Id::from_uuid(Uuid::from_u128(number)),
    }
}

#[test]
fn every_recommendation_is_answered_for_itself_whatever_becomes_of_the_matter() {
    let mut facts = accepted_matter();
    facts.extend([
        fact("2026-01-12", recommended(1, 1)),
        fact("2026-01-13", recommended(2, 5)),
        fact("2026-01-13", recommended(1, 1)),
        fact(
            "2026-01-14",
            FactKind::ObjectionAgreed {
                forwarding: forwarding(1),
            },
        ),
        fact("2026-01-15", FactKind::Declined { by: organ(5) }),
        fact("2026-01-16", FactKind::Withdrawn),
        fact("2026-02-02", answered(2)),
        fact("2026-02-02", answered(3)),
    ]);
    let answers: Vec<_> = judged(&facts)
        .into_iter()
        .filter(|clock| clock.clock == ClockId::RecommendationAnswer)
        .map(|clock| {
            (
                clock.cycle,
                clock.organ,
                clock.due.rolled.to_string(),
                clock.state,
            )
        })
        .collect();
    let due = str::to_owned;
    let expected = [
        (1, Some(organ(1)), due("2026-02-02"), ClockState::Running),
        (
            2,
            Some(organ(5)),
            due("2026-02-02"),
            ClockState::Met {
                at: at("2026-02-02"),
            },
        ),
    ];
    assert_eq!(answers, expected);
}

#[test]
fn what_starts_and_ends_a_clock_is_read_from_the_rules() {
    // a law that also counts a declined forwarding as forwarded, and starts the opinion with the forwarding
    let json = include_str!("../data/law.json").replace(
        "\"starts\": [\"accepted\"], \"ends\": [\"opinion_delivered\"], \"local\": false",
        "\"starts\": [\"received_by_organ\"], \"ends\": [\"declined\"], \"local\": false",
    );
    let rules = RuleSet::parse(&json).unwrap();
    let mut facts = accepted_matter();
    let opinion = |facts: &[Fact]| {
        let mut known = clocks(facts, &rules, &Calendars::embedded());
        known.retain(|clock| clock.clock == ClockId::Opinion);
        assert_eq!(known.len(), 1);
        known.remove(0)
    };
    assert_eq!(opinion(&facts).started, at("2026-01-07"));
    facts.push(fact("2026-01-20", FactKind::Declined { by: organ(1) }));
    assert_eq!(
        opinion(&facts).state,
        ClockState::Met {
            at: at("2026-01-20")
        }
    );
}

#[test]
fn a_decline_in_time_meets_the_notice() {
    let facts = [
        fact("2026-01-05", FactKind::Registered),
        fact("2026-01-07", forwarded(1, 1, ForwardingKind::Transfer)),
        fact("2026-01-10", FactKind::Declined { by: organ(1) }),
    ];
    let notice = judged(&facts)
        .into_iter()
        .find(|clock| clock.clock == ClockId::Acceptance)
        .unwrap();
    assert_eq!(
        notice.state,
        ClockState::Met {
            at: at("2026-01-10")
        }
    );
    // whoever declined owes nothing more about the matter; another organ still does
    let objection = |by| {
        let declined = fact("2026-01-10", FactKind::Declined { by });
        let facts = [facts[0], facts[1], declined];
        the(ClockId::Objection, &facts).state
    };
    let freed = ClockState::Ended {
        at: at("2026-01-10"),
        why: EndedWhy::Declined,
    };
    assert_eq!(objection(organ(1)), freed);
    assert_eq!(objection(organ(2)), ClockState::Running);
}

#[test]
fn an_extension_moves_the_opinion_by_at_most_thirty_days_and_only_before_it_is_due() {
    let context = (rules(), WorkCalendar::embedded());
    let all = judged(&accepted_matter());
    let opinion = all.last().unwrap();
    let longer = extend(opinion, 20, at("2026-03-13"), context).unwrap();
    assert_eq!(
        (longer.due.raw.to_string(), longer.extended_days),
        ("2026-04-02".to_owned(), 20)
    );
    assert_eq!(
        extend(&longer, 11, at("2026-03-20"), context),
        Err(ExtensionRefused::TooLong {
            clock: ClockId::Opinion,
            asked: 11,
            left: 10
        })
    );
    assert!(matches!(
        extend(opinion, 0, at("2026-03-13"), context),
        Err(ExtensionRefused::TooLong { .. })
    ));
    assert!(matches!(
        extend(opinion, 1, at("2026-03-14"), context),
        Err(ExtensionRefused::TooLate { .. })
    ));
    assert!(matches!(
        extend(&all[0], 1, at("2026-01-06"), context),
        Err(ExtensionRefused::NotRunning { .. })
    ));
    let running = judged(&accepted_matter()[..1]);
    assert!(matches!(
        extend(&running[0], 1, at("2026-01-06"), context),
        Err(ExtensionRefused::NotExtendable { .. })
    ));
}

#[test]
fn an_unlawful_extension_among_the_facts_counts_for_nothing() {
    let mut facts = accepted_matter();
    facts.push(fact(
        "2026-03-14",
        FactKind::Extended {
            clock: ClockId::Opinion,
            days: 30,
        },
    ));
    assert_eq!(summary(&facts), summary(&accepted_matter()));
    facts.push(fact(
        "2026-02-01",
        FactKind::Extended {
            clock: ClockId::Opinion,
            days: 30,
        },
    ));
    assert_eq!(judged(&facts).pop().unwrap().extended_days, 30);
}

#[test]
fn facts_at_one_instant_are_read_in_the_order_they_can_happen() {
    let kinds = [
        FactKind::Withdrawn,
        FactKind::Accepted { by: organ(1) },
        forwarded(1, 1, ForwardingKind::Transfer),
        FactKind::Registered,
    ];
    let facts = kinds.map(|kind| fact("2026-01-05", kind));
    let opinion = judged(&facts)
        .into_iter()
        .find(|clock| clock.clock == ClockId::Opinion)
        .unwrap();
    assert_eq!(
        opinion.state,
        ClockState::Ended {
            at: at("2026-01-05"),
            why: EndedWhy::Withdrawn
        }
    );
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let kind = prop_oneof![
        Just(FactKind::Registered),
        (1_u128..5, 1_u128..4, any::<bool>()).prop_map(|(number, to, down)| {
            forwarded(
                number,
                to,
                if down {
                    ForwardingKind::HandDown
                } else {
                    ForwardingKind::Assign
                },
            )
        }),
        Just(FactKind::Referred),
        (1_u128..5).prop_map(|number| FactKind::ObjectionRaised {
            forwarding: forwarding(number)
        }),
        (1_u128..5).prop_map(|number| FactKind::ObjectionAgreed {
            forwarding: forwarding(number)
        }),
        (1_u128..4).prop_map(|by| FactKind::Accepted { by: organ(by) }),
        (1_u128..4).prop_map(|by| FactKind::Declined { by: organ(by) }),
        (1_u32..40).prop_map(|days| FactKind::Extended {
            clock: ClockId::Opinion,
            days
        }),
        Just(paused(PauseCause::ExpertAppraisal)),
        Just(resumed(PauseCause::ExpertAppraisal)),
        (1_u128..4).prop_map(|by| FactKind::ReplyDelivered { by: organ(by) }),
        Just(FactKind::Withdrawn),
        (1_u128..4).prop_map(|to| FactKind::ReviewRequested { to: organ(to) }),
        (1_u128..4).prop_map(|by| FactKind::ReviewOpinionDelivered { by: organ(by) }),
        (1_u128..4).prop_map(|to| FactKind::ReexaminationRequested { to: organ(to) }),
        (1_u128..4).prop_map(|by| FactKind::FinalOpinionDelivered { by: organ(by) }),
        (1_u128..4, 1_u128..3).prop_map(|(to, number)| recommended(number, to)),
        (1_u128..3).prop_map(answered),
        (1_u128..5).prop_map(|number| FactKind::CompletionReported {
            forwarding: forwarding(number)
        }),
        (1_u128..5).prop_map(|number| FactKind::CompletionReturned {
            forwarding: forwarding(number)
        }),
        (1_u128..5).prop_map(|number| FactKind::CompletionAccepted {
            forwarding: forwarding(number)
        }),
    ];
    (0_i64..120, kind).prop_map(|(days, kind)| Fact {
        at: at("2026-01-05") + Duration::days(days),
        kind,
    })
}

proptest! {
    #[test]
    fn the_order_and_the_repetition_of_facts_do_not_matter(
        (facts, shuffled) in prop::collection::vec(any_fact(), 0..14)
            .prop_flat_map(|facts| (Just(facts.clone()), Just([facts.clone(), facts].concat()).prop_shuffle()))
    ) {
        prop_assert_eq!(judged(&facts), judged(&shuffled));
    }

    #[test]
    fn the_time_in_hand_of_all_is_the_time_of_the_matter(
        facts in prop::collection::vec(any_fact(), 0..14),
        days in 0_i64..200,
    ) {
        let registered = fact("2026-01-05", FactKind::Registered);
        let facts = [facts, vec![registered]].concat();
        let now = at("2026-01-05") + Duration::days(days);
        let stretches = in_hand(&facts, now);
        prop_assert_eq!(stretches[0].from, registered.at);
        for pair in stretches.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
        }
        let sum: Duration = stretches.iter().map(|stretch| stretch.to - stretch.from).sum();
        prop_assert_eq!(sum, stretches[stretches.len() - 1].to - registered.at);
        // whoever has it at noon of a day has it by a walk over the facts of the days before
        for day in 0..days {
            let noon = registered.at + Duration::days(day) + Duration::hours(2);
            let held = stretches.iter().find(|stretch| stretch.from <= noon && noon < stretch.to);
            let earlier: Vec<Fact> = facts.iter().copied().filter(|fact| fact.at <= noon).collect();
            let at_noon = in_hand(&earlier, noon);
            prop_assert_eq!(
                held.map(|stretch| stretch.organ).or(Some(None)),
                at_noon.last().filter(|last| last.to == noon).map(|last| last.organ).or(Some(None))
            );
        }
    }

    #[test]
    fn a_clock_and_its_cycle_occur_once_and_nothing_is_met_late(facts in prop::collection::vec(any_fact(), 0..14)) {
        let all = judged(&facts);
        let mut keys: Vec<_> = all.iter().map(|clock| (clock.clock, clock.cycle)).collect();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), all.len());
        for clock in all {
            match clock.state {
                ClockState::Running => {}
                ClockState::Met { at } | ClockState::Ended { at, .. } => prop_assert!(clock.started <= at && !clock.is_past_due(at)),
                ClockState::Overran { ended_at } => prop_assert!(clock.is_past_due(ended_at)),
            }
        }
    }

    #[test]
    fn an_extension_never_shortens(days in 1_u32..=30, asked_after in 0_i64..60) {
        let opinion = judged(&accepted_matter()).pop().unwrap();
        let longer = extend(&opinion, days, opinion.started + Duration::days(asked_after), (rules(), WorkCalendar::embedded())).unwrap();
        prop_assert!(longer.due.raw > opinion.due.raw && longer.due.rolled >= opinion.due.rolled);
    }
}

fn paused(cause: PauseCause) -> FactKind {
    FactKind::Paused {
        clock: ClockId::Opinion,
        cause,
    }
}

fn resumed(cause: PauseCause) -> FactKind {
    FactKind::Resumed {
        clock: ClockId::Opinion,
        cause,
    }
}

fn opinion(facts: &[Fact]) -> Clock {
    let mut found = judged(facts);
    found.retain(|clock| clock.clock == ClockId::Opinion);
    found.pop().unwrap()
}

#[test]
fn what_is_left_when_a_clock_is_paused_is_left_when_it_runs_again() {
    let appraisal = PauseCause::ExpertAppraisal;
    let mut facts = accepted_matter();
    facts.push(fact("2026-01-20", paused(appraisal)));
    let held = opinion(&facts);
    assert_eq!(held.paused_since(), "2026-01-20".parse().ok());
    assert_eq!(held.fires_at(), None);
    assert!(
        !held.passed(at("2027-01-01")),
        "a clock that stands still does not pass"
    );
    facts.push(fact("2026-02-10", resumed(appraisal)));
    let runs = opinion(&facts);
    // 2026-03-13 and the 21 days of the appraisal
    assert_eq!(runs.due.raw.to_string(), "2026-04-03");
    assert_eq!(runs.paused_since(), None);
    // an extension before, within or after the pause comes to the same
    let extended = FactKind::Extended {
        clock: ClockId::Opinion,
        days: 10,
    };
    for day in ["2026-01-15", "2026-01-25", "2026-03-20"] {
        let mut longer = facts.clone();
        longer.push(fact(day, extended));
        assert_eq!(opinion(&longer).due.raw.to_string(), "2026-04-13", "{day}");
    }
}

#[test]
fn every_minute_of_a_matter_is_in_one_hand() {
    let mut facts = accepted_matter();
    facts.extend([
        fact(
            "2026-01-09",
            FactKind::ObjectionRaised {
                forwarding: forwarding(1),
            },
        ),
        fact(
            "2026-01-10",
            FactKind::ObjectionAgreed {
                forwarding: forwarding(1),
            },
        ),
        fact("2026-01-11", forwarded(2, 2, ForwardingKind::Transfer)),
        fact("2026-03-01", FactKind::ReplyDelivered { by: organ(2) }),
    ]);
    let hands: Vec<_> = in_hand(&facts, at("2026-06-01"))
        .iter()
        .map(|hand| (hand.organ, (hand.to - hand.from).num_days()))
        .collect();
    let expected = [
        (None, 2),
        (Some(organ(1)), 3),
        (Some(organ(99)), 1),
        (Some(organ(2)), 49),
    ];
    assert_eq!(hands, expected);
    assert!(
        in_hand(&facts[1..], at("2026-06-01")).is_empty(),
        "never registered"
    );
}

#[test]
fn two_causes_hold_a_clock_once_and_it_runs_when_both_have_ended() {
    let json = include_str!("../data/law.json").replace(
        "[\"expert_appraisal\"]",
        "[\"expert_appraisal\", \"hearing\"]",
    );
    let rules = RuleSet::parse(&json).unwrap();
    let mut facts = accepted_matter();
    facts.extend([
        fact("2026-01-20", paused(PauseCause::ExpertAppraisal)),
        fact("2026-01-25", paused(PauseCause::Hearing)),
        fact("2026-02-10", resumed(PauseCause::ExpertAppraisal)),
    ]);
    let held = clocks(&facts, &rules, &Calendars::embedded())
        .pop()
        .unwrap();
    assert_eq!(held.paused_since(), "2026-01-20".parse().ok());
    facts.push(fact("2026-02-12", resumed(PauseCause::Hearing)));
    let runs = clocks(&facts, &rules, &Calendars::embedded())
        .pop()
        .unwrap();
    assert_eq!(runs.due.raw.to_string(), "2026-04-05");
    assert_eq!(runs.due.rolled.to_string(), "2026-04-07");
}

#[test]
fn an_unlawful_pause_changes_nothing_and_says_why() {
    let (rules, calendar) = (rules(), WorkCalendar::embedded());
    let clock = opinion(&accepted_matter());
    let why = |cause, day| pause(&clock, cause, at(day), (rules, calendar)).unwrap_err();
    let id = ClockId::Opinion;
    let cause = PauseCause::Hearing;
    assert_eq!(
        why(cause, "2026-02-01"),
        PauseRefused::NotForThis { clock: id, cause }
    );
    let appraisal = PauseCause::ExpertAppraisal;
    assert!(matches!(
        why(appraisal, "2026-03-14"),
        PauseRefused::TooLate { .. }
    ));
    assert!(matches!(
        why(appraisal, "2026-01-11"),
        PauseRefused::TooLate { .. }
    ));
    let held = pause(&clock, appraisal, at("2026-02-01"), (rules, calendar)).unwrap();
    assert_eq!(
        pause(&held, appraisal, at("2026-02-02"), (rules, calendar)).unwrap_err(),
        PauseRefused::AlreadyPaused {
            clock: id,
            cause: appraisal
        }
    );
    assert_eq!(
        resume(&clock, appraisal, at("2026-02-02"), calendar).unwrap_err(),
        PauseRefused::NotPaused {
            clock: id,
            cause: appraisal
        }
    );
    let mut facts = accepted_matter();
    facts.push(fact("2026-03-14", paused(appraisal)));
    assert_eq!(opinion(&facts), clock);
}

/// The calendar, with a notice of 2027 published on a day.
fn published_on(date: &str) -> Calendars {
    let holidays = [
        "2027-01-01",
        "2027-02-08",
        "2027-02-09",
        "2027-02-10",
        "2027-02-11",
        "2027-02-12",
    ];
    let notice = YearNotice {
        year: 2027,
        version: "2027/1".to_owned(),
        source: "a notice".to_owned(),
        days_off: holidays
            .iter()
            .map(|day| day.parse().unwrap())
            .chain((1..=7).filter_map(|day| Date::from_ymd_opt(2027, 10, day)))
            .collect(),
        working_weekends: Vec::new(),
    };
    let mut calendars = Calendars::embedded();
    calendars.publish(at(date), &notice).unwrap();
    calendars
}

#[test]
fn a_new_calendar_moves_what_is_open_and_nothing_that_has_ended_or_passed() {
    // accepted on 2026-12-11, so due on 2027-02-09, a Tuesday
    let mut facts = vec![
        fact("2026-12-08", FactKind::Registered),
        fact("2026-12-09", forwarded(1, 1, ForwardingKind::Transfer)),
        fact("2026-12-11", FactKind::Accepted { by: organ(1) }),
    ];
    let opinion = |facts: &[Fact], calendars: &Calendars| {
        let clocks = clocks(facts, rules(), calendars);
        let clock = clocks
            .into_iter()
            .find(|clock| clock.clock == ClockId::Opinion)
            .unwrap();
        let Due {
            rolled,
            provisional,
            ..
        } = clock.due;
        (
            rolled.to_string(),
            provisional,
            clock.calendar_version,
            clock.state,
        )
    };
    let old = WorkCalendar::embedded().version().to_owned();
    let (new, running) = ("2027/1".to_owned(), ClockState::Running);
    let (first, moved) = ("2027-02-09".to_owned(), "2027-02-15".to_owned());
    let before = Calendars::embedded();
    assert_eq!(
        opinion(&facts, &before),
        (first.clone(), true, old.clone(), running)
    );
    let open = published_on("2026-12-20");
    assert_eq!(opinion(&facts, &open), (moved, false, new, running));
    let passed = published_on("2027-02-10");
    assert_eq!(
        opinion(&facts, &passed),
        (first.clone(), true, old.clone(), running),
        "lateness is not undone"
    );
    facts.push(fact(
        "2027-02-10",
        FactKind::ReplyDelivered { by: organ(1) },
    ));
    let late = ClockState::Overran {
        ended_at: at("2027-02-10"),
    };
    let afterwards = published_on("2027-03-01");
    assert_eq!(
        opinion(&facts, &afterwards),
        (first, true, old, late),
        "history is not scored again"
    );
    assert_eq!(
        opinion(&facts, &open).3,
        ClockState::Met {
            at: at("2027-02-10")
        }
    );
}

#[test]
fn a_due_day_that_a_post_set_stands_whatever_would_be_computed() {
    let due = "2026-04-20".parse().unwrap();
    let mut facts = accepted_matter();
    facts.extend([
        fact("2026-01-20", paused(PauseCause::ExpertAppraisal)),
        fact(
            "2026-02-01",
            FactKind::DueSet {
                clock: ClockId::Opinion,
                due,
            },
        ),
        fact(
            "2026-02-05",
            FactKind::Extended {
                clock: ClockId::Opinion,
                days: 30,
            },
        ),
    ]);
    let set = opinion(&facts);
    assert_eq!(
        (set.due.rolled, set.set_by_post, set.extended_days),
        (due, Some(due), 0)
    );
    assert_eq!(
        set.paused_since(),
        None,
        "the day stands, so the clock runs"
    );
    assert_eq!(set.fires_at(), Some(huiyin_domain::time::end_of_day(due)));
}

#[test]
fn an_unlawful_due_day_changes_nothing_and_says_why() {
    let clock = opinion(&accepted_matter());
    let why = |due: &str, date: &str| set_due(&clock, due.parse().unwrap(), at(date)).unwrap_err();
    let id = ClockId::Opinion;
    assert!(
        matches!(why("2026-05-01", "2026-03-14"), DueRefused::TooLate { clock, .. } if clock == id)
    );
    assert!(matches!(
        why("2026-05-01", "2026-01-11"),
        DueRefused::TooLate { .. }
    ));
    assert!(matches!(
        why("2026-01-31", "2026-02-01"),
        DueRefused::Past { .. }
    ));
    assert!(matches!(
        why("2026-03-13", "2026-02-01"),
        DueRefused::Same { .. }
    ));
    let ended = Clock {
        state: ClockState::Met {
            at: at("2026-02-01"),
        },
        ..clock
    };
    let refused = set_due(&ended, "2026-05-01".parse().unwrap(), at("2026-02-02"));
    assert_eq!(refused, Err(DueRefused::NotRunning { clock: id }));
}

#[test]
fn a_limit_set_with_a_transfer_runs_and_one_of_no_days_does_not() {
    let with_limit = |limit_days| {
        let FactKind::Forwarded {
            forwarding, to, by, ..
        } = forwarded(1, 1, ForwardingKind::Transfer)
        else {
            panic!("a forwarding");
        };
        let kind = FactKind::Forwarded {
            forwarding,
            to,
            by,
            kind: ForwardingKind::Transfer,
            opinion_clock: true,
            limit_days,
            simplified: None,
        };
        let facts = [
            fact("2026-01-05", FactKind::Registered),
            fact("2026-01-05", kind),
        ];
        let mut known = judged(&facts);
        known.retain(|clock| clock.clock == ClockId::AssignedLimit);
        known.pop().map(|clock| clock.due.raw.to_string())
    };
    assert_eq!(with_limit(Some(10)).as_deref(), Some("2026-01-15"));
    assert_eq!(with_limit(Some(0)), None);
    assert_eq!(with_limit(None), None);
}

#[test]
fn what_starts_a_clock_twice_starts_it_once() {
    let mut facts = accepted_matter();
    facts.push(fact("2026-01-15", FactKind::Accepted { by: organ(1) }));
    facts.push(fact("2026-01-06", FactKind::Registered));
    let started: Vec<_> = judged(&facts)
        .into_iter()
        .map(|clock| (clock.clock, clock.started))
        .collect();
    let expected = [
        (ClockId::RegisterAndForward, at("2026-01-05")),
        (ClockId::Acceptance, at("2026-01-07")),
        (ClockId::Objection, at("2026-01-07")),
        (ClockId::Opinion, at("2026-01-12")),
    ];
    assert_eq!(started, expected);
}
