//! Ports and the settings file of a local constellation.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use huiyin_service_kit::chance;
use huiyin_service_kit::local::prepare::Addresses;
use huiyin_service_kit::local::{free_port, vault_section};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::tls::KeyFiles;

use super::Plan;
use super::tokens::AUDIENCE;
use crate::keys::{section, write_secret};

/// The gRPC and metrics ports of the five services, on the loopback address.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    grpc: [u16; 5],
    metrics: [u16; 5],
}

fn place(service: ServiceName) -> usize {
    match service {
        ServiceName::Intake => 0,
        ServiceName::Routing => 1,
        ServiceName::Supervision => 2,
        ServiceName::StabilityEarlyWarning => 3,
        ServiceName::Statistics => 4,
    }
}

impl Ports {
    /// The documented ports: gRPC 7401 to 7405, metrics 9401 to 9405.
    #[must_use]
    pub fn documented() -> Self {
        Self {
            grpc: [7401, 7402, 7403, 7404, 7405],
            metrics: [9401, 9402, 9403, 9404, 9405],
        }
    }

    /// Any ports that are free.
    ///
    /// # Errors
    /// When the machine has none.
    pub fn any() -> Result<Self> {
        let mut ports = [0; 10];
        for port in &mut ports {
            *port = free_port()?;
        }
        let [a, b, c, d, e, f, g, h, i, j] = ports;
        Ok(Self {
            grpc: [a, b, c, d, e],
            metrics: [f, g, h, i, j],
        })
    }

    /// Where a service listens.
    #[must_use]
    pub fn listen(&self, service: ServiceName) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.grpc[place(service)]))
    }

    /// Where a service's metrics are read.
    #[must_use]
    pub fn metrics(&self, service: ServiceName) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.metrics[place(service)]))
    }

    /// The address of a service.
    #[must_use]
    pub fn address(&self, service: ServiceName) -> String {
        format!("http://{}", self.listen(service))
    }

    /// Refuses when a port is taken.
    ///
    /// # Errors
    /// Names the port and what to do.
    pub fn check_free(&self) -> Result<()> {
        for port in self.grpc.iter().chain(&self.metrics) {
            if TcpListener::bind(("127.0.0.1", *port)).is_err() {
                bail!(
                    "port {port} on 127.0.0.1 is taken (is another demo running?); stop it, or give --any-ports"
                );
            }
        }
        Ok(())
    }
}

/// The settings file of the constellation that was started last in the project's folder.
#[must_use]
pub fn local_settings() -> PathBuf {
    home().join("running").join("settings.toml")
}

/// The project's folder for what is not in version control.
#[must_use]
pub fn home() -> PathBuf {
    let home =
        std::env::var_os("HUIYIN_HOME").map_or_else(|| PathBuf::from(".huiyin"), PathBuf::from);
    // other accounts run the private servers, from folders of their own
    std::path::absolute(&home).unwrap_or(home)
}

/// Quotas of a machine of one's own, where a year is played in a minute and one system speaks for all desks.
const LIMITS: &str = "\n[limits]\ncalls_per_second = 20000\nhouse_calls_per_second = 20000\nconnections_of_one = 256\nhandshakes_per_second = 5000\n";

/// The settings shared by the five processes; each process overrides its metrics address. Secrets lie in files beside them.
pub(super) fn write(
    plan: &Plan,
    addresses: &Addresses,
    [streams, issuer, auditor]: &[String; 3],
    (keys, log_keys): (&KeyFiles, &BTreeMap<ServiceName, String>),
) -> Result<String> {
    let secrets = Secrets::make(&plan.folder.join("secrets"))?;
    let mut text = format!(
        "profile = \"{}\"\n\n[telemetry]\nlog_level = \"info\"\nlog_format = \"json\"\ntrace_ratio = 0.0\n",
        plan.profile
    );
    if let Some(otlp) = plan.otlp {
        text.push_str(&format!("otlp_endpoint = \"http://{otlp}\"\n"));
    }
    text.push_str(&format!(
        "\n[streams]\nurl = {}\n\n{}\n[tokens]\nissuer = \"{issuer}\"\naudience = \"{AUDIENCE}\"\nauthorities = {:?}\n{LIMITS}\n[audit]\ndatabase_url = {}\n\n[addresses]\n",
        secrets.named("streams.url", streams)?,
        section(keys),
        keys.authorities,
        secrets.named("auditor.database_url", auditor)?
    ));
    for service in ServiceName::ALL {
        text.push_str(&format!(
            "{} = \"{}\"\n",
            service.key(),
            plan.ports.address(service)
        ));
    }
    for (service, address) in addresses {
        text.push_str(&format!(
            "\n[{}]\nlisten = \"{}\"\ndatabase_url = {}\ndatabase_connections = 12\n",
            service.key(),
            plan.ports.listen(*service),
            secrets.named(&format!("{service}.database_url"), address)?,
        ));
        text.extend(log_keys.get(service).map(|key| format!("{key}\n")));
        text.push_str(&vault_section(*service, &plan.folder.join("vault")));
        if *service == ServiceName::StabilityEarlyWarning {
            // from which the secrets of webhooks are derived; new with each constellation, as its databases are
            let key =
                [chance::new_uuid(), chance::new_uuid()].map(|part| part.simple().to_string());
            let key = secrets.named("webhook_key", &key.concat())?;
            text.push_str(&format!("webhook_key = {key}\nwebhook_kept_days = 90\n"));
        }
    }
    Ok(text)
}

/// The folder of the secrets.
struct Secrets(PathBuf);

impl Secrets {
    fn make(folder: &Path) -> Result<Self> {
        let made = std::fs::create_dir_all(folder).and_then(|()| std::path::absolute(folder));
        made.map(Self)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))
    }

    /// Writes a secret into a file of its own; gives how settings name it.
    fn named(&self, name: &str, secret: &str) -> Result<String> {
        let path = self.0.join(name);
        write_secret(&path, secret)?;
        Ok(format!("{:?}", format!("file:{}", path.display())))
    }
}
