//! An organ that owes an answer names what it answered: replies that were delivered, or a report that it handed in. Nothing else
//! closes a hot spot.

use huiyin_domain::ids::{HotSpotId, MatterId, OrganId, ReportId};
use huiyin_domain::warning::hot_spots::{Answer, AnswerRefused, WarningState};
use huiyin_proto::stability_early_warning::v1::{CloseHotSpotRequest, CloseHotSpotResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{not_found, sees};
use crate::hot_spots::{Answered, HotSpot, Said, state, wire};
use crate::rpc::nameless;
use crate::rpc::reporting::{optional_id, wrong};
use crate::service::Service;
use crate::store::{counted_matter, hot_spot, hot_spot_answer, organ_report};
use crate::wire::kept;

/// Matters of one answer at most.
const MATTERS: usize = 100;

#[derive(Clone, Debug)]
struct Given {
    organ: OrganId,
    spot: HotSpotId,
    matters: Vec<MatterId>,
    report: Option<ReportId>,
    words: String,
    post: String,
}

/// Takes in an answer.
///
/// # Errors
/// When the organ owes none, it names nothing that was answered, or the hot spot is answered already.
pub(crate) async fn answer(
    service: &Service,
    request: Request<CloseHotSpotRequest>,
) -> Result<CloseHotSpotResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let given = parse(&message)?;
    permit(About::Organ(given.organ)).await?;
    service
        .desk
        .database
        .once("close_hot_spot", asked, move |tx| {
            let given = given.clone();
            Box::pin(async move { take(tx, &given).await })
        })
        .await
}

fn parse(message: &CloseHotSpotRequest) -> Result<Given, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let spot = violations.id("hot_spot_id", &message.hot_spot_id);
    let count = message.matter_ids.len();
    let words = format!("has {count} entries; at most {MATTERS} are allowed");
    violations.check("matter_ids", count <= MATTERS, words);
    let mut matters: Vec<MatterId> = Vec::new();
    for (entry, given) in message.matter_ids.iter().take(MATTERS).enumerate() {
        let matter = violations.id(&format!("matter_ids[{entry}]"), given);
        matters.extend(matter.filter(|matter| !matters.contains(matter)));
    }
    let report = optional_id(&mut violations, "report_id", &message.report_id);
    let words = nameless(&mut violations, "words", &message.words, (1, 2000));
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let (organ, spot) = violations.finish_with(organ.zip(spot))?;
    Ok(Given {
        organ,
        spot,
        matters,
        report,
        words,
        post,
    })
}

async fn take(tx: &mut Tx, given: &Given) -> Result<CloseHotSpotResponse, Problem> {
    let found = hot_spot::find(tx.connection(), given.spot).await?;
    let owed = hot_spot_answer::of(tx.connection(), &[given.spot]).await?;
    let unknown = || not_found(given.spot);
    found.filter(|spot| sees(spot, &owed)).ok_or_else(unknown)?;
    tx.as_house().await?;
    let spot = hot_spot::lock(tx.connection(), given.spot).await?;
    let mut spot = spot.ok_or_else(unknown)?;
    let owed = hot_spot_answer::of(tx.connection(), &[given.spot]).await?;
    check(tx, &spot, given).await?;
    let matters = given.matters.iter().copied().map(Answered::Matter);
    let said = Said {
        at: kept(tx.now()),
        answered: matters.chain(given.report.map(Answered::Report)).collect(),
        words: given.words.clone(),
        post: given.post.clone(),
    };
    let answer = Answer {
        organ: given.organ,
        at: said.at,
        answered: said.answered.clone(),
    };
    let owing: Vec<OrganId> = owed.iter().map(|owed| owed.organ).collect();
    let after = state(&owed, spot.answered_at)
        .answer(&owing, answer)
        .map_err(refused)?;
    hot_spot_answer::write(tx.connection(), (spot.id, given.organ), &said).await?;
    if let WarningState::Answered { at, .. } = after {
        hot_spot::close(tx.connection(), spot.id, at).await?;
        spot.answered_at = Some(at);
    }
    let owed = hot_spot_answer::of(tx.connection(), &[spot.id]).await?;
    Ok(CloseHotSpotResponse {
        hot_spot: Some(wire::hot_spot(&spot, &owed)),
    })
}

/// What the organ names must have been answered by it.
async fn check(tx: &mut Tx, spot: &HotSpot, given: &Given) -> Result<(), Problem> {
    let mut violations = Violations::default();
    let series = (spot.places(), spot.subject.as_str());
    let of_organ = (given.organ, given.matters.as_slice());
    let answered = counted_matter::answered_by(tx.connection(), series, of_organ).await?;
    for (entry, matter) in given.matters.iter().enumerate() {
        let words = "is no matter of this place and subject to which the organ has delivered a reply or a written decline";
        violations.check(
            &format!("matter_ids[{entry}]"),
            answered.contains(matter),
            words,
        );
    }
    if let Some(id) = given.report {
        let report = organ_report::find(tx.connection(), id).await?;
        let came = report.filter(|report| report.organ == given.organ);
        let came = came.and_then(|report| report.state.submission().map(|came| came.at));
        let words = "is no report that the organ has handed in since the hot spot was found";
        violations.check(
            "report_id",
            came.is_some_and(|at| at >= spot.found_at),
            words,
        );
    }
    violations.finish()
}

fn refused(refused: AnswerRefused) -> Problem {
    match refused {
        AnswerRefused::NothingAnswered => wrong("matter_ids", refused.to_string()),
        AnswerRefused::NotOwing => wrong("organ_id", refused.to_string()),
        AnswerRefused::AlreadyAnswered => Problem::NotAllowedNow {
            action: "close_hot_spot".to_owned(),
            state: "answered".to_owned(),
            allowed: Vec::new(),
        },
    }
}
