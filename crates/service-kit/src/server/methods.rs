//! The methods there are, so that spans and metrics carry only known names.

use std::collections::HashMap;
use std::sync::LazyLock;

use huiyin_proto::DESCRIPTORS;
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// One method of the contract, of health or of reflection.
#[derive(Debug)]
pub(super) struct Method {
    /// `huiyin.intake.v1.IntakeService`.
    pub(super) service: String,
    /// `RegisterMatter`.
    pub(super) name: String,
    /// `intake.RegisterMatter`: as the policies call it.
    pub(super) action: String,
    /// Whether its answer is a stream, which has no default deadline.
    pub(super) is_streaming: bool,
    /// Whether it is asked by a stream.
    pub(super) goes_on_asking: bool,
    /// Whether it answers a probe, which must get through when the service is full.
    pub(super) is_probe: bool,
}

static UNKNOWN: LazyLock<Method> = LazyLock::new(|| Method {
    service: "unknown".to_owned(),
    name: "unknown".to_owned(),
    action: "unknown".to_owned(),
    is_streaming: false,
    goes_on_asking: false,
    is_probe: false,
});

static KNOWN: LazyLock<HashMap<String, Method>> = LazyLock::new(|| {
    [
        DESCRIPTORS,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ]
    .into_iter()
    .flat_map(methods)
    .collect()
});

/// The method at a path like `/huiyin.intake.v1.IntakeService/RegisterMatter`.
pub(super) fn of(path: &str) -> &'static Method {
    KNOWN.get(path).unwrap_or(&UNKNOWN)
}

fn methods(descriptors: &[u8]) -> Vec<(String, Method)> {
    let files = FileDescriptorSet::decode(descriptors)
        .map(|set| set.file)
        .unwrap_or_default();
    let mut methods = Vec::new();
    for file in files {
        let package = file.package().to_owned();
        // the package without its owner and its version
        let short = package.split('.').nth(1).unwrap_or_default().to_owned();
        for service in &file.service {
            let full_name = format!("{package}.{}", service.name());
            methods.extend(service.method.iter().map(|method| {
                let path = format!("/{full_name}/{}", method.name());
                let known = Method {
                    service: full_name.clone(),
                    name: method.name().to_owned(),
                    action: format!("{short}.{}", method.name()),
                    is_streaming: method.server_streaming(),
                    goes_on_asking: method.client_streaming(),
                    is_probe: package == "grpc.health.v1",
                };
                (path, known)
            }));
        }
    }
    methods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_known_by_their_path() {
        let read = of("/huiyin.feed.v1.FeedService/ReadFeed");
        assert_eq!(
            (read.service.as_str(), read.name.as_str()),
            ("huiyin.feed.v1.FeedService", "ReadFeed")
        );
        assert!(!read.is_streaming && !read.is_probe);
        let watch = of("/grpc.health.v1.Health/Watch");
        assert!(watch.is_streaming && watch.is_probe);
        assert!(!watch.goes_on_asking);
        let reflection = of("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
        assert!(reflection.is_streaming && reflection.goes_on_asking);
        assert_eq!(of("/huiyin.feed.v1.FeedService/Guess").name, "unknown");
    }
}
