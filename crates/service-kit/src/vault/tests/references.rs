//! References to master keys.

use std::path::PathBuf;

use proptest::prelude::*;

use crate::vault::{KeyReference, PinSource, TokenKey};

fn parse(text: &str) -> Result<KeyReference, String> {
    text.parse()
        .map_err(|invalid: crate::vault::InvalidReference| invalid.to_string())
}

fn token() -> TokenKey {
    TokenKey {
        token: "huiyin".to_owned(),
        serial: None,
        object: "vault".to_owned(),
        module: PathBuf::from("/usr/lib/softhsm/libsofthsm2.so"),
        pin: PinSource::File(PathBuf::from("/run/secrets/pin")),
    }
}

#[test]
fn a_folder_is_named_by_its_path() {
    let folder = |path: &str| Ok(KeyReference::Folder(PathBuf::from(path)));
    assert_eq!(parse("file:/var/keys"), folder("/var/keys"));
    assert_eq!(parse("file:///var/keys"), folder("/var/keys"));
    assert_eq!(parse("file:/var/my%20keys"), folder("/var/my keys"));
    assert_eq!(parse("file:/%E9%92%A5"), folder("/钥"));
}

#[test]
fn a_token_is_named_by_its_labels() {
    let query = "?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/secrets/pin";
    assert_eq!(
        parse(&format!("pkcs11:token=huiyin;object=vault{query}")),
        Ok(KeyReference::Token(token()))
    );
    let encoded = "pkcs11:object=v%61ult;type=secret-key;serial=0a%3B1;token=hui%20yin?pin-source=env:HUIYIN_PIN\
                   &module-path=%2Fm.so";
    assert_eq!(
        parse(encoded),
        Ok(KeyReference::Token(TokenKey {
            token: "hui yin".to_owned(),
            serial: Some("0a;1".to_owned()),
            module: PathBuf::from("/m.so"),
            pin: PinSource::Variable("HUIYIN_PIN".to_owned()),
            ..token()
        }))
    );
}

/// Each is refused, and told to be so by words that begin like these and hold no value.
fn refused(all: &[(&str, &str)]) {
    for (text, expected) in all {
        let told = parse(text).unwrap_err();
        assert!(told.starts_with(expected), "{text}: {told}");
        assert!(!told.contains("1234"), "{told}");
    }
}

#[test]
fn the_part_of_a_path_at_fault_is_named() {
    refused(&[
        ("", "the scheme is neither"),
        ("/var/keys", "the scheme is neither"),
        ("http://a/b", "the scheme is neither"),
        ("PKCS11:token=a", "the scheme is neither"),
        ("file:var/keys", "the path is no absolute path"),
        ("file://host/keys", "the path names another machine"),
        ("file:/a?b", "the path holds a character"),
        ("file:/a b", "the path holds a character"),
        ("file:/a%0Ab", "the path holds a control character"),
        ("file:/%ff", "the path is not UTF-8"),
        ("file:/%2", "the path has a % without"),
        ("file:/%+2", "the path has a % without"),
    ]);
}

#[test]
fn the_attribute_of_a_token_at_fault_is_named() {
    let whole = |path| format!("pkcs11:{path}?module-path=/m.so&pin-source=env:PIN");
    assert!(parse(&whole("token=a;object=b")).is_ok());
    for (path, expected) in [
        ("", "token is missing"),
        ("token=;object=b", "token is empty"),
        ("token=a", "object is missing"),
        ("token=a;object=b;token=c", "token stands here twice"),
        ("token=a;object=b;slot-id=1", "slot-id is not known here"),
        ("token=a;object=b;", "an attribute has no value"),
        ("token=a;object=b;näme=1", "an attribute's name holds other"),
        ("token=a/b;object=b", "token holds a character"),
        ("token=a;object=b;type=private", "type is not secret-key"),
        (
            "token=a;object=b;pin-value=1234",
            "pin-value must not stand here",
        ),
    ] {
        refused(&[(&whole(path), expected)]);
    }
}

#[test]
fn the_attribute_of_a_query_at_fault_is_named() {
    let whole = |query| format!("pkcs11:token=a;object=b?{query}");
    for (query, expected) in [
        ("pin-source=env:PIN", "module-path is missing"),
        (
            "module-path=m.so&pin-source=env:PIN",
            "module-path is no absolute path",
        ),
        ("module-path=/m.so", "pin-source is missing"),
        ("module-path=/m.so&pin-source=1234", "pin-source is neither"),
        (
            "module-path=/m.so&pin-source=env:",
            "pin-source names no variable",
        ),
        (
            "module-path=/m.so&pin-source=env:A?",
            "pin-source names no variable",
        ),
        (
            "module-path=/m.so&pin-source=file:pin",
            "pin-source is no absolute path",
        ),
        (
            "module-path=/m.so&pin-source=env:A&pin-value=1234",
            "pin-value must not stand here",
        ),
        (
            "module-path=/m.so&pin-source=env:A&module-name=m",
            "module-name is not known here",
        ),
    ] {
        refused(&[(&whole(query), expected)]);
    }
}

proptest! {
    #[test]
    fn no_text_makes_reading_a_reference_panic(
        text in prop_oneof!["file:.{0,20}", "pkcs11:.{0,40}", "pkcs11:token=a;object=b\\?.{0,40}", ".{0,40}"],
    ) {
        let _ = parse(&text);
    }
}
