//! An organ's head extends the opinion clock (art. 34).

use huiyin_domain::calendar::Calendars;
use huiyin_domain::ids::{ExtensionId, MatterId, OrganId};
use huiyin_domain::law::{ClockId, rules};
use huiyin_domain::supervision::{Clock, ExtensionRefused, Fact, FactKind, clocks, extend};
use huiyin_proto::events::v1::DeadlineExtended;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::supervision::v1::{ExtendDeadlineRequest, ExtendDeadlineResponse};
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::must_see;
use crate::deadline::Key;
use crate::follow::follow;
use crate::heard::Heard;
use crate::store::deadline_extension::{self, Extension};
use crate::store::{clock, clock_fact, register_line};
use crate::wire;

/// The most days an extension can have in all.
const MOST_DAYS: u32 = 30;

pub(crate) async fn answer(
    desk: &Desk,
    request: Request<ExtendDeadlineRequest>,
) -> Result<ExtendDeadlineResponse, Problem> {
    let message = request.get_ref();
    let wanted = Wanted::parse(message)?;
    permit(About::Organ(wanted.organ)).await?;
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let almanac = desk.almanac.clone();
    desk.database
        .once("extend_deadline", asked, move |tx| {
            let (almanac, wanted) = (almanac.clone(), wanted.clone());
            Box::pin(async move { grant(tx, &almanac, &wanted).await })
        })
        .await
}

/// An extension as it is asked for.
#[derive(Clone, Debug)]
struct Wanted {
    matter: MatterId,
    organ: OrganId,
    days: u32,
    approved_by_post: String,
    reason: String,
}

impl Wanted {
    fn parse(message: &ExtendDeadlineRequest) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        violations.request_id(&message.request_id);
        let matter = violations.id("matter_id", &message.matter_id);
        let organ = violations.id("organ_id", &message.organ_id);
        let days = violations.within("days", message.days, 1..=MOST_DAYS);
        let approved_by_post =
            violations.text("approved_by_post", &message.approved_by_post, 1, 100);
        let reason = violations.text("reason", &message.reason, 1, 1000);
        let (matter, organ) = violations.finish_with(matter.zip(organ))?;
        Ok(Self {
            matter,
            organ,
            days,
            approved_by_post,
            reason,
        })
    }
}

async fn grant(
    tx: &mut Tx,
    almanac: &Almanac,
    wanted: &Wanted,
) -> Result<ExtendDeadlineResponse, Problem> {
    let facts = facts_of(tx, wanted.matter).await?;
    let fact = Fact {
        at: tx.now(),
        kind: FactKind::Extended {
            clock: ClockId::Opinion,
            days: wanted.days,
        },
    };
    let calendars = almanac.current(tx.connection()).await?;
    let key = decide(&facts, wanted, &fact, &calendars)?;
    let id: ExtensionId = chance::new_id();
    let extension = Extension {
        id,
        matter: wanted.matter,
        clock: key,
        organ: wanted.organ,
        days: wanted.days,
        approved_by_post: wanted.approved_by_post.clone(),
        reason: wanted.reason.clone(),
        at: fact.at,
    };
    deadline_extension::insert(tx.connection(), &extension).await?;
    tx.tell(extended(wanted));
    follow(
        tx,
        almanac,
        &[Heard {
            matter: wanted.matter,
            source: id.uuid(),
            fact,
            registration: None,
        }],
    )
    .await?;
    let mut kept = clock::of(tx.connection(), &[wanted.matter.uuid()]).await?;
    let deadlines = kept.remove(&wanted.matter).unwrap_or_default();
    let longer = deadlines
        .iter()
        .find(|deadline| deadline.key() == key)
        .map(wire::clock);
    Ok(ExtendDeadlineResponse { clock: longer })
}

/// The facts of a matter, which is locked until the transaction ends.
pub(super) async fn facts_of(tx: &mut Tx, matter: MatterId) -> Result<Vec<Fact>, Problem> {
    if register_line::lock(tx.connection(), matter)
        .await?
        .is_none()
    {
        return Err(Problem::NotFound {
            what: "matter",
            id: matter.to_string(),
        });
    }
    must_see(tx.connection(), matter).await?;
    let mut facts = clock_fact::of(tx.connection(), &[matter.uuid()]).await?;
    Ok(facts.remove(&matter).unwrap_or_default())
}

/// The opinion clock that is extended, if the law lets this organ do so now.
fn decide(
    facts: &[Fact],
    wanted: &Wanted,
    fact: &Fact,
    calendars: &Calendars,
) -> Result<Key, Problem> {
    let (rules, calendar) = (rules(), calendars.newest());
    let opinion = clocks(facts, rules, calendars)
        .into_iter()
        .filter(|clock| clock.clock == ClockId::Opinion)
        .max_by_key(|clock| clock.cycle)
        .ok_or_else(|| not_allowed("no_opinion_clock", Vec::new()))?;
    if opinion.organ != Some(wanted.organ) {
        let words = "extend_deadline is only for the organ that accepted the matter".to_owned();
        return Err(Problem::NotYours { words });
    }
    extend(&opinion, wanted.days, fact.at, (rules, calendar))
        .map_err(|refused| refusal(&opinion, &refused))?;
    if facts.contains(fact) {
        // two equal extensions at one instant would count as one
        return Err(Problem::ChangedMeanwhile);
    }
    Ok((opinion.clock, opinion.cycle))
}

fn refusal(opinion: &Clock, refused: &ExtensionRefused) -> Problem {
    match refused {
        ExtensionRefused::SetByPost { .. } => not_allowed("due_day_set_by_post", Vec::new()),
        ExtensionRefused::NotExtendable { .. } => not_allowed("not_extendable", Vec::new()),
        ExtensionRefused::NotRunning { .. } => not_allowed("opinion_clock_ended", Vec::new()),
        ExtensionRefused::TooLate { .. } => not_allowed(
            &format!("past_due_since_{}", opinion.due.rolled),
            Vec::new(),
        ),
        ExtensionRefused::TooLong { left, .. } => {
            let less = (*left > 0).then(|| format!("extend_deadline by 1 to {left} days"));
            not_allowed(
                &format!("extended_by_{}_days", opinion.extended_days),
                less.into_iter().collect(),
            )
        }
    }
}

fn not_allowed(state: &str, allowed: Vec<String>) -> Problem {
    Problem::NotAllowedNow {
        action: "extend_deadline".to_owned(),
        state: state.to_owned(),
        allowed,
    }
}

fn extended(wanted: &Wanted) -> Told {
    Told::DeadlineExtended(DeadlineExtended {
        matter_id: wanted.matter.to_string(),
        clock: wire::clock_kind(ClockId::Opinion).into(),
        days: wanted.days,
        organ_id: wanted.organ.to_string(),
    })
}
