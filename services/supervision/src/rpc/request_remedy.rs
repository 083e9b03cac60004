//! The petitioner asks the organ above for review or re-examination (art. 35, 36), before the right lapses.

use huiyin_domain::calendar::Calendars;
use huiyin_domain::ids::{MatterId, OrganId, RemedyId};
use huiyin_domain::law::{ClockId, rules};
use huiyin_domain::supervision::{Clock, ClockState, Fact, FactKind, clocks};
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Category, Remedy};
use huiyin_proto::events::v1::RemedyRequested;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::supervision::v1::{RequestRemedyRequest, RequestRemedyResponse};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::authorization::{About, hand, permit, subject};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::extend_deadline::facts_of;
use super::{known_organ, must_see, no_matter, wrong};
use crate::follow::follow;
use crate::heard::Heard;
use crate::store::clock;
use crate::store::register_line;
use crate::store::remedy::{self, RemedyCase};
use crate::wire;

const ACTION: &str = "request_remedy";

pub(crate) async fn answer(
    desk: &Desk,
    request: Request<RequestRemedyRequest>,
) -> Result<RequestRemedyResponse, Problem> {
    let message = request.get_ref();
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let wanted = Wanted::parse(message)?;
    permit(About::Organ(wanted.organ)).await?;
    let almanac = desk.almanac.clone();
    desk.database
        .once(ACTION, asked, move |tx| {
            let (almanac, wanted) = (almanac.clone(), wanted.clone());
            Box::pin(async move { carry_out(tx, &almanac, &wanted).await })
        })
        .await
}

/// A remedy as it is asked for.
#[derive(Clone, Debug)]
struct Wanted {
    matter: MatterId,
    remedy: Remedy,
    organ: OrganId,
    post: String,
}

impl Wanted {
    fn parse(message: &RequestRemedyRequest) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        violations.request_id(&message.request_id);
        let matter = violations.id("matter_id", &message.matter_id);
        let remedy = violations
            .choice("remedy", message.remedy, words::Remedy::as_str_name)
            .and_then(wire::remedy);
        let organ = violations.id("organ_id", &message.organ_id);
        let post = violations.text("post", &message.post, 1, 100);
        let ((matter, remedy), organ) = violations.finish_with(matter.zip(remedy).zip(organ))?;
        Ok(Self {
            matter,
            remedy,
            organ,
            post,
        })
    }
}

/// The clock of the right to ask, and that of the duty which asking starts.
const fn clocks_of(remedy: Remedy) -> (ClockId, ClockId) {
    match remedy {
        Remedy::Review => (ClockId::AskReview, ClockId::ReviewOpinion),
        Remedy::Reexamination => (ClockId::AskReexamination, ClockId::ReexaminationOpinion),
    }
}

async fn carry_out(
    tx: &mut Tx,
    almanac: &Almanac,
    wanted: &Wanted,
) -> Result<RequestRemedyResponse, Problem> {
    take_in_hand(tx, wanted).await?;
    let facts = facts_of(tx, wanted.matter).await?;
    let calendars = almanac.current(tx.connection()).await?;
    let now = tx.now();
    let (about, cycle) = open_right(&facts, wanted, now, &calendars)?;
    let above = known_organ(tx, "organ_id", wanted.organ).await?;
    let below = known_organ(tx, "organ_id", about).await?;
    if !above.is_above(&below) {
        let words = format!(
            "must stand above {about}, whose opinion it is about: an organ of a larger place that contains its own"
        );
        return Err(wrong("organ_id", words));
    }
    let case = RemedyCase {
        id: chance::new_id(),
        matter: wanted.matter,
        remedy: wanted.remedy,
        cycle,
        about,
        organ: wanted.organ,
        requested_at: now,
        delivered: None,
    };
    remedy::insert(tx.connection(), &case, &wanted.post).await?;
    tx.tell(Told::RemedyRequested(RemedyRequested {
        matter_id: wanted.matter.to_string(),
        remedy: wire::remedy_word(wanted.remedy).into(),
        organ_id: wanted.organ.to_string(),
    }));
    follow(tx, almanac, &[heard(&case)]).await?;
    let key = (clocks_of(wanted.remedy).1, cycle);
    let mut kept = clock::of(tx.connection(), &[wanted.matter.uuid()]).await?;
    let deadlines = kept.remove(&wanted.matter).unwrap_or_default();
    let begun = deadlines.iter().find(|deadline| deadline.key() == key);
    Ok(RequestRemedyResponse {
        remedy: Some(wire::remedy_case(&case)),
        clock: begun.map(wire::clock),
    })
}

/// The organ above need not have seen the matter before: a claim of its place comes into its hand. Of anything else that it
/// does not see it learns nothing.
async fn take_in_hand(tx: &mut Tx, wanted: &Wanted) -> Result<(), Problem> {
    let matter = [wanted.matter.uuid()];
    let shown = register_line::seen(tx.connection(), &matter).await?;
    tx.as_house().await?;
    let known = register_line::seen(tx.connection(), &matter).await?;
    let own = subject().and_then(|subject| subject.standing);
    let is_claim_of_place = known.iter().any(|seen| {
        seen.category == Category::Claim
            && own.is_some_and(|own| seen.place.is_within(&own.territory))
    });
    if !is_claim_of_place {
        // what the database does not show to who asks is not there, whatever the application would say
        if shown.is_empty() {
            return Err(no_matter(wanted.matter));
        }
        must_see(tx.connection(), wanted.matter).await?;
    }
    hand(tx.connection(), &[(wanted.matter, wanted.organ)]).await?;
    Ok(())
}

fn heard(case: &RemedyCase) -> Heard {
    let to = case.organ;
    let kind = match case.remedy {
        Remedy::Review => FactKind::ReviewRequested { to },
        Remedy::Reexamination => FactKind::ReexaminationRequested { to },
    };
    let at = case.requested_at;
    let id: RemedyId = case.id;
    Heard {
        matter: case.matter,
        source: id.uuid(),
        fact: Fact { at, kind },
        registration: None,
    }
}

/// Whose opinion the right to ask is about, and its cycle; only while it is open.
fn open_right(
    facts: &[Fact],
    wanted: &Wanted,
    now: Instant,
    calendars: &Calendars,
) -> Result<(OrganId, u32), Problem> {
    let (right, _) = clocks_of(wanted.remedy);
    let newest = clocks(facts, rules(), calendars)
        .into_iter()
        .filter(|clock| clock.clock == right)
        .max_by_key(|clock| clock.cycle);
    let Some(clock) = newest else {
        let opinion = match wanted.remedy {
            Remedy::Review => "no_opinion_delivered",
            Remedy::Reexamination => "no_review_opinion_delivered",
        };
        return Err(not_allowed(opinion.to_owned()));
    };
    let state = match clock.state {
        ClockState::Running if !clock.is_past_due(now) => {
            let about = clock.organ.ok_or_else(|| {
                Problem::Unexpected("a right to a remedy is about no organ".to_owned())
            })?;
            return Ok((about, clock.cycle));
        }
        ClockState::Running | ClockState::Overran { .. } => lapsed(&clock),
        ClockState::Met { .. } => format!("{}_requested", wanted.remedy),
        ClockState::Ended { why, .. } => why.to_string(),
    };
    Err(not_allowed(state))
}

fn lapsed(clock: &Clock) -> String {
    format!("right_lapsed_after_{}", clock.due.rolled)
}

fn not_allowed(state: String) -> Problem {
    Problem::NotAllowedNow {
        action: ACTION.to_owned(),
        state,
        allowed: Vec::new(),
    }
}
