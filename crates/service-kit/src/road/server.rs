//! The stream server: at an address, wherever its sentinels say that it is now, or the nodes of a cluster.

mod cluster;
mod connection;
mod nodes;

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult};

pub use cluster::Cluster;
pub use connection::Connection;
pub use nodes::Nodes;

/// How long connecting may take, and the answer of a sentinel or of a node that is asked for the way.
const CONNECTED_WITHIN: Duration = Duration::from_millis(500);

/// The stream server, not yet connected.
#[derive(Clone, Debug)]
pub enum StreamServer {
    /// At an address.
    At(Client),
    /// Where its sentinels say.
    Watched(Watched),
    /// At the nodes of a cluster, each stream at one of them.
    Sharded(Cluster),
}

/// A stream server whose replica takes its place when its sentinels agree that it is gone.
#[derive(Clone, Debug)]
pub struct Watched {
    sentinels: Vec<Client>,
    /// The name by which they know it.
    name: String,
    /// Scheme and credentials of its address.
    scheme: String,
    credentials: String,
}

impl From<Client> for StreamServer {
    fn from(client: Client) -> Self {
        Self::At(client)
    }
}

impl StreamServer {
    /// Reads an address: `redis://127.0.0.1:6379`, `redis+sentinel://one:26379,two:26379,three:26379/name` or
    /// `redis+cluster://one:6379,two:6379,three:6379`; `rediss` is by TLS. Credentials before an `@` are those of the stream
    /// server, at a cluster of every node; sentinels are asked without.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn open(address: &str) -> RedisResult<Self> {
        if let Some((scheme, rest)) = address.split_once("+cluster://") {
            return Cluster::open(scheme, rest).map(Self::Sharded);
        }
        let Some((scheme, rest)) = address.split_once("+sentinel://") else {
            return Client::open(address).map(Self::At);
        };
        let (credentials, places) = apart(rest);
        let named = places.split_once('/').filter(|(_, name)| !name.is_empty());
        let Some((hosts, name)) = named else {
            let what = "sentinels are asked for a name: redis+sentinel://host:26379/name";
            return Err(RedisError::from((ErrorKind::InvalidClientConfig, what)));
        };
        let sentinels = hosts
            .split(',')
            .map(|host| Client::open(format!("{scheme}://{host}")));
        Ok(Self::Watched(Watched {
            sentinels: sentinels.collect::<RedisResult<_>>()?,
            name: name.to_owned(),
            scheme: scheme.to_owned(),
            credentials: credentials.to_owned(),
        }))
    }

    /// Connects; answers may take so long, or any time for reads that wait.
    ///
    /// # Errors
    /// When it does not answer, no sentinel knows where it is, or no node of the cluster answers.
    pub async fn connect(&self, answered_within: Option<Duration>) -> RedisResult<Connection> {
        let config = config(answered_within);
        match self {
            Self::At(client) => connect_to(client, &config).await.map(Connection::One),
            Self::Watched(watched) => watched.connect(&config).await.map(Connection::One),
            Self::Sharded(cluster) => Nodes::of(cluster, config).await.map(Connection::Many),
        }
    }
}

impl Watched {
    /// Asks one sentinel after the other. What was known to one that is cut off may be a replica by now, which takes nothing.
    async fn connect(&self, config: &AsyncConnectionConfig) -> RedisResult<MultiplexedConnection> {
        let mut refused = RedisError::from((ErrorKind::EmptySentinelList, "there is no sentinel"));
        for sentinel in &self.sentinels {
            match self.connect_by(sentinel, config).await {
                Ok(connection) => return Ok(connection),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    async fn connect_by(
        &self,
        sentinel: &Client,
        config: &AsyncConnectionConfig,
    ) -> RedisResult<MultiplexedConnection> {
        let asking = self::config(Some(CONNECTED_WITHIN));
        let mut asked = connect_to(sentinel, &asking).await?;
        let place: Option<(String, u16)> = redis::cmd("SENTINEL")
            .arg("get-master-addr-by-name")
            .arg(&self.name)
            .query_async(&mut asked)
            .await?;
        let (host, port) = place.ok_or((
            ErrorKind::MasterNameNotFoundBySentinel,
            "the sentinel does not know the name",
        ))?;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host
        };
        let address = format!("{}://{}{host}:{port}", self.scheme, self.credentials);
        let mut connection = connect_to(&Client::open(address)?, config).await?;
        let role: Vec<redis::Value> = redis::cmd("ROLE").query_async(&mut connection).await?;
        match role.first().map(redis::from_redis_value_ref::<String>) {
            Some(Ok(role)) if role == "master" => Ok(connection),
            Some(_) | None => Err((
                ErrorKind::MasterNameNotFoundBySentinel,
                "the sentinel names a replica",
            )
                .into()),
        }
    }
}

/// Credentials with their `@`, if there are any, and what stands behind them.
fn apart(rest: &str) -> (&str, &str) {
    rest.split_at(rest.rfind('@').map_or(0, |at| at + 1))
}

async fn connect_to(
    client: &Client,
    config: &AsyncConnectionConfig,
) -> RedisResult<MultiplexedConnection> {
    client
        .get_multiplexed_async_connection_with_config(config)
        .await
}

fn config(answered_within: Option<Duration>) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECTED_WITHIN))
        .set_response_timeout(answered_within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_a_server_or_of_its_sentinels() {
        assert!(matches!(
            StreamServer::open("redis://:word@127.0.0.1:6379"),
            Ok(StreamServer::At(_))
        ));
        let watched =
            StreamServer::open("rediss+sentinel://:w/o@rd@one:26379,two:26380/streams").unwrap();
        let StreamServer::Watched(watched) = watched else {
            panic!("{watched:?}");
        };
        assert_eq!(
            (watched.scheme.as_str(), watched.credentials.as_str()),
            ("rediss", ":w/o@rd@")
        );
        assert_eq!(
            (watched.sentinels.len(), watched.name.as_str()),
            (2, "streams")
        );
        for wrong in [
            "redis+sentinel://one:26379",
            "redis+sentinel://one:26379/",
            "http+sentinel://one/streams",
            "one:26379",
        ] {
            assert!(StreamServer::open(wrong).is_err(), "{wrong}");
        }
    }
}
