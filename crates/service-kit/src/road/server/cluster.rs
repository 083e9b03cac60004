//! A Redis Cluster: which node has a stream is asked of its nodes, and known to the whole process until a node says otherwise.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::select_ok;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo as _, RedisError,
    RedisResult, ServerErrorKind, Value,
};
use tokio::time::Instant;

use super::{CONNECTED_WITHIN, apart, config, connect_to};

/// How long a node that did not answer is not asked again by anybody in this process: what waits for it holds up the streams of
/// other nodes.
const AWAY_FOR: Duration = Duration::from_secs(2);

/// A cluster as the settings name it.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The nodes that are asked for the way.
    named: Vec<Client>,
    known: Arc<Mutex<Known>>,
}

/// What was learned of it.
#[derive(Debug, Default)]
struct Known {
    /// The node that has a key.
    places: HashMap<Vec<u8>, Node>,
    /// Since when a node does not answer.
    away: HashMap<Node, Instant>,
}

/// Where a node is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    host: String,
    port: u16,
}

/// Where else a node sends whoever asks it for a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Redirect {
    /// From now on.
    Moved(Node),
    /// This once: the key's slot is on its way there.
    Ask(Node),
}

impl Cluster {
    /// Reads what stands behind `redis+cluster://`: nodes with commas between them, credentials for each of them before an `@`.
    pub(super) fn open(scheme: &str, rest: &str) -> RedisResult<Self> {
        let (credentials, nodes) = apart(rest);
        if nodes.contains(['/', '?']) {
            let what = "a cluster has one database and its nodes no settings of their own";
            return Err(RedisError::from((ErrorKind::InvalidClientConfig, what)));
        }
        let named = nodes.split(',').map(|node| {
            let at_port = node.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            at_port.ok_or((
                ErrorKind::InvalidClientConfig,
                "a node of a cluster is a host and a port",
            ))?;
            Client::open(format!("{scheme}://{credentials}{node}"))
        });
        Ok(Self {
            named: named.collect::<RedisResult<_>>()?,
            known: Arc::default(),
        })
    }

    /// A connection to whichever of its nodes answers first, and which one that is.
    pub(super) async fn connect_to_any(
        &self,
        config: &AsyncConnectionConfig,
    ) -> RedisResult<(Node, MultiplexedConnection)> {
        let connecting = self.named.iter().map(|client| {
            Box::pin(async move {
                let node = Node::of(client)?;
                let connection = self.connect(&node, config).await?;
                Ok::<_, RedisError>((node, connection))
            })
        });
        let (first, _) = select_ok(connecting).await?;
        Ok(first)
    }

    /// Connects to a node; one that does not answer is away for a while.
    pub(super) async fn connect(
        &self,
        node: &Node,
        config: &AsyncConnectionConfig,
    ) -> RedisResult<MultiplexedConnection> {
        self.is_here(node)?;
        let connected = connect_to(&self.client(node)?, config).await;
        connected.inspect_err(|_| self.is_away(node))
    }

    /// The node that has a key: the one that is known, or the one that whoever answers first names.
    pub(super) async fn place_of(&self, key: &[u8]) -> RedisResult<Node> {
        let known = self.known().places.get(key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let asked = self
            .named
            .iter()
            .map(|client| Box::pin(self.place_by(client, key)));
        let (node, _) = select_ok(asked).await?;
        self.is_at(key, &node);
        Ok(node)
    }

    /// The node that has a key, as one of them says; none that does not answer, because another may know its successor.
    async fn place_by(&self, client: &Client, key: &[u8]) -> RedisResult<Node> {
        let itself = Node::of(client)?;
        let config = config(Some(CONNECTED_WITHIN));
        let mut connection = self.connect(&itself, &config).await?;
        let mut asked = redis::cmd("XLEN");
        let told = asked.arg(key).query_async::<Value>(&mut connection).await;
        let node = match told {
            Ok(_) => itself,
            Err(error) => match redirect(&error, &itself) {
                Some(Redirect::Moved(node)) => node,
                // it is on its way, and whoever asks there is told where to
                Some(Redirect::Ask(_)) => itself,
                None => return Err(error),
            },
        };
        self.is_here(&node)?;
        Ok(node)
    }

    /// A node has a key.
    pub(super) fn is_at(&self, key: &[u8], node: &Node) {
        self.known().places.insert(key.to_owned(), node.clone());
    }

    /// It is no longer known who has what a node had.
    pub(super) fn forget(&self, node: &Node) {
        self.known().places.retain(|_, at| at != node);
    }

    /// A node does not answer.
    pub(super) fn is_away(&self, node: &Node) {
        self.forget(node);
        self.known().away.insert(node.clone(), Instant::now());
    }

    fn is_here(&self, node: &Node) -> RedisResult<()> {
        let since = self.known().away.get(node).copied();
        match since.filter(|since| since.elapsed() < AWAY_FOR) {
            Some(_) => Err((
                ErrorKind::Io,
                "a node of the cluster did not answer a moment ago",
            )
                .into()),
            None => Ok(()),
        }
    }

    /// The client of a node: credentials and TLS as the settings say.
    fn client(&self, node: &Node) -> RedisResult<Client> {
        let named = self.named.first().ok_or((
            ErrorKind::InvalidClientConfig,
            "a cluster has one node at least",
        ))?;
        let info = named.get_connection_info().clone();
        let address = match info.addr().clone() {
            ConnectionAddr::TcpTls {
                insecure,
                tls_params,
                ..
            } => ConnectionAddr::TcpTls {
                host: node.host.clone(),
                port: node.port,
                insecure,
                tls_params,
            },
            _ => ConnectionAddr::Tcp(node.host.clone(), node.port),
        };
        Client::open(info.set_addr(address).into_connection_info()?)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    fn of(client: &Client) -> RedisResult<Self> {
        match client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Ok(Self {
                    host: host.clone(),
                    port: *port,
                })
            }
            _ => Err((
                ErrorKind::InvalidClientConfig,
                "a node of a cluster is a host and a port",
            )
                .into()),
        }
    }
}

/// Where an error sends whoever asked a node; an address without a host is at the host that was asked.
pub(super) fn redirect(error: &RedisError, asked: &Node) -> Option<Redirect> {
    let (address, _) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    let host = match host.trim_matches(['[', ']']) {
        "" => asked.host.clone(),
        host => host.to_owned(),
    };
    let node = Node {
        host,
        port: port.parse().ok()?,
    };
    if error.kind() == ErrorKind::Server(ServerErrorKind::Ask) {
        Some(Redirect::Ask(node))
    } else {
        Some(Redirect::Moved(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: &str, port: u16) -> Node {
        Node {
            host: host.to_owned(),
            port,
        }
    }

    fn refused(words: &str) -> RedisError {
        let answer = redis::parse_redis_value(format!("-{words}\r\n").as_bytes()).unwrap();
        answer.extract_error().unwrap_err()
    }

    #[test]
    fn the_nodes_of_a_cluster_share_their_credentials_and_are_host_and_port_each() {
        let cluster = Cluster::open("rediss", ":w%2Fo%40rd@one:6379,two:6380,[::1]:6381").unwrap();
        let nodes: Vec<Node> = cluster
            .named
            .iter()
            .map(|client| Node::of(client).unwrap())
            .collect();
        assert_eq!(
            nodes,
            [node("one", 6379), node("two", 6380), node("::1", 6381)]
        );
        let moved = cluster.client(&node("elsewhere", 7)).unwrap();
        let info = moved.get_connection_info();
        assert_eq!(info.redis_settings().password(), Some("w/o@rd"));
        assert!(matches!(
            info.addr(),
            ConnectionAddr::TcpTls { host, port: 7, .. } if host == "elsewhere"
        ));
        for wrong in [
            "",
            "one",
            ":6379",
            "one:6379,",
            "one:6379,,two:6379",
            "one:6379/0",
            "one:6379/name",
            "one:6379?protocol=3",
            "one:port",
        ] {
            assert!(Cluster::open("redis", wrong).is_err(), "{wrong}");
        }
        assert!(Cluster::open("http", "one:6379").is_err());
    }

    #[test]
    fn whoever_is_sent_elsewhere_knows_where_and_for_how_long() {
        let asked = node("one", 6379);
        let sent = |words: &str| redirect(&refused(words), &asked);
        assert_eq!(
            sent("MOVED 3999 10.0.0.2:6380"),
            Some(Redirect::Moved(node("10.0.0.2", 6380)))
        );
        assert_eq!(
            sent("ASK 3999 two:6380"),
            Some(Redirect::Ask(node("two", 6380)))
        );
        assert_eq!(
            sent("MOVED 3999 :6380"),
            Some(Redirect::Moved(node("one", 6380))),
            "an endpoint that it does not know is at its own host"
        );
        assert_eq!(
            sent("MOVED 3999 ::1:6380"),
            Some(Redirect::Moved(node("::1", 6380)))
        );
        for elsewhere in [
            "CLUSTERDOWN The cluster is down",
            "ERR MOVED 3999 two:6380",
            "MOVED 3999 two",
            "MOVED 3999 two:port",
        ] {
            assert_eq!(sent(elsewhere), None, "{elsewhere}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_does_not_answer_is_asked_again_after_a_while_and_not_before() {
        let cluster = Cluster::open("redis", "one:6379,two:6379").unwrap();
        let (one, two) = (node("one", 6379), node("two", 6379));
        cluster.is_at(b"alerts", &one);
        cluster.is_at(b"events", &two);
        cluster.is_away(&one);
        assert!(cluster.is_here(&one).is_err() && cluster.is_here(&two).is_ok());
        let places: Vec<Vec<u8>> = cluster.known().places.keys().cloned().collect();
        assert_eq!(places, [b"events"], "what it had may be elsewhere by now");
        tokio::time::advance(AWAY_FOR).await;
        assert!(cluster.is_here(&one).is_ok());
    }
}
