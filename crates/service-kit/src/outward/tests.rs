//! Where nobody is called, however it is written, and by whom a name is answered.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{KeyInit as _, Mac as _};
use huiyin_domain::time::Instant;
use secrecy::SecretString;
use tokio::net::TcpListener;

use super::*;

/// A resolver that answers these in turn, and the last of them from then on.
fn answering(answers: Vec<Vec<&'static str>>) -> Resolve {
    let asked = AtomicUsize::new(0);
    let answers: Vec<Vec<IpAddr>> = answers
        .into_iter()
        .map(|answer| answer.iter().map(|ip| ip.parse().unwrap()).collect())
        .collect();
    Arc::new(move |_| {
        let turn = asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        let answer = answers[turn].clone();
        Box::pin(async move { Ok(answer) })
    })
}

fn reach(networks: &[&str], resolve: Resolve) -> Reach {
    Reach {
        networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
        ports: vec![443, 8443],
        resolve,
    }
}

async fn refused(url: &str, reach: &Reach) -> Option<String> {
    match OutwardAddress::parse(url, reach) {
        Ok(address) => address.places(reach).await.err(),
        Err(words) => Some(words),
    }
}

/// Ways to write what lies inside, or nowhere.
const INSIDE: [&str; 52] = [
    "localhost",
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "0.0.0.0",
    "0",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2001::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[fec0::1]",
    "[ff02::1]",
];

#[tokio::test]
async fn whatever_leads_inside_is_refused_in_every_spelling() {
    let reach = reach(&[], resolve_by_the_machine());
    for host in INSIDE {
        assert!(
            refused(&format!("https://{host}/alerts"), &reach)
                .await
                .is_some(),
            "{host}"
        );
    }
}

#[tokio::test]
async fn an_address_is_https_on_a_port_that_is_called_and_names_nobody() {
    let reach = reach(&[], answering(vec![vec!["1.1.1.1"]]));
    for url in [
        "https://desk.example",
        "https://desk.example/alerts?of=county",
        "https://desk.example:8443/alerts",
        "https://1.1.1.1/",
        "https://[2606:4700:4700::1111]/",
    ] {
        assert_eq!(refused(url, &reach).await, None, "{url}");
    }
    for (url, words) in [
        ("http://desk.example/", "is no address like"),
        ("ftp://desk.example/", "is no address like"),
        ("https://somebody@desk.example/", "is no address like"),
        (
            "https://somebody:secret@desk.example/",
            "is no address like",
        ),
        ("https://desk.example@127.0.0.1/", "is no address like"),
        ("https://desk.example/#alerts", "is no address like"),
        (
            "https://desk.example:80/",
            "names the port 80; allowed: 443, 8443",
        ),
        (
            "https://desk.example:6379/",
            "names the port 6379; allowed: 443, 8443",
        ),
        ("https://de sk.example/", "is no address like"),
        ("https://desk..example/", "names a host that is neither"),
        ("https:///", "is no address like"),
        ("", "is no address like"),
    ] {
        let refused = refused(url, &reach).await.unwrap();
        assert!(refused.starts_with(words), "{url}: {refused}");
    }
    let long = format!("https://desk.example/{}", "x".repeat(2000));
    assert_eq!(
        refused(&long, &reach).await.unwrap(),
        "is longer than 2000 bytes"
    );
}

#[tokio::test]
async fn of_a_name_every_address_is_looked_at() {
    for (answer, is_refused) in [
        (vec!["1.1.1.1", "2606:4700:4700::1111"], false),
        (vec!["1.1.1.1", "10.0.0.1"], true),
        (vec!["1.1.1.1", "::ffff:192.168.0.1"], true),
        (vec!["fd00::1", "1.1.1.1"], true),
        (vec![], true),
    ] {
        let reach = reach(&[], answering(vec![answer.clone()]));
        let refused = refused("https://desk.example/", &reach).await;
        assert_eq!(refused.is_some(), is_refused, "{answer:?}");
    }
}

#[tokio::test]
async fn a_network_that_the_settings_allow_is_called_and_nothing_beside_it() {
    let reach = reach(
        &["10.20.0.0/16", "169.254.0.0/16", "fd00:20::/32"],
        resolve_by_the_machine(),
    );
    for (host, is_refused) in [
        ("10.20.3.4", false),
        ("[::ffff:10.20.3.4]", false),
        ("[fd00:20::1]", false),
        ("10.21.0.1", true),
        ("10.19.255.255", true),
        ("[fd00:21::1]", true),
        ("169.254.1.1", false),
        ("169.254.169.254", true),
    ] {
        let refused = refused(&format!("https://{host}/"), &reach).await;
        assert_eq!(refused.is_some(), is_refused, "{host}: {refused:?}");
    }
    let words = refused("https://10.21.0.1/", &reach).await.unwrap();
    assert_eq!(
        words,
        "leads to an address that is private; allowed: addresses of the open internet, 10.20.0.0/16, 169.254.0.0/16, fd00:20::/32"
    );
}

#[test]
fn a_network_is_written_with_its_length() {
    for text in [
        "10.20.0.0",
        "10.20.0.0/33",
        "10.20.0.0/0",
        "::/129",
        "x/8",
        "::ffff:10.0.0.0/104",
    ] {
        assert_eq!(text.parse::<Network>(), Err(InvalidNetwork), "{text}");
    }
    let whole: Network = "10.20.3.4/32".parse().unwrap();
    assert!(whole.contains("10.20.3.4".parse().unwrap()));
    assert!(!whole.contains("10.20.3.5".parse().unwrap()));
    let one: Network = "fd00::1/128".parse().unwrap();
    assert!(one.contains("fd00::1".parse().unwrap()));
    assert!(!one.contains("fd00::2".parse().unwrap()));
}

#[tokio::test]
async fn a_name_that_answers_otherwise_when_it_is_called_is_not_called() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let reach = Reach {
        networks: Vec::new(),
        ports: vec![port],
        resolve: answering(vec![vec!["1.1.1.1"], vec!["127.0.0.1"]]),
    };
    let url = format!("https://desk.example:{port}/alerts");
    let address = OutwardAddress::parse(&url, &reach).unwrap();
    address.places(&reach).await.unwrap();
    let outward = Outward::new(reach, None);
    let answered = outward
        .post(&address, Vec::new(), "{}".to_owned(), Instant::UNIX_EPOCH)
        .await;
    assert!(
        matches!(answered, Err(OutwardError::NotAllowed(_))),
        "{answered:?}"
    );
    let called = futures::poll!(Box::pin(listener.accept()));
    assert!(called.is_pending(), "nobody knocked");
}

#[tokio::test]
async fn the_address_that_was_looked_at_is_the_one_that_is_called() {
    // the machine itself would find 127.0.0.1 under this name, where nobody listens
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let reach = Reach {
        networks: vec!["127.0.0.2/32".parse().unwrap()],
        ports: vec![port],
        resolve: answering(vec![vec!["127.0.0.2"]]),
    };
    let address = OutwardAddress::parse(&format!("https://localhost:{port}/"), &reach).unwrap();
    let outward = Outward::new(reach, None);
    let posting = outward.post(&address, Vec::new(), "{}".to_owned(), Instant::UNIX_EPOCH);
    let hanging_up = async {
        let (called, _) = listener.accept().await.unwrap();
        drop(called);
    };
    let called = tokio::time::timeout(POST_WITHIN, async { tokio::join!(posting, hanging_up) });
    let (answered, ()) = called.await.unwrap();
    assert!(
        matches!(answered, Err(OutwardError::NotReached(_))),
        "{answered:?}"
    );
}

#[tokio::test]
async fn a_name_that_is_not_found_is_not_called() {
    let nobody: Resolve = Arc::new(|_| Box::pin(async { Err(io::Error::other("no such name")) }));
    let refused = refused("https://desk.example/", &reach(&[], nobody)).await;
    assert_eq!(
        refused.unwrap(),
        "names the host desk.example, which has no address"
    );
}

#[test]
fn a_signature_is_what_standard_webhooks_computes() {
    let key = SigningKey::new(SecretString::from("k".repeat(32)));
    let secret = key.secret("webhook_1", 1).unwrap();
    let shown = secret.shown();
    let bytes = STANDARD
        .decode(shown.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&bytes).unwrap();
    mac.update(b"event_1.1767574800.{}");
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(secret.sign("event_1", 1_767_574_800, "{}"), expected);
    let others = [
        key.secret("webhook_1", 2).unwrap(),
        key.secret("webhook_2", 1).unwrap(),
        SigningKey::new(SecretString::from("j".repeat(32)))
            .secret("webhook_1", 1)
            .unwrap(),
    ];
    assert!(others.iter().all(|other| other.shown() != shown));
    assert_eq!(key.secret("webhook_1", 1).unwrap().shown(), shown);
    assert_eq!(format!("{secret:?}{key:?}").matches("kkkk").count(), 0);
}
