//! What a token says, once its signature is known to be the issuer's.

use std::collections::BTreeSet;

use chrono::DateTime;
use huiyin_domain::ids::OrganId;
use huiyin_domain::posts::Duty;
use huiyin_domain::time::{Duration, Instant};
use serde::Deserialize;
use serde_json::Value;

use super::refused::TokenRefused;
use crate::tls::{Thumbprint, segment};

/// How far our clock and that of the issuer may be apart.
const LEEWAY: Duration = Duration::seconds(60);
/// How long a token may live.
pub const MAX_LIFETIME: Duration = Duration::hours(1);
/// Characters of the longest `client_id` and `jti`.
const MAX_TEXT: usize = 255;
/// Seconds from 1970 to the end of the year 9999.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// What a calling system can be there for by itself.
const OF_SYSTEMS: [Duty; 2] = [Duty::Register, Duty::Follow];

/// Who speaks by a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// The calling system, as the issuer knows it.
    pub client: String,
    /// The organ it speaks for; none when it speaks for itself.
    pub organ: Option<OrganId>,
    /// The post of that organ, never a person's name; none without an organ.
    pub post: Option<String>,
    /// What it may do when it speaks for itself: the words of `scope` that are duties of a calling system.
    pub duties: BTreeSet<Duty>,
}

/// From when until when a token is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    from: Instant,
    until: Instant,
}

/// What a token says, its form checked.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) speaker: Speaker,
    pub(super) id: String,
    pub(super) certificate: Thumbprint,
    pub(super) validity: Validity,
}

/// The claims that are read. A name that is written twice makes the whole unreadable.
#[derive(Deserialize)]
struct Written {
    iss: Option<Value>,
    aud: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
    iat: Option<Value>,
    jti: Option<Value>,
    cnf: Option<Value>,
    client_id: Option<Value>,
    azp: Option<Value>,
    scope: Option<Value>,
    huiyin_organ: Option<Value>,
    huiyin_post: Option<Value>,
}

impl Validity {
    /// Checks that it is its time.
    pub(super) fn check(self, now: Instant) -> Result<(), TokenRefused> {
        if now >= self.end() {
            Err(TokenRefused::Expired)
        } else if now < self.from - LEEWAY {
            Err(TokenRefused::NotYet)
        } else {
            Ok(())
        }
    }

    /// From this instant on nobody takes it any more.
    pub(super) fn end(self) -> Instant {
        self.until + LEEWAY
    }
}

impl Claims {
    /// Reads claims for us: from this issuer, for this audience.
    pub(super) fn read(text: &[u8], issuer: &str, audience: &str) -> Result<Self, TokenRefused> {
        let written: Written =
            serde_json::from_slice(text).map_err(|_| TokenRefused::Unreadable)?;
        if written.iss.as_ref().and_then(Value::as_str) != Some(issuer) {
            return Err(TokenRefused::Issuer);
        }
        if !is_for(written.aud.as_ref(), audience) {
            return Err(TokenRefused::Audience);
        }
        let validity = validity(&written)?;
        let id = text_claim(written.jti.as_ref(), "jti")?;
        let certificate = certificate(written.cnf.as_ref())?;
        Ok(Self {
            speaker: speaker(&written)?,
            id,
            certificate,
            validity,
        })
    }
}

/// `aud` is one text or several (RFC 7519, 4.1.3).
fn is_for(written: Option<&Value>, audience: &str) -> bool {
    match written {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(audience)),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
    }
}

fn validity(written: &Written) -> Result<Validity, TokenRefused> {
    let until = instant(written.exp.as_ref(), "exp")?;
    let issued = instant(written.iat.as_ref(), "iat")?;
    let from = match &written.nbf {
        None => issued,
        // a token is valid neither before it was issued nor before it says so
        nbf => instant(nbf.as_ref(), "nbf")?.max(issued),
    };
    if until <= issued {
        return Err(TokenRefused::Claim { claim: "exp" });
    }
    if until - issued > MAX_LIFETIME {
        return Err(TokenRefused::TooLongLived);
    }
    Ok(Validity { from, until })
}

/// Seconds since 1970; parts of a second are cut off.
fn instant(written: Option<&Value>, claim: &'static str) -> Result<Instant, TokenRefused> {
    let seconds = written.and_then(Value::as_f64);
    let seconds = seconds.filter(|seconds| (0.0..=LAST_SECOND).contains(seconds));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "parts of a second are cut off"
    )]
    let instant = seconds.and_then(|seconds| DateTime::from_timestamp(seconds as i64, 0));
    instant.ok_or(TokenRefused::Claim { claim })
}

/// 1 to 255 visible ASCII characters.
fn text_claim(written: Option<&Value>, claim: &'static str) -> Result<String, TokenRefused> {
    let text = written.and_then(Value::as_str);
    let visible = |text: &&str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let bounded = |text: &&str| (1..=MAX_TEXT).contains(&text.len());
    let text = text.filter(bounded).filter(visible);
    text.map(str::to_owned).ok_or(TokenRefused::Claim { claim })
}

/// The certificate `cnf` binds to (RFC 8705, 3.1).
fn certificate(cnf: Option<&Value>) -> Result<Thumbprint, TokenRefused> {
    let written = cnf.and_then(|cnf| cnf.get("x5t#S256"));
    let thumbprint = written.and_then(Value::as_str).map(str::parse);
    match thumbprint {
        Some(Ok(thumbprint)) => Ok(thumbprint),
        Some(Err(_)) => Err(TokenRefused::Claim { claim: "cnf" }),
        None => Err(TokenRefused::NotBound),
    }
}

fn speaker(written: &Written) -> Result<Speaker, TokenRefused> {
    let client = match &written.client_id {
        None => text_claim(written.azp.as_ref(), "client_id")?,
        client => text_claim(client.as_ref(), "client_id")?,
    };
    let organ = written.huiyin_organ.as_ref().map(|organ| {
        let organ = organ.as_str().and_then(|organ| organ.parse().ok());
        let claim = "huiyin_organ";
        organ.ok_or(TokenRefused::Claim { claim })
    });
    let post = written.huiyin_post.as_ref().map(|post| {
        let post = post.as_str().and_then(|post| segment(post).ok());
        let claim = "huiyin_post";
        post.ok_or(TokenRefused::Claim { claim })
    });
    let (organ, post) = (organ.transpose()?, post.transpose()?);
    if post.is_some() && organ.is_none() {
        let claim = "huiyin_organ";
        return Err(TokenRefused::Claim { claim });
    }
    Ok(Speaker {
        client,
        organ,
        post,
        duties: duties(written.scope.as_ref())?,
    })
}

/// The words of `scope` (RFC 6749, 3.3) that a calling system can be there for; other words are for others.
fn duties(scope: Option<&Value>) -> Result<BTreeSet<Duty>, TokenRefused> {
    let Some(scope) = scope else {
        return Ok(BTreeSet::new());
    };
    let text = scope
        .as_str()
        .ok_or(TokenRefused::Claim { claim: "scope" })?;
    let words = text.split(' ').filter_map(|word| word.parse().ok());
    Ok(words.filter(|duty| OF_SYSTEMS.contains(duty)).collect())
}
