//! The verbs of a chain, without a database.

use huiyin_domain::calendar::Calendars;
use huiyin_domain::ids::Id;
use huiyin_domain::organs::organ_id;
use huiyin_service_kit::status::Problem;
use uuid::Uuid;

use super::*;

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn organ(number: u128) -> OrganId {
    OrganId::from_uuid(Uuid::from_u128(number))
}

fn id<K>(number: u128) -> Id<K> {
    Id::from_uuid(Uuid::from_u128(number))
}

fn registered() -> Chain {
    let place: TerritoryCode = "431202001".parse().unwrap();
    Chain::begin(&Registered {
        id: id(1),
        matter: MatterToRoute {
            category: Category::Claim,
            subject: Subject::from_code("land_and_homestead").unwrap(),
            place,
            about: None,
        },
        by: organ_id(&place, "petition_office"),
        initial: true,
        persons: 1,
    })
}

fn onward(to: OrganId, kind: ForwardingKind) -> Onward {
    Onward {
        from: organ(100),
        to,
        kind,
        limit_days: 0,
        simplified: None,
        reasons: Vec::new(),
        post: None,
    }
}

/// Forwarded on the Monday of the handbook's table: 5 working days end on 2026-01-12.
fn forwarded() -> Chain {
    let mut chain = registered();
    let monday = at("2026-01-05T02:00:00Z");
    chain
        .hand_on(id(10), onward(organ(1), ForwardingKind::Transfer), monday)
        .unwrap();
    chain
}

fn ruling(agreed: bool) -> Ruling {
    let at = at("2026-01-13T02:00:00Z");
    Ruling {
        at,
        post: "duty officer".to_owned(),
        agreed,
        reason: String::new(),
    }
}

fn states(chain: &Chain) -> Vec<HopState> {
    chain.hops.iter().map(|hop| hop.state).collect()
}

#[test]
fn an_objection_on_the_fifth_working_day_is_in_time() {
    let mut chain = forwarded();
    chain
        .object(
            organ(1),
            (at("2026-01-12T15:59:59Z"), &Calendars::embedded()),
            "not ours".to_owned(),
        )
        .unwrap();
    assert_eq!(states(&chain), [HopState::Objected]);
}

#[test]
fn a_late_objection_is_refused_with_the_day_that_passed() {
    let late = forwarded().object(
        organ(1),
        (at("2026-01-12T16:00:00Z"), &Calendars::embedded()),
        "not ours".to_owned(),
    );
    let words = late.unwrap_err().to_string();
    assert!(
        words.contains("ended on 2026-01-12") && words.contains("accept, decline"),
        "{words}"
    );
}

#[test]
fn only_the_receiver_objects() {
    let refused = forwarded().object(
        organ(2),
        (at("2026-01-06T02:00:00Z"), &Calendars::embedded()),
        "not ours".to_owned(),
    );
    assert!(matches!(refused, Err(Problem::NotYours { .. })));
}

#[test]
fn an_objection_is_raised_once_and_stands_until_it_is_ruled_on() {
    let mut chain = forwarded();
    let day = at("2026-01-06T02:00:00Z");
    assert!(chain.rule(ruling(true)).is_err());
    chain
        .object(
            organ(1),
            (day, &Calendars::embedded()),
            "not ours".to_owned(),
        )
        .unwrap();
    assert!(
        chain
            .object(
                organ(1),
                (day, &Calendars::embedded()),
                "not ours".to_owned()
            )
            .unwrap_err()
            .to_string()
            .contains("agree_to_objection")
    );
    chain.rule(ruling(false)).unwrap();
    assert_eq!(states(&chain), [HopState::Open]);
    let again = chain
        .object(
            organ(1),
            (day, &Calendars::embedded()),
            "not ours".to_owned(),
        )
        .unwrap_err()
        .to_string();
    assert!(again.contains("objection_refused"), "{again}");
}

#[test]
fn an_agreed_objection_returns_the_hop_and_the_next_one_waits() {
    let mut chain = forwarded();
    chain
        .object(
            organ(1),
            (at("2026-01-06T02:00:00Z"), &Calendars::embedded()),
            "not ours".to_owned(),
        )
        .unwrap();
    chain.rule(ruling(true)).unwrap();
    chain
        .hand_on(
            id(11),
            onward(organ(2), ForwardingKind::Transfer),
            at("2026-01-13T02:00:00Z"),
        )
        .unwrap();
    assert_eq!(states(&chain), [HopState::Returned, HopState::Open]);
    assert_eq!(chain.tried(), [organ(1)]);
    assert_eq!(chain.hops[1].number, 2);
}

#[test]
fn a_written_acceptance_stands_although_the_matter_was_on_its_way_elsewhere() {
    let mut chain = forwarded();
    chain
        .object(
            organ(1),
            (at("2026-01-06T02:00:00Z"), &Calendars::embedded()),
            "not ours".to_owned(),
        )
        .unwrap();
    chain.rule(ruling(true)).unwrap();
    chain
        .hand_on(
            id(11),
            onward(organ(2), ForwardingKind::Transfer),
            at("2026-01-13T02:00:00Z"),
        )
        .unwrap();
    chain.accepted(organ(1), at("2026-01-12T02:00:00Z"));
    assert_eq!(states(&chain), [HopState::Accepted, HopState::Closed]);
    assert_eq!(chain.matter.stage.organ(), Some(organ(1)));
}

#[test]
fn a_referral_ends_the_road_and_runs_no_opinion_clock() {
    let mut chain = registered();
    chain
        .hand_on(
            id(10),
            onward(organ(1), ForwardingKind::Refer),
            at("2026-01-05T02:00:00Z"),
        )
        .unwrap();
    assert_eq!(states(&chain), [HopState::Referred]);
    assert!(chain.matter.opinion_clock && !chain.opinion_clock_after(ForwardingKind::Refer));
    let refused = chain.hand_on(
        id(11),
        onward(organ(2), ForwardingKind::Transfer),
        at("2026-01-06T02:00:00Z"),
    );
    assert_eq!(refused.unwrap_err().stage, "referred");
}

#[test]
fn a_withdrawal_closes_the_open_hop_and_nothing_follows() {
    let mut chain = forwarded();
    chain.withdrawn(at("2026-01-06T02:00:00Z"));
    chain.accepted(organ(1), at("2026-01-07T02:00:00Z"));
    assert_eq!(states(&chain), [HopState::Closed]);
    assert_eq!(chain.matter.stage.as_str(), "withdrawn");
}

#[test]
fn an_opinion_is_only_for_the_organ_that_accepted() {
    let mut chain = forwarded();
    let day = at("2026-01-06T02:00:00Z");
    assert_eq!(
        chain.issue_opinion(organ(1), id(5), day).unwrap_err().stage,
        "forwarded"
    );
    chain.accepted(organ(1), day);
    assert_eq!(
        chain.issue_opinion(organ(2), id(5), day).unwrap_err().only,
        Some(organ(1))
    );
    chain.issue_opinion(organ(1), id(5), day).unwrap();
    assert_eq!(states(&chain), [HopState::Answered]);
    chain.replied(organ(1), day);
    assert_eq!(chain.matter.stage.as_str(), "replied");
}
