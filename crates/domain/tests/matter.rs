//! The stages of a matter.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own text fails"
)]

use huiyin_domain::{
    ids::{OpinionId, OrganId},
    matter::{Action, Refused, Stage},
    time::Instant,
    vocabulary::DeclineReason,
};
use proptest::prelude::*;
use uuid::Uuid;

fn organ(number: u128) -> OrganId {
    OrganId::from_uuid(Uuid::from_u128(number))
}

fn opinion() -> OpinionId {
    OpinionId::from_uuid(Uuid::from_u128(9))
}

fn now() -> Instant {
    "2026-01-05T01:00:00Z".parse().unwrap()
}

/// The stage after the action, done by the organ where an organ does it.
fn act(stage: Stage, action: Action, by: OrganId) -> Result<Stage, Refused> {
    match action {
        Action::Forward => stage.forward(by, now()),
        Action::Refer => stage.refer(by, now()),
        Action::Accept => stage.accept(by, now()),
        Action::Decline => stage.decline(by, now(), DeclineReason::OutsideCompetence),
        Action::IssueOpinion => stage.issue_opinion(by, opinion(), now()),
        Action::Reply => stage.reply(by, now()),
        Action::Withdraw => stage.withdraw(now()),
    }
}

#[test]
fn a_matter_goes_from_the_register_to_the_reply() {
    let stage = Stage::Registered
        .forward(organ(1), now())
        .and_then(|stage| stage.accept(organ(1), now()))
        .and_then(|stage| stage.issue_opinion(organ(1), opinion(), now()))
        .and_then(|stage| stage.reply(organ(1), now()));
    assert_eq!(
        stage,
        Ok(Stage::Replied {
            by: organ(1),
            at: now()
        })
    );
    assert!(stage.unwrap().has_ended());
}

#[test]
fn after_an_agreed_objection_it_is_forwarded_again_and_only_the_new_organ_accepts() {
    let stage = Stage::Registered
        .forward(organ(1), now())
        .and_then(|stage| stage.forward(organ(2), now()))
        .unwrap();
    let refused = stage.accept(organ(1), now()).unwrap_err();
    assert_eq!(refused.only, Some(organ(2)));
    assert_eq!(
        refused.to_string(),
        format!(
            "accept is refused: the matter is forwarded and only {} may do it; allowed now: forward, refer, accept, decline, withdraw",
            organ(2)
        )
    );
    assert_eq!(
        stage.accept(organ(2), now()),
        Ok(Stage::Accepted {
            by: organ(2),
            at: now()
        })
    );
}

#[test]
fn a_declined_matter_can_find_its_right_organ() {
    let declined = Stage::Forwarded {
        to: organ(1),
        at: now(),
    }
    .decline(organ(1), now(), DeclineReason::StatutoryRoute)
    .unwrap();
    assert!(declined.forward(organ(2), now()).is_ok());
    assert!(declined.refer(organ(3), now()).is_ok());
}

#[test]
fn a_refusal_says_what_is_allowed() {
    let refused = Stage::Registered.reply(organ(1), now()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "reply is refused: the matter is registered; allowed now: forward, refer, withdraw"
    );
    let ended = Stage::Withdrawn { at: now() }
        .forward(organ(1), now())
        .unwrap_err();
    assert_eq!(
        ended.to_string(),
        "forward is refused: the matter is withdrawn; it has ended and nothing is allowed"
    );
}

#[test]
fn a_stage_reads_back_from_json() {
    let stage = Stage::Declined {
        by: organ(1),
        at: now(),
        reason: DeclineReason::AlreadyFinal,
    };
    let json = serde_json::to_value(stage).unwrap();
    assert_eq!(json["stage"], "declined");
    assert_eq!(serde_json::from_value::<Stage>(json).unwrap(), stage);
}

proptest! {
    #[test]
    fn what_is_allowed_is_done_and_what_is_not_is_refused(steps in prop::collection::vec((0_usize..7, 1_u128..3), 0..12)) {
        let mut stage = Stage::Registered;
        for (index, by) in steps {
            let action = Action::all()[index];
            let allowed = stage.actions_allowed().contains(&action);
            match act(stage, action, organ(by)) {
                Ok(next) => {
                    prop_assert!(allowed);
                    stage = next;
                }
                Err(refused) => prop_assert!(!allowed || refused.only.is_some_and(|only| only != organ(by))),
            }
        }
    }
}
