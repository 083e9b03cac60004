//! What would be otherwise under proposed competence rules; changes nothing.

use std::collections::BTreeMap;

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::routing::{Decision, Reason, Rules, route};
use huiyin_domain::time::local_date;
use huiyin_proto::routing::v1::{RehearseRulesRequest, RehearseRulesResponse, RehearsedMove};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use crate::rulebook::InForce;
use crate::service::Service;
use crate::store::routed_matter::{self, Past};
use crate::wire;

/// Matters read at once.
const BATCH: i64 = 5000;
/// Moves that are listed.
const MOVES: usize = 500;
/// Examples of a move.
const EXAMPLES: usize = 5;

/// Matters of one subject that would go from one organ to another.
#[derive(Debug, Default)]
struct Move {
    matters: u64,
    examples: Vec<MatterId>,
    reasons: Vec<Reason>,
}

#[derive(Debug, Default)]
struct Rehearsal {
    considered: u64,
    elsewhere: u64,
    unrouted: u64,
    moves: BTreeMap<(&'static str, Option<OrganId>, Option<OrganId>), Move>,
}

/// Replays past matters.
pub(crate) async fn rehearse_rules(
    service: &Service,
    request: Request<RehearseRulesRequest>,
) -> Result<RehearseRulesResponse, Problem> {
    let request = request.into_inner();
    let mut violations = Violations::default();
    let proposed = wire::competence_rules(&mut violations, "rules", request.rules.as_ref());
    let since = match request.since_date.as_str() {
        "" => None,
        given => violations.date("since_date", given),
    };
    let proposed = violations.finish_with(proposed)?;
    let mut connection = service.desk.database.reading().await?;
    let on = local_date(service.desk.database.now());
    let in_force = service.rulebook.in_force(&mut connection, on).await?;
    let (today, then) = (
        in_force.rules(),
        Rules {
            competence: &proposed,
            ..in_force.rules()
        },
    );
    let mut rehearsal = Rehearsal::default();
    let mut after = None;
    loop {
        let matters = routed_matter::past(&mut connection, since, after, BATCH).await?;
        for past in &matters {
            rehearsal.compare(past, &today, &then);
        }
        after = matters.last().map(|past| past.id);
        if matters.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            break;
        }
        // decisions are pure work: others get their turn
        tokio::task::yield_now().await;
    }
    Ok(rehearsal.report(&in_force))
}

impl Rehearsal {
    fn compare(&mut self, past: &Past, today: &Rules<'_>, then: &Rules<'_>) {
        self.considered += 1;
        let (before, after) = (route(&past.matter, today), route(&past.matter, then));
        let went = |decision: &Decision| (decision.to, decision.kind);
        if before.as_ref().map(went).ok() == after.as_ref().map(went).ok() {
            return;
        }
        self.elsewhere += 1;
        self.unrouted += u64::from(after.is_err());
        let (from, to) = (before.ok().map(|decision| decision.to), after.as_ref().ok());
        let key = (
            past.matter.subject.code.as_str(),
            from,
            to.map(|decision| decision.to),
        );
        let moved = self.moves.entry(key).or_default();
        moved.matters += 1;
        if moved.examples.len() < EXAMPLES {
            moved.examples.push(past.id);
        }
        if moved.matters == 1 {
            moved.reasons = match after {
                Ok(decision) => decision.reasons,
                Err(nobody) => vec![Reason {
                    rule_id: "routing/unrouted art. 24".to_owned(),
                    words: nobody.to_string(),
                }],
            };
        }
    }

    fn report(self, in_force: &InForce) -> RehearseRulesResponse {
        let organ = |id: OrganId| in_force.directory.get(id).map(wire::organ);
        let mut moves: Vec<_> = self.moves.into_iter().collect();
        moves.sort_by_key(|(key, moved)| (std::cmp::Reverse(moved.matters), *key));
        let more_moves = moves.len() > MOVES;
        moves.truncate(MOVES);
        let moves = moves
            .into_iter()
            .map(|((subject, from, to), moved)| RehearsedMove {
                subject: subject.to_owned(),
                from: from.and_then(organ),
                to: to.and_then(organ),
                matters: moved.matters,
                example_matter_ids: moved.examples.iter().map(ToString::to_string).collect(),
                reasons: wire::reasons(&moved.reasons),
            });
        RehearseRulesResponse {
            compared_with: in_force.competence.version().to_owned(),
            considered: self.considered,
            elsewhere: self.elsewhere,
            unrouted: self.unrouted,
            moves: moves.collect(),
            more_moves,
        }
    }
}
