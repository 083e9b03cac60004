//! Another post takes over a shift or what remains of it. What was set before is never overwritten.

use huiyin_domain::ids::{OrganId, ShiftId};
use huiyin_domain::time::{Instant, local};
use huiyin_domain::warning::duty::{DutyRole, Substitution};
use huiyin_proto::stability_early_warning::v1::{SubstitutePostRequest, SubstitutePostResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::locked;
use crate::duty::{Relieved, Shift, wire};
use crate::rpc::{nameless, reporting::wrong};
use crate::service::Service;
use crate::store::duty_substitution;
use crate::wire::kept;

/// Who takes over from whom.
#[derive(Clone, Debug)]
struct Substituting {
    organ: OrganId,
    shift: ShiftId,
    role: DutyRole,
    post: String,
    from: Option<Instant>,
    reason: String,
}

/// Substitutes a post.
///
/// # Errors
/// Every wrong field at once; when the shift has ended, or the post is on duty in it already.
pub(crate) async fn answer(
    service: &Service,
    request: Request<SubstitutePostRequest>,
) -> Result<SubstitutePostResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let wanted = parse(&message)?;
    permit(About::Organ(wanted.organ)).await?;
    service
        .desk
        .database
        .once("substitute_post", asked, move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move {
                let shift = substitute(tx, wanted).await?;
                Ok(SubstitutePostResponse {
                    shift: Some(wire::shift(&shift)),
                })
            })
        })
        .await
}

fn parse(message: &SubstitutePostRequest) -> Result<Substituting, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let shift = violations.id("shift_id", &message.shift_id);
    let role = wire::role(&mut violations, "role", message.role);
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let from = message
        .from_time
        .as_ref()
        .and_then(|from| violations.time("from_time", Some(from)))
        .map(kept);
    let reason = nameless(&mut violations, "reason", &message.reason, (0, 200));
    let (organ, (shift, role)) = violations.finish_with(organ.zip(shift.zip(role)))?;
    Ok(Substituting {
        organ,
        shift,
        role,
        post,
        from,
        reason,
    })
}

async fn substitute(tx: &mut Tx, wanted: Substituting) -> Result<Shift, Problem> {
    let mut shift = locked(tx, wanted.shift, wanted.organ).await?;
    let now = kept(tx.now());
    let from = check(&shift, &wanted, now)?;
    let relieved = Relieved {
        substitution: Substitution {
            role: wanted.role,
            post: wanted.post,
            from,
        },
        reason: wanted.reason,
        said_at: now,
    };
    duty_substitution::insert(tx.connection(), shift.id, &relieved).await?;
    shift.relieved.push(relieved);
    Ok(shift)
}

/// From when on the post takes over.
fn check(shift: &Shift, wanted: &Substituting, now: Instant) -> Result<Instant, Problem> {
    let not_now = |state: &str| Problem::NotAllowedNow {
        action: "substitute_post".to_owned(),
        state: state.to_owned(),
        allowed: Vec::new(),
    };
    if shift.time.to() <= now {
        return Err(not_now("ended"));
    }
    if i64::try_from(shift.relieved.len()).is_ok_and(|there| there >= duty_substitution::MOST) {
        return Err(not_now("substituted as often as a shift can be"));
    }
    let earliest = now.max(shift.time.from());
    let from = wanted.from.unwrap_or(earliest);
    if from < earliest || !shift.time.holds(from) {
        let words = format!(
            "lies outside of what is left of the shift: from {} to {}",
            local(earliest),
            local(shift.time.to())
        );
        return Err(wrong("from_time", words));
    }
    let on_duty = shift.on_duty(from);
    if on_duty.role_of(&wanted.post).is_some() {
        let words = format!(
            "is on duty in the shift then already; on duty are: {}",
            on_duty.posts().join(", ")
        );
        return Err(wrong("post", words));
    }
    Ok(from)
}
