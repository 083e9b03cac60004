//! The door of a service: who asks is found out from the connection, and what the policies do not allow is refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use huiyin_domain::ids::OrganId;
use huiyin_domain::posts::Duty;

use crate::authorization::{Asking, Rights, Standings, Subject, Who};
use crate::client::CALLER;
use crate::clock::of_the_machine;
use crate::status::Problem;
use crate::tls::{Identity, Peer};
use crate::token::{Tokens, bearer};

/// What a platform may do that shows no certificate, because there is no TLS: development alone.
const WITHOUT_TLS: [Duty; 2] = [Duty::Register, Duty::Follow];

/// The door of a service.
#[derive(Clone, Debug)]
pub struct Door(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Guarded(Guard),
    /// Everything is allowed to everybody: the tests of what services do, not of who may ask it.
    Unguarded,
    /// Everything is allowed, and the database is told who asks: the tests of what row-level security keeps back by itself.
    Underneath(Guard),
}

/// What the policies need to decide.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The policies.
    pub rights: &'static Rights,
    /// Where organs stand.
    pub standings: Standings,
    /// Whose tokens are believed.
    pub tokens: Option<Tokens>,
    /// Whether who calls is proved by TLS; without, its own word is all there is.
    pub by_tls: bool,
}

impl Door {
    /// The door of a service that decides by policies.
    #[must_use]
    pub const fn guarded(guard: Guard) -> Self {
        Self(Kind::Guarded(guard))
    }

    /// A door that lets everybody do everything, for tests.
    pub(crate) const fn unguarded() -> Self {
        Self(Kind::Unguarded)
    }

    /// A door that lets everybody do everything and tells the database who it is, for tests.
    pub(crate) const fn underneath(guard: Guard) -> Self {
        Self(Kind::Underneath(guard))
    }

    /// Who asks.
    ///
    /// # Errors
    /// When its token is refused, or the database does not answer.
    pub(super) async fn subject(
        &self,
        headers: &HeaderMap,
        peer: Option<&Peer>,
    ) -> Result<Subject, Problem> {
        match &self.0 {
            Kind::Guarded(guard) | Kind::Underneath(guard) => guard.subject(headers, peer).await,
            Kind::Unguarded => {
                let proved = peer.and_then(|peer| peer.identity.clone());
                let identity = proved.or_else(|| by_word(headers));
                Ok(identity.map_or_else(Subject::stranger, |one| Subject::plain(one.into())))
            }
        }
    }

    /// Lets a call in, or not.
    ///
    /// # Errors
    /// [`Problem::NotPermitted`].
    pub(super) fn admit(&self, subject: Arc<Subject>, action: &str) -> Result<Asking, Problem> {
        match &self.0 {
            Kind::Guarded(guard) => {
                Asking::at_the_door(subject, guard.rights, (action, &guard.standings))
            }
            Kind::Unguarded => Ok(Asking::unguarded(subject)),
            Kind::Underneath(_) => Ok(Asking::underneath(subject)),
        }
    }
}

impl Guard {
    async fn subject(&self, headers: &HeaderMap, peer: Option<&Peer>) -> Result<Subject, Problem> {
        let identity = match peer.and_then(|peer| peer.identity.clone()) {
            Some(proved) => Some(proved),
            None if self.by_tls => None,
            None => by_word(headers),
        };
        match identity.map(Who::from) {
            Some(Who::Post { organ, post }) => self.post(organ, &post).await,
            Some(Who::Platform(name)) => self.platform(name, headers, peer).await,
            Some(who) => Ok(Subject::plain(who)),
            None => Ok(Subject::stranger()),
        }
    }

    async fn post(&self, organ: OrganId, post: &str) -> Result<Subject, Problem> {
        let standing = self.standings.of(organ).await?;
        let unknown = || {
            let post = post.to_owned();
            Subject::plain(Who::Post { organ, post })
        };
        Ok(standing.map_or_else(unknown, |standing| Subject::post(standing, post)))
    }

    /// A system speaks for whom its token says; without a token for nobody, and then it may do nothing.
    async fn platform(
        &self,
        name: String,
        headers: &HeaderMap,
        peer: Option<&Peer>,
    ) -> Result<Subject, Problem> {
        let (tokens, presented) = match (&self.tokens, headers.get(AUTHORIZATION)) {
            (Some(tokens), Some(presented)) => (tokens, presented),
            _ if self.by_tls => return Ok(Subject::platform(name, BTreeSet::new())),
            _ => return Ok(Subject::platform(name, WITHOUT_TLS.into())),
        };
        let thumbprint = peer.and_then(|peer| peer.thumbprint.as_ref());
        let speaker = match bearer(presented.as_bytes()) {
            Ok(token) => tokens.verify(token, thumbprint, of_the_machine()).await,
            Err(refused) => Err(refused),
        };
        let speaker = speaker.map_err(|refused| {
            tracing::info!(caller = name, %refused, "a token is refused");
            Problem::TokenRefused(refused)
        })?;
        match speaker.organ.zip(speaker.post) {
            Some((organ, post)) => self.post(organ, &post).await,
            None => Ok(Subject::platform(name, speaker.duties)),
        }
    }
}

/// Who the caller says it is.
fn by_word(headers: &HeaderMap) -> Option<Identity> {
    headers.get(CALLER)?.to_str().ok()?.parse().ok()
}
