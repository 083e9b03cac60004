//! Calls of any method by its path, with a message made from the contract's descriptors: for tests that ask every method.

use std::collections::BTreeMap;

use http_body_util::{BodyExt as _, Full};
use huiyin_proto::DESCRIPTORS;
use huiyin_service_kit::names::ServiceName;
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorSet};
use tonic::body::Body;
use tonic::codegen::{Bytes, StdError, http};
use tonic::{Code, Status};
use tower::{Service, ServiceExt as _};

/// One method of the contract.
pub struct Method {
    /// `intake`, as the package is called.
    pub package: String,
    /// `intake.GetMatter`, as the policies call it.
    pub action: String,
    /// `/huiyin.intake.v1.IntakeService/GetMatter`.
    pub path: String,
    /// Whether its answer is a stream.
    pub is_streaming: bool,
    /// What is asked.
    pub request: DescriptorProto,
    /// What is answered, as the descriptors name it.
    pub response: String,
}

/// Every message of the contract, as the descriptors name it: `.huiyin.intake.v1.Matter`.
pub fn messages() -> BTreeMap<String, DescriptorProto> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let files = set.file.iter();
    let messages = files.flat_map(|file| {
        let package = file.package().to_owned();
        let messages = file.message_type.iter().cloned();
        messages.map(move |message| (format!(".{package}.{}", message.name()), message))
    });
    messages.collect()
}

/// Every method of the contract, by action.
pub fn methods() -> BTreeMap<String, Method> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let messages = messages();
    let mut methods = BTreeMap::new();
    for file in &set.file {
        let package = file
            .package()
            .split('.')
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        for service in &file.service {
            for method in &service.method {
                let action = format!("{package}.{}", method.name());
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                methods.insert(
                    action.clone(),
                    Method {
                        package: package.clone(),
                        action,
                        path,
                        is_streaming: method.server_streaming(),
                        request: messages[method.input_type()].clone(),
                        response: method.output_type().to_owned(),
                    },
                );
            }
        }
    }
    methods
}

impl Method {
    /// A request whose fields are given by name; other texts are "x", enums and numbers 1, messages absent.
    pub fn request(&self, fields: &BTreeMap<&str, String>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in &self.request.field {
            let number = u32::try_from(field.number()).unwrap();
            let given = fields.get(field.name());
            match field.r#type() {
                Type::String => {
                    let once = field.label() != Label::Repeated || given.is_some();
                    let text = given.map_or("x", String::as_str);
                    if once && !text.is_empty() {
                        prost::encoding::string::encode(number, &text.to_owned(), &mut bytes);
                    }
                }
                Type::Enum | Type::Uint32 if field.label() != Label::Repeated => {
                    // a text of that name, such as the number of a matter, is another method's
                    let value = given.and_then(|given| given.parse().ok()).unwrap_or(1);
                    prost::encoding::uint32::encode(number, &value, &mut bytes);
                }
                _ => {}
            }
        }
        bytes
    }

    /// The same text in every text of its request but its id, which a caller chooses and which is kept as it is.
    pub fn texts(&self, text: &str) -> BTreeMap<&str, String> {
        let fields = self.request.field.iter();
        fields
            .filter(|field| field.r#type() == Type::String && field.name() != "request_id")
            .map(|field| (field.name(), text.to_owned()))
            .collect()
    }

    /// Whether its request has this field.
    pub fn has(&self, field: &str) -> bool {
        self.request.field.iter().any(|known| known.name() == field)
    }
}

/// The service that serves a package; the kit's are asked of intake.
pub fn service_of(package: &str) -> ServiceName {
    let mut services = ServiceName::ALL.into_iter();
    services
        .find(|service| service.key() == package)
        .unwrap_or(ServiceName::Intake)
}

/// A call of the method at a path.
pub fn request(path: &str, message: &[u8], headers: &[(&str, String)]) -> http::Request<Body> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let mut request = http::Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let body = Full::new(Bytes::from(frame)).map_err(|never| match never {});
    request.body(Body::new(body)).unwrap()
}

/// What a call came to: its status, and the bytes of its answer.
pub async fn call<S>(
    service: S,
    (path, is_streaming): (&str, bool),
    message: &[u8],
    headers: &[(&str, String)],
) -> (Status, Bytes)
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Error: Into<StdError>,
{
    let request = request(path, message, headers);
    let response = match service.oneshot(request).await {
        Ok(response) => response,
        Err(error) => {
            let status = Status::from_error(error.into());
            return (
                Status::new(Code::Unavailable, status.message()),
                Bytes::new(),
            );
        }
    };
    if let Some(status) = Status::from_header_map(response.headers()) {
        return (status, Bytes::new());
    }
    if is_streaming {
        // it began; whoever is let in may stay
        return (Status::ok("streaming"), Bytes::new());
    }
    let collected = response.into_body().collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let status = Status::from_header_map(&trailers).unwrap_or_else(|| Status::unknown("no status"));
    (status, collected.to_bytes())
}
