//! Whom to believe: chains that end at our authorities, not revoked, with one identity of our trust domain.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, RevocationCheckDepth,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};

use super::identity::{Identity, InvalidIdentity, TrustDomain};

/// What certificates are checked against.
#[derive(Debug)]
pub(super) struct Trust {
    /// Our trust domain.
    pub(super) domain: TrustDomain,
    /// Our authorities.
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    /// What they have revoked.
    pub(super) revoked: Vec<CertRevocationList<'static>>,
    /// How signatures are checked.
    pub(super) provider: Arc<CryptoProvider>,
}

impl Trust {
    /// Who a certificate names, if it is to be believed at this time for this use.
    fn believe(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        (now, usage): (UnixTime, KeyUsage),
    ) -> Result<Identity, Error> {
        let parsed = EndEntityCert::try_from(certificate).map_err(bad)?;
        let revoked: Vec<&CertRevocationList<'_>> = self.revoked.iter().collect();
        // whom no list names is not revoked: there may be several authorities, and a list that is old still names those
        // that it named
        let revocation = RevocationOptionsBuilder::new(&revoked).ok().map(|options| {
            options
                .with_depth(RevocationCheckDepth::EndEntity)
                .with_status_policy(UnknownStatusPolicy::Allow)
                .with_expiration_policy(ExpirationPolicy::Ignore)
                .build()
        });
        parsed
            .verify_for_usage(
                self.provider.signature_verification_algorithms.all,
                &self.anchors,
                intermediates,
                now,
                usage,
                revocation,
                None,
            )
            .map_err(bad)?;
        self.named(&parsed)
    }

    /// Who the one URI among the names of a certificate is.
    fn named(&self, certificate: &EndEntityCert<'_>) -> Result<Identity, Error> {
        let mut names = certificate.valid_uri_names();
        let name = names.next().filter(|_| names.next().is_none());
        let named = name
            .ok_or(InvalidIdentity::Form)
            .and_then(|name| self.domain.identity(name));
        named.map_err(|wrong| {
            tracing::debug!(%wrong, "a certificate names nobody we know");
            Error::InvalidCertificate(CertificateError::NotValidForName)
        })
    }

    /// Who a certificate that was believed names.
    pub(super) fn identity(&self, certificate: &CertificateDer<'_>) -> Result<Identity, Error> {
        self.named(&EndEntityCert::try_from(certificate).map_err(bad)?)
    }
}

fn bad(error: webpki::Error) -> Error {
    let words = match error {
        webpki::Error::CertExpired { .. } => CertificateError::Expired,
        webpki::Error::CertNotValidYet { .. } => CertificateError::NotValidYet,
        webpki::Error::CertRevoked => CertificateError::Revoked,
        webpki::Error::UnknownIssuer => CertificateError::UnknownIssuer,
        _ => CertificateError::BadEncoding,
    };
    Error::InvalidCertificate(words)
}

fn only_tls13() -> Error {
    Error::General("only TLS 1.3 is spoken".to_owned())
}

/// Believes callers of our trust domain, whoever they are: what they may do is for the policies to say.
#[derive(Debug)]
pub(super) struct Callers(pub(super) Arc<Trust>);

impl ClientCertVerifier for Callers {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let usage = (now, KeyUsage::client_auth());
        self.0.believe(certificate, intermediates, usage)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.0.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// Believes one identity alone, whatever the host is called.
#[derive(Debug)]
pub(super) struct Only {
    pub(super) trust: Arc<Trust>,
    pub(super) expected: Identity,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _host: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let usage = (now, KeyUsage::server_auth());
        let identity = self.trust.believe(certificate, intermediates, usage)?;
        if identity == self.expected {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::NotValidForName))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.trust.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.trust.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
