//! Whoever may read the stream server reads alerts, writes nothing, and finds what docs/streams.md says.

use huiyin_domain::ids::EventId;
use huiyin_proto::events::v1::Event;
use huiyin_service_kit::chance;
use huiyin_service_kit::road::server::StreamServer;
use huiyin_service_kit::road::{mirror, streams};
use prost::Message as _;
use redis::Value;
use redis::streams::StreamReadReply;

use super::care::{House, county};

/// What a reader may.
const READER: &str = include_str!("../../../../deploy/streams/reader.acl");

/// A reader of this test's own, and a key of its own, so that tests beside it see nothing of it.
struct Reader {
    name: String,
    server: StreamServer,
    connection: redis::aio::MultiplexedConnection,
}

impl Reader {
    async fn new() -> Self {
        let url = std::env::var("HUIYIN_TEST_REDIS_URL").unwrap();
        let server = StreamServer::open(&url).unwrap();
        let name = format!("reader-{}", chance::new_uuid().simple());
        let mut user = redis::cmd("ACL");
        user.arg("SETUSER").arg(&name).arg("on").arg(">secret");
        for rule in READER.split_whitespace() {
            user.arg(rule);
        }
        let mut house = mirror::connect(&server).await.unwrap();
        user.query_async::<()>(&mut house).await.unwrap();
        let own = url.replace("redis://", &format!("redis://{name}:secret@"));
        let client = redis::Client::open(own).unwrap();
        Self {
            name,
            server,
            connection: client.get_multiplexed_async_connection().await.unwrap(),
        }
    }

    async fn ask(&mut self, words: &[&str]) -> Result<Value, redis::RedisError> {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query_async(&mut self.connection).await
    }

    async fn end(self, key: &str) {
        let mut house = mirror::connect(&self.server).await.unwrap();
        let mut gone = redis::cmd("ACL");
        let gone = gone.arg("DELUSER").arg(&self.name);
        gone.query_async::<()>(&mut house).await.unwrap();
        let mut gone = redis::cmd("DEL");
        gone.arg(key).query_async::<()>(&mut house).await.unwrap();
    }
}

#[tokio::test]
async fn a_reader_reads_alerts_and_is_refused_everything_else() {
    let mut reader = Reader::new().await;
    let own = format!("alerts:{{{}:0}}:1", reader.name);
    let mut house = mirror::connect(&reader.server).await.unwrap();
    let mut first = redis::cmd("XADD");
    let first = first
        .arg(&own)
        .arg("1-0")
        .arg("id")
        .arg("x")
        .arg("event")
        .arg("y");
    first.query_async::<()>(&mut house).await.unwrap();
    for allowed in [
        vec!["XREAD", "COUNT", "10", "STREAMS", &own, "0-0"],
        vec!["XRANGE", &own, "-", "+"],
        vec!["XREVRANGE", &own, "+", "-", "COUNT", "1"],
        vec!["XLEN", &own],
        vec!["XINFO", "STREAM", &own],
        vec!["PING"],
    ] {
        let answered = reader.ask(&allowed).await;
        assert!(answered.is_ok(), "{allowed:?}: {answered:?}");
    }
    let elsewhere = "events:{intake:0}:1";
    for refused in [
        vec!["XADD", &own, "2-0", "id", "x"],
        vec!["XTRIM", &own, "MAXLEN", "0"],
        vec!["XDEL", &own, "1-0"],
        vec!["XGROUP", "CREATE", &own, "group", "0"],
        vec!["XREADGROUP", "GROUP", "group", "me", "STREAMS", &own, ">"],
        vec!["DEL", &own],
        vec!["EXPIRE", &own, "1"],
        vec!["EVAL", "return 1", "0"],
        vec!["SET", "alerts:x", "1"],
        vec!["GET", "alerts:x"],
        vec!["XREAD", "STREAMS", elsewhere, "0-0"],
        vec!["XRANGE", elsewhere, "-", "+"],
        vec!["XINFO", "STREAM", elsewhere],
        vec!["KEYS", "*"],
        vec!["SCAN", "0"],
        vec!["SUBSCRIBE", "alerts"],
        vec!["CONFIG", "GET", "*"],
        vec!["ACL", "LIST"],
        vec!["FLUSHALL"],
        vec!["SHUTDOWN"],
    ] {
        let error = reader.ask(&refused).await.unwrap_err();
        assert_eq!(error.code(), Some("NOPERM"), "{refused:?}: {error}");
    }
    reader.end(&own).await;
}

#[tokio::test]
async fn an_entry_is_what_the_page_for_readers_says() {
    let reader = Reader::new().await;
    let house = House::new().await;
    let told = house.alert(0..3).await;
    let url = huiyin_service_kit::testing::streams_url().await.unwrap();
    let client = StreamServer::open(&url).unwrap();
    let mut connection = mirror::connect(&client).await.unwrap();
    mirror::publish(house.desk.database(), &mut connection, told.clone())
        .await
        .unwrap();
    let mut read = redis::cmd("XREAD");
    let key = streams::mirror_key(&county(), 1);
    assert_eq!(key, "alerts:{county:0}:1");
    let read = read.arg("STREAMS").arg(&key).arg("1-0");
    let read: StreamReadReply = read.query_async(&mut connection).await.unwrap();
    let entries = &read.keys[0].ids;
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["2-0", "3-0"], "from a cursor on, dense");
    let bytes: Vec<u8> = entries[0].get("event").unwrap();
    let event = Event::decode(bytes.as_slice()).unwrap();
    let id: String = entries[0].get("id").unwrap();
    let id = EventId::from_uuid(id.parse().unwrap()).to_string();
    assert_eq!(event.event_id, id);
    assert_eq!(
        event.event_id,
        EventId::from_uuid(told[1].event_id).to_string()
    );
    reader.end("alerts:nothing").await;
}
