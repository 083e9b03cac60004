//! What a due day would be; changes nothing.

use std::sync::Arc;

use huiyin_domain::calendar::WorkCalendar;
use huiyin_domain::ids::MatterId;
use huiyin_domain::law::{ClockId, ClockRule, Limit, rules};
use huiyin_domain::local::{Asked, LocalRuleId, LocalRules};
use huiyin_domain::supervision::{Clock, SupposedStep, clocks, suppose};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Date;
use huiyin_proto::supervision::v1::supposed_step::Step;
use huiyin_proto::supervision::v1::{
    RefusedStep, SimulateDeadlineRequest, SimulateDeadlineResponse, SupposedStep as GivenStep,
};
use huiyin_proto::vocabulary::v1::{ClockKind, PauseCause};
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::explain_deadline::{days, rule};
use super::must_see;
use crate::store::clock_fact;
use crate::wire;

/// Steps of one question.
const STEPS: usize = 100;
/// The longest limit that can be set.
const LIMIT: u32 = 180;

/// What is supposed.
struct Supposed {
    clock: ClockId,
    starts: Starts,
    place: TerritoryCode,
    limit_days: u32,
    steps: Vec<(Date, SupposedStep)>,
}

enum Starts {
    On(Date),
    In(MatterId),
}

pub(crate) async fn answer(
    desk: &Desk,
    local: &Arc<LocalRules>,
    request: SimulateDeadlineRequest,
) -> Result<SimulateDeadlineResponse, Problem> {
    let supposed = parse(&request)?;
    let mut connection = desk.database.reading().await?;
    let calendars = desk.almanac.current(&mut connection).await?;
    let calendar = calendars.newest();
    let clock = match supposed.starts {
        Starts::On(day) => {
            let limit = limit(&supposed, local, day);
            Clock::begun(supposed.clock, day, limit, (rules(), calendar))
        }
        Starts::In(matter) => {
            must_see(&mut connection, matter).await?;
            let mut facts = clock_fact::of(&mut connection, &[matter.uuid()]).await?;
            let facts = facts.remove(&matter).unwrap_or_default();
            let of_kind = clocks(&facts, rules(), &calendars)
                .into_iter()
                .filter(|clock| clock.clock == supposed.clock);
            of_kind
                .max_by_key(|clock| clock.cycle)
                .ok_or_else(|| Problem::NotFound {
                    what: "clock",
                    id: format!("{} of {matter}", supposed.clock),
                })?
        }
    };
    let (clock, refused) = suppose(&clock, &supposed.steps, (rules(), calendar));
    Ok(told(&clock, refused, calendar))
}

fn told(
    clock: &Clock,
    refused: Vec<(usize, String)>,
    calendar: &WorkCalendar,
) -> SimulateDeadlineResponse {
    let refused = refused.into_iter().map(|(place, words)| RefusedStep {
        place: u32::try_from(place).unwrap_or(u32::MAX),
        words,
    });
    SimulateDeadlineResponse {
        raw_due_date: clock.due.raw.to_string(),
        due_date: clock.due.rolled.to_string(),
        provisional: clock.due.provisional,
        rule: rule(clock),
        calendar: calendar.version().to_owned(),
        days: days(clock, calendar),
        refused: refused.collect(),
    }
}

/// The limit that was set, else that of the place where the law leaves it to it, else that of the rule.
fn limit(supposed: &Supposed, local: &LocalRules, day: Date) -> Limit {
    let rule: &ClockRule = rules().rule_on(supposed.clock, day);
    if supposed.limit_days > 0 && rule.as_set {
        return Limit::Days {
            n: supposed.limit_days,
        };
    }
    let of_place = match supposed.clock {
        ClockId::SimplifiedAcceptance => LocalRuleId::SimplifiedAcceptance,
        ClockId::SimplifiedOpinion => LocalRuleId::SimplifiedOpinion,
        ClockId::RecommendationAnswer => LocalRuleId::RecommendationAnswer,
        ClockId::RegisterAndForward
        | ClockId::Acceptance
        | ClockId::Objection
        | ClockId::Opinion
        | ClockId::AssignedLimit
        | ClockId::AskReview
        | ClockId::ReviewOpinion
        | ClockId::AskReexamination
        | ClockId::ReexaminationOpinion => return rule.limit,
    };
    let n = local.value(of_place, Asked::of(supposed.place, day));
    match rule.limit {
        Limit::Days { .. } => Limit::Days { n },
        Limit::WorkingDays { .. } => Limit::WorkingDays { n },
    }
}

fn parse(request: &SimulateDeadlineRequest) -> Result<Supposed, Problem> {
    let mut violations = Violations::default();
    let clock = violations
        .choice("kind", request.kind, ClockKind::as_str_name)
        .and_then(wire::clock_id);
    let starts = match (request.matter_id.as_str(), request.start_date.as_str()) {
        ("", day) => violations.date("start_date", day).map(Starts::On),
        (matter, "") => violations.id("matter_id", matter).map(Starts::In),
        (_, _) => {
            violations.add("start_date", "must be empty when a matter is given");
            None
        }
    };
    let place = match request.place_code.as_str() {
        "" => Some(TerritoryCode::NATION),
        code => violations.territory_code("place_code", code),
    };
    let limit_days = violations.within("limit_days", request.limit_days, 0..=LIMIT);
    let number = request.steps.len();
    violations.check(
        "steps",
        number <= STEPS,
        format!("are {number}; at most {STEPS} are allowed"),
    );
    let mut steps = Vec::with_capacity(number.min(STEPS));
    for (place, given) in request.steps.iter().take(STEPS).enumerate() {
        steps.extend(step(&mut violations, &format!("steps[{place}]"), given));
    }
    let in_order = steps.is_sorted_by_key(|(on, _): &(Date, SupposedStep)| *on);
    violations.check("steps", in_order, "must be in the order of their days");
    let ((clock, starts), place) = violations.finish_with(clock.zip(starts).zip(place))?;
    Ok(Supposed {
        clock,
        starts,
        place,
        limit_days,
        steps,
    })
}

fn step(
    violations: &mut Violations,
    field: &str,
    given: &GivenStep,
) -> Option<(Date, SupposedStep)> {
    let on = violations.date(&format!("{field}.on_date"), &given.on_date);
    let mut cause = |name: &str, given: i32| {
        violations
            .choice(&format!("{field}.{name}"), given, PauseCause::as_str_name)
            .and_then(wire::pause_cause)
    };
    let step = match given.step {
        Some(Step::ExtendDays(days)) => Some(SupposedStep::Extend { days }),
        Some(Step::Pause(given)) => {
            cause("pause", given).map(|cause| SupposedStep::Pause { cause })
        }
        Some(Step::Resume(given)) => {
            cause("resume", given).map(|cause| SupposedStep::Resume { cause })
        }
        None => {
            let allowed = "has no step; allowed are extend_days, pause, resume";
            violations.add(field, allowed);
            None
        }
    };
    on.zip(step)
}
