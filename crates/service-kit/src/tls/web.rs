//! Calling somebody of the web by TLS, who is known by the name of the host: an issuer of tokens.

use std::sync::Arc;

use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};

use super::files::Keys;

/// HTTP/1.1, one exchange a connection.
const PROTOCOL: &[u8] = b"http/1.1";

/// How to call the web: whom these authorities vouch for is believed, and our certificate is shown when there are keys.
pub(crate) fn to_the_web(
    authorities: RootCertStore,
    keys: Option<&Keys>,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(authorities);
    let mut client = match keys {
        None => builder.with_no_client_auth(),
        Some(keys) => {
            let (chain, key) = keys.loaded().shown();
            builder.with_client_auth_cert(chain, key)?
        }
    };
    client.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(client)
}
