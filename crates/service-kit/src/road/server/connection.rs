//! A connection to the stream server, one server or the nodes of a cluster.

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisFuture, Value};

use super::nodes::Nodes;

/// A connection to the stream server. Each command of the road has one key, so none spans two nodes.
#[derive(Clone)]
pub enum Connection {
    /// To one server.
    One(MultiplexedConnection),
    /// To the nodes of a cluster, each connected to when it is first asked for something.
    Many(Nodes),
}

impl Connection {
    /// Whether it finds another way by itself after an error, and other streams may be reached although one is not.
    #[must_use]
    pub fn is_to_many(&self) -> bool {
        matches!(self, Self::Many(_))
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(command),
            Self::Many(nodes) => Box::pin(nodes.ask(command)),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Many(nodes) => Box::pin(nodes.ask_in_a_row(pipeline, offset, count)),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            // a cluster has one database
            Self::Many(_) => 0,
        }
    }
}
