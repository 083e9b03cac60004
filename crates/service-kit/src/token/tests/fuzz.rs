//! Whatever is sent: nothing panics, and nothing but the token itself is the token.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tokio::runtime::Runtime;

use super::super::claims::Claims;
use super::super::key::KeySet;
use super::super::read::Parts;
use super::*;

/// A ground that outlives the cases of a property.
struct Fuzzed {
    // goes first: the end of the runtime waits for what blocks
    _still: Still,
    runtime: Runtime,
    ground: Ground,
}

impl Fuzzed {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let (still, ground) = runtime.block_on(async { (still(), Ground::new().await) });
        let fuzzed = Self {
            _still: still,
            runtime,
            ground,
        };
        // the keys are there from now on
        assert_eq!(fuzzed.verify(&fuzzed.ground.token()), Ok(speaker()));
        fuzzed
    }

    fn verify(&self, token: &str) -> Result<Speaker, TokenRefused> {
        self.runtime.block_on(self.ground.verify(token))
    }
}

/// A change of a text at a place that is drawn.
#[derive(Clone, Debug)]
enum Change {
    Put(usize, char),
    Insert(usize, char),
    Remove(usize),
    Swap(usize, usize),
    CutOff(usize),
    Double(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    // mostly letters a token is made of, so that it still can be read
    let letter = prop_oneof![
        8 => proptest::char::ranges(vec!['A'..='Z', 'a'..='z', '0'..='9', '-'..='.', '_'..='_'].into()),
        1 => any::<char>(),
    ];
    let place = 0_usize..2000;
    prop_oneof![
        4 => (place.clone(), letter.clone()).prop_map(|(place, letter)| Change::Put(place, letter)),
        1 => (place.clone(), letter).prop_map(|(place, letter)| Change::Insert(place, letter)),
        1 => place.clone().prop_map(Change::Remove),
        1 => (place.clone(), place.clone()).prop_map(|(one, other)| Change::Swap(one, other)),
        1 => place.clone().prop_map(Change::CutOff),
        1 => (place.clone(), place).prop_map(|(from, to)| Change::Double(from, to)),
    ]
}

fn changed(token: &str, changes: &[Change]) -> String {
    let mut letters: Vec<char> = token.chars().collect();
    for change in changes {
        let length = letters.len().max(1);
        match *change {
            Change::Put(place, letter) => {
                if let Some(there) = letters.get_mut(place % length) {
                    *there = letter;
                }
            }
            Change::Insert(place, letter) => letters.insert(place % (letters.len() + 1), letter),
            Change::Remove(place) => {
                if !letters.is_empty() {
                    letters.remove(place % length);
                }
            }
            Change::Swap(one, other) => {
                if !letters.is_empty() {
                    letters.swap(one % length, other % length);
                }
            }
            Change::CutOff(place) => letters.truncate(place % length),
            Change::Double(from, to) => {
                let (from, to) = (from % length, to % length);
                if from < to {
                    letters.extend_from_within(from..to);
                }
            }
        }
    }
    letters.into_iter().collect()
}

#[test]
fn a_token_that_is_changed_is_refused() {
    let fuzzed = Fuzzed::new();
    let token = fuzzed.ground.token();
    let config = ProptestConfig::with_cases(4000);
    proptest!(config, |(changes in prop::collection::vec(change(), 1..4))| {
        let other = changed(&token, &changes);
        if other != token {
            let verified = fuzzed.verify(&other);
            prop_assert!(verified.is_err(), "{other} was taken as {verified:?}");
        }
    });
    // the token itself had bound its id to nobody else meanwhile
    assert_eq!(fuzzed.verify(&token), Ok(speaker()));
}

/// The last letter of a part carries bits that say nothing: also they must be as they are.
#[test]
fn every_letter_of_a_token_matters() {
    let fuzzed = Fuzzed::new();
    let token = fuzzed.ground.token();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let ends = token.match_indices('.').map(|(place, _)| place - 1);
    let ends = ends.chain([token.len() - 1]);
    for end in ends {
        for letter in alphabet.chars() {
            let other = changed(&token, &[Change::Put(end, letter)]);
            let taken = fuzzed.verify(&other).is_ok();
            assert_eq!(taken, other == token, "{letter} at {end}");
        }
    }
}

#[test]
fn whatever_is_sent_nothing_panics() {
    let fuzzed = Fuzzed::new();
    let config = ProptestConfig::with_cases(2000);
    proptest!(config, |(bytes in prop::collection::vec(any::<u8>(), 0..600), text in "\\PC{0,200}")| {
        let sent = String::from_utf8_lossy(&bytes);
        prop_assert!(fuzzed.verify(&sent).is_err());
        prop_assert!(fuzzed.verify(&text).is_err());
        let _read = super::super::bearer(&bytes);
        let _read = KeySet::read(&bytes);
        let _read = Claims::read(&bytes, "", "");
        let _read = Parts::of(&text, &Algorithms::default());
    });
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("\\PC{0,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Also what the issuer signs may be anything.
#[test]
fn a_claim_that_is_anything_panics_nowhere_and_makes_nobody_else_speak() {
    let fuzzed = Fuzzed::new();
    let ground = &fuzzed.ground;
    let names: Vec<String> = ground
        .claims()
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let config = ProptestConfig::with_cases(2000);
    proptest!(config, |(name in prop::sample::select(names), value in json_value())| {
        let mut claims = ground.claims();
        claims[&name] = value.clone();
        match fuzzed.verify(&ground.signed(&claims)) {
            Err(_) => {}
            Ok(taken) => same_but_for(&name, &value, &taken)?,
        }
    });
}

fn same_but_for(name: &str, value: &Value, taken: &Speaker) -> Result<(), TestCaseError> {
    let mut expected = speaker();
    match name {
        "client_id" => expected.client = value.as_str().unwrap_or_default().to_owned(),
        "huiyin_post" => expected.post = value.as_str().map(str::to_owned),
        "jti" | "sub" => {}
        // anything else must be what it was
        other => prop_assert!(false, "{other} may not be {value}"),
    }
    prop_assert_eq!(taken, &expected);
    Ok(())
}

#[test]
fn a_key_that_is_anything_panics_nowhere() {
    let names = [
        "kty", "kid", "use", "key_ops", "alg", "crv", "x", "y", "n", "e", "d",
    ];
    let config = ProptestConfig::with_cases(2000);
    proptest!(config, |(
        name in prop::sample::select(names.to_vec()),
        value in json_value(),
        signature in prop::collection::vec(any::<u8>(), 0..100),
    )| {
        let mut key = json!({ "kty": "RSA", "kid": "k", "n": "_".repeat(342), "e": "AQAB" });
        key[name] = value;
        let keys = json!({ "keys": [key, { "kty": "EC", "crv": "P-256", "kid": "k", "x": "_".repeat(42) + "8", "y": "_".repeat(42) + "8" }] });
        if let Ok(keys) = KeySet::read(keys.to_string().as_bytes()) {
            for algorithm in Algorithm::ALL {
                prop_assert!(keys.check(("k", algorithm), &signature, &signature).is_err());
            }
        }
    });
}
