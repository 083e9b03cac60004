//! Identities that a test makes by the authority of the constellation under test.

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::organ_id;
use huiyin_service_kit::local::authority::{Authority, Issued, Validity};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::tls::{Connector, Identity, KeyFiles, Keys};
use tonic::transport::{Channel, Endpoint};

use super::Up;

/// The organ with a function in a place.
pub fn organ(place: &str, function: &str) -> OrganId {
    organ_id(&place.parse().unwrap(), function)
}

/// The authority of the constellation under test.
pub fn authority(up: &Up) -> Authority {
    in_domain(
        up,
        &up.settings.tls.as_ref().unwrap().trust_domain.to_string(),
    )
}

/// The same authority, issuing for another trust domain.
pub fn in_domain(up: &Up, domain: &str) -> Authority {
    let domain = domain.parse().unwrap();
    let read =
        |name: &str| std::fs::read_to_string(up.folder.path().join("keys").join(name)).unwrap();
    let (certificate, key) = (read("authorities.pem"), read("authority.key"));
    Authority::of(domain, certificate, &key, Validity::from_today(1)).unwrap()
}

/// Keys in files of a test's own, which trusts the authority of the constellation.
pub fn keys(up: &Up, name: &str, issued: &Issued) -> Keys {
    let path = |kind: &str| up.folder.path().join(format!("{name}.{kind}"));
    std::fs::write(path("pem"), &issued.certificate).unwrap();
    std::fs::write(path("key"), &issued.key).unwrap();
    let trusted = up.settings.tls.clone().unwrap();
    // whatever it shows, it calls itself one of the domain, so that it can be loaded at all
    Keys::load(KeyFiles {
        certificate: path("pem"),
        key: path("key"),
        revoked: None,
        ..trusted
    })
    .unwrap()
}

/// A post of such an organ.
pub fn post(place: &str, function: &str, post: &str) -> Identity {
    Identity::Post {
        organ: organ(place, function),
        post: post.to_owned(),
    }
}

/// Where a service answers.
pub fn endpoint(settings: &Settings, service: ServiceName) -> Endpoint {
    Endpoint::from_shared(settings.addresses.of(service).to_string()).unwrap()
}

/// A channel to a service by these keys, which connects when it is used.
pub fn channel(up: &Up, service: ServiceName, keys: &Keys) -> Channel {
    let connector = Connector::new(keys.clone(), Identity::Service(service));
    endpoint(&up.settings, service).connect_with_connector_lazy(connector)
}

/// A channel to a service as a post of an organ.
pub fn as_post(up: &Up, service: ServiceName, (organ, post): (OrganId, &str)) -> Channel {
    let identity = Identity::Post {
        organ,
        post: post.to_owned(),
    };
    let validity = Validity::from_today(1);
    let issued = authority(up).issue(&identity, validity).unwrap();
    channel(up, service, &keys(up, &format!("{organ}-{post}"), &issued))
}
