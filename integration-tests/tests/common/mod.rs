//! Starts the real program: `huiyin up` with private servers, or `huiyin demo`.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "shared by several test programs, each of which uses a part"
)]

pub mod auditing;
pub mod calling;
pub mod careless;
pub mod identities;
pub mod servers;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use huiyin_proto::development::v1::clock_service_client::ClockServiceClient;
use huiyin_proto::intake::v1::intake_service_client::IntakeServiceClient;
use huiyin_proto::intake::v1::{Petitioner, RegisterMatterRequest};
use huiyin_proto::routing::v1::routing_service_client::RoutingServiceClient;
use huiyin_proto::stability_early_warning::v1::stability_early_warning_service_client::StabilityEarlyWarningServiceClient;
use huiyin_proto::statistics::v1::statistics_service_client::StatisticsServiceClient;
use huiyin_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Settings;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tonic::transport::Channel;

/// How long anything may take before a test gives up.
pub const WITHIN: Duration = Duration::from_secs(120);

/// The program under test, built by the same cargo that built this test.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("huiyin");
    assert!(
        program.exists(),
        "{} is missing: run ./dev test, or cargo build --workspace --bin huiyin",
        program.display()
    );
    program
}

/// A folder of a test's own that the private servers may enter.
pub fn folder() -> tempfile::TempDir {
    let base = if Path::new("/dev/shm").is_dir() {
        PathBuf::from("/dev/shm")
    } else {
        std::env::temp_dir()
    };
    let folder = tempfile::Builder::new()
        .prefix("huiyin-")
        .tempdir_in(base)
        .unwrap();
    open_to_all(folder.path());
    folder
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A running `huiyin up`.
pub struct Up {
    pub folder: tempfile::TempDir,
    pub settings: Settings,
    child: Child,
}

impl Up {
    /// Starts it with the city loaded.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts it with variables that lie above its settings.
    pub async fn start_with(variables: &[(&str, String)]) -> Self {
        Self::launch(variables, &["--with-city"]).await
    }

    /// Starts it without territories and organs.
    pub async fn start_empty(variables: &[(&str, String)]) -> Self {
        Self::launch(variables, &[]).await
    }

    async fn launch(variables: &[(&str, String)], more: &[&str]) -> Self {
        let folder = folder();
        let mut child = Command::new(program())
            .envs(
                variables
                    .iter()
                    .map(|(name, value)| (*name, value.as_str())),
            )
            .args(["up", "--any-ports"])
            .args(more)
            .arg("--folder")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        tokio::time::timeout(WITHIN, async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.starts_with("Ctrl-C") {
                    return;
                }
            }
            panic!("huiyin up ended before it was ready");
        })
        .await
        .unwrap();
        let settings = Settings::load(Some(&folder.path().join("settings.toml"))).unwrap();
        Self {
            folder,
            settings,
            child,
        }
    }

    /// Connects to a service as an operator; waits for one that is just starting again.
    pub async fn channel(&self, service: ServiceName) -> Channel {
        self.channel_as(service, "operator").await
    }

    /// Connects to a service as the holder of a certificate.
    pub async fn channel_as(&self, service: ServiceName, who: &str) -> Channel {
        servers::channel_as(&self.settings, service, who).await
    }

    /// The registering and handling desk of the city's petition office.
    pub async fn intake(&self) -> IntakeServiceClient<Channel> {
        IntakeServiceClient::new(self.channel_as(ServiceName::Intake, "office").await)
            .max_encoding_message_size(32 << 20)
    }

    /// The same, at routing.
    pub async fn routing(&self) -> RoutingServiceClient<Channel> {
        RoutingServiceClient::new(self.channel_as(ServiceName::Routing, "office").await)
    }

    /// The same, at supervision.
    pub async fn supervision(&self) -> SupervisionServiceClient<Channel> {
        SupervisionServiceClient::new(self.channel_as(ServiceName::Supervision, "office").await)
    }

    /// Its duty desk.
    pub async fn warning(&self) -> StabilityEarlyWarningServiceClient<Channel> {
        StabilityEarlyWarningServiceClient::new(
            self.channel_as(ServiceName::StabilityEarlyWarning, "duty-desk")
                .await,
        )
    }

    /// Its statistics desk.
    pub async fn statistics(&self) -> StatisticsServiceClient<Channel> {
        StatisticsServiceClient::new(
            self.channel_as(ServiceName::Statistics, "statistics-desk")
                .await,
        )
    }

    pub async fn clock(&self, service: ServiceName) -> ClockServiceClient<Channel> {
        ClockServiceClient::new(self.channel(service).await)
    }

    /// The process id of a service.
    pub fn pid(&self, service: ServiceName) -> i32 {
        std::fs::read_to_string(self.folder.path().join(format!("{service}.pid")))
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    }

    pub fn log(&self, service: ServiceName) -> String {
        std::fs::read_to_string(self.folder.path().join(format!("{service}.log")))
            .unwrap_or_default()
    }

    /// The page of metrics of a service.
    pub async fn metrics(&self, service: ServiceName) -> String {
        servers::metrics(self.folder.path(), service).await
    }

    /// Ends it as Ctrl-C does.
    pub async fn stop(mut self) {
        let id = self.child.id().unwrap().to_string();
        assert!(
            std::process::Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        let ended = tokio::time::timeout(WITHIN, self.child.wait())
            .await
            .unwrap()
            .unwrap();
        assert!(ended.success(), "huiyin up ended with {ended}");
    }
}

/// Id of the petition office of the city.
pub fn office() -> String {
    let city = "431200000000".parse().unwrap();
    huiyin_domain::organs::organ_id(&city, huiyin_domain::organs::PETITION_OFFICE).to_string()
}

/// A claim that is right in every field.
pub fn claim(request_id: &str) -> RegisterMatterRequest {
    RegisterMatterRequest {
        request_id: request_id.to_owned(),
        channel: words::Channel::Online.into(),
        category: words::Category::Claim.into(),
        subject: "environment".to_owned(),
        place_code: "431202".to_owned(),
        received_by: office(),
        petitioner: Some(Petitioner {
            name: "演示人".to_owned(),
            ..Petitioner::default()
        }),
        persons: 1,
        main_request: "the river smells".to_owned(),
        ..RegisterMatterRequest::default()
    }
}

/// Asks again and again, without sleeping for a guess, until `ask` has what it wants.
pub async fn until<T, F, W>(what: &str, mut ask: W) -> T
where
    W: FnMut() -> F,
    F: Future<Output = Option<T>>,
{
    tokio::time::timeout(WITHIN, async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("waited in vain: {what}"))
}
