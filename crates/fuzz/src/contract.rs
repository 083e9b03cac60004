//! Every method of the contract.

use std::sync::LazyLock;

use huiyin_proto::DESCRIPTORS;
use huiyin_service_kit::names::ServiceName;
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// A method, and who serves it.
pub(crate) struct Method {
    /// `/huiyin.intake.v1.IntakeService/GetMatter`.
    pub(crate) path: String,
    /// By whom.
    pub(crate) service: ServiceName,
}

/// All of them, by path.
pub(crate) static METHODS: LazyLock<Vec<Method>> = LazyLock::new(|| {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let mut methods = Vec::new();
    for file in &set.file {
        let package = file.package().split('.').nth(1).unwrap_or_default();
        let by = ServiceName::ALL
            .into_iter()
            .find(|name| name.key() == package);
        for service in &file.service {
            let all = service.method.iter();
            methods.extend(all.map(|method| Method {
                path: format!("/{}.{}/{}", file.package(), service.name(), method.name()),
                service: by.unwrap_or(ServiceName::Intake),
            }));
        }
    }
    methods.sort_by(|one, other| one.path.cmp(&other.path));
    methods
});
