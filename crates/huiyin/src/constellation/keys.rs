//! The keys of a local constellation: an authority of its own that nobody else trusts, and a certificate for each of the five
//! services and for whoever runs the command line.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use huiyin_service_kit::local::authority::{Authority, Issued, Validity};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::tls::{Identity, KeyFiles, TrustDomain};

/// The trust domain of every local constellation; their authorities differ.
const DOMAIN: &str = "local.huiyin";
/// How long keys of a local constellation last.
const DAYS: u64 = 30;

/// Makes the keys; gives where they are.
pub(super) fn write(folder: &Path) -> Result<KeyFiles> {
    let folder = folder.join("keys");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let trust_domain: TrustDomain = DOMAIN.parse()?;
    let validity = Validity::from_today(DAYS);
    let authority = Authority::new(trust_domain.clone(), validity)?;
    for service in ServiceName::ALL {
        let issued = authority.issue(&Identity::Service(service), validity)?;
        keep(&folder, service.as_str(), &issued)?;
    }
    let operator = Identity::Operator("local".to_owned());
    keep(&folder, "operator", &authority.issue(&operator, validity)?)?;
    let path = |name: &str| folder.join(name);
    secret(&path("authorities.pem"), authority.certificate())?;
    Ok(KeyFiles {
        trust_domain,
        certificate: path("{who}.pem"),
        key: path("{who}.key"),
        authorities: path("authorities.pem"),
        revoked: None,
    })
}

fn keep(folder: &Path, who: &str, issued: &Issued) -> Result<()> {
    secret(&folder.join(format!("{who}.pem")), &issued.certificate)?;
    secret(&folder.join(format!("{who}.key")), &issued.key)
}

/// A file that only we can read.
fn secret(path: &Path, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let file = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    file.with_context(|| format!("{} cannot be written", path.display()))
}

/// The section of the settings.
pub(super) fn section(files: &KeyFiles) -> String {
    format!(
        "\n[tls]\ntrust_domain = \"{}\"\ncertificate = {:?}\nkey = {:?}\nauthorities = {:?}\n",
        files.trust_domain, files.certificate, files.key, files.authorities
    )
}
