//! Reflection in both versions: grpcurl 1.8 speaks v1alpha only.

use huiyin_proto::DESCRIPTORS;
use tonic_reflection::server::{Builder, Error, v1, v1alpha};

/// Services every server has besides its own.
const OF_ALL: [&str; 2] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
];

/// Describes the services a server has, and no other.
pub(super) fn of(
    names: &[&'static str],
) -> Result<
    (
        v1::ServerReflectionServer<impl v1::ServerReflection>,
        v1alpha::ServerReflectionServer<impl v1alpha::ServerReflection>,
    ),
    Error,
> {
    Ok((builder(names).build_v1()?, builder(names).build_v1alpha()?))
}

fn builder(names: &[&'static str]) -> Builder<'static> {
    let described = Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET);
    names
        .iter()
        .chain(&OF_ALL)
        .fold(described, |described, name| {
            described.with_service_name(*name)
        })
}
