//! A real stream server of a test's own, to be killed, frozen, filled, emptied and set back.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use huiyin_service_kit::local::free_port;
use huiyin_service_kit::road::streams;
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use redis::streams::StreamRangeReply;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long a server may take to answer.
const WITHIN: Duration = Duration::from_secs(20);

/// The name by which a sentinel knows the stream server.
pub(crate) const WATCHED: &str = "streams";
/// Writes every change into a log of appends, and waits for no second replica before it sends the first one what it has.
const APPENDS: [&str; 6] = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "everysec",
    "--repl-diskless-sync-delay",
    "0",
];

pub(crate) struct Streams {
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    child: Child,
}

/// A row of a feed: stream, epoch, place and event.
pub(crate) type Row = (String, i32, i64, String);

/// The program of the stream server: the machine's own Redis, or the one that the tests have fetched.
fn program() -> PathBuf {
    let of_the_machine = PathBuf::from("/usr/bin/redis-server");
    if of_the_machine.is_file() {
        return of_the_machine;
    }
    std::env::var_os("HUIYIN_STREAM_SERVER")
        .expect("HUIYIN_STREAM_SERVER is not set: run the tests with ./dev test")
        .into()
}

impl Streams {
    /// Starts one that writes every change into its log of appends, and keeps that with its folder.
    pub(crate) async fn start() -> Self {
        Self::start_with(&APPENDS).await
    }

    /// Starts a node that may be one of a cluster's; gives the port of the way between nodes too.
    pub(crate) async fn node() -> (Self, u16) {
        let between = free_port().unwrap();
        let (port, silent) = (between.to_string(), ["--cluster-node-timeout", "500"]);
        let alone = ["--cluster-enabled", "yes", "--cluster-port", &port];
        // whoever has a stream serves it, whatever became of the others
        let partly = ["--cluster-require-full-coverage", "no"];
        let arguments = [&APPENDS[..], &alone, &silent, &partly].concat();
        (Self::start_with(&arguments).await, between)
    }

    /// Starts a sentinel that watches over the stream server at a port and decides alone.
    pub(crate) async fn sentinel(port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "sentinel monitor {WATCHED} 127.0.0.1 {port} 1\nsentinel down-after-milliseconds {WATCHED} 500\n\
             sentinel failover-timeout {WATCHED} 3000\n"
        );
        std::fs::write(folder.path().join("sentinel.conf"), settings).unwrap();
        let sentinel = Self::start_in(folder, &["sentinel.conf", "--sentinel"]).await;
        sentinel
            .says(&["SENTINEL", "replicas", WATCHED], "master-link-status")
            .await;
        sentinel
    }

    /// Starts a replica; it has what this one has.
    pub(crate) async fn replica(&self) -> Self {
        let port = self.port.to_string();
        let following = ["--replicaof", "127.0.0.1", &port];
        let replica = Self::start_with(&[&APPENDS[..], &following].concat()).await;
        replica
            .says(&["INFO", "replication"], "master_link_status:up")
            .await;
        replica
    }

    /// Starts a replica and separates it when it has what this one has; from then on it could take this one's place.
    pub(crate) async fn replica_that_falls_behind(&self) -> Self {
        let mut replica = self.replica().await;
        replica.ask(&["REPLICAOF", "NO", "ONE"]).await;
        replica.keep_only_appends();
        replica
    }

    /// Starts one with settings of its own.
    async fn start_with(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), arguments).await
    }

    async fn start_in(folder: TempDir, arguments: &[&str]) -> Self {
        let port = free_port().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        let child = spawn(&folder, port, &arguments);
        let server = Self {
            folder,
            port,
            arguments,
            child,
        };
        server.answers().await;
        server
    }

    /// Follows nobody when it is started again.
    pub(crate) fn keep_only_appends(&mut self) {
        self.arguments.truncate(APPENDS.len());
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A connection past every link.
    pub(crate) async fn connection(&self) -> MultiplexedConnection {
        self.answers().await
    }

    /// Asks one thing of it, past every link.
    pub(crate) async fn ask(&self, words: &[&str]) -> redis::Value {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        // a sentinel cuts every connection of a server that it gives another part, also one that asks
        let asking = async {
            loop {
                let answer = command.query_async(&mut self.connection().await).await;
                match answer {
                    Err(error) if cut(&error) => {}
                    answer => return answer.unwrap(),
                }
            }
        };
        tokio::time::timeout(WITHIN, asking).await.unwrap()
    }

    /// Ends it where it stands.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts it again on what it left behind.
    pub(crate) async fn again(&mut self) {
        self.child = spawn(&self.folder, self.port, &self.arguments);
        self.answers().await;
    }

    /// Deletes whatever it has written.
    pub(crate) fn delete_files(&self) {
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                std::fs::remove_dir_all(path).unwrap();
            } else {
                std::fs::remove_file(path).unwrap();
            }
        }
    }

    /// Deletes its streams; a node of a cluster knows the other nodes and its slots still.
    pub(crate) fn delete_streams(&self) {
        std::fs::remove_dir_all(self.folder.path().join("appendonlydir")).unwrap();
    }

    /// Cuts the newest part of its log of appends back to a share of its length, as a loss of power does.
    pub(crate) fn cut_log_back(&self, keep: f64) {
        let appends = self.folder.path().join("appendonlydir");
        let newest = std::fs::read_dir(appends)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.to_string_lossy().ends_with(".incr.aof"))
            .unwrap();
        let file = std::fs::File::options().write(true).open(newest).unwrap();
        let length = file.metadata().unwrap().len();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a file of some kilobytes"
        )]
        file.set_len((length as f64 * keep) as u64).unwrap();
    }

    /// Stops it without ending it, or lets it go on.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args([name, &id]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Whether its streams are these rows of a feed.
    pub(crate) async fn mirrors(&self, feed: &[Row]) -> bool {
        for rows in feed.chunk_by(|one, next| one.0 == next.0) {
            if self.beyond(rows).await != Some(0) {
                return false;
            }
        }
        true
    }

    /// How many entries the stream of these rows of a feed has behind them; none when it is not here or does not begin with them.
    pub(crate) async fn beyond(&self, rows: &[Row]) -> Option<usize> {
        let mut connection = self.connection().await;
        let (stream, epoch) = (&rows[0].0, rows[0].1);
        let mut asked = redis::cmd("XRANGE");
        asked
            .arg(streams::mirror_key(stream, epoch))
            .arg("-")
            .arg("+");
        let there: StreamRangeReply = asked.query_async(&mut connection).await.ok()?;
        let known = there.ids.iter().take(rows.len());
        let known = known.map(|entry| (entry.id.clone(), entry.get::<String>("id")));
        let wanted = rows
            .iter()
            .map(|(_, _, seq, event)| (format!("{seq}-0"), Some(event.clone())));
        known.eq(wanted).then(|| there.ids.len() - rows.len())
    }

    /// Waits until its answer holds certain words.
    pub(crate) async fn says(&self, question: &[&str], words: &str) {
        let asking = async {
            let mut asked = tokio::time::interval(Duration::from_millis(10));
            loop {
                asked.tick().await;
                let answer = format!("{:?}", self.ask(question).await);
                if answer.contains(words) {
                    return;
                }
            }
        };
        tokio::time::timeout(WITHIN, asking).await.unwrap();
    }

    async fn answers(&self) -> MultiplexedConnection {
        let client = redis::Client::open(url(self.port)).unwrap();
        let patient = AsyncConnectionConfig::new().set_response_timeout(Some(WITHIN));
        let asking = async {
            let mut asked = tokio::time::interval(Duration::from_millis(10));
            loop {
                asked.tick().await;
                let opening = client.get_multiplexed_async_connection_with_config(&patient);
                if let Ok(mut open) = opening.await
                    && let Ok(()) = redis::cmd("PING").query_async(&mut open).await
                {
                    return open;
                }
            }
        };
        tokio::time::timeout(WITHIN, asking).await.unwrap()
    }
}

/// The address of a stream server behind a port of this machine.
pub(crate) fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

fn spawn(folder: &TempDir, port: u16, arguments: &[String]) -> Child {
    Command::new(program())
        .current_dir(folder.path())
        // a file of settings stands first
        .args(arguments.iter().filter(|word| word.ends_with(".conf")))
        .args(["--bind", "127.0.0.1", "--save", "", "--daemonize", "no"])
        .args(["--port", &port.to_string()])
        .args(arguments.iter().filter(|word| !word.ends_with(".conf")))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn cut(error: &redis::RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped()
}
