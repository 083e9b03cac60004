//! The master key in a hardware security module: SoftHSM stands for one. Each test plays in a process of its own, because
//! the module takes the folder of its tokens from the environment.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use huiyin_service_kit::testing::softhsm;
use huiyin_service_kit::vault::{
    Context, KeyReference, Leaf, Master, MasterError, SealedState, Secret, Suite, Vault,
    VaultError, master_of,
};
use tempfile::TempDir;

/// Set in the process in which a test plays: its folder.
const FOLDER: &str = "HUIYIN_TEST_HSM_FOLDER";
/// Where that process finds the PIN.
const PIN: &str = "HUIYIN_TEST_HSM_PIN";
const LABEL: &str = "huiyin test";

/// A module with tokens of its own.
struct Hsm {
    folder: PathBuf,
    path: PathBuf,
    module: Pkcs11,
}

/// Plays a test in a process whose environment names a folder for its tokens.
fn play(test: &str, play: impl FnOnce(&Hsm)) {
    let path = softhsm().unwrap();
    if let Some(folder) = std::env::var_os(FOLDER) {
        return play(&Hsm::new(folder.into(), path));
    }
    let folder = TempDir::new().unwrap();
    let (tokens, settings) = (
        folder.path().join("tokens"),
        folder.path().join("softhsm2.conf"),
    );
    std::fs::create_dir(&tokens).unwrap();
    let text = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&settings, text).unwrap();
    let played = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("SOFTHSM2_CONF", settings)
        .env(FOLDER, folder.path())
        .env(PIN, "1234")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&played.stdout);
    let failed = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "{told}{failed}");
    assert!(told.contains("1 passed"), "there is no test {test}: {told}");
}

impl Hsm {
    fn new(folder: PathBuf, path: PathBuf) -> Self {
        let module = Pkcs11::new(&path).unwrap();
        let locking = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        module.initialize(locking).unwrap();
        let hsm = Self {
            folder,
            path,
            module,
        };
        hsm.add_token();
        hsm
    }

    /// Adds a token with our label and PIN.
    fn add_token(&self) {
        let (slots, officer) = (self.module.get_all_slots().unwrap(), AuthPin::from("5678"));
        // the last slot is always an empty one
        let slot = *slots.last().unwrap();
        self.module.init_token(slot, &officer, LABEL).unwrap();
        let session = self.module.open_rw_session(slot).unwrap();
        session.login(UserType::So, Some(&officer)).unwrap();
        session.init_pin(&AuthPin::from("1234")).unwrap();
    }

    fn tokens(&self) -> Vec<Slot> {
        let slots = self.module.get_slots_with_token().unwrap();
        let ours = |slot: &Slot| self.module.get_token_info(*slot).unwrap().label() == LABEL;
        slots.into_iter().filter(ours).collect()
    }

    fn session(&self) -> Session {
        let session = self.module.open_rw_session(self.tokens()[0]).unwrap();
        // another session may be logged in already, and then this one is too
        session
            .login(UserType::User, Some(&AuthPin::from("1234")))
            .ok();
        session
    }

    fn reference(&self, token: &str, pin_source: &str) -> KeyReference {
        let module = self.path.display();
        let text =
            format!("pkcs11:{token};object=vault?module-path={module}&pin-source={pin_source}");
        text.parse().unwrap()
    }

    fn try_open(&self, token: &str, pin_source: &str) -> Result<Arc<dyn Master>, MasterError> {
        master_of(&self.reference(token, pin_source))
    }

    fn master(&self) -> Arc<dyn Master> {
        self.try_open("token=huiyin%20test", &format!("env:{PIN}"))
            .unwrap()
    }
}

/// A vault's first version of the master key.
fn first(master: &Arc<dyn Master>) -> Vault {
    let change = Vault::create(Arc::clone(master), Suite::Sm4Sm3).unwrap();
    change.finish().unwrap();
    change.vault().clone()
}

fn why<T>(refused: Result<T, MasterError>) -> String {
    refused.err().unwrap().to_string()
}

#[test]
fn what_a_key_of_the_token_wraps_opens_by_its_version_and_what_is_associated_alone() {
    play(
        "what_a_key_of_the_token_wraps_opens_by_its_version_and_what_is_associated_alone",
        |hsm| {
            let master = hsm.master();
            assert_eq!(master.versions().unwrap(), []);
            let one = first(&master).version();
            let two = first(&master).version();
            master.make(one).unwrap();
            assert!(
                matches!(master.make(one), Err(MasterError::Exists(version)) if version == one)
            );
            assert_eq!(master.versions().unwrap(), [one, two]);
            let secret = Secret::drawn().unwrap();
            let wrapped = master.wrap(one, b"here", &secret).unwrap();
            assert_eq!(master.unwrap(one, b"here", &wrapped).unwrap(), secret);
            assert_ne!(master.wrap(one, b"here", &secret).unwrap(), wrapped);
            assert!(master.unwrap(one, b"there", &wrapped).is_err());
            assert!(master.unwrap(two, b"here", &wrapped).is_err());
            assert!(master.unwrap(one, b"here", &wrapped[1..]).is_err());
            for bit in 0..wrapped.len() * 8 {
                let mut flipped = wrapped.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(master.unwrap(one, b"here", &flipped).is_err(), "bit {bit}");
            }
            master.destroy(one).unwrap();
            let gone = master.unwrap(one, b"here", &wrapped);
            assert!(matches!(gone, Err(MasterError::Gone(version)) if version == one));
            master.destroy(one).unwrap();
            assert_eq!(master.versions().unwrap(), [two]);
        },
    );
}

#[test]
fn a_vault_on_a_token_erases_for_good() {
    play("a_vault_on_a_token_erases_for_good", |hsm| {
        let leaf = |number| Leaf::try_from(number).unwrap();
        let record = Context::of(&[b"record"]);
        let master = hsm.master();
        let vault = Vault::create(Arc::clone(&master), Suite::Sm4Sm3).unwrap();
        let backup = SealedState::parse(vault.sealed_state().as_bytes()).unwrap();
        let vault = vault.vault().clone();
        let (_, erased) = vault.new_key(leaf(1), &record).unwrap();
        let (_, kept) = vault.new_key(leaf(2), &record).unwrap();
        let change = vault.puncture(&[leaf(1)]).unwrap();
        // until the change is finished, the backup yields it
        let old = Vault::look_into(Arc::clone(&master), &backup).unwrap();
        assert!(old.open_key(&erased, &record).is_ok());
        change.finish().unwrap();
        let closed = Vault::look_into(Arc::clone(&master), &backup);
        assert!(matches!(
            closed,
            Err(VaultError::Master(MasterError::Gone(_)))
        ));
        // as a process finds it that starts now
        let vault = Vault::open(hsm.master(), change.sealed_state()).unwrap();
        assert!(matches!(
            vault.open_key(&erased, &record),
            Err(VaultError::Erased)
        ));
        assert!(vault.open_key(&kept, &record).is_ok());
    });
}

#[test]
fn a_key_cannot_leave_its_token() {
    play("a_key_cannot_leave_its_token", |hsm| {
        let master = hsm.master();
        let vault = first(&master);
        let session = hsm.session();
        let keys = session
            .find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY)])
            .unwrap();
        let [key] = keys.as_slice() else {
            panic!("{keys:?}");
        };
        let id = vault.version().number().to_be_bytes().to_vec();
        let known = session
            .get_attributes(
                *key,
                &[
                    AttributeType::Sensitive,
                    AttributeType::Extractable,
                    AttributeType::NeverExtractable,
                    AttributeType::Private,
                    AttributeType::ValueLen,
                    AttributeType::Id,
                ],
            )
            .unwrap();
        let expected = [
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::NeverExtractable(true),
            Attribute::Private(true),
            Attribute::ValueLen(32.into()),
            Attribute::Id(id),
        ];
        assert_eq!(known, expected);
        let value = session
            .get_attribute_info(*key, &[AttributeType::Value])
            .unwrap();
        assert!(
            matches!(value.as_slice(), [AttributeInfo::Sensitive]),
            "{value:?}"
        );
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::Wrap(true),
            Attribute::ValueLen(32.into()),
        ];
        let wrapping = session
            .generate_key(&Mechanism::AesKeyGen, &template)
            .unwrap();
        assert!(
            session
                .wrap_key(&Mechanism::AesKeyWrap, wrapping, *key)
                .is_err()
        );
    });
}

#[test]
fn a_key_with_an_id_that_is_no_version_is_told_of() {
    play("a_key_with_an_id_that_is_no_version_is_told_of", |hsm| {
        let master = hsm.master();
        let template = [
            Attribute::Token(true),
            Attribute::Label(b"vault".to_vec()),
            Attribute::Id(b"seven".to_vec()),
            Attribute::ValueLen(32.into()),
        ];
        hsm.session()
            .generate_key(&Mechanism::AesKeyGen, &template)
            .unwrap();
        assert!(why(master.versions()).contains("an id that is no version"));
    });
}

#[test]
fn what_is_missing_is_told() {
    play("what_is_missing_is_told", |hsm| {
        let (token, known) = ("token=huiyin%20test", format!("env:{PIN}"));
        assert!(why(hsm.try_open("token=other", &known)).contains("there is none with this label"));
        let serial = why(hsm.try_open("token=huiyin%20test;serial=0", &known));
        assert!(
            serial.contains("there is none with this label and serial number"),
            "{serial}"
        );
        let unset = why(hsm.try_open(token, "env:HUIYIN_TEST_UNSET"));
        assert!(
            unset.contains("HUIYIN_TEST_UNSET of the environment"),
            "{unset}"
        );
        let elsewhere = "pkcs11:token=a;object=b?module-path=/none.so&pin-source=env:A".parse();
        assert!(why(master_of(&elsewhere.unwrap())).contains("cannot be loaded"));
    });
}

#[test]
fn a_pin_lies_in_a_file_that_not_everybody_can_read() {
    play("a_pin_lies_in_a_file_that_not_everybody_can_read", |hsm| {
        let (token, file) = ("token=huiyin%20test", hsm.folder.join("pin"));
        let source = format!("file:{}", file.display());
        assert!(why(hsm.try_open(token, &source)).contains("cannot be read"));
        let write = |pin: &str, mode| write_pin(&file, pin, mode);
        write("1234\n", 0o640);
        assert!(hsm.try_open(token, &source).is_ok());
        write("1234\n", 0o644);
        assert!(why(hsm.try_open(token, &source)).contains("open to everybody"));
        write("4321\n", 0o640);
        let refused = why(hsm.try_open(token, &source));
        assert!(
            refused.contains("log in") && !refused.contains("4321"),
            "{refused}"
        );
    });
}

fn write_pin(file: &Path, pin: &str, mode: u32) {
    std::fs::write(file, pin).unwrap();
    std::fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn tokens_of_one_label_are_told_apart_by_their_serial_numbers() {
    play(
        "tokens_of_one_label_are_told_apart_by_their_serial_numbers",
        |hsm| {
            hsm.add_token();
            let known = format!("env:{PIN}");
            assert!(
                why(hsm.try_open("token=huiyin%20test", &known))
                    .contains("several have this label")
            );
            let tokens = hsm.tokens();
            assert_eq!(tokens.len(), 2);
            let masters: Vec<_> = tokens
                .into_iter()
                .map(|slot| {
                    let info = hsm.module.get_token_info(slot).unwrap();
                    let token = format!("token=huiyin%20test;serial={}", info.serial_number());
                    hsm.try_open(&token, &known).unwrap()
                })
                .collect();
            let version = first(&masters[0]).version();
            assert_eq!(masters[0].versions().unwrap(), [version]);
            assert_eq!(masters[1].versions().unwrap(), []);
        },
    );
}
