//! Connections to the nodes of a cluster: a command goes to the node that has its key, and where that sends it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::{
    Arg, AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind,
    Value,
};

use super::cluster::{Cluster, Node, Redirect, redirect};
use crate::metrics;

/// How often one command is sent elsewhere at most.
const REDIRECTS: usize = 4;

/// Connections to the nodes of a cluster.
#[derive(Clone)]
pub struct Nodes {
    cluster: Cluster,
    config: AsyncConnectionConfig,
    open: HashMap<Node, MultiplexedConnection>,
    /// Who answered the last command.
    last: Node,
}

impl Nodes {
    /// Connects to whichever node answers first.
    pub(super) async fn of(cluster: &Cluster, config: AsyncConnectionConfig) -> RedisResult<Self> {
        let (first, connection) = cluster.connect_to_any(&config).await?;
        Ok(Self {
            cluster: cluster.clone(),
            config,
            open: HashMap::from([(first.clone(), connection)]),
            last: first,
        })
    }

    /// Asks the node that has the command's key, and follows where it is sent. A command without a key goes where the one before
    /// it went: a script is loaded where it is missing.
    pub(super) async fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        let Some(key) = key_of(command) else {
            let last = self.last.clone();
            return self.ask_at(&last, command, false).await;
        };
        let mut node = self.cluster.place_of(&key).await?;
        let mut asks = false;
        let mut refused = None;
        for _ in 0..=REDIRECTS {
            self.last = node.clone();
            let error = match self.ask_at(&node, command, asks).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            (node, asks) = match redirect(&error, &node) {
                Some(Redirect::Moved(to)) => {
                    self.cluster.is_at(&key, &to);
                    (to, false)
                }
                Some(Redirect::Ask(to)) => (to, true),
                None => return Err(error),
            };
            let answer = if asks { "ask" } else { "moved" };
            metrics::count("huiyin_stream_redirects", 1, &[("answer", answer)]);
            refused = Some(error);
        }
        self.cluster.forget(&node);
        let circle = (ErrorKind::Client, "the nodes send each other's callers on");
        Err(refused.unwrap_or_else(|| RedisError::from(circle)))
    }

    /// Asks several things of whoever answered the last command.
    pub(super) async fn ask_in_a_row(
        &mut self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let last = self.last.clone();
        let connection = self.connection(&last).await?;
        let answered = connection
            .req_packed_commands(pipeline, offset, count)
            .await;
        answered.inspect_err(|error| self.judge(&last, error))
    }

    async fn ask_at(&mut self, node: &Node, command: &Cmd, asks: bool) -> RedisResult<Value> {
        let connection = self.connection(node).await?;
        let answered = async {
            if asks {
                let leave = redis::cmd("ASKING");
                connection.req_packed_command(&leave).await?;
            }
            let answer = connection.req_packed_command(command).await?;
            answer.extract_error()
        };
        let answered = answered.await;
        answered.inspect_err(|error| self.judge(node, error))
    }

    async fn connection(&mut self, node: &Node) -> RedisResult<&mut MultiplexedConnection> {
        match self.open.entry(node.clone()) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(place) => {
                let connection = self.cluster.connect(node, &self.config).await?;
                Ok(place.insert(connection))
            }
        }
    }

    /// Who is silent is not asked again for a while; who broke off, or serves nobody, may have a successor.
    fn judge(&mut self, node: &Node, error: &RedisError) {
        let broken = error.is_io_error() || error.is_unrecoverable_error();
        if broken {
            self.open.remove(node);
        }
        if error.is_timeout() {
            self.cluster.is_away(node);
        } else if broken || error.kind() == ErrorKind::Server(ServerErrorKind::ClusterDown) {
            self.cluster.forget(node);
        }
    }
}

/// The key of a command of the road; each has one at most.
fn key_of(command: &Cmd) -> Option<Vec<u8>> {
    let mut words = command.args_iter().filter_map(|word| match word {
        Arg::Simple(word) => Some(word),
        _ => None,
    });
    let key = match words.next()? {
        // the script, how many keys, the key
        b"EVAL" | b"EVALSHA" => words.nth(2),
        b"XREAD" => words.skip_while(|word| *word != b"STREAMS").nth(1),
        b"XADD" | b"XDEL" | b"XLEN" | b"XRANGE" | b"XREVRANGE" | b"XTRIM" | b"DEL" => words.next(),
        _ => None,
    };
    key.map(<[u8]>::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_every_command_of_the_road_is_found() {
        for (words, key) in [
            ("EVALSHA hash 1 s 17 0 10000", Some("s")),
            ("EVAL text 1 s 17", Some("s")),
            ("XREAD BLOCK 500 COUNT 500 STREAMS s 17-0", Some("s")),
            ("XREVRANGE s + - COUNT 1", Some("s")),
            ("DEL s", Some("s")),
            ("SCRIPT LOAD text", None),
            ("PING", None),
        ] {
            let mut command = Cmd::new();
            words.split(' ').for_each(|word| {
                command.arg(word);
            });
            let found = key_of(&command);
            assert_eq!(found.as_deref(), key.map(str::as_bytes), "{words}");
        }
    }
}
