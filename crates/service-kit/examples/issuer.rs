//! An issuer of tokens on this machine, with an authority of its own and one client, to try calls with (docs/tokens.md):
//! `cargo run -p huiyin-service-kit --example issuer FOLDER`. It runs until Ctrl-C.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::local::authority::{Authority, Validity};
use huiyin_service_kit::local::issuer::{self, Client, IssuerKeys, Options};
use huiyin_service_kit::tls::{Identity, KeyFiles, Keys, TrustDomain};

const PORT: u16 = 7480;
const CLIENT: &str = "national-platform";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("name a folder for the keys")?;
    let folder = PathBuf::from(folder);
    let (domain, validity): (TrustDomain, _) =
        ("huaihua.example".parse()?, Validity::from_today(1));
    let authority = Authority::new(domain.clone(), validity)?;
    let client = authority.issue(&Identity::Caller(CLIENT.to_owned()), validity)?;
    let files = KeyFiles {
        trust_domain: domain,
        certificate: write(&folder, "platform.pem", &client.certificate)?,
        key: write(&folder, "platform.key", &client.key)?,
        authorities: write(&folder, "authorities.pem", authority.certificate())?,
        revoked: None,
    };
    let certificate = Keys::load(files)?.thumbprint();
    let own = authority.issue(&Identity::Caller("issuer".to_owned()), validity)?;
    let options = Options {
        port: PORT,
        audience: "huiyin".to_owned(),
        lifetime: Duration::from_mins(10),
        clients: vec![Client {
            id: CLIENT.to_owned(),
            certificate: certificate.ok_or("no certificate")?,
            secret: None,
            scope: "register follow".to_owned(),
        }],
        keys: Some(IssuerKeys {
            certificate: own.certificate,
            key: own.key,
            authorities: authority.certificate().to_owned(),
        }),
    };
    let stopper = Stopper::on_signals()?;
    let issuer = issuer::start(options, &stopper).await?;
    let (url, folder) = (issuer.url(), folder.display());
    println!(
        "[tokens]\nissuer = \"{url}\"\naudience = \"huiyin\"\nauthorities = \"{folder}/authorities.pem\"\n"
    );
    println!(
        "curl --cacert {folder}/authorities.pem --cert {folder}/platform.pem --key {folder}/platform.key \\\n     \
         -d grant_type=client_credentials -d client_id={CLIENT} \\\n     \
         -d huiyin_organ=organ_0123456789abcdef0123456789abcdef -d huiyin_post=duty-desk \\\n     {url}/token"
    );
    stopper.stopping().await;
    stopper.drain(Duration::from_secs(1)).await?;
    Ok(())
}

fn write(folder: &Path, file: &str, text: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(file);
    std::fs::write(&path, text)?;
    Ok(path)
}
