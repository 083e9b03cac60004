//! Keys in files, read again and again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::version::TLS13;
use rustls::{ClientConfig, ServerConfig};
use webpki::{CertRevocationList, OwnedCertRevocationList, anchor_from_trusted_cert};

use super::identity::{Identity, TrustDomain};
use super::thumbprint::Thumbprint;
use super::trust::{Callers, Only, Trust};
use crate::lifecycle::Stopper;
use crate::names::ServiceName;

/// How often the files are read again.
const READ_AGAIN: Duration = Duration::from_secs(10);
/// HTTP/2, the only protocol that is spoken.
const PROTOCOL: &[u8] = b"h2";

/// Where the keys are; PEM each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFiles {
    /// The name under which those who trust each other are known.
    pub trust_domain: TrustDomain,
    /// Our certificate, with the intermediates after it.
    pub certificate: PathBuf,
    /// Its private key, PKCS#8, SEC1 or PKCS#1.
    pub key: PathBuf,
    /// The certificates of our authorities.
    pub authorities: PathBuf,
    /// What they have revoked; none when nothing is ever revoked.
    pub revoked: Option<PathBuf>,
}

impl KeyFiles {
    /// The files of one of those who share the settings: `{who}` in a path stands for its name.
    #[must_use]
    pub fn of(&self, who: &str) -> Self {
        let path = |path: &Path| PathBuf::from(path.to_string_lossy().replace("{who}", who));
        Self {
            trust_domain: self.trust_domain.clone(),
            certificate: path(&self.certificate),
            key: path(&self.key),
            authorities: path(&self.authorities),
            revoked: self.revoked.as_deref().map(path),
        }
    }
}

/// Why keys cannot be used. No text holds a part of a key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM of the expected kind.
    #[error("[tls] {key}: {path} {wrong}")]
    File {
        /// The key of the settings.
        key: &'static str,
        /// The file.
        path: String,
        /// What is wrong with it.
        wrong: String,
    },
    /// The certificate and the private key do not belong together, or the certificate names nobody.
    #[error("[tls] certificate, key: {0}")]
    Pair(String),
}

/// The keys of a process: what it shows, and whom it believes.
#[derive(Clone, Debug)]
pub struct Keys {
    files: Arc<KeyFiles>,
    loaded: Arc<RwLock<Arc<Loaded>>>,
}

/// The keys as they were last read.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Whom to believe.
    pub(super) trust: Arc<Trust>,
    /// How to answer.
    pub(super) server: Arc<ServerConfig>,
    identity: Identity,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    texts: Texts,
}

/// What the files held.
#[derive(Debug, PartialEq, Eq)]
struct Texts {
    certificate: Vec<u8>,
    key: Vec<u8>,
    authorities: Vec<u8>,
    revoked: Option<Vec<u8>>,
}

impl Keys {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file is wrong and how.
    pub fn load(files: KeyFiles) -> Result<Self, TlsError> {
        let loaded = Loaded::of(&files, Texts::read(&files)?)?;
        Ok(Self {
            files: Arc::new(files),
            loaded: Arc::new(RwLock::new(Arc::new(loaded))),
        })
    }

    /// The keys of one of the five services.
    ///
    /// # Errors
    /// Which file is wrong and how, or whom the certificate names instead.
    pub fn of_service(files: &KeyFiles, service: ServiceName) -> Result<Self, TlsError> {
        let keys = Self::load(files.of(service.as_str()))?;
        let (given, expected) = (keys.identity(), Identity::Service(service));
        if given == expected {
            Ok(keys)
        } else {
            Err(TlsError::Pair(format!(
                "the certificate is that of {given}, not of {expected}"
            )))
        }
    }

    /// Reads the files again; gives whether they hold something else than before.
    ///
    /// # Errors
    /// Which file is wrong and how; the keys stay as they are.
    pub fn read_again(&self) -> Result<bool, TlsError> {
        let texts = Texts::read(&self.files)?;
        if texts == self.loaded().texts {
            return Ok(false);
        }
        let fresh = Arc::new(Loaded::of(&self.files, texts)?);
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }

    /// Who we are.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.loaded().identity.clone()
    }

    /// The thumbprint of our certificate; none without one, which [`Keys::load`] does not take.
    #[must_use]
    pub fn thumbprint(&self) -> Option<Thumbprint> {
        self.loaded().chain.first().map(Thumbprint::of)
    }

    pub(super) fn loaded(&self) -> Arc<Loaded> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&loaded)
    }
}

/// Reads the files again and again until the process stops. Keys that cannot be used are told of, and the old ones stay.
pub async fn keep_fresh(keys: Keys, stopper: Stopper) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(READ_AGAIN) => {}
            () = stopper.stopping() => return,
        }
        match keys.read_again() {
            Ok(true) => tracing::info!("the keys were replaced"),
            Ok(false) => {}
            Err(wrong) => tracing::error!(%wrong, "the keys stay as they were"),
        }
    }
}

impl Texts {
    fn read(files: &KeyFiles) -> Result<Self, TlsError> {
        let read = |key, path: &Path| {
            std::fs::read(path).map_err(|error| file(key, path, format!("cannot be read: {error}")))
        };
        let revoked = files.revoked.as_deref();
        Ok(Self {
            certificate: read("certificate", &files.certificate)?,
            key: read("key", &files.key)?,
            authorities: read("authorities", &files.authorities)?,
            revoked: revoked.map(|path| read("revoked", path)).transpose()?,
        })
    }
}

impl Loaded {
    fn of(files: &KeyFiles, texts: Texts) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = certificates("certificate", &files.certificate, &texts.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&texts.key)
            .map_err(|_| file("key", &files.key, "holds no private key in PEM".to_owned()))?;
        let trust = Arc::new(trust(files, &texts, Arc::clone(&provider))?);
        let pair = |error: rustls::Error| TlsError::Pair(error.to_string());
        let first = chain.first().ok_or_else(|| {
            let wrong = "holds no certificate in PEM".to_owned();
            file("certificate", &files.certificate, wrong)
        })?;
        let identity = trust.identity(first).map_err(|_| {
            let domain = &files.trust_domain;
            TlsError::Pair(format!("the certificate names nobody of spiffe://{domain}"))
        })?;
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(pair)?
            .with_client_cert_verifier(Arc::new(Callers(Arc::clone(&trust))))
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(pair)?;
        server.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self {
            trust,
            server: Arc::new(server),
            identity,
            chain,
            key,
            texts,
        })
    }

    /// How to call somebody, who must be this one.
    pub(super) fn client(&self, expected: Identity) -> Result<ClientConfig, TlsError> {
        let pair = |error: rustls::Error| TlsError::Pair(error.to_string());
        let verifier = Only {
            trust: Arc::clone(&self.trust),
            expected,
        };
        let provider: Arc<CryptoProvider> = Arc::clone(&self.trust.provider);
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(pair)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key())
            .map_err(pair)?;
        client.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(client)
    }
}

impl Loaded {
    /// What we show of ourselves: the certificate with its intermediates, and its key.
    pub(super) fn shown(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.chain.clone(), self.key.clone_key())
    }
}

fn trust(
    files: &KeyFiles,
    texts: &Texts,
    provider: Arc<CryptoProvider>,
) -> Result<Trust, TlsError> {
    let authorities = certificates("authorities", &files.authorities, &texts.authorities)?;
    let anchors = authorities.iter().map(|certificate| {
        let anchor = anchor_from_trusted_cert(certificate).map_err(|error| {
            let wrong = format!("holds a certificate that cannot be trusted: {error}");
            file("authorities", &files.authorities, wrong)
        })?;
        Ok(anchor.to_owned())
    });
    let revoked = match (&files.revoked, &texts.revoked) {
        (Some(path), Some(text)) => revoked(path, text)?,
        (None, _) | (_, None) => Vec::new(),
    };
    Ok(Trust {
        domain: files.trust_domain.clone(),
        anchors: anchors.collect::<Result<_, _>>()?,
        revoked,
        provider,
    })
}

fn certificates(
    key: &'static str,
    path: &Path,
    text: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => Err(file(key, path, "holds no certificate in PEM".to_owned())),
    }
}

fn revoked(path: &Path, text: &[u8]) -> Result<Vec<CertRevocationList<'static>>, TlsError> {
    let wrong = || {
        file(
            "revoked",
            path,
            "holds no revocation list in PEM".to_owned(),
        )
    };
    let lists = CertificateRevocationListDer::pem_slice_iter(text).map(|list| {
        let list = list.map_err(|_| wrong())?;
        let parsed = OwnedCertRevocationList::from_der(&list).map_err(|_| wrong())?;
        Ok(CertRevocationList::from(parsed))
    });
    lists.collect()
}

fn file(key: &'static str, path: &Path, wrong: String) -> TlsError {
    let path = path.display().to_string();
    TlsError::File { key, path, wrong }
}
