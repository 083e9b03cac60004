//! Calls of a world, and what comes of them in text.

use std::fmt::Write as _;

use http_body_util::BodyExt as _;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::server::code_name;
use prost::Message as _;
use prost_types::field_descriptor_proto::Type;
use tonic::service::Routes;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::ServiceExt as _;

use super::contract::{CONTRACT, text_field, with_text};
use super::draw::kind_of;
use super::world::World;
use crate::common::calling::{self, Method};

/// Pages of a list that are read at most.
const PAGES: usize = 3;
/// Bytes before a message on the wire.
const PREFIX: usize = 5;

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub code: Code,
    /// The whole answer: every field of it, or everything that the refusal says.
    pub text: String,
    /// The message.
    pub message: Vec<u8>,
}

impl Answer {
    pub fn is_ok(&self) -> bool {
        self.code == Code::Ok
    }
}

/// The service that serves a method.
pub fn service_of(method: &Method) -> ServiceName {
    let mut services = ServiceName::ALL.into_iter();
    services
        .find(|service| service.key() == method.package)
        .unwrap()
}

/// Asks a method of a service.
pub async fn ask(routes: Routes, caller: &str, (method, message): (&Method, &[u8])) -> Answer {
    let headers = [("x-huiyin-caller", caller.to_owned())];
    let (status, body) = calling::call(routes, (&method.path, false), message, &headers).await;
    let message = body.get(PREFIX..).unwrap_or_default().to_vec();
    Answer {
        code: status.code(),
        text: match status.code() {
            Code::Ok => CONTRACT.text(&method.response, &message),
            _ => refusal(&status),
        },
        message,
    }
}

/// Asks as the barriers of the world stand: a list with the pages that follow.
pub async fn asked(world: &World, caller: &str, (method, message): (&Method, &[u8])) -> Answer {
    let routes = || world.asked(service_of(method));
    let mut all = ask(routes(), caller, (method, message)).await;
    let response = CONTRACT.message(&method.response);
    let mut last = all.message.clone();
    for _ in 1..PAGES {
        let token = text_field(response, &last, "next_page_token");
        let Some(token) = token.filter(|token| all.is_ok() && !token.is_empty()) else {
            break;
        };
        let next = with_text(&method.request, message.to_vec(), "page_token", &token);
        let page = ask(routes(), caller, (method, &next)).await;
        write!(all.text, "next page\n{}", page.text).unwrap();
        last = page.message;
    }
    all
}

/// What a stream brings until a notice of the marked thing, which is the last that is read.
pub async fn watched(
    world: &World,
    caller: &str,
    (method, message): (&Method, &[u8]),
    marked: &str,
) -> Answer {
    let headers = [("x-huiyin-caller", caller.to_owned())];
    let request = calling::request(&method.path, message, &headers);
    let response = world
        .asked(service_of(method))
        .oneshot(request)
        .await
        .unwrap();
    if let Some(status) = Status::from_header_map(response.headers()) {
        return Answer {
            code: status.code(),
            text: refusal(&status),
            message: Vec::new(),
        };
    }
    let (mut body, mut bytes, mut text) = (response.into_body(), Vec::new(), String::new());
    while !text.contains(marked) {
        let frame = body.frame().await.unwrap().unwrap();
        if let Some(trailers) = frame.trailers_ref() {
            let status = Status::from_header_map(trailers).unwrap();
            return Answer {
                code: status.code(),
                text: text + &refusal(&status),
                message: Vec::new(),
            };
        }
        bytes.extend(frame.into_data().unwrap());
        while let Some((message, rest)) = framed(&bytes) {
            text.push_str(&CONTRACT.text(&method.response, message));
            bytes = rest.to_vec();
        }
    }
    Answer {
        code: Code::Ok,
        text,
        message: Vec::new(),
    }
}

/// The first message on the wire, once it is there whole.
fn framed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = bytes
        .get(1..PREFIX)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)?;
    bytes
        .get(PREFIX..)?
        .split_at_checked(usize::try_from(length).ok()?)
}

/// Everything that a refusal says; what its details hold in no order is put into one.
fn refusal(status: &Status) -> String {
    let mut text = format!("{}: {}\n", code_name(status.code()), status.message());
    let details = status.get_error_details();
    if let Some(info) = details.error_info() {
        let mut metadata: Vec<_> = info.metadata.iter().collect();
        metadata.sort();
        writeln!(text, "{} {} {metadata:?}", info.reason, info.domain).unwrap();
    }
    let rest = (
        details.bad_request(),
        details.precondition_failure(),
        details.retry_info(),
    );
    let more = (
        details.resource_info(),
        details.request_info(),
        details.help(),
        details.debug_info(),
    );
    writeln!(text, "{rest:?} {more:?} {:?}", details.localized_message()).unwrap();
    text
}

/// The text of an event.
pub fn event_text(event: &huiyin_proto::events::v1::Event) -> String {
    CONTRACT.text(".huiyin.events.v1.Event", &event.encode_to_vec())
}

/// Whether a method names what it is about by an id or by a number.
pub fn names_its_matter(method: &Method) -> bool {
    let mut fields = method.request.field.iter();
    fields.any(|field| {
        field.r#type() == Type::String
            && (field.name() == "number" || kind_of(field.name()).is_some())
    })
}
