//! `huiyin vault`: the care of the keys of petitions, and erasing petitions for good.

use anyhow::{Context as _, Result};
use clap::{Subcommand, ValueEnum};
use huiyin_proto::intake::v1::{
    DropEpochRequest, ErasePetitionsRequest, GetVaultsRequest, RotateVaultRequest, Vault, VaultKind,
};
use tonic::Request;

use crate::connect::{Clients, persist};

/// What to do with the vault.
#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Say how the two vaults stand: versions, suites, and how many texts have their keys under which epoch
    Status,
    /// Grow fresh keys and a new master key; the keys of older texts are moved to them in the background
    Rotate {
        /// Which vault
        vault: Which,
        /// aes-256-sha-256 or sm4-sm3. Default: that of the settings
        #[arg(long, default_value = "")]
        suite: String,
    },
    /// Drop keys that no text uses any more; backups that still need them can never be opened again
    DropEpoch {
        /// Which vault
        vault: Which,
        /// The epoch, as `huiyin vault status` names it
        epoch: u32,
    },
    /// Erase petitions for good, also from every backup; the matters stay in the register without anything personal
    #[command(
        after_help = "Example: huiyin vault erase matter_... --as archive-desk --grounds \"kept for ten years\""
    )]
    Erase {
        /// Ids of the matters, up to 1000
        #[arg(required = true, value_name = "MATTER")]
        matters: Vec<String>,
        /// On what grounds; recorded, so it names nobody
        #[arg(long)]
        grounds: String,
        /// Id of the office that registered them. Default: that of the certificate
        #[arg(long, value_name = "ORGAN")]
        organ: Option<String>,
    },
}

impl VaultCommand {
    /// The post that this is for.
    #[must_use]
    pub const fn post(&self) -> &'static str {
        match self {
            Self::Status | Self::Rotate { .. } | Self::DropEpoch { .. } => "operator",
            Self::Erase { .. } => "archive-desk",
        }
    }
}

/// One of the two vaults.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Which {
    /// Claims and suggestions
    Open,
    /// Denunciations
    Sealed,
}

impl Which {
    const fn kind(self) -> VaultKind {
        match self {
            Self::Open => VaultKind::Open,
            Self::Sealed => VaultKind::Sealed,
        }
    }
}

/// Does what is asked.
///
/// # Errors
/// What intake refuses.
pub async fn run(clients: &Clients, command: VaultCommand) -> Result<()> {
    match command {
        VaultCommand::Status => status(clients).await,
        VaultCommand::Rotate { vault, suite } => {
            let request = RotateVaultRequest {
                kind: vault.kind().into(),
                suite,
            };
            // not asked again: each time it is asked there is another epoch
            let mut client = clients.vault.clone();
            let answer = client.rotate_vault(request).await;
            let answer = answer.context("the vault was not rotated")?.into_inner();
            print(answer.vault.as_ref());
            Ok(())
        }
        VaultCommand::DropEpoch { vault, epoch } => {
            let request = DropEpochRequest {
                kind: vault.kind().into(),
                epoch,
            };
            let mut client = clients.vault.clone();
            let answer = client.drop_epoch(request).await;
            let answer = answer.context("the epoch was not dropped")?.into_inner();
            print(answer.vault.as_ref());
            Ok(())
        }
        VaultCommand::Erase {
            matters,
            grounds,
            organ,
        } => {
            let organ = organ.or_else(|| clients.own_organ());
            let request = ErasePetitionsRequest {
                matter_ids: matters,
                organ_id: organ.context("--organ is needed: the certificate is of no organ")?,
                grounds,
                request_id: huiyin_service_kit::chance::new_uuid().to_string(),
            };
            let answer = persist("nothing was erased", || {
                let (mut client, request) = (clients.vault.clone(), Request::new(request.clone()));
                async move { client.erase_petitions(request).await }
            })
            .await?;
            println!(
                "{} petitions were erased for good{}",
                answer.erased,
                left(answer.master_version)
            );
            Ok(())
        }
    }
}

async fn status(clients: &Clients) -> Result<()> {
    let answer = persist("the vaults do not answer", || {
        let mut client = clients.vault.clone();
        async move { client.get_vaults(GetVaultsRequest {}).await }
    })
    .await?;
    for vault in &answer.vaults {
        print(Some(vault));
    }
    Ok(())
}

/// Under which version the keys that are left lie, where it is told.
fn left(master_version: u64) -> String {
    match master_version {
        0 => String::new(),
        told => format!("; the keys that are left lie under version {told} of the master key"),
    }
}

fn print(vault: Option<&Vault>) {
    let Some(vault) = vault else { return };
    let kind = match vault.kind() {
        VaultKind::Sealed => "sealed",
        VaultKind::Open | VaultKind::Unspecified => "open",
    };
    let version = match vault.kind() {
        VaultKind::Sealed => "counts are not told".to_owned(),
        VaultKind::Open | VaultKind::Unspecified => {
            format!("version {} of the master key", vault.master_version)
        }
    };
    println!("{kind}: {version}; new texts by {}", vault.suite);
    for (place, epoch) in vault.epochs.iter().enumerate() {
        let newest = match place + 1 == vault.epochs.len() {
            true => "  newest",
            false => "",
        };
        let texts = match vault.kind() {
            VaultKind::Sealed => String::new(),
            VaultKind::Open | VaultKind::Unspecified => format!(": {} texts", epoch.texts),
        };
        println!("  epoch {}{texts}{newest}", epoch.epoch);
    }
}
