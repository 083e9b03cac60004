//! Long lives of a vault, with crashes, against the simplest picture of one: a set of the erased.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{House, is_erased, leaf, read_again, record, told};
use crate::vault::{Change, SealedState, SealedText, Suite, Vault, VaultError, WrappedKey};

/// What happens to a vault.
#[derive(Clone, Debug)]
enum Act {
    Register,
    Erase(Vec<prop::sample::Index>, Crash),
    Rotate(Suite, Crash),
    MoveAll,
    DropOldest(Crash),
}

/// When the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crash {
    Never,
    BeforeStoring,
    BeforeFinishing,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let crash =
        || prop::sample::select(&[Crash::Never, Crash::BeforeStoring, Crash::BeforeFinishing]);
    let which = prop::collection::vec(any::<prop::sample::Index>(), 1..4);
    let act = prop_oneof![
        3 => Just(Act::Register),
        3 => (which, crash()).prop_map(|(which, crash)| Act::Erase(which, crash)),
        1 => (prop::sample::select(&Suite::ALL), crash()).prop_map(|(suite, crash)| Act::Rotate(suite, crash)),
        1 => Just(Act::MoveAll),
        1 => crash().prop_map(Act::DropOldest),
    ];
    prop::collection::vec(act, 1..14)
}

/// A record, all wrapped keys it ever had, and its text.
struct Record {
    id: String,
    wrapped: Vec<WrappedKey>,
    text: SealedText,
}

struct Life {
    house: House,
    vault: Vault,
    records: Vec<Record>,
    erased: BTreeSet<usize>,
    /// States that were stored and replaced for good.
    replaced: Vec<SealedState>,
}

impl Life {
    fn new() -> Self {
        let (house, vault) = House::new(Suite::Aes256Sha256);
        Self {
            house,
            vault,
            records: Vec::new(),
            erased: BTreeSet::new(),
            replaced: Vec::new(),
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Register => self.register(),
            Act::Erase(which, crash) if !self.records.is_empty() => {
                let which: Vec<usize> = which
                    .iter()
                    .map(|one| one.index(self.records.len()))
                    .collect();
                let leaves: Vec<_> = which
                    .iter()
                    .map(|one| self.records[*one].wrapped[0].leaf())
                    .collect();
                let change = self.vault.puncture(&leaves).unwrap();
                if self.carry_out(&change, *crash) {
                    self.erased.extend(which);
                }
            }
            Act::Erase(..) => {}
            Act::Rotate(suite, crash) => {
                let change = self.vault.rotate(*suite).unwrap();
                self.carry_out(&change, *crash);
            }
            Act::MoveAll => self.move_all(),
            Act::DropOldest(crash) => {
                let oldest = self.vault.epochs()[0];
                if self
                    .records
                    .iter()
                    .all(|record| record.wrapped.last().unwrap().epoch() > oldest)
                {
                    // refused when it is the newest too
                    if let Ok(change) = self.vault.drop_epoch(oldest) {
                        self.carry_out(&change, *crash);
                    }
                }
            }
        }
    }

    fn register(&mut self) {
        let id = self.records.len().to_string();
        let number = i64::try_from(self.records.len()).unwrap();
        let (key, wrapped) = self.vault.new_key(leaf(number), &record(&id)).unwrap();
        let text = key.seal(&[b"story"], id.as_bytes()).unwrap();
        self.records.push(Record {
            id,
            wrapped: vec![wrapped],
            text,
        });
    }

    fn move_all(&mut self) {
        for one in &mut self.records {
            match self
                .vault
                .rewrap(one.wrapped.last().unwrap(), &record(&one.id))
            {
                Ok(moved) => one.wrapped.push(moved),
                Err(refused) => assert!(matches!(
                    refused,
                    VaultError::Erased | VaultError::EpochGone(_)
                )),
            }
        }
    }

    /// Whether the change took place.
    fn carry_out(&mut self, change: &Change, crash: Crash) -> bool {
        if crash != Crash::BeforeStoring {
            let state =
                std::mem::replace(&mut self.house.stored, read_again(change.sealed_state()));
            self.replaced.push(state);
        }
        if crash == Crash::Never {
            change.finish().unwrap();
            self.vault = change.vault().clone();
        } else {
            self.vault = self.house.start();
        }
        crash != Crash::BeforeStoring
    }

    fn check(&self) {
        for (place, one) in self.records.iter().enumerate() {
            let context = record(&one.id);
            let newest = one.wrapped.last().unwrap();
            if self.erased.contains(&place) {
                let opened = one
                    .wrapped
                    .iter()
                    .find(|wrapped| self.vault.open_key(wrapped, &context).is_ok());
                assert_eq!(opened, None);
                let dropped = !self.vault.epochs().contains(&newest.epoch());
                assert!(dropped || is_erased(&self.vault, newest, &context));
            } else {
                let key = self.vault.open_key(newest, &context).unwrap();
                assert_eq!(told(&key, &one.text).unwrap(), one.id);
            }
        }
        for state in &self.replaced {
            assert!(Vault::look_into(self.house.master(), state).is_err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_erased_stay_erased_and_the_others_open(acts in acts()) {
        let mut life = Life::new();
        for act in acts {
            life.act(&act);
            life.check();
        }
    }
}
