//! The receiver of an assignment reports its completion, the assigning organ rules (art. 22).

use huiyin_domain::ids::OrganId;
use huiyin_domain::matter::Stage;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::ForwardingKind;
use huiyin_service_kit::status::Problem;

use super::{Chain, Completion, CompletionRuling, Hop};

impl Chain {
    /// The organ that was assigned the matter reports that it is completed, once its answer was delivered.
    ///
    /// # Errors
    /// Refused to any other organ, before the answer was delivered, and while a report waits or was accepted.
    pub(crate) fn report_completion(
        &mut self,
        organ: OrganId,
        at: Instant,
        report: String,
    ) -> Result<Hop, Problem> {
        const ACTION: &str = "report_completion";
        let stage = self.matter.stage;
        let hop = self.assigned(ACTION)?;
        if hop.to() != organ {
            let words = format!("only {}, to which it was assigned, may report", hop.to());
            return Err(Problem::NotYours { words });
        }
        if !matches!(stage, Stage::Replied { .. }) {
            let allowed = stage.actions_allowed().iter().map(|action| action.as_str());
            return Err(not_now(ACTION, stage.as_str(), allowed.collect()));
        }
        match hop.completion.as_ref().map(|known| &known.ruling) {
            Some(None) => {
                let allowed = vec!["accept_completion", "return_completion"];
                return Err(not_now(ACTION, "completion_reported", allowed));
            }
            Some(Some(ruling)) if ruling.accepted => {
                return Err(not_now(ACTION, "completion_accepted", Vec::new()));
            }
            Some(Some(_)) | None => {}
        }
        hop.completion = Some(Completion {
            at,
            report,
            ruling: None,
        });
        Ok(hop.clone())
    }

    /// The assigning organ rules on the report.
    ///
    /// # Errors
    /// Refused to any other organ, and when no report waits.
    pub(crate) fn rule_completion(
        &mut self,
        organ: OrganId,
        ruling: CompletionRuling,
    ) -> Result<Hop, Problem> {
        let action = if ruling.accepted {
            "accept_completion"
        } else {
            "return_completion"
        };
        let hop = self.assigned(action)?;
        if hop.from() != organ {
            let words = format!("only {}, which assigned it, may rule", hop.from());
            return Err(Problem::NotYours { words });
        }
        let waiting = hop
            .completion
            .as_mut()
            .filter(|known| known.ruling.is_none());
        let Some(completion) = waiting else {
            let allowed = vec!["report_completion"];
            return Err(not_now(action, "no_completion_reported", allowed));
        };
        completion.ruling = Some(ruling);
        Ok(hop.clone())
    }

    /// The latest hop, if it is an assignment.
    fn assigned(&mut self, action: &str) -> Result<&mut Hop, Problem> {
        let assigned = |hop: &&mut Hop| hop.onward.kind == ForwardingKind::Assign;
        let latest = self.hops.last_mut().filter(assigned);
        latest.ok_or_else(|| not_now(action, "not_assigned", Vec::new()))
    }
}

fn not_now(action: &str, state: &str, allowed: Vec<&str>) -> Problem {
    Problem::NotAllowedNow {
        action: action.to_owned(),
        state: state.to_owned(),
        allowed: allowed.into_iter().map(str::to_owned).collect(),
    }
}
