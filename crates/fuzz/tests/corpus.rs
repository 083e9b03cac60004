//! What fuzzing found, put through the targets again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;

/// The files of a target's corpus.
fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn put_through(name: &str) {
    let (_, target) = huiyin_fuzz::TARGETS
        .into_iter()
        .find(|(target, _)| *target == name)
        .unwrap();
    let files = corpus(name);
    assert!(!files.is_empty(), "the corpus of {name} is empty");
    for file in files {
        println!("{}", file.display());
        target(&std::fs::read(file).unwrap());
    }
}

#[test]
fn decoders_take_what_was_found() {
    put_through("decoders");
}

#[test]
fn validators_take_what_was_found() {
    put_through("validators");
}

#[test]
fn cursors_take_what_was_found() {
    put_through("cursors");
}

#[test]
fn tokens_take_what_was_found() {
    put_through("tokens");
}
