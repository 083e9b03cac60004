//! The care of the keys: how the vaults stand, fresh trees of keys, old ones dropped. For operators, who read nothing with it.

use huiyin_proto::intake::v1::{
    DropEpochRequest, DropEpochResponse, GetVaultsResponse, RotateVaultRequest,
    RotateVaultResponse, Vault, VaultEpoch, VaultKind,
};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::vault::{MasterVersion, Suite};
use huiyin_service_kit::violations::Violations;

use crate::service::Service;
use crate::vault::Kind;

/// Both vaults.
pub(crate) async fn get_vaults(service: &Service) -> Result<GetVaultsResponse, Problem> {
    let mut vaults = Vec::new();
    for kind in Kind::ALL {
        vaults.push(told(service, kind).await?);
    }
    Ok(GetVaultsResponse { vaults })
}

/// Grows a fresh tree.
pub(crate) async fn rotate_vault(
    service: &Service,
    request: RotateVaultRequest,
) -> Result<RotateVaultResponse, Problem> {
    let mut violations = Violations::default();
    let kind = kind(&mut violations, request.kind);
    let suite = match request.suite.as_str() {
        "" => Some(service.vaults.suite()),
        given => {
            let suite: Option<Suite> = given.parse().ok();
            violations.check(
                "suite",
                suite.is_some(),
                "must be aes-256-sha-256 or sm4-sm3",
            );
            suite
        }
    };
    let (kind, suite) = violations.finish_with(kind.zip(suite))?;
    let now = service.desk.database.now();
    service.vaults.rotate(kind, suite, now).await?;
    tracing::info!(
        kind = kind.as_str(),
        suite = suite.as_str(),
        "the vault was rotated"
    );
    Ok(RotateVaultResponse {
        vault: Some(told(service, kind).await?),
    })
}

/// Drops a tree that no text uses.
pub(crate) async fn drop_epoch(
    service: &Service,
    request: DropEpochRequest,
) -> Result<DropEpochResponse, Problem> {
    let mut violations = Violations::default();
    let kind = kind(&mut violations, request.kind);
    let kind = violations.finish_with(kind)?;
    let epochs = service.vaults.get(kind).epochs();
    let older = epochs.split_last().map_or(&[][..], |(_, older)| older);
    let found = older.iter().find(|epoch| epoch.number() == request.epoch);
    let Some(epoch) = found.copied() else {
        let mut violations = Violations::default();
        let allowed: Vec<_> = older.iter().map(ToString::to_string).collect();
        let allowed = match allowed.is_empty() {
            true => "none, as there is only the newest".to_owned(),
            false => allowed.join(", "),
        };
        violations.add(
            "epoch",
            format!("is no older epoch of this vault; allowed: {allowed}"),
        );
        return violations.finish_with(None);
    };
    let now = service.desk.database.now();
    service.vaults.drop_epoch(kind, epoch, now).await?;
    tracing::info!(
        kind = kind.as_str(),
        epoch = request.epoch,
        "an epoch was dropped"
    );
    Ok(DropEpochResponse {
        vault: Some(told(service, kind).await?),
    })
}

fn kind(violations: &mut Violations, given: i32) -> Option<Kind> {
    match violations.choice("kind", given, VaultKind::as_str_name)? {
        VaultKind::Open => Some(Kind::Open),
        VaultKind::Sealed => Some(Kind::Sealed),
        VaultKind::Unspecified => None,
    }
}

/// The version of a vault's master key, as far as it is told: that of denunciations would tell how often some were erased.
pub(crate) fn master_version(kind: Kind, version: MasterVersion) -> u64 {
    match kind {
        Kind::Open => version.number(),
        Kind::Sealed => 0,
    }
}

async fn told(service: &Service, kind: Kind) -> Result<Vault, Problem> {
    let vault = service.vaults.get(kind);
    let texts = service.vaults.texts(kind).await?;
    let epochs = texts.into_iter().map(|(epoch, texts)| VaultEpoch {
        epoch: epoch.number(),
        // a count would tell of denunciations
        texts: match kind {
            Kind::Open => texts,
            Kind::Sealed => 0,
        },
    });
    Ok(Vault {
        kind: match kind {
            Kind::Open => VaultKind::Open,
            Kind::Sealed => VaultKind::Sealed,
        }
        .into(),
        master_version: master_version(kind, vault.version()),
        suite: vault.suite().as_str().to_owned(),
        epochs: epochs.collect(),
    })
}
