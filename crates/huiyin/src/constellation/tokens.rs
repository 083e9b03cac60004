//! The issuer of tokens of a local constellation: a third party's stand-in, in the process that started the constellation.

use std::time::Duration;

use anyhow::{Context as _, Result};
use huiyin_service_kit::client::{Access, TokenSource};
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::local::issuer::{
    Client, Issuer, IssuerKeys, Options, start as start_issuer,
};
use huiyin_service_kit::tls::{KeyFiles, Keys};
use huiyin_service_kit::token::{WebAddress, WithoutTls};

use super::keys::DESKS;

/// How the issuer calls the services.
pub(super) const AUDIENCE: &str = "huiyin";
/// How long its tokens live.
const LIFETIME: Duration = Duration::from_mins(30);

/// Starts the issuer; gives it and the tokens of the system that speaks for desks.
pub(super) async fn start(
    keys: IssuerKeys,
    files: &KeyFiles,
    desks: &Keys,
    stopper: &Stopper,
) -> Result<(Issuer, TokenSource)> {
    let certificate = desks.thumbprint().context("keys without a certificate")?;
    let options = Options {
        port: 0,
        audience: AUDIENCE.to_owned(),
        lifetime: LIFETIME,
        clients: vec![Client {
            id: DESKS.to_owned(),
            certificate,
            secret: None,
            scope: "register follow".to_owned(),
        }],
        keys: Some(keys),
    };
    let issuer = start_issuer(options, stopper).await?;
    let tokens = TokenSource::new(Access {
        issuer: WebAddress::issuer(issuer.url(), WithoutTls::Refused)?,
        authorities: Some(files.authorities.clone()),
        client: DESKS.to_owned(),
        secret: None,
        keys: Some(desks.clone()),
    });
    Ok((issuer, tokens))
}
