//! An organ's own system is told from now on.

use huiyin_domain::ids::OrganId;
use huiyin_proto::stability_early_warning::v1::{
    NoticeKind, SetWebhookRequest, SetWebhookResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::outward::{OutwardAddress, Reach};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::channel;
use crate::rpc::reporting::wrong;
use crate::service::Service;
use crate::store::webhook;
use crate::webhooks::{NOTICES, Webhook, keeping, wire};
use crate::wire::kept;

/// Open webhooks of one organ at most.
const OPEN: i64 = 5;
/// Attempts under way at a time when the request does not say.
const CONCURRENCY: u32 = 2;

#[derive(Clone, Debug)]
struct Given {
    organ: OrganId,
    url: OutwardAddress,
    notices: Vec<NoticeKind>,
    concurrency: u32,
}

/// Sets a webhook.
///
/// # Errors
/// Every wrong field at once, an address that leads inside among them; when the settings have no key.
pub(crate) async fn answer(
    service: &Service,
    request: Request<SetWebhookRequest>,
) -> Result<SetWebhookResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let organ: OrganId = {
        let mut violations = Violations::default();
        let organ = violations.id("organ_id", &message.organ_id);
        violations.finish_with(organ)?
    };
    permit(About::Organ(organ)).await?;
    let channel = channel(service, "set_webhook")?;
    let given = parse(organ, &message, channel.outward.reach()).await?;
    let mut answer = service
        .desk
        .database
        .once("set_webhook", asked, move |tx| {
            let given = given.clone();
            Box::pin(async move { set(tx, &given).await })
        })
        .await?;
    // the answer that is kept for the same request holds no secret
    if let Some(set) = &answer.webhook {
        let id = set.webhook_id.parse().map_err(unexpected)?;
        answer.secret = channel.secret(id, set.secret_version)?.shown();
    }
    Ok(answer)
}

/// An id that we wrote ourselves cannot be read.
pub(super) fn unexpected(error: impl std::fmt::Display) -> Problem {
    Problem::Unexpected(error.to_string())
}

async fn parse(
    organ: OrganId,
    message: &SetWebhookRequest,
    reach: &Reach,
) -> Result<Given, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let mut notices = Vec::new();
    for (entry, given) in message.notices.iter().enumerate() {
        let field = format!("notices[{entry}]");
        let kind = violations.choice(&field, *given, NoticeKind::as_str_name);
        notices.extend(kind.filter(|kind| !notices.contains(kind)));
    }
    violations.within("concurrency", message.concurrency, 0..=4);
    let url = match OutwardAddress::parse(&message.url, reach) {
        Ok(url) => match url.places(reach).await {
            Ok(_) => Ok(url),
            Err(words) => Err(words),
        },
        Err(words) => Err(words),
    };
    let url = url.map_err(|words| violations.add("url", words)).ok();
    let url = violations.finish_with(url)?;
    Ok(Given {
        organ,
        url,
        notices: if notices.is_empty() {
            NOTICES.to_vec()
        } else {
            notices
        },
        concurrency: match message.concurrency {
            0 => CONCURRENCY,
            given => given,
        },
    })
}

async fn set(tx: &mut Tx, given: &Given) -> Result<SetWebhookResponse, Problem> {
    tx.as_house().await?;
    if webhook::count_open(tx.connection(), given.organ).await? >= OPEN {
        let words = format!("has {OPEN} webhooks, and no more are allowed: end one first");
        return Err(wrong("organ_id", words));
    }
    let webhook = Webhook {
        id: chance::new_id(),
        organ: given.organ,
        url: given.url.as_str().to_owned(),
        notices: given.notices.clone(),
        concurrency: given.concurrency,
        version: 1,
        former_until: None,
        set_at: kept(tx.now()),
        ended: None,
    };
    webhook::insert(tx.connection(), &webhook).await?;
    keeping::begin(tx.connection(), webhook.set_at).await?;
    Ok(SetWebhookResponse {
        webhook: Some(wire::webhook(&webhook)),
        secret: String::new(),
    })
}
