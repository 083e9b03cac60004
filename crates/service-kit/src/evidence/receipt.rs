//! The receipt of an event: everything that shows that it stands in a log, to be checked by whoever holds it, without us.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huiyin_domain::ids::EventId;
use huiyin_proto::events::v1::Event;
use huiyin_proto::log::v1 as words;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::digest::{DIGEST_BYTES, Digest};
use super::entry::leaf;
use super::head::{SignedHead, written};
use super::key::PublicKey;
use super::tree::is_included;
use super::wire;
use crate::status::Problem;
use crate::violations::Violations;

/// What the document says it is.
const KIND: &str = "huiyin receipt 1";

/// An event with the proof that it stands in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// A head of the log that covers the entry.
    pub head: SignedHead,
    /// Place of the entry, from 0.
    pub index: u64,
    /// Id of the event.
    pub event_id: Uuid,
    /// Hash of its place in the stream.
    pub place: Digest,
    /// Hash of the event.
    pub payload_hash: Digest,
    /// The encoded event; empty when it is not for whoever may hold the receipt.
    pub payload: Vec<u8>,
    /// The proof of inclusion.
    pub path: Vec<Digest>,
}

/// What a receipt failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The event is not the one that was logged.
    #[error("the event in the receipt is not the one that was logged: its hash is another one")]
    Payload,
    /// The event has another id than the receipt says.
    #[error("the event in the receipt has another id than the receipt says, or cannot be read")]
    Event,
    /// The path does not lead to the root.
    #[error(
        "the event is not in the log at this place: the path of the receipt does not lead to the root of the head"
    )]
    Path,
    /// The head is not signed.
    #[error(
        "the head of the log was not signed by the key that it names: the head or the signature was changed"
    )]
    Signature,
    /// Somebody else's key.
    #[error(
        "the head of the log was signed by another key ({found}) than the one you gave ({wanted})"
    )]
    Key {
        /// The key of the receipt.
        found: PublicKey,
        /// The key that was given.
        wanted: PublicKey,
    },
}

/// What a receipt has proved.
#[derive(Clone, Debug, PartialEq)]
pub struct Proved {
    /// The event; none when the receipt leaves it out.
    pub event: Option<Event>,
    /// Whether the key is one that whoever checks knows.
    pub by_known_key: bool,
}

impl Receipt {
    /// Checks everything that can be checked without the service; `known` is its public key, if whoever checks has it from
    /// elsewhere.
    ///
    /// # Errors
    /// The check that failed.
    pub fn check(&self, known: Option<&PublicKey>) -> Result<Proved, ReceiptError> {
        let event = self.event()?;
        let head = &self.head.head;
        let leaf = leaf(head.suite, &self.place, self.event_id, &self.payload_hash);
        let tree = (head.size, &head.root);
        if !is_included(head.suite, (&leaf, self.index), tree, &self.path) {
            return Err(ReceiptError::Path);
        }
        if !self.head.is_signed() {
            return Err(ReceiptError::Signature);
        }
        match known {
            Some(known) if *known != self.head.key => Err(ReceiptError::Key {
                found: self.head.key,
                wanted: *known,
            }),
            _ => Ok(Proved {
                event,
                by_known_key: known.is_some(),
            }),
        }
    }

    fn event(&self) -> Result<Option<Event>, ReceiptError> {
        if self.payload.is_empty() {
            return Ok(None);
        }
        if self.head.head.suite.hash(&[&self.payload]) != self.payload_hash {
            return Err(ReceiptError::Payload);
        }
        let event = Event::decode(self.payload.as_slice()).map_err(|_| ReceiptError::Event)?;
        let id = EventId::from_uuid(self.event_id).to_string();
        if event.event_id == id {
            Ok(Some(event))
        } else {
            Err(ReceiptError::Event)
        }
    }

    /// The receipt without the event: for what may not be told to everybody who may hold it.
    #[must_use]
    pub fn without_event(self) -> Self {
        Self {
            payload: Vec::new(),
            ..self
        }
    }

    /// The receipt on the wire.
    #[must_use]
    pub fn to_wire(&self) -> words::Receipt {
        words::Receipt {
            head: Some(wire::head(&self.head)),
            index: self.index,
            event_id: EventId::from_uuid(self.event_id).to_string(),
            place: self.place.0.to_vec(),
            payload_hash: self.payload_hash.0.to_vec(),
            payload: self.payload.clone(),
            path: wire::path(&self.path),
        }
    }

    /// A receipt from the wire, not yet checked.
    ///
    /// # Errors
    /// Everything in it that is no receipt.
    pub fn of_wire(given: &words::Receipt) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        let head = wire::read_head(&mut violations, given.head.as_ref());
        let event_id: Option<EventId> = violations.id("event_id", &given.event_id);
        let place = wire::read_hash(&mut violations, "place", &given.place);
        let payload_hash = wire::read_hash(&mut violations, "payload_hash", &given.payload_hash);
        let path = wire::read_path(&mut violations, &given.path);
        let hashes = place.zip(payload_hash).zip(path);
        let ((head, event_id), ((place, payload_hash), path)) =
            violations.finish_with(head.zip(event_id).zip(hashes))?;
        Ok(Self {
            head,
            index: given.index,
            event_id: event_id.uuid(),
            place,
            payload_hash,
            payload: given.payload.clone(),
            path,
        })
    }
}

/// A receipt as a document that people keep: JSON, hashes in hexadecimal digits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What it is.
    kind: String,
    /// Whose log.
    origin: String,
    /// Which of its logs.
    log: String,
    /// Its hash function.
    hash: String,
    /// Entries of the head.
    size: u64,
    /// Root of the head.
    root: String,
    /// When the head was signed.
    at: String,
    /// Heads kept up to it.
    kept: u64,
    /// The public key, hexadecimal.
    key: String,
    /// The signature, hexadecimal.
    signature: String,
    /// Place of the entry.
    index: u64,
    /// The event's id.
    event_id: String,
    /// Hash of its place in the stream.
    place: String,
    /// Hash of the event.
    event_hash: String,
    /// The event, base64; absent when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    event: String,
    /// The proof.
    path: Vec<String>,
}

/// Why a document is no receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no receipt of huiyin: {0}")]
pub struct InvalidDocument(String);

impl From<&Receipt> for Document {
    fn from(receipt: &Receipt) -> Self {
        let signed = &receipt.head;
        let head = &signed.head;
        Self {
            kind: KIND.to_owned(),
            origin: head.origin.to_string(),
            log: head.log.to_string(),
            hash: head.suite.as_str().to_owned(),
            size: head.size,
            root: head.root.to_string(),
            at: written(head.at),
            kept: head.kept,
            key: hex::encode(signed.key.as_bytes()),
            signature: hex::encode(signed.signature),
            index: receipt.index,
            event_id: EventId::from_uuid(receipt.event_id).to_string(),
            place: receipt.place.to_string(),
            event_hash: receipt.payload_hash.to_string(),
            event: STANDARD.encode(&receipt.payload),
            path: receipt.path.iter().map(Digest::to_string).collect(),
        }
    }
}

impl Document {
    /// The document as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // it holds texts and numbers only
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// A receipt out of JSON, not yet checked.
    ///
    /// # Errors
    /// What in it is no receipt.
    pub fn read(json: &str) -> Result<Receipt, InvalidDocument> {
        let invalid = |error: serde_json::Error| InvalidDocument(error.to_string());
        let document: Self = serde_json::from_str(json).map_err(invalid)?;
        if document.kind != KIND {
            return Err(InvalidDocument(format!("its kind is not {KIND:?}")));
        }
        document.receipt()
    }

    fn receipt(self) -> Result<Receipt, InvalidDocument> {
        let bytes = |field: &str, text: &str| {
            let bytes = hex::decode(text);
            bytes.map_err(|_| InvalidDocument(format!("{field} is not hexadecimal")))
        };
        let hash = |field: &str, text: &str| {
            let hash = Digest::of_slice(&bytes(field, text)?);
            hash.ok_or_else(|| InvalidDocument(format!("{field} has no {DIGEST_BYTES} bytes")))
        };
        let path = self.path.iter().map(|text| hash("path", text));
        let event_id: EventId = parsed("event_id", &self.event_id)?;
        let payload = STANDARD.decode(&self.event);
        let key = PublicKey::of_slice(&bytes("key", &self.key)?);
        let signature = bytes("signature", &self.signature)?.try_into();
        Ok(Receipt {
            head: SignedHead {
                head: super::head::Head {
                    origin: parsed("origin", &self.origin)?,
                    log: parsed("log", &self.log)?,
                    suite: parsed("hash", &self.hash)?,
                    size: self.size,
                    root: hash("root", &self.root)?,
                    at: parsed("at", &self.at)?,
                    kept: self.kept,
                },
                key: key.ok_or_else(|| InvalidDocument("key is no public key".to_owned()))?,
                signature: signature
                    .map_err(|_| InvalidDocument("signature has no 64 bytes".to_owned()))?,
            },
            index: self.index,
            event_id: event_id.uuid(),
            place: hash("place", &self.place)?,
            payload_hash: hash("event_hash", &self.event_hash)?,
            payload: payload.map_err(|_| InvalidDocument("event is no base64".to_owned()))?,
            path: path.collect::<Result<_, _>>()?,
        })
    }
}

fn parsed<T: std::str::FromStr<Err: fmt::Display>>(
    field: &str,
    text: &str,
) -> Result<T, InvalidDocument> {
    let parsed = text.parse();
    parsed.map_err(|error: T::Err| InvalidDocument(format!("{field} {error}")))
}

#[cfg(test)]
mod tests;
