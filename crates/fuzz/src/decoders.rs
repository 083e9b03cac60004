//! What streams, databases, vaults and certificates hold.

use huiyin_proto::events::v1::Event;
use huiyin_service_kit::server::deadline;
use huiyin_service_kit::tls::{Thumbprint, TrustDomain};
use huiyin_service_kit::vault::{SealedState, SealedText, WrappedKey};
use prost::Message as _;

use crate::house::HOUSE;

/// Decodes bytes as what the first of them says.
pub(crate) fn decode(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else {
        return;
    };
    match kind % 8 {
        0 => sealed(data),
        1 => text(data),
        _ => event(data),
    }
}

/// What is read of sealed bytes is written as it was.
fn sealed(data: &[u8]) {
    if let Ok(text) = SealedText::parse(data) {
        assert_eq!(text.as_bytes(), data);
    }
    if let Ok(state) = SealedState::parse(data) {
        assert_eq!(state.as_bytes(), data);
    }
    if let Ok(key) = WrappedKey::parse(data) {
        assert_eq!(key.to_bytes(), data);
    }
}

fn text(data: &[u8]) {
    if let Some(within) = deadline::parse(data) {
        // what is written again is rounded down, and read again it is the same
        let written = deadline::format(within);
        let again = deadline::parse(written.as_bytes()).unwrap();
        assert!(again <= within, "{written} is more than {within:?}");
        assert_eq!(deadline::format(again), written);
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(domain) = text.parse::<TrustDomain>() {
        assert_eq!(domain.to_string(), text);
    }
    let domain: TrustDomain = "huaihua.example".parse().unwrap();
    if let Ok(identity) = domain.identity(text) {
        assert_eq!(domain.id(&identity), text);
    }
    if let Ok(thumbprint) = text.parse::<Thumbprint>() {
        assert_eq!(thumbprint.to_string(), text);
    }
}

/// An event of a stranger goes through every reaction, as if one of the five services had told it.
fn event(data: &[u8]) {
    if let Ok(event) = Event::decode(data) {
        let again = Event::decode(event.encode_to_vec().as_slice()).unwrap();
        assert_eq!(again, event);
        HOUSE.hear(&event);
    }
}
