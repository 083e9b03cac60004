//! A way between two programs that can fail: a TCP proxy that cuts, stalls, delays, refuses, leads elsewhere, and loses a
//! request or its answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// What goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Everything, at once.
    Open,
    /// Everything, each piece after a while.
    Slow(Duration),
    /// Nothing, but nobody is told.
    Stalled,
    /// Nobody is let in.
    Shut,
}

/// When a connection is cut that carries a certain request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The request never arrives.
    Before,
    /// It arrives and is answered; the answer is lost.
    After,
}

/// Cuts the connection that carries the `nth` request, from 1, that holds certain bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trap {
    pub(crate) bytes: &'static str,
    pub(crate) moment: Moment,
    pub(crate) nth: u32,
}

/// The way. It ends, and whatever goes over it, with this value.
pub(crate) struct Link {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    target: Mutex<u16>,
    gate: watch::Sender<Gate>,
    cuts: watch::Sender<u64>,
    trap: Mutex<Option<Trap>>,
    sprung: Notify,
}

impl Link {
    /// A way to a port of this machine.
    pub(crate) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            gate: watch::Sender::new(Gate::Open),
            cuts: watch::Sender::new(0),
            trap: Mutex::new(None),
            sprung: Notify::new(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            port,
            shared,
            accepting,
        }
    }

    /// Where it begins.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Lets through what the gate says from now on.
    pub(crate) fn set(&self, gate: Gate) {
        self.shared.gate.send_replace(gate);
        if gate == Gate::Shut {
            self.cut();
        }
    }

    /// Cuts every connection; new ones are let in.
    pub(crate) fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Leads new connections to another port, and cuts the old ones.
    pub(crate) fn lead_to(&self, target: u16) {
        *self.shared.target.lock().unwrap() = target;
        self.cut();
    }

    /// Lays a trap for one request.
    pub(crate) fn lay(&self, trap: Trap) {
        *self.shared.trap.lock().unwrap() = Some(trap);
    }

    /// Waits until the trap was sprung.
    pub(crate) async fn sprung(&self) {
        self.shared.sprung.notified().await;
    }

    /// Takes a trap away that nobody sprang.
    pub(crate) fn clear(&self) {
        *self.shared.trap.lock().unwrap() = None;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if *shared.gate.borrow() == Gate::Shut {
            continue;
        }
        let shared = Arc::clone(&shared);
        let mut cuts = shared.cuts.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                _ = carry(client, &shared) => {}
                _ = cuts.changed() => {}
            }
        });
    }
}

/// Carries one connection until it ends or is to be cut.
async fn carry(mut client: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let target = *shared.target.lock().unwrap();
    let mut server = TcpStream::connect(("127.0.0.1", target)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let request = &asked[..read?];
                if request.is_empty() {
                    return Ok(());
                }
                pass(shared).await;
                match shared.caught(request) {
                    None => server.write_all(request).await?,
                    Some(Moment::Before) => return Ok(()),
                    Some(Moment::After) => {
                        server.write_all(request).await?;
                        return server.read(&mut answered).await.map(drop);
                    }
                }
            }
            read = server.read(&mut answered) => {
                let answer = &answered[..read?];
                if answer.is_empty() {
                    return Ok(());
                }
                pass(shared).await;
                client.write_all(answer).await?;
            }
        }
    }
}

/// Waits as the gate says.
async fn pass(shared: &Shared) {
    let mut gate = shared.gate.subscribe();
    let now = *gate.borrow_and_update();
    match now {
        Gate::Open | Gate::Shut => {}
        Gate::Slow(by) => tokio::time::sleep(by).await,
        Gate::Stalled => {
            gate.wait_for(|gate| *gate != Gate::Stalled).await.ok();
        }
    }
}

impl Shared {
    fn caught(&self, request: &[u8]) -> Option<Moment> {
        let mut laid = self.trap.lock().unwrap();
        let trap = laid.as_mut()?;
        let wanted = trap.bytes.as_bytes();
        if !request.windows(wanted.len()).any(|part| part == wanted) {
            return None;
        }
        trap.nth -= 1;
        if trap.nth > 0 {
            return None;
        }
        let moment = trap.moment;
        *laid = None;
        self.sprung.notify_one();
        Some(moment)
    }
}
