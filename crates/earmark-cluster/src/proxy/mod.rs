//! How is a faulty network put between a client and PostgreSQL? By a proxy that refuses
//! connections, goes silent, or cuts a connection after COMMIT was sent and before its answer came.
//!
//! It handles unencrypted connections only, and refuses a client's request for TLS. `relay.rs`
//! passes the bytes on, with one thread for each direction of each connection.
//!
//! Invariant: bytes are passed on complete and in order, or not at all. A COMMIT is found by
//! reading the messages of the protocol (`frontend.rs`), never by guessing from time or size.

mod control;
mod frontend;
mod relay;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use crate::error::ClusterError;
use control::{Control, Delay};

pub use control::{CommitCut, Mode};

/// A proxy on a port of its own. Dropping it closes all connections and the port.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    control: Arc<Control>,
}

impl TcpProxy {
    /// Listens on a free port of 127.0.0.1, in front of the server on `port` there.
    ///
    /// # Errors
    /// It cannot open a port to listen on.
    pub fn start(port: u16) -> Result<TcpProxy, ClusterError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ClusterError::file("proxy"))?;
        let address = listener.local_addr().map_err(ClusterError::file("proxy"))?;
        let control = Arc::new(Control::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
        let accepting = Arc::clone(&control);
        std::thread::spawn(move || relay::accept(&listener, &accepting));
        Ok(TcpProxy { address, control })
    }

    /// The address to give to clients.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what happens to connections from now on.
    pub fn set_mode(&self, mode: Mode) {
        self.control.set_mode(mode);
    }

    /// Closes all connections that are open now.
    pub fn cut_all(&self) {
        self.control.cut_all();
    }

    /// Cuts the next commit of a transaction that wrote, on whichever connection it comes. It
    /// replaces an earlier cut that has not happened yet.
    pub fn cut_next_commit(&self, cut: CommitCut) {
        self.control.arm(Some(cut));
    }

    /// Takes back [`TcpProxy::cut_next_commit`]. False if the cut has already happened.
    pub fn disarm(&self) -> bool {
        self.control.arm(None).is_some()
    }

    /// Delays `percent` % of the commits of transactions that wrote, each by a random time up to
    /// `max`.
    pub fn delay_commits(&self, percent: u64, max: Duration) {
        self.control.set_delay(Delay { percent, max });
    }

    /// How many commits have been cut so far.
    #[must_use]
    pub fn commits_cut(&self) -> u64 {
        self.control.commits_cut()
    }

    /// How many commits of transactions that wrote have been seen, cut or not.
    #[must_use]
    pub fn commits_seen(&self) -> u64 {
        self.control.commits_seen()
    }

    /// How many connections are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.control.connections()
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.control.close();
        self.control.cut_all();
        // The accepting thread waits for a connection, and sees only then that the proxy is closed.
        let _ = std::net::TcpStream::connect(self.address);
    }
}
