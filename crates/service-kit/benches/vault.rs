//! What the vault costs: a new record with five fields, an old one opened again, and an erasure among thousands.
#![expect(clippy::unwrap_used, reason = "a bench whose ground is missing fails")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use huiyin_service_kit::vault::{Context, FileMaster, Leaf, SealedText, Suite, Vault, WrappedKey};
use tempfile::TempDir;

/// Names of the fields of a record, and how many bytes each holds.
const FIELDS: [(&str, usize); 5] = [
    ("name", 9),
    ("phone", 11),
    ("number", 18),
    ("address", 60),
    ("story", 600),
];
/// Records among which an old one is opened.
const RECORDS: i64 = 10_000_000;

fn vault(folder: &TempDir, suite: Suite) -> Vault {
    let master = FileMaster::open(&folder.path().join(suite.as_str())).unwrap();
    let change = Vault::create(Arc::new(master), suite).unwrap();
    change.finish().unwrap();
    change.vault().clone()
}

fn context(number: i64) -> Context {
    Context::of(&[b"record", &number.to_be_bytes()])
}

/// Draws a record's key and seals its fields.
fn seal(vault: &Vault, number: i64) -> (WrappedKey, Vec<SealedText>) {
    let leaf = Leaf::try_from(number).unwrap();
    let (key, wrapped) = vault.new_key(leaf, &context(number)).unwrap();
    let fields = FIELDS.iter().map(|(name, length)| {
        let text = vec![b'a'; *length];
        key.seal(&[name.as_bytes()], &text).unwrap()
    });
    (wrapped, fields.collect())
}

fn open(vault: &Vault, number: i64, wrapped: &WrappedKey, fields: &[SealedText]) {
    let key = vault.open_key(wrapped, &context(number)).unwrap();
    for ((name, _), sealed) in FIELDS.iter().zip(fields) {
        black_box(key.open(&[name.as_bytes()], sealed).unwrap());
    }
}

/// A number among the records, each time a far one.
fn scattered(number: &mut i64) -> i64 {
    *number = (*number + 7_368_787) % RECORDS;
    *number
}

fn records(c: &mut Criterion) {
    let folder = TempDir::new().unwrap();
    for suite in Suite::ALL {
        let vault = vault(&folder, suite);
        let mut number = 0;
        c.bench_function(&format!("seal/five_fields/{suite}"), |b| {
            b.iter(|| {
                number += 1;
                black_box(seal(&vault, number))
            });
        });
        let old: Vec<_> = (0..1000)
            .map(|_| {
                let number = scattered(&mut number);
                (number, seal(&vault, number))
            })
            .collect();
        let mut turns = old.iter().cycle();
        c.bench_function(&format!("open/five_fields/{suite}"), |b| {
            b.iter(|| {
                let (number, (wrapped, fields)) = turns.next().unwrap();
                open(&vault, *number, wrapped, fields);
            });
        });
        let index = vault.index_key("phone").unwrap();
        c.bench_function(&format!("keyed_hash/{suite}"), |b| {
            b.iter(|| black_box(index.hash(&[black_box(b"13900000000"), b"4312"])));
        });
    }
}

/// One more erasure in a state that a thousand scattered ones have left. It writes and syncs a key file.
fn erasures(c: &mut Criterion) {
    let folder = TempDir::new().unwrap();
    for suite in Suite::ALL {
        let vault = vault(&folder, suite);
        let mut number = 0;
        let leaves: Vec<_> = (0..1000)
            .map(|_| Leaf::try_from(scattered(&mut number)).unwrap())
            .collect();
        let vault = vault.puncture(&leaves).unwrap().vault().clone();
        let one = Leaf::try_from(RECORDS).unwrap();
        let bytes = vault.puncture(&[one]).unwrap();
        let bytes = bytes.sealed_state().as_bytes().len();
        c.bench_function(
            &format!("erase/one_after_1000/{suite}/state_of_{bytes}_bytes"),
            |b| {
                b.iter(|| {
                    let change = vault.puncture(&[one]).unwrap();
                    change.finish().unwrap();
                    black_box(change.sealed_state().version())
                });
            },
        );
    }
}

criterion_group! {
    name = vault_costs;
    config = Criterion::default()
        .sample_size(30)
        .measurement_time(std::time::Duration::from_secs(3))
        .warm_up_time(std::time::Duration::from_secs(1));
    targets = records, erasures
}
criterion_main!(vault_costs);
