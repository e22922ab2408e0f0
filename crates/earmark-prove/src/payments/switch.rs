//! Can the gateway be reached, and how often is it called? A socket in front of it passes calls on,
//! or acts as a gateway that is away, and counts the calls in both cases.
//!
//! Invariant: a change from one way to another cuts every connection, so that nothing of the old
//! way is left.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use earmark_load::LoadError;
use earmark_load::latency::Latencies;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What marks a request among the bytes of a connection.
const MARK: &[u8] = b" HTTP/1.1\r\n";
const ERROR: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
const BUFFER_BYTES: usize = 64 * 1024;
/// Between two tries to take the address again.
const PAUSE: Duration = Duration::from_millis(20);

/// How the gateway behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// Calls are passed on to it.
    Passing,
    /// Its socket is closed.
    Refusing,
    /// It takes everything and never answers.
    Silent,
    /// It answers 500 to everything.
    Failing,
}

/// The socket; gone on drop.
#[derive(Debug)]
pub(crate) struct Switch {
    address: SocketAddr,
    way: watch::Sender<Way>,
    seen: Arc<Mutex<Seen>>,
    listening: tokio::task::JoinHandle<()>,
}

/// The calls of a run.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The times at which requests came.
    pub(crate) requests: Vec<Instant>,
    /// From each request to the first byte of its answer, where it was passed on.
    pub(crate) latencies: Latencies,
}

impl Switch {
    /// Listens in front of this gateway.
    pub(crate) async fn start(gateway: SocketAddr) -> Result<Switch, LoadError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(LoadError::file("a socket"))?;
        let address = listener.local_addr().map_err(LoadError::file("a socket"))?;
        let (way, ways) = watch::channel(Way::Passing);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let forwarder = Forwarder { address, gateway, seen: Arc::clone(&seen) };
        let listening = tokio::spawn(forwarder.listen(listener, ways));
        Ok(Switch { address, way, seen, listening })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn turn(&self, way: Way) {
        self.way.send_replace(way);
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What serves the connections of the socket.
#[derive(Clone)]
struct Forwarder {
    address: SocketAddr,
    gateway: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Forwarder {
    async fn listen(self, first: TcpListener, mut ways: watch::Receiver<Way>) {
        let mut listener = Some(first);
        loop {
            let way = *ways.borrow_and_update();
            if way == Way::Refusing {
                listener = None;
                if ways.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let Some(open) = &listener else {
                listener = TcpListener::bind(self.address).await.ok();
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            tokio::select! {
                accepted = open.accept() => {
                    let Ok((client, _)) = accepted else { continue };
                    let (forwarder, mut ways) = (self.clone(), ways.clone());
                    tokio::spawn(async move {
                        tokio::select! {
                            _ = forwarder.serve(client, way) => {}
                            _ = ways.changed() => {}
                        }
                    });
                }
                changed = ways.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn serve(&self, client: TcpStream, way: Way) -> std::io::Result<()> {
        client.set_nodelay(true)?;
        match way {
            Way::Passing => self.pass(client).await,
            _ => self.swallow(client, way).await,
        }
    }

    /// Passes bytes on in both directions until one side closes.
    async fn pass(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut gateway = TcpStream::connect(self.gateway).await?;
        gateway.set_nodelay(true)?;
        let (mut request, mut answer) = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES]);
        let mut waiting: Option<Instant> = None;
        loop {
            tokio::select! {
                read = client.read(&mut request) => {
                    let read = read?;
                    if read == 0 {
                        return Ok(());
                    }
                    if self.note(&request[..read]) > 0 {
                        waiting = Some(Instant::now());
                    }
                    gateway.write_all(&request[..read]).await?;
                }
                read = gateway.read(&mut answer) => {
                    let read = read?;
                    if read == 0 {
                        return Ok(());
                    }
                    if let Some(since) = waiting.take() {
                        lock(&self.seen).latencies.record(since.elapsed());
                    }
                    client.write_all(&answer[..read]).await?;
                }
            }
        }
    }

    async fn swallow(&self, mut client: TcpStream, way: Way) -> std::io::Result<()> {
        let mut request = vec![0; BUFFER_BYTES];
        loop {
            let read = client.read(&mut request).await?;
            if read == 0 {
                return Ok(());
            }
            for _ in 0..self.note(&request[..read]) {
                if way == Way::Failing {
                    client.write_all(ERROR).await?;
                }
            }
        }
    }

    /// Counts the requests that begin in these bytes. They are short and come in one piece each.
    fn note(&self, bytes: &[u8]) -> usize {
        let requests = bytes.windows(MARK.len()).filter(|window| *window == MARK).count();
        lock(&self.seen).requests.extend(std::iter::repeat_n(Instant::now(), requests));
        requests
    }
}
