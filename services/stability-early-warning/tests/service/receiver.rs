//! An organ's own system: hears what it is sent by TLS, and answers as a test wants.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use huiyin_service_kit::testing::Broken;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

/// How long a test waits for what should come at once.
pub const SOON: Duration = Duration::from_secs(4);

/// What it does with a request.
#[derive(Clone, Debug)]
pub enum Does {
    /// Answers with this status line and these headers.
    Answers(&'static str),
    /// Never answers.
    Hangs,
}

/// A request that it heard.
#[derive(Clone, Debug)]
pub struct Heard {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

pub struct Receiver {
    pub port: u16,
    /// The file of the authority of its certificate.
    pub authority: PathBuf,
    /// What it does with the next requests; then it takes everything in.
    does: Arc<Mutex<VecDeque<Does>>>,
    heard: UnboundedReceiver<Heard>,
    /// Connections that are open.
    open: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

impl Receiver {
    pub async fn new() -> Result<Self, Broken> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let authority = folder.path().join("receiver.pem");
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        std::fs::write(&authority, issued.cert.pem())?;
        let key = PrivateKeyDer::try_from(issued.signing_key.serialize_der())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (told, heard) = unbounded_channel();
        let does: Arc<Mutex<VecDeque<Does>>> = Arc::default();
        let open = Arc::new(AtomicUsize::new(0));
        let listening = (acceptor, Arc::clone(&does), Arc::clone(&open), told);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, listening.clone()));
            }
        });
        Ok(Self {
            port,
            authority,
            does,
            heard,
            open,
            _folder: folder,
        })
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}/alerts?of=city", self.port)
    }

    /// What it does with the next requests.
    pub fn will(&self, does: impl IntoIterator<Item = Does>) {
        self.does.lock().unwrap().extend(does);
    }

    /// The next request.
    pub async fn hears(&mut self) -> Result<Heard, Broken> {
        let heard = tokio::time::timeout(SOON, self.heard.recv()).await;
        heard?.ok_or_else(|| "the receiver is gone".into())
    }

    /// Whether it has heard anything that was not asked for.
    pub fn heard_more(&mut self) -> bool {
        self.heard.try_recv().is_ok()
    }

    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

type Listening = (
    TlsAcceptor,
    Arc<Mutex<VecDeque<Does>>>,
    Arc<AtomicUsize>,
    UnboundedSender<Heard>,
);

async fn serve(stream: TcpStream, (acceptor, does, open, told): Listening) -> Option<()> {
    let mut stream = acceptor.accept(stream).await.ok()?;
    let mut bytes = Vec::new();
    let heard = loop {
        let mut more = vec![0; 4096];
        let length = stream.read(&mut more).await.ok()?;
        bytes.extend_from_slice(&more[..length]);
        if let Some(heard) = whole(&bytes) {
            break heard;
        }
    };
    open.fetch_add(1, Ordering::SeqCst);
    let does = does.lock().unwrap().pop_front();
    told.send(heard).ok()?;
    match does.unwrap_or(Does::Answers("204 No Content")) {
        Does::Answers(head) => {
            let answer = format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.ok()?;
            stream.shutdown().await.ok()?;
        }
        Does::Hangs => {
            // until the other side hangs up
            let _hung_up = stream.read(&mut [0; 1]).await;
        }
    }
    open.fetch_sub(1, Ordering::SeqCst);
    Some(())
}

fn whole(bytes: &[u8]) -> Option<Heard> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    (body.len() == length).then(|| Heard {
        path,
        headers,
        body: body.to_owned(),
    })
}

impl Heard {
    /// The signatures that this secret makes of it, as Standard Webhooks says.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let key = STANDARD
            .decode(secret.strip_prefix("whsec_").unwrap())
            .unwrap();
        let (id, second) = (
            &self.headers["webhook-id"],
            &self.headers["webhook-timestamp"],
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{second}.{}", self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.headers["webhook-signature"]
            .split(' ')
            .any(|signature| signature == expected)
    }

    pub fn signatures(&self) -> usize {
        self.headers["webhook-signature"].split(' ').count()
    }

    pub fn event(&self) -> String {
        self.headers["webhook-id"].clone()
    }

    pub fn data(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}
