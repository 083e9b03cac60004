//! A clock stands still for a recorded cause, and runs again when that has ended.

use huiyin_domain::calendar::Calendars;
use huiyin_domain::ids::{MatterId, OrganId, PauseId};
use huiyin_domain::law::{ClockId, PauseCause, rules};
use huiyin_domain::supervision::{Clock, Fact, FactKind, PauseRefused, clocks, pause, resume};
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::events::v1::{DeadlinePaused, DeadlineResumed};
use huiyin_proto::supervision::v1::{
    self as proto, PauseDeadlineRequest, PauseDeadlineResponse, ResumeDeadlineRequest,
    ResumeDeadlineResponse,
};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::extend_deadline::facts_of;
use crate::deadline::Key;
use crate::follow::follow;
use crate::heard::Heard;
use crate::store::clock;
use crate::store::deadline_pause::{self, PauseStep};
use crate::wire;

pub(crate) async fn pause_deadline(
    desk: &Desk,
    request: Request<PauseDeadlineRequest>,
) -> Result<PauseDeadlineResponse, Problem> {
    let message = request.get_ref();
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let wanted = Wanted::parse(Step::Pause, message)?;
    permit(About::Organ(wanted.organ)).await?;
    let almanac = desk.almanac.clone();
    desk.database
        .once("pause_deadline", asked, move |tx| {
            let (almanac, wanted) = (almanac.clone(), wanted.clone());
            Box::pin(async move {
                let clock = carry_out(tx, &almanac, &wanted).await?;
                Ok(PauseDeadlineResponse { clock })
            })
        })
        .await
}

pub(crate) async fn resume_deadline(
    desk: &Desk,
    request: Request<ResumeDeadlineRequest>,
) -> Result<ResumeDeadlineResponse, Problem> {
    let message = request.get_ref();
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    // the two requests have the same fields
    let alike = PauseDeadlineRequest {
        request_id: message.request_id.clone(),
        matter_id: message.matter_id.clone(),
        organ_id: message.organ_id.clone(),
        kind: message.kind,
        cause: message.cause,
        post: message.post.clone(),
        reason: message.reason.clone(),
    };
    let wanted = Wanted::parse(Step::Resume, &alike)?;
    permit(About::Organ(wanted.organ)).await?;
    let almanac = desk.almanac.clone();
    desk.database
        .once("resume_deadline", asked, move |tx| {
            let (almanac, wanted) = (almanac.clone(), wanted.clone());
            Box::pin(async move {
                let clock = carry_out(tx, &almanac, &wanted).await?;
                Ok(ResumeDeadlineResponse { clock })
            })
        })
        .await
}

/// Which of the two is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Pause,
    Resume,
}

impl Step {
    const fn action(self) -> &'static str {
        match self {
            Self::Pause => "pause_deadline",
            Self::Resume => "resume_deadline",
        }
    }
}

/// A step as it is asked for.
#[derive(Clone, Debug)]
struct Wanted {
    step: Step,
    matter: MatterId,
    organ: OrganId,
    clock: ClockId,
    cause: PauseCause,
    post: String,
    reason: String,
}

impl Wanted {
    fn parse(step: Step, message: &PauseDeadlineRequest) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        violations.request_id(&message.request_id);
        let matter = violations.id("matter_id", &message.matter_id);
        let organ = violations.id("organ_id", &message.organ_id);
        let clock = violations
            .choice("kind", message.kind, words::ClockKind::as_str_name)
            .and_then(wire::clock_id);
        let cause = violations
            .choice("cause", message.cause, words::PauseCause::as_str_name)
            .and_then(wire::pause_cause);
        let post = violations.text("post", &message.post, 1, 100);
        let reason = violations.text("reason", &message.reason, 1, 1000);
        let ((matter, organ), (clock, cause)) =
            violations.finish_with(matter.zip(organ).zip(clock.zip(cause)))?;
        Ok(Self {
            step,
            matter,
            organ,
            clock,
            cause,
            post,
            reason,
        })
    }

    fn fact(&self) -> FactKind {
        let (clock, cause) = (self.clock, self.cause);
        match self.step {
            Step::Pause => FactKind::Paused { clock, cause },
            Step::Resume => FactKind::Resumed { clock, cause },
        }
    }

    fn told(&self) -> Told {
        let (matter_id, organ_id) = (self.matter.to_string(), self.organ.to_string());
        let (clock, cause) = (
            wire::clock_kind(self.clock).into(),
            wire::pause_cause_word(self.cause).into(),
        );
        match self.step {
            Step::Pause => Told::DeadlinePaused(DeadlinePaused {
                matter_id,
                clock,
                cause,
                organ_id,
            }),
            Step::Resume => Told::DeadlineResumed(DeadlineResumed {
                matter_id,
                clock,
                cause,
                organ_id,
            }),
        }
    }
}

async fn carry_out(
    tx: &mut Tx,
    almanac: &Almanac,
    wanted: &Wanted,
) -> Result<Option<proto::Clock>, Problem> {
    let facts = facts_of(tx, wanted.matter).await?;
    let fact = Fact {
        at: tx.now(),
        kind: wanted.fact(),
    };
    let calendars = almanac.current(tx.connection()).await?;
    let key = decide(&facts, wanted, &fact, &calendars)?;
    let id: PauseId = chance::new_id();
    let step = PauseStep {
        id,
        matter: wanted.matter,
        clock: key,
        organ: wanted.organ,
        step: match wanted.step {
            Step::Pause => "paused",
            Step::Resume => "resumed",
        },
        cause: wanted.cause,
        post: wanted.post.clone(),
        reason: wanted.reason.clone(),
        at: fact.at,
    };
    deadline_pause::insert(tx.connection(), &step).await?;
    tx.tell(wanted.told());
    let heard = Heard {
        matter: wanted.matter,
        source: id.uuid(),
        fact,
        registration: None,
    };
    follow(tx, almanac, &[heard]).await?;
    let mut kept = clock::of(tx.connection(), &[wanted.matter.uuid()]).await?;
    let deadlines = kept.remove(&wanted.matter).unwrap_or_default();
    let changed = deadlines.iter().find(|deadline| deadline.key() == key);
    Ok(changed.map(wire::clock))
}

/// The clock that is paused or runs again, if the law lets this organ decide so now.
fn decide(
    facts: &[Fact],
    wanted: &Wanted,
    fact: &Fact,
    calendars: &Calendars,
) -> Result<Key, Problem> {
    let (rules, calendar) = (rules(), calendars.newest());
    let found = clocks(facts, rules, calendars)
        .into_iter()
        .filter(|clock| clock.clock == wanted.clock)
        .max_by_key(|clock| clock.cycle)
        .ok_or_else(|| not_allowed(wanted, format!("no_{}_clock", wanted.clock), None))?;
    if found.organ != Some(wanted.organ) {
        let words = format!(
            "{} is only for the organ that the clock runs for",
            wanted.step.action()
        );
        return Err(Problem::NotYours { words });
    }
    let outcome = match wanted.step {
        Step::Pause => pause(&found, wanted.cause, fact.at, (rules, calendar)),
        Step::Resume => resume(&found, wanted.cause, fact.at, calendar),
    };
    outcome.map_err(|refused| refusal(wanted, &found, &refused))?;
    if facts.contains(fact) {
        // two equal steps at one instant would count as one
        return Err(Problem::ChangedMeanwhile);
    }
    Ok((found.clock, found.cycle))
}

fn refusal(wanted: &Wanted, clock: &Clock, refused: &PauseRefused) -> Problem {
    match refused {
        PauseRefused::NotForThis { .. } => {
            let known =
                rules().rule_on(clock.clock, huiyin_domain::time::local_date(clock.started));
            let known: Vec<&str> = known.pauses.iter().map(|cause| cause.as_str()).collect();
            let allowed = (!known.is_empty()).then(|| format!("pause for {}", known.join(", ")));
            not_allowed(
                wanted,
                format!("{}_knows_no_{}", clock.clock, wanted.cause),
                allowed,
            )
        }
        PauseRefused::SetByPost { .. } => {
            not_allowed(wanted, "due_day_set_by_post".to_owned(), None)
        }
        PauseRefused::NotRunning { .. } => {
            not_allowed(wanted, format!("{}_clock_ended", clock.clock), None)
        }
        PauseRefused::TooLate { .. } => {
            not_allowed(wanted, format!("past_due_since_{}", clock.due.rolled), None)
        }
        PauseRefused::AlreadyPaused { .. } => not_allowed(
            wanted,
            format!("paused_for_{}", wanted.cause),
            Some(Step::Resume.action().to_owned()),
        ),
        PauseRefused::NotPaused { .. } => not_allowed(
            wanted,
            format!("not_paused_for_{}", wanted.cause),
            Some(Step::Pause.action().to_owned()),
        ),
    }
}

fn not_allowed(wanted: &Wanted, state: String, allowed: Option<String>) -> Problem {
    Problem::NotAllowedNow {
        action: wanted.step.action().to_owned(),
        state,
        allowed: allowed.into_iter().collect(),
    }
}
