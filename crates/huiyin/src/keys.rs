//! `huiyin keys`: a small authority of one's own, for a laptop, a test or a county that has none.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Subcommand;
use huiyin_service_kit::evidence::key::LogKey;
use huiyin_service_kit::local::authority::{Authority, Issued, Validity};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::tls::{Identity, KeyFiles, TrustDomain};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make an authority with keys for the five services and an operator, and print the section of the settings
    Make {
        /// The folder; must not be there yet
        folder: PathBuf,
        /// The trust domain, such as huaihua.example
        #[arg(long)]
        trust_domain: TrustDomain,
        /// Days for which they last
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=825))]
        days: u64,
    },
    /// Issue keys to one more
    #[command(
        after_help = "Examples: huiyin keys issue .huiyin/running/keys head organ/organ_.../post/head\n          huiyin keys issue keys platform caller/national-platform"
    )]
    Issue {
        /// The folder of the authority
        folder: PathBuf,
        /// The name of the files
        name: String,
        /// Who it is: service/NAME, caller/NAME, operator/NAME or organ/ID/post/POST
        identity: Identity,
        /// Days for which they last
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=825))]
        days: u64,
    },
}

/// The folder of an authority and of the keys it issued: `<who>.pem`, `<who>.key`, `authorities.pem`, `authority.key`, `revoked.pem`.
pub struct KeyFolder {
    folder: PathBuf,
    trust_domain: TrustDomain,
    /// The authority.
    pub authority: Authority,
}

impl KeyFolder {
    /// Makes a folder with a new authority, which has revoked nobody.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn make(folder: &Path, trust_domain: TrustDomain, days: u64) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let validity = Validity::from_today(days);
        let authority = Authority::new(trust_domain.clone(), validity)?;
        let keys = Self {
            folder: folder.to_owned(),
            trust_domain,
            authority,
        };
        keys.secret("authorities.pem", keys.authority.certificate())?;
        keys.secret("authority.key", &keys.authority.key())?;
        keys.secret("revoked.pem", &keys.authority.revoke(&[], validity)?)?;
        keys.secret("trust_domain", &keys.trust_domain.to_string())?;
        Ok(keys)
    }

    /// A folder that was made before.
    ///
    /// # Errors
    /// When a file is missing or wrong.
    pub fn open(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).with_context(|| {
                format!(
                    "{} cannot be read: is this a folder of huiyin keys?",
                    path.display()
                )
            })
        };
        let trust_domain: TrustDomain = read("trust_domain")?.trim().parse()?;
        let (certificate, key) = (read("authorities.pem")?, read("authority.key")?);
        let validity = Validity::from_today(1);
        Ok(Self {
            authority: Authority::of(trust_domain.clone(), certificate, &key, validity)?,
            folder: folder.to_owned(),
            trust_domain,
        })
    }

    /// Issues keys under a name.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn issue(&self, who: &str, identity: &Identity, days: u64) -> Result<()> {
        let Issued {
            certificate, key, ..
        } = &self.authority.issue(identity, Validity::from_today(days))?;
        self.secret(&format!("{who}.pem"), certificate)?;
        self.secret(&format!("{who}.key"), key)
    }

    /// Makes the key with which a service signs the heads of its logs, and its public half beside it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn log_key(&self, service: ServiceName) -> Result<()> {
        let made = LogKey::made()?;
        let key =
            LogKey::of_bytes(made.as_bytes()).context("a key that was made cannot be read")?;
        self.secret(&format!("{service}.log.key"), &made)?;
        self.secret(&format!("{service}.log.pub.pem"), &key.public().to_pem())
    }

    /// Where the key of a service's logs is, as its section of the settings names it.
    ///
    /// # Errors
    /// When the folder of the project cannot be found.
    pub fn log_key_setting(&self, service: ServiceName) -> Result<String> {
        let path = self.folder.join(format!("{service}.log.key"));
        let path = std::path::absolute(path).context("the folder cannot be found")?;
        Ok(format!("log_key = \"file:{}\"", path.display()))
    }

    /// Where the keys are.
    #[must_use]
    pub fn files(&self) -> KeyFiles {
        let path = |name: &str| self.folder.join(name);
        KeyFiles {
            trust_domain: self.trust_domain.clone(),
            certificate: path("{who}.pem"),
            key: path("{who}.key"),
            authorities: path("authorities.pem"),
            revoked: Some(path("revoked.pem")),
        }
    }

    fn secret(&self, name: &str, text: &str) -> Result<()> {
        write_secret(&self.folder.join(name), text)
    }
}

/// Writes a file that only we can read.
///
/// # Errors
/// When it cannot be written.
pub fn write_secret(path: &Path, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let file = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    file.with_context(|| format!("{} cannot be written", path.display()))
}

/// Does it.
///
/// # Errors
/// What is wrong with the folder or the name.
pub fn run(command: KeysCommand) -> Result<()> {
    match command {
        KeysCommand::Make {
            folder,
            trust_domain,
            days,
        } => {
            ensure!(!folder.exists(), "{} is there already", folder.display());
            let keys = KeyFolder::make(&folder, trust_domain, days)?;
            for service in ServiceName::ALL {
                keys.issue(service.as_str(), &Identity::Service(service), days)?;
                keys.log_key(service)?;
            }
            keys.issue("operator", &Identity::Operator("operator".to_owned()), days)?;
            println!("{}", section(&keys.files()));
            println!("# and in the section of each service, for the heads of its logs:");
            for service in ServiceName::ALL {
                println!("# [{}]  {}", service.key(), keys.log_key_setting(service)?);
            }
        }
        KeysCommand::Issue {
            folder,
            name,
            identity,
            days,
        } => {
            let named = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
            ensure!(
                !name.is_empty() && name.chars().all(named),
                "{name:?} is no name of a file: letters, digits, hyphens and underscores are allowed"
            );
            let keys = KeyFolder::open(&folder)?;
            keys.issue(&name, &identity, days)?;
            if let Identity::Service(service) = identity {
                keys.log_key(service)?;
                println!(
                    "the section [{}] wants {}",
                    service.key(),
                    keys.log_key_setting(service)?
                );
            }
            let id = keys.trust_domain.id(&identity);
            println!("{id} has {name}.pem and {name}.key in {}", folder.display());
        }
    }
    Ok(())
}

/// The section of the settings.
#[must_use]
pub fn section(files: &KeyFiles) -> String {
    let revoked = files.revoked.as_ref();
    let revoked = revoked.map(|path| format!("revoked = {path:?}\n"));
    format!(
        "[tls]\ntrust_domain = \"{}\"\ncertificate = {:?}\nkey = {:?}\nauthorities = {:?}\n{}",
        files.trust_domain,
        files.certificate,
        files.key,
        files.authorities,
        revoked.unwrap_or_default()
    )
}
