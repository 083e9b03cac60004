//! How organs' own systems are told.

use super::WebhookSettings;
use super::reader::Section;
use super::sections::path;
use crate::outward::SigningKey;

/// Ports that are called when the settings name none.
const PORTS: [u16; 2] = [443, 8443];

/// Reads the keys that begin with `webhook_`; none without `webhook_key`.
pub(super) fn webhooks(section: &mut Section) -> Option<WebhookSettings> {
    let key = section.secret("webhook_key", |text| {
        let long = text.chars().count() >= SigningKey::SHORTEST;
        let words = || format!("must have at least {} characters", SigningKey::SHORTEST);
        long.then_some(()).ok_or_else(words)
    });
    let networks = section.parsed(
        "webhook_networks",
        all,
        "must be networks like 10.20.0.0/16, with blanks between them",
    );
    let ports = section.parsed(
        "webhook_ports",
        all,
        "must be ports like 443 8443, with blanks between them",
    );
    let authorities = section.parsed("webhook_authorities", path, "must be the path of a file");
    Some(WebhookSettings {
        key: SigningKey::new(key?),
        networks: networks.unwrap_or_default(),
        ports: ports.unwrap_or_else(|| PORTS.to_vec()),
        authorities,
    })
}

fn all<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    let read: Option<Vec<T>> = text
        .split_whitespace()
        .map(|one| one.parse().ok())
        .collect();
    read.filter(|read| !read.is_empty())
}
