//! A short-lived authority of our own, for development and for tests: it issues what a city's own authority would.

use std::net::Ipv4Addr;

use chrono::{Datelike as _, Days};
use huiyin_domain::time::{Date, local_date};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};

use crate::tls::{Identity, TrustDomain};
use crate::{chance, clock};

/// An authority of one trust domain.
pub struct Authority {
    domain: TrustDomain,
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// A certificate with its private key, PEM each.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
    serial: SerialNumber,
}

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
#[error("the authority cannot issue: {0}")]
pub struct CannotIssue(#[from] rcgen::Error);

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued")
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

/// From the day before a day to the day so many days after it.
#[derive(Clone, Copy, Debug)]
pub struct Validity {
    /// The day.
    pub on: Date,
    /// How many days more.
    pub days: u64,
}

impl Validity {
    /// From now on. Certificates are judged by the machine's clock, also where the clock of decisions is moved by hand.
    #[must_use]
    pub fn from_today(days: u64) -> Self {
        let on = local_date(clock::of_the_machine());
        Self { on, days }
    }
}

impl Authority {
    /// A new authority with a key of its own.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(domain: TrustDomain, validity: Validity) -> Result<Self, CannotIssue> {
        let key = KeyPair::generate()?;
        let params = authority_params(&domain, validity);
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self {
            domain,
            issuer: Issuer::new(params, key),
            certificate,
        })
    }

    /// The authority of this certificate and private key, PEM each, as [`Self::certificate`] and [`Self::key`] gave them.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub fn of(
        domain: TrustDomain,
        certificate: String,
        key: &str,
        validity: Validity,
    ) -> Result<Self, CannotIssue> {
        let params = authority_params(&domain, validity);
        Ok(Self {
            domain,
            issuer: Issuer::new(params, KeyPair::from_pem(key)?),
            certificate,
        })
    }

    /// Its private key, PEM: whoever has it issues whatever it likes.
    #[must_use]
    pub fn key(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Its own certificate, PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate for somebody of its domain, to call and to be called.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn issue(&self, identity: &Identity, validity: Validity) -> Result<Issued, CannotIssue> {
        self.issue_id(&self.domain.id(identity), validity)
    }

    /// A certificate for whatever id, also one of another domain.
    ///
    /// # Errors
    /// When no key can be made, or the id is no ASCII.
    pub fn issue_id(&self, id: &str, validity: Validity) -> Result<Issued, CannotIssue> {
        let key = KeyPair::generate()?;
        let serial = SerialNumber::from_slice(chance::new_uuid().as_bytes());
        let mut params = params("huiyin", validity);
        params.serial_number = Some(serial.clone());
        // the URI says who it is; the others let tools that ask for the name of the machine connect on this one
        params.subject_alt_names = vec![
            SanType::URI(id.try_into()?),
            SanType::DnsName("localhost".try_into()?),
            SanType::IpAddress(Ipv4Addr::LOCALHOST.into()),
        ];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        Ok(Issued {
            certificate: params.signed_by(&key, &self.issuer)?.pem(),
            key: key.serialize_pem(),
            serial,
        })
    }

    /// The list of what is revoked, PEM.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn revoke(&self, revoked: &[&Issued], validity: Validity) -> Result<String, CannotIssue> {
        let (from, to) = ends(validity);
        let revoked_certs = revoked.iter().map(|issued| RevokedCertParams {
            serial_number: issued.serial.clone(),
            revocation_time: day(from),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: day(from),
            next_update: day(to),
            crl_number: SerialNumber::from_slice(chance::new_uuid().as_bytes()),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer)?.pem()?)
    }
}

fn authority_params(domain: &TrustDomain, validity: Validity) -> CertificateParams {
    let mut params = params(&format!("authority of {domain}"), validity);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn params(name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let (from, to) = ends(validity);
    params.not_before = day(from);
    params.not_after = day(to);
    params
}

fn ends(validity: Validity) -> (Date, Date) {
    let Validity { on, days } = validity;
    let from = on.pred_opt().unwrap_or(on);
    (from, on.checked_add_days(Days::new(days)).unwrap_or(on))
}

fn day(date: Date) -> time::OffsetDateTime {
    let (month, day) = (date.month(), date.day());
    let small = |number: u32| u8::try_from(number).unwrap_or(1);
    date_time_ymd(date.year(), small(month), small(day))
}
