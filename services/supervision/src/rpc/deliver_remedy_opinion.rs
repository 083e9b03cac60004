//! The organ above has delivered its opinion (art. 35, 36).

use huiyin_domain::calendar::Calendars;
use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::law::{ClockId, rules};
use huiyin_domain::supervision::{Fact, FactKind};
use huiyin_domain::time::{Instant, local_date};
use huiyin_domain::vocabulary::{Remedy, RemedyOutcome};
use huiyin_proto::events::v1::RemedyOpinionDelivered;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::supervision::v1::{DeliverRemedyOpinionRequest, DeliverRemedyOpinionResponse};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::safe::{Safe, seal_reasons};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::extend_deadline::facts_of;
use crate::follow::follow;
use crate::heard::Heard;
use crate::service::Service;
use crate::store::remedy::{self, RemedyCase};
use crate::wire;

const ACTION: &str = "deliver_remedy_opinion";

pub(crate) async fn answer(
    service: &Service,
    request: Request<DeliverRemedyOpinionRequest>,
) -> Result<DeliverRemedyOpinionResponse, Problem> {
    let message = request.get_ref();
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let given = Given::parse(message)?;
    permit(About::Organ(given.organ)).await?;
    let safe = service.remedies.clone();
    let asked = safe.keyed(asked)?;
    // asked for before the transaction, which holds a connection
    let leaf = safe.next_leaf().await?;
    let almanac = service.desk.almanac.clone();
    service
        .desk
        .database
        .once(ACTION, asked, move |tx| {
            let (almanac, safe, given) = (almanac.clone(), safe.clone(), given.clone());
            Box::pin(async move { carry_out(tx, &almanac, (&safe, leaf), &given).await })
        })
        .await
}

/// An opinion as it was given.
#[derive(Clone, Debug)]
struct Given {
    matter: MatterId,
    remedy: Remedy,
    organ: OrganId,
    outcome: RemedyOutcome,
    reasons: String,
    legal_basis: String,
}

impl Given {
    fn parse(message: &DeliverRemedyOpinionRequest) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        violations.request_id(&message.request_id);
        let matter = violations.id("matter_id", &message.matter_id);
        let remedy = violations
            .choice("remedy", message.remedy, words::Remedy::as_str_name)
            .and_then(wire::remedy);
        let organ = violations.id("organ_id", &message.organ_id);
        let outcome = violations
            .choice(
                "outcome",
                message.outcome,
                words::RemedyOutcome::as_str_name,
            )
            .and_then(wire::outcome);
        let reasons = violations.text("reasons", &message.reasons, 1, 100_000);
        let legal_basis = violations.text("legal_basis", &message.legal_basis, 1, 4000);
        let ((matter, remedy), (organ, outcome)) =
            violations.finish_with(matter.zip(remedy).zip(organ.zip(outcome)))?;
        Ok(Self {
            matter,
            remedy,
            organ,
            outcome,
            reasons,
            legal_basis,
        })
    }
}

async fn carry_out(
    tx: &mut Tx,
    almanac: &Almanac,
    (safe, leaf): (&Safe, i64),
    given: &Given,
) -> Result<DeliverRemedyOpinionResponse, Problem> {
    // the lock under which nobody else delivers it
    facts_of(tx, given.matter).await?;
    let known = remedy::of_matter(tx.connection(), given.matter).await?;
    let case = owed(known, given)?;
    let (now, outcome) = (tx.now(), given.outcome);
    let words = (given.reasons.as_str(), given.legal_basis.as_str());
    let sealed = seal_reasons(safe, (leaf, case.id.uuid()), words)?;
    remedy::deliver(tx.connection(), case.id, (outcome, &sealed), now).await?;
    tx.tell(Told::RemedyOpinionDelivered(RemedyOpinionDelivered {
        matter_id: given.matter.to_string(),
        remedy: wire::remedy_word(given.remedy).into(),
        organ_id: given.organ.to_string(),
        outcome: wire::outcome_word(outcome).into(),
    }));
    follow(tx, almanac, &[heard(given, now)]).await?;
    let calendars = almanac.current(tx.connection()).await?;
    let case = RemedyCase {
        delivered: Some((now, outcome)),
        ..case
    };
    Ok(DeliverRemedyOpinionResponse {
        remedy: Some(wire::remedy_case(&case)),
        next_remedy: next_remedy(given.remedy, now, &calendars),
    })
}

/// The remedy whose opinion this organ owes.
fn owed(known: Vec<RemedyCase>, given: &Given) -> Result<RemedyCase, Problem> {
    let not_allowed = |state: String| Problem::NotAllowedNow {
        action: ACTION.to_owned(),
        state,
        allowed: Vec::new(),
    };
    let newest = known
        .into_iter()
        .filter(|case| case.remedy == given.remedy)
        .max_by_key(|case| case.cycle);
    let case = newest.ok_or_else(|| not_allowed(format!("no_{}_requested", given.remedy)))?;
    if case.organ != given.organ {
        let words = format!(
            "{ACTION} is only for {}, which was asked for it",
            case.organ
        );
        return Err(Problem::NotYours { words });
    }
    match case.delivered {
        Some(_) => Err(not_allowed(format!("{}_opinion_delivered", given.remedy))),
        None => Ok(case),
    }
}

fn heard(given: &Given, at: Instant) -> Heard {
    let by = given.organ;
    let kind = match given.remedy {
        Remedy::Review => FactKind::ReviewOpinionDelivered { by },
        Remedy::Reexamination => FactKind::FinalOpinionDelivered { by },
    };
    Heard {
        matter: given.matter,
        // the remedy itself is the source of its request
        source: chance::new_uuid(),
        fact: Fact { at, kind },
        registration: None,
    }
}

/// What the petitioner can do now, and until when.
fn next_remedy(remedy: Remedy, delivered: Instant, calendars: &Calendars) -> String {
    let day = local_date(delivered);
    match remedy {
        Remedy::Review => {
            let rule = rules().rule_on(ClockId::AskReexamination, day);
            let due = huiyin_domain::law::due(rule, day, calendars.newest()).rolled;
            format!(
                "Whoever does not agree with this opinion may ask the next-higher organ for a re-examination until {due} \
                 (Regulations on Petition Work, article {}).",
                rule.article
            )
        }
        Remedy::Reexamination => "This opinion is final. The same facts and reasons are not accepted again (Regulations \
                                  on Petition Work, article 36); new ones can be raised at any time."
            .to_owned(),
    }
}
