//! Keys and signatures of the standards, and keys that are passed over.

use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair as RsaKeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PSS_SHA256,
};
use serde_json::json;

use super::*;

/// Examples of RFC 7515 and RFC 8037 with their keys; that of RSA with its secret part, which the RFC publishes.
const STANDARD: &str = include_str!("standard.json");

#[derive(Deserialize)]
struct Example {
    algorithm: String,
    key: Value,
    signed: String,
    signature: String,
}

fn examples() -> Vec<Example> {
    serde_json::from_str(STANDARD).unwrap()
}

/// A key as an issuer publishes it, without its secret part.
fn published(key: &Value, kid: &str) -> Value {
    let mut key = key.clone();
    let members = key.as_object_mut().unwrap();
    members.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
    members.insert("kid".to_owned(), json!(kid));
    key
}

fn set(keys: &[Value]) -> Result<KeySet, NoKeySet> {
    KeySet::read(json!({ "keys": keys }).to_string().as_bytes())
}

fn bytes(text: &str) -> Vec<u8> {
    BASE64.decode(text).unwrap()
}

fn p384() -> (EcdsaKeyPair, Value) {
    let (random, algorithm) = (SystemRandom::new(), &ECDSA_P384_SHA384_FIXED_SIGNING);
    let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
    let (x, y) = (BASE64.encode(x), BASE64.encode(y));
    let public = json!({ "kty": "EC", "crv": "P-384", "kid": "p384", "x": x, "y": y });
    (pair, public)
}

#[test]
fn the_examples_of_the_standards_are_believed_and_only_as_they_are() {
    for Example {
        algorithm,
        key,
        signed,
        signature,
    } in examples()
    {
        let keys = set(&[published(&key, "example")]).unwrap();
        let by = ("example", algorithm.parse().unwrap());
        let (signed, mut signature) = (signed.into_bytes(), bytes(&signature));
        assert_eq!(keys.check(by, &signed, &signature), Ok(()), "{algorithm}");
        let other = keys.check(by, b"something else", &signature);
        assert_eq!(other, Err(TokenRefused::Signature));
        signature[0] ^= 1;
        let other = keys.check(by, &signed, &signature);
        assert_eq!(other, Err(TokenRefused::Signature));
        let other = keys.check(("another", by.1), &signed, &signature);
        assert_eq!(other, Err(TokenRefused::UnknownKey));
    }
}

#[test]
fn es384_is_believed() {
    let (pair, public) = p384();
    let signature = pair.sign(&SystemRandom::new(), b"signed").unwrap();
    let keys = set(&[public]).unwrap();
    let check = |signed: &[u8]| keys.check(("p384", Algorithm::Es384), signed, signature.as_ref());
    assert_eq!(check(b"signed"), Ok(()));
    assert_eq!(check(b"other"), Err(TokenRefused::Signature));
}

#[test]
fn ps256_is_believed_and_is_not_rs256() {
    let key = &examples()[0].key;
    let part = |name: &str| bytes(key[name].as_str().unwrap());
    let components = KeyPairComponents {
        public_key: PublicKeyComponents {
            n: part("n"),
            e: part("e"),
        },
        d: part("d"),
        p: part("p"),
        q: part("q"),
        dP: part("dp"),
        dQ: part("dq"),
        qInv: part("qi"),
    };
    let pair = RsaKeyPair::from_components(&components).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    let random = SystemRandom::new();
    pair.sign(&RSA_PSS_SHA256, &random, b"signed", &mut signature)
        .unwrap();
    let keys = set(&[published(key, "rsa")]).unwrap();
    let check = |algorithm| keys.check(("rsa", algorithm), b"signed", &signature);
    assert_eq!(check(Algorithm::Ps256), Ok(()));
    assert_eq!(check(Algorithm::Rs256), Err(TokenRefused::Signature));
    let mut only = published(key, "rsa");
    only["alg"] = json!("RS256");
    let only = set(&[only]).unwrap();
    let refused = only.check(("rsa", Algorithm::Ps256), b"signed", &signature);
    assert_eq!(refused, Err(TokenRefused::UnfitKey));
}

#[test]
fn an_algorithm_fits_one_type_of_key_alone() {
    let mut keys: Vec<Value> = examples()
        .iter()
        .map(|example| published(&example.key, &example.algorithm))
        .collect();
    keys.push(p384().1);
    let keys = set(&keys).unwrap();
    let fits = |kid: &str, algorithm| {
        keys.check((kid, algorithm), b"", b"") != Err(TokenRefused::UnfitKey)
    };
    for (kid, fitting) in [
        ("RS256", vec![Algorithm::Ps256, Algorithm::Rs256]),
        ("ES256", vec![Algorithm::Es256]),
        ("p384", vec![Algorithm::Es384]),
        ("EdDSA", vec![Algorithm::EdDsa]),
    ] {
        let found: Vec<Algorithm> = Algorithm::ALL
            .into_iter()
            .filter(|algorithm| fits(kid, *algorithm))
            .collect();
        assert_eq!(found, fitting, "{kid}");
    }
}

#[test]
fn keys_that_can_check_no_token_are_passed_over() {
    let (_, good) = p384();
    let rsa = &examples()[0].key;
    let with = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    // 2047 bits: the highest of 2048 is not set
    let mut short = bytes(rsa["n"].as_str().unwrap());
    short[0] &= 0x7f;
    let short = with(&published(rsa, "rsa"), "n", json!(BASE64.encode(&short)));
    let padded = format!("AAAA{}", &rsa["n"].as_str().unwrap()[..171]);
    for (what, key) in [
        ("for encryption", with(&good, "use", json!("enc"))),
        ("to sign alone", with(&good, "key_ops", json!(["sign"]))),
        ("with its secret part", with(&good, "d", json!("AAAA"))),
        ("without a name", with(&good, "kid", Value::Null)),
        ("of another algorithm", with(&good, "alg", json!("ES512"))),
        ("of no such curve", with(&good, "crv", json!("P-521"))),
        ("cut short", with(&good, "x", json!("AAAA"))),
        ("a secret", json!({ "kty": "oct", "kid": "s", "k": "AAAA" })),
        ("RSA of 2047 bits", short),
        (
            "RSA of fewer bits behind zeros",
            with(&published(rsa, "rsa"), "n", json!(padded)),
        ),
        ("no key at all", json!(7)),
    ] {
        assert_eq!(set(std::slice::from_ref(&key)), Err(NoKeySet), "{what}");
        assert_eq!(
            set(&[key, good.clone()]),
            set(std::slice::from_ref(&good)),
            "{what}"
        );
    }
    assert!(set(&[with(&good, "key_ops", json!(["verify"]))]).is_ok());
}

#[test]
fn what_is_no_set_of_keys_is_none() {
    let (_, good) = p384();
    let many = vec![good; MAX_KEYS + 1];
    assert!(set(&many[1..]).is_ok());
    assert_eq!(set(&many), Err(NoKeySet));
    for text in ["", "{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[]}"#, "\u{0}"] {
        assert_eq!(KeySet::read(text.as_bytes()), Err(NoKeySet), "{text}");
    }
}
