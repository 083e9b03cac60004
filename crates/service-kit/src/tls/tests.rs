//! Who is let in, who is turned away, and keys that change while the door is open.

use std::path::Path;

use futures::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::local::authority::{Authority, Issued, Validity};
use crate::names::ServiceName;
use crate::settings::LimitSettings;

/// A day in the past from which a year is not over for long.
const LASTING: Validity = Validity {
    on: huiyin_domain::time::Date::from_ymd_opt(2024, 1, 1).unwrap(),
    days: 36_500,
};
const EXPIRED: Validity = Validity {
    on: LASTING.on,
    days: 30,
};

struct City {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl City {
    fn new() -> Self {
        let domain = "huaihua.example".parse().unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            authority: Authority::new(domain, LASTING).unwrap(),
        }
    }

    fn issue(&self, identity: &Identity) -> Issued {
        self.authority.issue(identity, LASTING).unwrap()
    }

    /// The files of one that was issued this, trusting this city.
    fn files(&self, name: &str, issued: &Issued) -> KeyFiles {
        let write = |kind: &str, text: &str| {
            let path = self.folder.path().join(format!("{name}.{kind}.pem"));
            std::fs::write(&path, text).unwrap();
            path
        };
        KeyFiles {
            trust_domain: "huaihua.example".parse().unwrap(),
            certificate: write("certificate", &issued.certificate),
            key: write("key", &issued.key),
            authorities: write("authorities", self.authority.certificate()),
            revoked: Some(write("revoked", "")),
        }
    }

    fn keys(&self, name: &str, identity: &Identity) -> Keys {
        Keys::load(self.files(name, &self.issue(identity))).unwrap()
    }
}

fn routing() -> Identity {
    Identity::Service(ServiceName::Routing)
}

fn platform() -> Identity {
    Identity::Caller("national-platform".to_owned())
}

/// Somebody calls routing: whom the door says it is, or none when it was turned away on either side.
async fn call(door: &Keys, caller: &Keys) -> Option<Identity> {
    peer(door, caller).await?.identity
}

/// What the door knows of somebody who calls routing, or none when it was turned away on either side.
async fn peer(door: &Keys, caller: &Keys) -> Option<Peer> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut incoming = Incoming::new(
        ServiceName::Routing,
        listener,
        Some(door.clone()),
        &LimitSettings::default(),
    );
    let uri = format!("https://127.0.0.1:{port}").parse().unwrap();
    let connector = Connector::new(caller.clone(), routing());
    let calling = async move {
        let mut stream = connector.connect(&uri).await.ok()?;
        stream.write_all(b"?").await.ok()?;
        let mut answer = [0; 1];
        stream.read_exact(&mut answer).await.ok()?;
        Some(answer)
    };
    let answering = async move {
        let mut connection = incoming.next().await.unwrap().unwrap();
        let peer = tonic::transport::server::Connected::connect_info(&connection);
        let mut asked = [0; 1];
        connection.read_exact(&mut asked).await.ok()?;
        connection.write_all(b"!").await.ok()?;
        connection.flush().await.ok()?;
        Some(peer)
    };
    tokio::pin!(calling, answering);
    // whoever is turned away is not waited for
    tokio::select! {
        answer = &mut calling => match answer {
            Some(_) => answering.await,
            None => None,
        },
        peer = &mut answering => match peer {
            Some(peer) => calling.await.map(|_| peer),
            None => None,
        },
    }
}

#[tokio::test]
async fn those_of_one_trust_domain_know_each_other() {
    let city = City::new();
    let door = city.keys("routing", &routing());
    assert_eq!(door.identity(), routing());
    let caller = city.keys("platform", &platform());
    assert_eq!(call(&door, &caller).await, Some(platform()));
}

#[tokio::test]
async fn the_door_knows_the_thumbprint_of_the_certificate_that_is_shown() {
    let city = City::new();
    let door = city.keys("routing", &routing());
    let (one, other) = (
        city.keys("one", &platform()),
        city.keys("other", &platform()),
    );
    for caller in [&one, &other] {
        let peer = peer(&door, caller).await.unwrap();
        assert_eq!(peer.thumbprint, caller.thumbprint());
    }
    assert_ne!(one.thumbprint(), other.thumbprint());
}

#[tokio::test]
async fn without_tls_nobody_is_known() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut incoming = Incoming::new(
        ServiceName::Routing,
        listener,
        None,
        &LimitSettings::default(),
    );
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let connection = incoming.next().await.unwrap().unwrap();
    let peer = tonic::transport::server::Connected::connect_info(&connection);
    let nobody = Peer {
        address: stream.local_addr().ok(),
        identity: None,
        thumbprint: None,
    };
    assert_eq!(peer, nobody);
}

#[tokio::test]
async fn whoever_is_not_meant_is_not_called() {
    let city = City::new();
    let intake = city.keys("intake", &Identity::Service(ServiceName::Intake));
    let caller = city.keys("platform", &platform());
    assert_eq!(call(&intake, &caller).await, None);
}

#[tokio::test]
async fn the_expired_the_foreign_the_nameless_and_the_revoked_are_turned_away() {
    let city = City::new();
    let door = city.keys("routing", &routing());
    let expired = city.authority.issue(&platform(), EXPIRED).unwrap();
    let expired = Keys::load(city.files("expired", &expired)).unwrap();
    assert_eq!(call(&door, &expired).await, None);
    // of another authority that calls itself the same
    let foreign = City::new();
    let issued = foreign.issue(&platform());
    let foreign = KeyFiles {
        authorities: city.files("x", &issued).authorities,
        ..foreign.files("foreign", &issued)
    };
    assert_eq!(call(&door, &Keys::load(foreign).unwrap()).await, None);
    // revoked while the door is open
    let issued = city.issue(&platform());
    let caller = Keys::load(city.files("platform", &issued)).unwrap();
    assert_eq!(call(&door, &caller).await, Some(platform()));
    let list = city.authority.revoke(&[&issued], LASTING).unwrap();
    std::fs::write(city.folder.path().join("routing.revoked.pem"), list).unwrap();
    assert!(door.read_again().unwrap());
    assert_eq!(call(&door, &caller).await, None);
    let another = city.keys("another", &platform());
    assert_eq!(call(&door, &another).await, Some(platform()));
}

#[tokio::test]
async fn keys_are_replaced_while_the_door_is_open_and_wrong_ones_are_not_taken() {
    let city = City::new();
    let door = city.keys("routing", &routing());
    assert!(!door.read_again().unwrap(), "nothing has changed");
    let caller = city.keys("platform", &platform());
    let fresh = city.issue(&routing());
    city.files("routing", &fresh);
    assert!(door.read_again().unwrap());
    assert_eq!(call(&door, &caller).await, Some(platform()));
    let other = city.issue(&routing());
    std::fs::write(city.folder.path().join("routing.key.pem"), &other.key).unwrap();
    let wrong = door.read_again().unwrap_err().to_string();
    assert!(wrong.starts_with("[tls] certificate, key:"), "{wrong}");
    assert_eq!(call(&door, &caller).await, Some(platform()));
}

#[test]
fn wrong_files_are_named_with_their_key_and_hold_no_secret() {
    let city = City::new();
    let issued = city.issue(&routing());
    let good = city.files("good", &issued);
    let wrong = |files: KeyFiles| Keys::load(files).unwrap_err().to_string();
    let missing = Path::new("/nowhere/at/all.pem").to_path_buf();
    let words = wrong(KeyFiles {
        certificate: missing,
        ..good.clone()
    });
    assert!(
        words.starts_with("[tls] certificate: /nowhere/at/all.pem cannot be read"),
        "{words}"
    );
    let words = wrong(KeyFiles {
        authorities: good.key.clone(),
        ..good.clone()
    });
    assert!(words.ends_with("holds no certificate in PEM"), "{words}");
    let words = wrong(KeyFiles {
        key: good.certificate.clone(),
        ..good.clone()
    });
    assert!(words.ends_with("holds no private key in PEM"), "{words}");
    let elsewhere = city
        .authority
        .issue_id("spiffe://changsha.example/service/routing", LASTING);
    let words = wrong(city.files("elsewhere", &elsewhere.unwrap()));
    assert_eq!(
        words,
        "[tls] certificate, key: the certificate names nobody of spiffe://huaihua.example"
    );
}
