//! A real cluster of a test's own: three nodes, each with one of the streams that a run uses.

use futures::future::{BoxFuture, join_all};
use redis::Value;

use crate::server::{Row, Streams};

/// The slots of each node, such that `events:{intake:0}` (3784), `alerts:{city:0}` (12872) and `alerts:{county:0}` (16071)
/// are at one node each.
const SLOTS: [[&str; 2]; 3] = [["0", "5460"], ["5461", "13999"], ["14000", "16383"]];

/// The nodes; they end with this value.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Streams>,
}

/// A slot that is to be at another node.
pub(crate) struct Moving {
    slot: String,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Cluster {
    /// Starts one in which every node knows every other and each slot has its node.
    pub(crate) async fn start() -> Self {
        let started = join_all(SLOTS.map(|_| Streams::node())).await;
        let mut nodes = Vec::new();
        for (place, (node, between)) in started.into_iter().enumerate() {
            let [first, last] = SLOTS[place];
            node.ask(&["CLUSTER", "ADDSLOTSRANGE", first, last]).await;
            let epoch = (place + 1).to_string();
            node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await;
            if let Some(one) = nodes.first() {
                meet(one, &node, between).await;
            }
            nodes.push(node);
        }
        let cluster = Self { nodes };
        cluster.is_whole().await;
        cluster
    }

    /// Waits until each node knows of each slot that its node serves it.
    pub(crate) async fn is_whole(&self) {
        let known = format!("cluster_known_nodes:{}", self.nodes.len());
        for node in &self.nodes {
            for words in [&known, "cluster_slots_ok:16384", "cluster_state:ok"] {
                node.says(&["CLUSTER", "INFO"], words).await;
            }
        }
    }

    /// Its address in the settings.
    pub(crate) fn url(&self) -> String {
        let nodes = self.nodes.iter();
        let nodes: Vec<String> = nodes
            .map(|node| format!("127.0.0.1:{}", node.port()))
            .collect();
        format!("redis+cluster://{}", nodes.join(","))
    }

    /// Which node serves a key.
    pub(crate) async fn owner(&self, key: &str) -> usize {
        for (place, node) in self.nodes.iter().enumerate() {
            let mut connection = node.connection().await;
            let mut asked = redis::cmd("XLEN");
            let told: Result<i64, _> = asked.arg(key).query_async(&mut connection).await;
            if told.is_ok() {
                return place;
            }
        }
        panic!("nobody serves {key}");
    }

    /// How many entries its streams have behind these rows of a feed; none when one is not whole at one node.
    pub(crate) async fn beyond(&self, feed: &[Row]) -> Option<usize> {
        let mut beyond = 0;
        for rows in feed.chunk_by(|one, next| one.0 == next.0) {
            let looked = self.nodes.iter().map(|node| node.beyond(rows));
            beyond += join_all(looked).await.into_iter().flatten().next()?;
        }
        Some(beyond)
    }

    /// Begins to move a key's slot: who has a key still serves it, and sends whoever asks for another one to the new node.
    pub(crate) async fn begin_to_move(&self, key: &str, to: usize) -> Moving {
        let slot = number(&self.nodes[to].ask(&["CLUSTER", "KEYSLOT", key]).await);
        let moving = Moving {
            from: self.owner(key).await,
            slot: slot.to_string(),
            to,
        };
        for (node, word, other) in [
            (moving.to, "IMPORTING", moving.from),
            (moving.from, "MIGRATING", moving.to),
        ] {
            let id = self.id(other).await;
            let words = ["CLUSTER", "SETSLOT", &moving.slot, word, &id];
            self.nodes[node].ask(&words).await;
        }
        moving
    }

    /// Carries what is in the slot to the new node.
    pub(crate) async fn carry(&self, moving: &Moving) {
        let from = &self.nodes[moving.from];
        let port = self.nodes[moving.to].port().to_string();
        let keys = ["CLUSTER", "GETKEYSINSLOT", &moving.slot, "100"];
        let keys: Vec<String> = redis::from_redis_value(from.ask(&keys).await).unwrap();
        for key in keys {
            from.ask(&["MIGRATE", "127.0.0.1", &port, &key, "0", "5000"])
                .await;
        }
    }

    /// From now on the slot is at the new node, as every node knows.
    pub(crate) async fn end_move(&self, moving: Moving) {
        let id = self.id(moving.to).await;
        let rest = (0..self.nodes.len()).filter(|node| *node != moving.to);
        for node in std::iter::once(moving.to).chain(rest) {
            let words = ["CLUSTER", "SETSLOT", &moving.slot, "NODE", &id];
            self.nodes[node].ask(&words).await;
        }
    }

    /// Starts a replica of a node; it is the last of the nodes.
    pub(crate) async fn replica_of(&mut self, node: usize) {
        let (replica, between) = Streams::node().await;
        meet(&self.nodes[0], &replica, between).await;
        let id = self.id(node).await;
        self.nodes.push(replica);
        self.is_whole().await;
        let replica = &self.nodes[self.nodes.len() - 1];
        replica.ask(&["CLUSTER", "REPLICATE", &id]).await;
        let is_up = "master_link_status:up";
        replica.says(&["INFO", "replication"], is_up).await;
        // whoever votes for it knows whose replica it is
        for node in &self.nodes {
            node.says(&["CLUSTER", "SLOTS"], &replica.port().to_string())
                .await;
        }
    }

    fn id(&self, node: usize) -> BoxFuture<'_, String> {
        Box::pin(async move {
            let id = self.nodes[node].ask(&["CLUSTER", "MYID"]).await;
            redis::from_redis_value(id).unwrap()
        })
    }
}

async fn meet(one: &Streams, other: &Streams, between: u16) {
    let (port, between) = (other.port().to_string(), between.to_string());
    one.ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &between])
        .await;
}

fn number(value: &Value) -> i64 {
    redis::from_redis_value_ref(value).unwrap()
}
