//! Compiles the contract without a protoc on the machine, and refuses an rpc that no policy speaks of.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_types::FileDescriptorSet;

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let root = Path::new("huiyin");
    let mut files = Vec::new();
    collect(root, "proto", &mut files)?;
    files.sort();
    println!("cargo:rerun-if-changed=huiyin");
    println!("cargo:rerun-if-changed=policies");
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(files)?;
    let descriptors = compiler.file_descriptor_set();
    every_rpc_has_a_policy(&descriptors)?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("contract.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

fn collect(folder: &Path, ending: &str, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, ending, files)?;
        } else if path.extension().is_some_and(|found| found == ending) {
            files.push(path);
        }
    }
    Ok(())
}

/// Default deny would refuse an rpc without a policy to everybody; nobody should find that out by calling it.
fn every_rpc_has_a_policy(descriptors: &FileDescriptorSet) -> Result<(), Failed> {
    let rpcs = rpcs(descriptors);
    let (declared, allowed) = (
        named("cedarschema", "\"", "\"")?,
        named("cedar", "Action::\"", "\"")?,
    );
    for (what, named) in [
        ("no action of a schema", &declared),
        ("no policy", &allowed),
    ] {
        if let Some(rpc) = rpcs.iter().find(|rpc| !named.contains(*rpc)) {
            return Err(format!("{what} in proto/policies speaks of the rpc {rpc}").into());
        }
    }
    // health and reflection are not of this contract
    let known = |action: &&String| {
        rpcs.contains(*action) || action.starts_with("health.") || action.starts_with("reflection.")
    };
    match declared.union(&allowed).find(|action| !known(action)) {
        Some(action) => Err(format!("proto/policies speaks of {action}, which is no rpc").into()),
        None => Ok(()),
    }
}

/// `intake.RegisterMatter` and so on.
fn rpcs(descriptors: &FileDescriptorSet) -> BTreeSet<String> {
    let files = descriptors.file.iter();
    files
        .flat_map(|file| {
            let package = file.package().split('.').nth(1).unwrap_or_default();
            let methods = file.service.iter().flat_map(|service| &service.method);
            methods.map(move |method| format!("{package}.{}", method.name()))
        })
        .collect()
}

/// What stands between two marks in the files with this ending, comments left out, as far as it looks like an rpc.
fn named(ending: &str, before: &str, after: &str) -> Result<BTreeSet<String>, Failed> {
    let mut files = Vec::new();
    collect(Path::new("policies"), ending, &mut files)?;
    let mut named = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in lines {
            let mut rest = line;
            while let Some((_, behind)) = rest.split_once(before) {
                let Some((name, behind)) = behind.split_once(after) else {
                    break;
                };
                if name.contains('.') && !name.contains(' ') {
                    named.insert(name.to_owned());
                }
                rest = behind;
            }
        }
    }
    Ok(named)
}
