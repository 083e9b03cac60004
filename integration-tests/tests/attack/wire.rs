//! HTTP/2 by hand: frames as nobody who means well sends them.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::{TcpSocket, TcpStream};

use super::Target;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;
pub const END_HEADERS: u8 = 4;

type Tls = tokio_rustls::client::TlsStream<TcpStream>;

/// A connection on which frames are written by hand.
pub struct Raw {
    write: WriteHalf<Tls>,
    pub heard: Arc<Heard>,
}

/// What came back.
#[derive(Default)]
pub struct Heard {
    /// The code of the last GOAWAY, plus one.
    goaway: AtomicU64,
    pub resets: AtomicU64,
    pub answers: AtomicU64,
}

impl Heard {
    /// The code with which the connection was ended.
    pub fn goaway(&self) -> Option<u64> {
        self.goaway.load(Ordering::Relaxed).checked_sub(1)
    }
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, one, two, three] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![one, two, three, kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The headers of a call, written out letter by letter.
pub fn call_headers() -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/huiyin.intake.v1.IntakeService/GetMatter"),
        (":authority", "intake"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ] {
        header(&mut block, name, value);
    }
    block
}

/// One header, not indexed.
pub fn header(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0);
    for text in [name, value] {
        block.push(u8::try_from(text.len()).unwrap());
        block.extend(text.as_bytes());
    }
}

/// The TCP of a connection from an address of this machine.
pub async fn tcp(target: &Target, from: Ipv4Addr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(target.address).await
}

impl Raw {
    /// Shakes hands, and says what HTTP/2 wants to hear first.
    pub async fn open(target: &Target) -> std::io::Result<Self> {
        Self::open_from(target, Ipv4Addr::LOCALHOST).await
    }

    pub async fn open_from(target: &Target, from: Ipv4Addr) -> std::io::Result<Self> {
        let stream = tcp(target, from).await?;
        let stream = target.connector.shake("127.0.0.1", stream).await?;
        let (read, write) = tokio::io::split(stream);
        let heard = Arc::new(Heard::default());
        tokio::spawn(listen(read, Arc::clone(&heard)));
        let mut raw = Self { write, heard };
        raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
        raw.send(&frame(SETTINGS, 0, 0, &[])).await?;
        Ok(raw)
    }

    pub async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.write.write_all(bytes).await?;
        self.write.flush().await
    }
}

/// Reads whatever comes back, so that the other never waits for us to read.
async fn listen(mut read: ReadHalf<Tls>, heard: Arc<Heard>) -> std::io::Result<()> {
    loop {
        let mut head = [0; 9];
        read.read_exact(&mut head).await?;
        let [one, two, three, kind, ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, one, two, three]) as usize];
        read.read_exact(&mut payload).await?;
        match kind {
            GOAWAY => {
                let code = payload.get(4..8).unwrap().try_into().unwrap();
                let code = u64::from(u32::from_be_bytes(code));
                heard.goaway.store(code + 1, Ordering::Relaxed);
            }
            RST_STREAM => {
                heard.resets.fetch_add(1, Ordering::Relaxed);
            }
            HEADERS => {
                heard.answers.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
