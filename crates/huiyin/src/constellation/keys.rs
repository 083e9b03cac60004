//! The keys of a local constellation: an authority of its own that nobody else trusts, and a certificate for each of the five
//! services, for whoever runs the command line, and for the system that speaks for the desks of the city.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use huiyin_domain::organs::{PETITION_OFFICE, organ_id};
use huiyin_domain::posts;
use huiyin_domain::territory::TerritoryCode;
use huiyin_service_kit::local::authority::Validity;
use huiyin_service_kit::local::issuer::IssuerKeys;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::tls::{Identity, KeyFiles};

use crate::demo::CITY;
use crate::keys::KeyFolder;

/// The trust domain of every local constellation; their authorities differ.
const DOMAIN: &str = "local.huiyin";
/// How long keys of a local constellation last.
const DAYS: u64 = 30;

/// The system that speaks for the desks of a local constellation.
pub(super) const DESKS: &str = "office-system";

/// The keys of a local constellation.
pub(super) struct Made {
    /// Where they are.
    pub(super) files: KeyFiles,
    /// Where those are that sign the heads of the logs, as settings name them.
    pub(super) log_keys: BTreeMap<ServiceName, String>,
    /// Those of the issuer of its tokens.
    pub(super) issuer: IssuerKeys,
}

/// Makes the keys: for each service, the operator, the system that speaks for desks, and some desks themselves.
pub(super) fn write(folder: &Path) -> Result<Made> {
    let folder = folder.join("keys");
    let keys = KeyFolder::make(&folder, DOMAIN.parse()?, DAYS)?;
    for (who, identity) in holders()? {
        keys.issue(&who, &identity, DAYS)?;
    }
    let mut log_keys = BTreeMap::new();
    for service in ServiceName::ALL {
        keys.log_key(service)?;
        log_keys.insert(service, keys.log_key_setting(service)?);
    }
    let issuer = Identity::Operator("issuer".to_owned());
    let issuer = keys.authority.issue(&issuer, Validity::from_today(DAYS))?;
    Ok(Made {
        files: keys.files(),
        log_keys,
        issuer: IssuerKeys {
            certificate: issuer.certificate,
            key: issuer.key,
            authorities: keys.authority.certificate().to_owned(),
        },
    })
}

/// Who gets keys: the name of the files, and who it is. The desks are those of the petition office of the demo's city, and the
/// duty desk of the nation.
fn holders() -> Result<Vec<(String, Identity)>> {
    let services = ServiceName::ALL.map(|service| {
        let name = service.as_str().to_owned();
        (name, Identity::Service(service))
    });
    let mut holders = Vec::from(services);
    holders.push((
        "operator".to_owned(),
        Identity::Operator("local".to_owned()),
    ));
    holders.push((DESKS.to_owned(), Identity::Caller(DESKS.to_owned())));
    let office = |place: &str| anyhow::Ok(organ_id(&place.parse()?, PETITION_OFFICE));
    let city = office(CITY)?;
    let desk = |organ, post: &str| Identity::Post {
        organ,
        post: post.to_owned(),
    };
    holders.extend(posts::all().map(|(post, _)| (post.to_owned(), desk(city, post))));
    let nation = office(TerritoryCode::NATION.as_str())?;
    holders.push(("nation-duty-desk".to_owned(), desk(nation, "duty-desk")));
    Ok(holders)
}
