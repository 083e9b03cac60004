use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{Event, MatterRegistered};
use proptest::prelude::*;

use super::*;
use crate::evidence::digest::HashSuite;
use crate::evidence::entry::{Blind, Place};
use crate::evidence::head::{Head, LogName};
use crate::evidence::key::LogKey;
use crate::evidence::tree::{Frontier, Stored, inclusion};

/// The receipt of the third of seven events, and the key that signed.
fn receipt(suite: HashSuite) -> (Receipt, LogKey) {
    let blind = Blind::of_slice(&[7; 16]).unwrap();
    let key = LogKey::drawn().unwrap();
    let (mut frontier, mut stored, mut kept) = (Frontier::default(), Stored::default(), None);
    for number in 0..7_u32 {
        let event_id = Uuid::from_u128(u128::from(number));
        let payload = event(event_id).encode_to_vec();
        let (stream, seq) = ("events:{intake:0}", i64::from(number) + 1);
        let place = Place {
            stream,
            epoch: 1,
            seq,
        }
        .hashed(suite, &blind);
        let payload_hash = suite.hash(&[&payload]);
        let leaf = leaf(suite, &place, event_id, &payload_hash);
        stored.insert(0, u64::from(number), leaf);
        frontier.push(suite, leaf, |_, _| {});
        if number == 2 {
            kept = Some((event_id, place, payload_hash, payload));
        }
    }
    let head = Head {
        origin: "intake".parse().unwrap(),
        log: LogName::Open,
        suite,
        size: 7,
        root: frontier.root(suite),
        at: "2026-01-05T08:00:00Z".parse().unwrap(),
        kept: 1,
    };
    let (event_id, place, payload_hash, payload) = kept.unwrap();
    let path = inclusion(2, 7).into_iter();
    let receipt = Receipt {
        head: head.signed(&key),
        index: 2,
        event_id,
        place,
        payload_hash,
        payload,
        path: path.map(|span| stored.root(suite, span).unwrap()).collect(),
    };
    (receipt, key)
}

fn event(event_id: Uuid) -> Event {
    Event {
        event_id: EventId::from_uuid(event_id).to_string(),
        fact: Some(Fact::MatterRegistered(MatterRegistered {
            number: "431202-2025-00000001".to_owned(),
            ..MatterRegistered::default()
        })),
        ..Event::default()
    }
}

#[test]
fn a_receipt_is_checked_without_the_service_and_reads_back() {
    for suite in HashSuite::ALL {
        let (receipt, key) = receipt(suite);
        let json = Document::from(&receipt).to_json();
        let read = Document::read(&json).unwrap();
        assert_eq!(read, receipt);
        let proved = read.check(Some(key.public())).unwrap();
        assert_eq!(proved.event, Some(event(receipt.event_id)));
        assert!(proved.by_known_key && !read.check(None).unwrap().by_known_key);
        assert_eq!(Receipt::of_wire(&receipt.to_wire()).unwrap(), receipt);
    }
}

#[test]
fn a_receipt_without_the_event_proves_its_hash() {
    let (receipt, key) = receipt(HashSuite::Sha256);
    let json = Document::from(&receipt.without_event()).to_json();
    assert!(!json.contains("\"event\""));
    let proved = Document::read(&json).unwrap().check(Some(key.public()));
    assert_eq!(proved.unwrap().event, None);
}

#[test]
fn each_check_says_what_failed() {
    let (honest, key) = receipt(HashSuite::Sha256);
    let failed = |change: fn(&mut Receipt)| {
        let mut receipt = honest.clone();
        change(&mut receipt);
        receipt.check(Some(key.public())).unwrap_err()
    };
    assert_eq!(
        failed(|receipt| receipt.payload[5] ^= 1),
        ReceiptError::Payload
    );
    assert_eq!(
        failed(|receipt| receipt.event_id = Uuid::from_u128(3)),
        ReceiptError::Event
    );
    assert_eq!(failed(|receipt| receipt.index = 3), ReceiptError::Path);
    assert_eq!(
        failed(|receipt| receipt.place.0[0] ^= 1),
        ReceiptError::Path
    );
    assert_eq!(
        failed(|receipt| receipt.head.head.root.0[0] ^= 1),
        ReceiptError::Path
    );
    assert_eq!(
        failed(|receipt| receipt.head.head.kept = 2),
        ReceiptError::Signature
    );
    assert_eq!(
        failed(|receipt| receipt.head.signature[0] ^= 1),
        ReceiptError::Signature
    );
    let other = LogKey::drawn().unwrap();
    let (found, wanted) = (*key.public(), *other.public());
    assert_eq!(
        honest.check(Some(&wanted)),
        Err(ReceiptError::Key { found, wanted })
    );
}

#[test]
fn a_forger_who_signs_with_a_key_of_his_own_is_found_by_whoever_knows_the_right_one() {
    let (mut receipt, key) = receipt(HashSuite::Sha256);
    let forger = LogKey::drawn().unwrap();
    receipt.head = receipt.head.head.signed(&forger);
    assert!(!receipt.check(None).unwrap().by_known_key);
    assert!(receipt.check(Some(key.public())).is_err());
}

proptest! {
    #[test]
    fn a_document_that_was_changed_anywhere_is_not_believed(
        place in any::<prop::sample::Index>(), letter in 0x20_u8..0x7f,
    ) {
        let (receipt, key) = receipt(HashSuite::Sha256);
        let json = Document::from(&receipt).to_json();
        let mut changed = json.clone().into_bytes();
        changed[place.index(json.len())] = letter;
        let changed = String::from_utf8(changed).unwrap();
        if let Ok(read) = Document::read(&changed) && read != receipt {
            // the event may be taken out, but nothing else can be put there
            let proved = read.check(Some(key.public()));
            let without_event = proved.is_ok_and(|proved| proved.event.is_none());
            prop_assert!(!without_event || read == receipt.without_event());
        }
    }

    #[test]
    fn what_is_no_receipt_is_refused_and_nothing_else_happens(text in ".{0,300}") {
        prop_assert!(Document::read(&text).is_err());
    }
}
