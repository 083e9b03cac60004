//! Webhooks: an organ's own system is told of what reaches the organ's desk (`docs/webhooks.md`).
//!
//! What is to be told is written in the transaction in which the desk receives it ([`queueing`]); it is told outside of any
//! transaction, signed, again and again for a day ([`sending`]). What was settled long ago is removed ([`keeping`]).

pub(crate) mod keeping;
pub(crate) mod queueing;
pub(crate) mod sending;
mod service;
pub(crate) mod wire;

use std::sync::Arc;

use huiyin_domain::ids::{AlertId, EventId, OrganId, WebhookId};
use huiyin_domain::time::Instant;
use huiyin_domain::warning::webhooks::Unanswered;
use huiyin_proto::stability_early_warning::v1::NoticeKind;
use huiyin_service_kit::outward::{
    Outward, Reach, SigningKey, SigningSecret, resolve_by_the_machine,
};
use huiyin_service_kit::settings::WebhookSettings;
use huiyin_service_kit::status::Problem;
use tokio::sync::Notify;

/// By what organs' own systems are told.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    /// From what their secrets are derived.
    key: SigningKey,
    /// Calls them.
    pub(crate) outward: Outward,
    /// Rung when there may be something to tell.
    pub(crate) rung: Arc<Notify>,
}

/// A webhook.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) id: WebhookId,
    pub(crate) organ: OrganId,
    /// As it was written; it was in reach when it was set.
    pub(crate) url: String,
    pub(crate) notices: Vec<NoticeKind>,
    /// Attempts under way at a time at most.
    pub(crate) concurrency: u32,
    /// Of the secret, from 1.
    pub(crate) version: u32,
    /// Until when the secret of the version before signs too.
    pub(crate) former_until: Option<Instant>,
    pub(crate) set_at: Instant,
    pub(crate) ended: Option<(Instant, EndedBy)>,
}

/// Why a webhook ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedBy {
    /// The organ ended it.
    Organ,
    /// The receiver is gone.
    Gone,
}

/// Something that is to be told.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) event: EventId,
    pub(crate) alert: AlertId,
    pub(crate) notice: NoticeKind,
    pub(crate) told_at: Instant,
    pub(crate) state: DeliveryState,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryState {
    /// It is tried at this instant at the earliest.
    Waiting(Instant),
    /// The receiver took it in then.
    Delivered(Instant),
    /// It has not been tried any more since then.
    GivenUp(Instant),
}

/// One attempt and what it came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub(crate) event: EventId,
    pub(crate) number: u32,
    pub(crate) at: Instant,
    /// The status that was answered, or why nobody answered.
    pub(crate) came_to: Result<u16, Unanswered>,
}

impl Channel {
    /// The channel of the settings.
    pub(crate) fn new(settings: &WebhookSettings) -> Self {
        let reach = Reach {
            networks: settings.networks.clone(),
            ports: settings.ports.clone(),
            resolve: resolve_by_the_machine(),
        };
        Self {
            key: settings.key.clone(),
            outward: Outward::new(reach, settings.authorities.clone()),
            rung: Arc::default(),
        }
    }

    /// The secret of a webhook in one of its versions.
    ///
    /// # Errors
    /// When none can be derived.
    pub(crate) fn secret(&self, id: WebhookId, version: u32) -> Result<SigningSecret, Problem> {
        let secret = self.key.secret(&id.to_string(), version);
        secret.ok_or_else(|| Problem::Unexpected("no secret could be derived".to_owned()))
    }
}

impl EndedBy {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Organ => "organ",
            Self::Gone => "gone",
        }
    }
}

/// The word of a kind of notice, as it is stored and sent; none when it is not given, and of a bundle that rang: bundles are for
/// people at a desk, a system is told of each alert by itself.
pub(crate) const fn notice_word(kind: NoticeKind) -> Option<&'static str> {
    match kind {
        NoticeKind::Unspecified | NoticeKind::BundleRang => None,
        NoticeKind::Raised => Some("raised"),
        NoticeKind::Acknowledged => Some("acknowledged"),
        NoticeKind::Escalated => Some("escalated"),
        NoticeKind::ReportedOn => Some("reported_on"),
        NoticeKind::Refused => Some("refused"),
    }
}

/// Every kind of notice.
pub(crate) const NOTICES: [NoticeKind; 5] = [
    NoticeKind::Raised,
    NoticeKind::Acknowledged,
    NoticeKind::Escalated,
    NoticeKind::ReportedOn,
    NoticeKind::Refused,
];

/// The kind of notice of a stored word.
///
/// # Errors
/// When it is no such word.
pub(crate) fn notice_of(word: &str) -> Result<NoticeKind, Problem> {
    let known = NOTICES.into_iter();
    let mut known = known.filter(|kind| notice_word(*kind) == Some(word));
    known
        .next()
        .ok_or_else(|| Problem::Unexpected(format!("{word} is no kind of notice")))
}
