//! The contract as its descriptors tell it: every method and message, and messages as text that two worlds can be compared by.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::LazyLock;

use huiyin_proto::DESCRIPTORS;
use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use crate::common::calling::{self, Method};

/// Bytes of the checksum before the key in a page token.
const CHECKSUM: usize = 8;

pub struct Contract {
    pub methods: BTreeMap<String, Method>,
    messages: BTreeMap<String, DescriptorProto>,
    /// The numbers of each enum that stand for something.
    enums: HashMap<String, Vec<i32>>,
}

pub static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let enums = set.file.iter().flat_map(|file| {
        let package = file.package().to_owned();
        file.enum_type.iter().map(move |kind| {
            let numbers = kind.value.iter().map(|value| value.number());
            let name = format!(".{package}.{}", kind.name());
            (name, numbers.filter(|number| *number != 0).collect())
        })
    });
    Contract {
        methods: calling::methods(),
        messages: calling::messages(),
        enums: enums.collect(),
    }
});

impl Contract {
    pub fn message(&self, name: &str) -> &DescriptorProto {
        &self.messages[name]
    }

    pub fn values(&self, field: &FieldDescriptorProto) -> &[i32] {
        &self.enums[field.type_name()]
    }

    /// A message in text, one field a line. Page tokens are shown by the key in them: their checksum follows from it.
    pub fn text(&self, name: &str, bytes: &[u8]) -> String {
        let mut text = String::new();
        self.write(&mut text, "", (name, bytes));
        text
    }

    fn write(&self, text: &mut String, above: &str, (name, mut bytes): (&str, &[u8])) {
        let message = self.message(name);
        while !bytes.is_empty() {
            let (number, wire) = decode_key(&mut bytes).unwrap();
            let field = message
                .field
                .iter()
                .find(|field| u32::try_from(field.number()) == Ok(number));
            let Some(field) = field else {
                skip_field(wire, number, &mut bytes, DecodeContext::default()).unwrap();
                writeln!(text, "{above}{number}: unknown").unwrap();
                continue;
            };
            let path = format!("{above}{}", field.name());
            match wire {
                WireType::LengthDelimited => {
                    let length = usize::try_from(decode_varint(&mut bytes).unwrap()).unwrap();
                    let (value, rest) = bytes.split_at(length);
                    bytes = rest;
                    self.write_value(text, &path, (field, value));
                }
                WireType::Varint => {
                    let value = decode_varint(&mut bytes).unwrap();
                    writeln!(text, "{path}: {value}").unwrap();
                }
                other => unreachable!("the contract has no field of wire type {other:?}"),
            }
        }
    }

    fn write_value(
        &self,
        text: &mut String,
        path: &str,
        (field, value): (&FieldDescriptorProto, &[u8]),
    ) {
        match field.r#type() {
            Type::Message => {
                writeln!(text, "{path} {{").unwrap();
                self.write(text, &format!("{path}."), (field.type_name(), value));
                writeln!(text, "{path} }}").unwrap();
            }
            Type::String if field.name().ends_with("page_token") => {
                let key = key_of(&String::from_utf8_lossy(value));
                writeln!(text, "{path}: after {key:?}").unwrap();
            }
            Type::String => writeln!(text, "{path}: {:?}", String::from_utf8_lossy(value)).unwrap(),
            _ => writeln!(text, "{path}: {value:?}").unwrap(),
        }
    }
}

fn key_of(token: &str) -> String {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = token.as_bytes().chunks(2).map(byte).collect();
    let key = bytes.and_then(|bytes| String::from_utf8(bytes.get(CHECKSUM..)?.to_vec()).ok());
    key.unwrap_or_else(|| token.to_owned())
}

/// The first text field of a message with this name.
pub fn text_field(message: &DescriptorProto, bytes: &[u8], name: &str) -> Option<String> {
    let wanted = message.field.iter().find(|field| field.name() == name)?;
    let mut bytes = bytes;
    while !bytes.is_empty() {
        let (number, wire) = decode_key(&mut bytes).ok()?;
        if wire == WireType::LengthDelimited && u32::try_from(wanted.number()) == Ok(number) {
            let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
            return Some(String::from_utf8_lossy(bytes.get(..length)?).into_owned());
        }
        skip_field(wire, number, &mut bytes, DecodeContext::default()).ok()?;
    }
    None
}

/// A message with one more text field; of two the last holds.
pub fn with_text(message: &DescriptorProto, mut bytes: Vec<u8>, name: &str, text: &str) -> Vec<u8> {
    let field = message.field.iter().find(|field| field.name() == name);
    let number = u32::try_from(field.unwrap().number()).unwrap();
    prost::encoding::string::encode(number, &text.to_owned(), &mut bytes);
    bytes
}

/// The id of the alert that was raised.
pub fn alert_of(message: &[u8]) -> String {
    use huiyin_proto::stability_early_warning::v1::RaiseAlertResponse;
    RaiseAlertResponse::decode(message)
        .unwrap()
        .alert
        .unwrap()
        .alert_id
}
