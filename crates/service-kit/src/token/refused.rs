//! Why a token is refused: which check failed, for our log; what kind of thing it was, for the caller.

/// Which check a token failed. No text holds a part of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// `authorization` is no `Bearer` with a token.
    #[error("authorization is not Bearer and a token")]
    NotBearer,
    /// Longer than [`super::MAX_LENGTH`].
    #[error("it is too long")]
    TooLong,
    /// Not three parts of base64url, the first two of them JSON objects that name nothing twice.
    #[error("it is no JWT in the compact form")]
    Unreadable,
    /// `alg` is none of those the settings allow.
    #[error("alg is not allowed")]
    Algorithm,
    /// `typ` is neither `at+jwt` nor `JWT`.
    #[error("typ is neither at+jwt nor JWT")]
    Type,
    /// `crit` demands something we do not know.
    #[error("crit demands what is not known")]
    Critical,
    /// `kid` is none of the issuer's keys.
    #[error("kid is none of the issuer's keys")]
    UnknownKey,
    /// The key is of another type than `alg`.
    #[error("alg does not fit the type of the key")]
    UnfitKey,
    /// The issuer's keys cannot be had, or are too old to be believed.
    #[error("the issuer's keys cannot be had")]
    NoKeys,
    /// The signature is not that of the issuer.
    #[error("the signature does not fit")]
    Signature,
    /// `iss` is another issuer.
    #[error("iss is another issuer")]
    Issuer,
    /// `aud` does not name us.
    #[error("aud does not name us")]
    Audience,
    /// A claim is missing, or not of its form.
    #[error("{claim} is missing or wrong")]
    Claim {
        /// Its name.
        claim: &'static str,
    },
    /// `exp` has passed.
    #[error("it has expired")]
    Expired,
    /// `nbf` or `iat` is yet to come.
    #[error("it is not valid yet")]
    NotYet,
    /// Longer from `iat` to `exp` than [`super::MAX_LIFETIME`].
    #[error("it lives too long")]
    TooLongLived,
    /// `cnf` binds it to no certificate.
    #[error("cnf binds it to no certificate")]
    NotBound,
    /// The caller shows no certificate, or another one than `cnf` says.
    #[error("it is bound to another certificate")]
    OtherCertificate,
    /// Its `jti` was that of another token.
    #[error("its jti was that of another token")]
    Replayed,
}

/// The kind of a refusal: all that a caller learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It cannot be read.
    Unreadable,
    /// It is not signed by whom we believe, with what we allow, for us.
    NotBelieved,
    /// It is signed, but does not say what it must.
    Incomplete,
    /// It is not its time.
    NotNow,
    /// It is another certificate's.
    NotYours,
    /// Its id was used before.
    Replayed,
    /// Nobody's token can be checked now.
    NotChecked,
}

impl TokenRefused {
    /// The kind of it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NotBearer | Self::TooLong | Self::Unreadable => Kind::Unreadable,
            Self::Algorithm
            | Self::Type
            | Self::Critical
            | Self::UnknownKey
            | Self::UnfitKey
            | Self::Signature
            | Self::Issuer
            | Self::Audience => Kind::NotBelieved,
            Self::Claim { .. } | Self::TooLongLived | Self::NotBound => Kind::Incomplete,
            Self::Expired | Self::NotYet => Kind::NotNow,
            Self::OtherCertificate => Kind::NotYours,
            Self::Replayed => Kind::Replayed,
            Self::NoKeys => Kind::NotChecked,
        }
    }

    /// One word for the log and for a metric.
    #[must_use]
    pub const fn check(&self) -> &'static str {
        match self {
            Self::NotBearer => "not_bearer",
            Self::TooLong => "too_long",
            Self::Unreadable => "unreadable",
            Self::Algorithm => "algorithm",
            Self::Type => "type",
            Self::Critical => "critical",
            Self::UnknownKey => "unknown_key",
            Self::UnfitKey => "unfit_key",
            Self::NoKeys => "no_keys",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Claim { .. } => "claim",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::TooLongLived => "too_long_lived",
            Self::NotBound => "not_bound",
            Self::OtherCertificate => "other_certificate",
            Self::Replayed => "replayed",
        }
    }
}

impl Kind {
    /// What the caller reads.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unreadable => "the token cannot be read",
            Self::NotBelieved => "the token is not believed here",
            Self::Incomplete => "the token does not say what it must",
            Self::NotNow => "the token is not valid at this time; get a new one",
            Self::NotYours => "the token is not bound to the certificate of this connection",
            Self::Replayed => "the token's id was used before; get a new one",
            Self::NotChecked => "tokens cannot be checked now; try again",
        }
    }
}
