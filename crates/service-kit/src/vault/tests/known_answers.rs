//! Known answers of the standards, through what the vault itself calls.

use aes_gcm::aead::KeyInit as _;
use sha2::{Digest as _, Sha256};
use sm3::Sm3;
use sm4::Sm4;
use sm4::cipher::BlockCipherEncrypt as _;

use crate::vault::secret::Secret;
use crate::vault::suite::{Cipher, KeyedHasher, NONCE_BYTES, Suite};

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal.replace([' ', '\n'], "")).unwrap()
}

/// A key of 32 bytes; a shorter one is filled up with zeros.
fn secret(hexadecimal: &str) -> Secret {
    let mut key = bytes(hexadecimal);
    key.resize(32, 0);
    Secret::of_slice(&key).unwrap()
}

#[test]
fn sm3_gives_the_answers_of_gb_t_32905() {
    let hash = |text: &[u8]| hex::encode(Sm3::digest(text));
    assert_eq!(
        hash(b"abc"),
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    );
    assert_eq!(
        hash(&b"abcd".repeat(16)),
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    );
}

#[test]
fn sm4_gives_the_answer_of_gb_t_32907() {
    let key: [u8; 16] = bytes("0123456789abcdeffedcba9876543210")
        .try_into()
        .unwrap();
    let mut block = key.into();
    Sm4::new(&key.into()).encrypt_block(&mut block);
    assert_eq!(hex::encode(block), "681edf34d206965e86b3e94f536e4246");
}

#[test]
fn sm4_gives_the_answer_of_gb_t_32907_after_being_repeated() {
    let key: [u8; 16] = bytes("0123456789abcdeffedcba9876543210")
        .try_into()
        .unwrap();
    let (cipher, mut block) = (Sm4::new(&key.into()), key.into());
    (0..1_000_000).for_each(|_| cipher.encrypt_block(&mut block));
    assert_eq!(hex::encode(block), "595298c7c6fd271f0402f804c33d3f66");
}

#[test]
fn sha_256_gives_the_answer_of_fips_180() {
    assert_eq!(
        hex::encode(Sha256::digest(b"abc")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

/// Seals by the vault's cipher and compares; then opens what it sealed.
fn seals_to(suite: Suite, key: &str, nonce: &str, known: [&str; 4]) {
    let [associated, text, sealed, tag] = known.map(bytes);
    let cipher = Cipher::new(suite, &secret(key));
    let nonce: [u8; NONCE_BYTES] = bytes(nonce).try_into().unwrap();
    let mut made = Vec::new();
    cipher
        .seal_with(&nonce, &associated, &text, &mut made)
        .unwrap();
    assert_eq!(made, [nonce.as_slice(), &sealed, &tag].concat());
    assert_eq!(*cipher.open(&associated, &made).unwrap(), text);
}

#[test]
fn sm4_gcm_gives_the_answer_of_rfc_8998() {
    seals_to(
        Suite::Sm4Sm3,
        "0123456789ABCDEFFEDCBA9876543210",
        "00001234567800000000ABCD",
        [
            "FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2",
            "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD
             EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA",
            "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735
             D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D",
            "83DE3541E4C2B58177E065A9BF7B62EC",
        ],
    );
}

#[test]
fn aes_256_gcm_gives_the_answers_of_the_proposal_to_nist() {
    let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    seals_to(
        Suite::Aes256Sha256,
        key,
        "cafebabefacedbaddecaf888",
        [
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ],
    );
    // no text and no associated data
    seals_to(
        Suite::Aes256Sha256,
        &"00".repeat(32),
        &"00".repeat(12),
        ["", "", "", "530f8afbc74536b9a963b4f1c4cb738b"],
    );
}

fn hashes_to(suite: Suite, key: &str, text: &[u8], known: &str) {
    let hasher = KeyedHasher::new(suite, &secret(key));
    let (head, tail) = text.split_at(text.len() / 2);
    assert_eq!(hex::encode(hasher.hash(&[text]).expose()), known);
    assert_eq!(hex::encode(hasher.hash(&[head, tail]).expose()), known);
}

#[test]
fn hmac_sha_256_gives_the_answers_of_rfc_4231() {
    hashes_to(
        Suite::Aes256Sha256,
        &"0b".repeat(20),
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
    hashes_to(
        Suite::Aes256Sha256,
        &hex::encode("Jefe"),
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
}

#[test]
fn hmac_sm3_gives_the_answers_of_gm_t_0042() {
    hashes_to(
        Suite::Sm4Sm3,
        "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
        &b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".repeat(2),
        "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a",
    );
    hashes_to(
        Suite::Sm4Sm3,
        &hex::encode("Jefe"),
        b"what do ya want for nothing?",
        "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882",
    );
}

#[test]
fn hkdf_expand_gives_the_answers_of_rfc_5869() {
    let expanded = |secret: &Secret, info: &[&[u8]]| {
        let key = Suite::Aes256Sha256.derive(secret, info).unwrap();
        hex::encode(key.expose())
    };
    assert_eq!(
        expanded(
            &secret("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"),
            &[&bytes("f0f1f2f3f4"), &bytes("f5f6f7f8f9")],
        ),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    );
    assert_eq!(
        expanded(
            &secret("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"),
            &[],
        ),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    );
}

#[test]
fn hkdf_over_sm3_is_one_hmac_of_what_it_is_for_and_a_one() {
    let from = secret(&"07".repeat(32));
    let derived = Suite::Sm4Sm3.derive(&from, &[b"what for"]).unwrap();
    let hmac = KeyedHasher::new(Suite::Sm4Sm3, &from).hash(&[b"what for", &[1]]);
    assert_eq!(derived, hmac);
}

#[test]
fn a_suite_is_named_and_found_by_its_name() {
    for suite in Suite::ALL {
        assert_eq!(suite.to_string().parse(), Ok(suite));
        assert_eq!(Suite::of_code(suite.code()), Some(suite));
    }
    assert!("aes".parse::<Suite>().is_err());
    assert_eq!(Suite::of_code(0), None);
}
