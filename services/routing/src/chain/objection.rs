//! The receiver objects, the sender rules (art. 23(3)).

use huiyin_domain::calendar::{Calendars, WorkCalendar};
use huiyin_domain::ids::OrganId;
use huiyin_domain::law::{ClockId, due, rules};
use huiyin_domain::matter::Stage;
use huiyin_domain::time::{Date, Instant, local_date};
use huiyin_service_kit::status::Problem;

use super::{Chain, Hop, HopState, Objection, Ruling};

impl Chain {
    /// The receiver of the open hop objects, within five working days of receiving it and once.
    ///
    /// # Errors
    /// Refused to any other organ, on a hop that does not wait for the receiver, a second time, and
    /// after the due date, which is named.
    pub(crate) fn object(
        &mut self,
        organ: OrganId,
        (at, calendars): (Instant, &Calendars),
        reason: String,
    ) -> Result<Hop, Problem> {
        let hop = self.waiting_hop("object")?;
        if hop.to() != organ {
            let words = format!("only {}, which received the matter, may object", hop.to());
            return Err(Problem::NotYours { words });
        }
        if hop.state == HopState::Objected {
            let allowed = ["agree_to_objection", "refuse_objection"];
            return Err(not_now("object", "objected", &allowed));
        }
        if hop.objection.is_some() {
            return Err(not_now(
                "object",
                "objection_refused",
                &["accept", "decline"],
            ));
        }
        let due = objection_due(hop.at, calendars.known_at(at));
        if local_date(at) > due {
            let state = format!(
                "forwarded; the five working days for an objection (art. 23(3)) ended on {due}"
            );
            return Err(not_now("object", &state, &["accept", "decline"]));
        }
        hop.objection = Some(Objection {
            at,
            reason,
            ruling: None,
        });
        hop.state = HopState::Objected;
        Ok(hop.clone())
    }

    /// The sender rules on the objection: agreed, the hop is returned; refused, it stands.
    ///
    /// # Errors
    /// Refused when there is no objection to rule on.
    pub(crate) fn rule(&mut self, ruling: Ruling) -> Result<Hop, Problem> {
        let agreed = ruling.agreed;
        let action = if agreed {
            "agree_to_objection"
        } else {
            "refuse_objection"
        };
        let hop = self.waiting_hop(action)?;
        match &mut hop.objection {
            Some(objection) if hop.state == HopState::Objected => objection.ruling = Some(ruling),
            Some(_) | None => {
                return Err(not_now(
                    action,
                    "forwarded",
                    &["accept", "decline", "object"],
                ));
            }
        }
        hop.state = if agreed {
            HopState::Returned
        } else {
            HopState::Open
        };
        Ok(hop.clone())
    }

    /// The latest hop, while the matter is with an organ that has neither accepted nor declined.
    fn waiting_hop(&mut self, action: &str) -> Result<&mut Hop, Problem> {
        let stage = self.matter.stage;
        match (stage, self.hops.last_mut()) {
            (Stage::Forwarded { .. }, Some(hop)) => Ok(hop),
            (
                Stage::Forwarded { .. }
                | Stage::Registered
                | Stage::Accepted { .. }
                | Stage::Declined { .. }
                | Stage::OpinionIssued { .. }
                | Stage::Replied { .. }
                | Stage::Referred { .. }
                | Stage::Withdrawn { .. },
                _,
            ) => {
                let allowed: Vec<_> = stage
                    .actions_allowed()
                    .iter()
                    .map(|action| action.as_str())
                    .collect();
                Err(not_now(action, stage.as_str(), &allowed))
            }
        }
    }
}

/// The last day on which the receiver of a hop may object.
fn objection_due(received: Instant, calendar: &WorkCalendar) -> Date {
    let day = local_date(received);
    due(rules().rule_on(ClockId::Objection, day), day, calendar).rolled
}

fn not_now(action: &str, state: &str, allowed: &[&str]) -> Problem {
    Problem::NotAllowedNow {
        action: action.to_owned(),
        state: state.to_owned(),
        allowed: allowed.iter().map(|action| (*action).to_owned()).collect(),
    }
}
