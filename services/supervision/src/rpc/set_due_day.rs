//! A named post sets a due day against the computed one.

use huiyin_domain::calendar::Calendars;
use huiyin_domain::ids::{DueDayId, MatterId};
use huiyin_domain::law::{ClockId, rules};
use huiyin_domain::supervision::{Clock, DueRefused, Fact, FactKind, clocks, set_due};
use huiyin_domain::time::Date;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::events::v1::{ComputedDecision, DecisionOverridden};
use huiyin_proto::supervision::v1::{SetDueDayRequest, SetDueDayResponse};
use huiyin_proto::vocabulary::v1::ClockKind;
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::extend_deadline::facts_of;
use crate::follow::follow;
use crate::heard::Heard;
use crate::store::clock;
use crate::store::due_day_set::{self, DueDaySet};
use crate::wire;

pub(crate) async fn answer(
    desk: &Desk,
    request: Request<SetDueDayRequest>,
) -> Result<SetDueDayResponse, Problem> {
    let message = request.get_ref();
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let wanted = Wanted::parse(message)?;
    let almanac = desk.almanac.clone();
    desk.database
        .once("set_due_day", asked, move |tx| {
            let (almanac, wanted) = (almanac.clone(), wanted.clone());
            Box::pin(async move { set(tx, &almanac, &wanted).await })
        })
        .await
}

/// A due day as it is asked for.
#[derive(Clone, Debug)]
struct Wanted {
    matter: MatterId,
    clock: ClockId,
    due: Date,
    post: String,
    reason: String,
}

impl Wanted {
    fn parse(message: &SetDueDayRequest) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        violations.request_id(&message.request_id);
        let matter = violations.id("matter_id", &message.matter_id);
        let clock = violations
            .choice("kind", message.kind, ClockKind::as_str_name)
            .and_then(wire::clock_id);
        let due = violations.date("due_date", &message.due_date);
        let post = violations.text("post", &message.post, 1, 100);
        let reason = violations.text("reason", &message.reason, 1, 1000);
        let ((matter, clock), due) = violations.finish_with(matter.zip(clock).zip(due))?;
        Ok(Self {
            matter,
            clock,
            due,
            post,
            reason,
        })
    }
}

async fn set(
    tx: &mut Tx,
    almanac: &Almanac,
    wanted: &Wanted,
) -> Result<SetDueDayResponse, Problem> {
    let facts = facts_of(tx, wanted.matter).await?;
    let calendars = almanac.current(tx.connection()).await?;
    let found = newest(&facts, wanted, &calendars)?;
    let (now, key) = (tx.now(), (found.clock, found.cycle));
    set_due(&found, wanted.due, now).map_err(|refused| refusal(&found, &refused))?;
    let id: DueDayId = chance::new_id();
    let set = DueDaySet {
        id,
        matter: wanted.matter,
        clock: key,
        computed: found.due.rolled,
        due: wanted.due,
        post: wanted.post.clone(),
        reason: wanted.reason.clone(),
        at: now,
    };
    due_day_set::insert(tx.connection(), &set).await?;
    let kind = FactKind::DueSet {
        clock: wanted.clock,
        due: wanted.due,
    };
    let heard = Heard {
        matter: wanted.matter,
        source: id.uuid(),
        fact: Fact { at: now, kind },
        registration: None,
    };
    follow(tx, almanac, &[heard]).await?;
    let mut kept = clock::of(tx.connection(), &[wanted.matter.uuid()]).await?;
    let deadlines = kept.remove(&wanted.matter).unwrap_or_default();
    let changed = deadlines.iter().find(|deadline| deadline.key() == key);
    let organ_id = changed.map_or_else(String::new, |deadline| deadline.organ.to_string());
    tx.tell(Told::DecisionOverridden(DecisionOverridden {
        matter_id: wanted.matter.to_string(),
        decision: ComputedDecision::DueDay.into(),
        computed: set.computed.to_string(),
        decided: set.due.to_string(),
        clock: wire::clock_kind(wanted.clock).into(),
        organ_id,
        post: set.post,
    }));
    Ok(SetDueDayResponse {
        clock: changed.map(wire::clock),
    })
}

fn newest(facts: &[Fact], wanted: &Wanted, calendars: &Calendars) -> Result<Clock, Problem> {
    let of_kind = clocks(facts, rules(), calendars)
        .into_iter()
        .filter(|clock| clock.clock == wanted.clock);
    let newest = of_kind.max_by_key(|clock| clock.cycle);
    newest.ok_or_else(|| not_allowed(format!("no_{}_clock", wanted.clock)))
}

fn refusal(clock: &Clock, refused: &DueRefused) -> Problem {
    match refused {
        DueRefused::NotRunning { .. } => not_allowed(format!("{}_clock_ended", clock.clock)),
        DueRefused::TooLate { .. } => not_allowed(format!("past_due_since_{}", clock.due.rolled)),
        DueRefused::Past { .. } | DueRefused::Same { .. } => {
            let mut violations = Violations::default();
            violations.add("due_date", refused.to_string());
            Problem::InvalidFields(violations)
        }
    }
}

fn not_allowed(state: String) -> Problem {
    Problem::NotAllowedNow {
        action: "set_due_day".to_owned(),
        state,
        allowed: Vec::new(),
    }
}
