//! What a constellation in a folder answers besides its rpcs: its servers and its pages.

use std::path::Path;

use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::testing::postgres_programs;
use huiyin_service_kit::tls::{Connector, Identity, Keys};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::transport::{Channel, Endpoint};

use super::until;

/// Connects to a service as the holder of a certificate; waits for one that is just starting again.
pub async fn channel_as(settings: &Settings, service: ServiceName, who: &str) -> Channel {
    let address = settings.addresses.of(service).to_string();
    let endpoint = Endpoint::from_shared(address).unwrap();
    let files = settings.tls.as_ref().unwrap().of(who);
    let connector = Connector::new(Keys::load(files).unwrap(), Identity::Service(service));
    until("a service that answers", || async {
        let connecting = endpoint.connect_with_connector(connector.clone());
        connecting.await.ok()
    })
    .await
}

/// The page of metrics of a service.
pub async fn metrics(folder: &Path, service: ServiceName) -> String {
    let path = folder.join(format!("{service}.metrics"));
    let address = std::fs::read_to_string(path).unwrap();
    let mut stream = tokio::net::TcpStream::connect(address.trim())
        .await
        .unwrap();
    let request = "GET /metrics HTTP/1.0\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}

/// Runs a program of PostgreSQL on the private server as who owns it; gives what it prints.
pub fn postgres(folder: &Path, program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = postgres_command(folder, program)
        .args(arguments)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {words}");
    output.stdout
}

/// A program of PostgreSQL that is about to connect to the private server as who owns it.
pub fn postgres_command(folder: &Path, program: &str) -> std::process::Command {
    let (port, password) = owner(folder);
    let path = postgres_programs().unwrap().join(program);
    let mut command = std::process::Command::new(path);
    command
        .env("PGPASSWORD", password)
        .args(["--host", "127.0.0.1", "--username", "huiyin"])
        .args(["--port", &port.to_string()]);
    command
}

/// Port of the private server and the password of who owns it.
pub fn owner(folder: &Path) -> (u16, String) {
    let settings = Settings::load(Some(&folder.join("settings.toml"))).unwrap();
    let intake = settings.service(ServiceName::Intake).unwrap();
    let url = intake.database_url.expose_secret().to_owned();
    let behind = url.rsplit('@').next().unwrap();
    let port = behind.split([':', '/']).nth(1).unwrap().parse().unwrap();
    let password = std::fs::read_to_string(folder.join("postgres/password")).unwrap();
    (port, password)
}
