//! What does a network do to a client of PostgreSQL? It goes away, goes silent, or breaks at the worst moment: after
//! COMMIT was sent and before its answer came.
//!
//! A thread for each direction of each connection; unencrypted connections only (a client that asks for TLS is told no).
//!
//! Invariant: bytes are passed on whole and in order, or not at all; COMMIT is found by reading the messages
//! (`frontend.rs`), never by guessing from time or size.

mod control;
mod frontend;
mod relay;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use crate::error::ClusterError;
use control::{Control, Delay};

/// What happens to connections from now on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Bytes go both ways.
    #[default]
    Pass,
    /// New connections are closed at once; those that are there go on.
    Refuse,
    /// Half open, as with a machine that hangs: bytes are swallowed and nothing is closed, new connections are taken, also
    /// when the server is gone. A connection that has lost bytes stays mute for good.
    Silent,
}

/// Where exactly the next commit of a transaction that wrote is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitCut {
    /// COMMIT is carried out; its answer is swallowed, then both sides are closed. It did happen.
    AfterAnswer,
    /// The client's side is closed at once, and COMMIT is passed on after `hold`: the client may ask about it
    /// while it has not happened yet. It will happen.
    Underway {
        /// How long the server does not see it.
        hold: Duration,
    },
    /// COMMIT is not passed on; both sides are closed. It did not happen.
    NotSent,
}

/// A proxy on a port of its own. Dropped, it closes everything.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    control: Arc<Control>,
}

impl TcpProxy {
    /// Listens on a free port of the loopback interface, in front of the server on `port` there.
    ///
    /// # Errors
    /// It cannot listen.
    pub fn start(port: u16) -> Result<TcpProxy, ClusterError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ClusterError::file("proxy"))?;
        let address = listener.local_addr().map_err(ClusterError::file("proxy"))?;
        let control = Arc::new(Control::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
        let accepting = Arc::clone(&control);
        std::thread::spawn(move || relay::accept(&listener, &accepting));
        Ok(TcpProxy { address, control })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets what happens to connections from now on.
    pub fn set_mode(&self, mode: Mode) {
        self.control.set_mode(mode);
    }

    /// Closes all connections that are there now.
    pub fn cut_all(&self) {
        self.control.cut_all();
    }

    /// Cuts the next commit of a transaction that wrote, on whatever connection; one that was asked for before and has not
    /// happened yet is replaced.
    pub fn cut_next_commit(&self, cut: CommitCut) {
        self.control.arm(Some(cut));
    }

    /// Takes back [`TcpProxy::cut_next_commit`]; false: it has happened already.
    pub fn disarm(&self) -> bool {
        self.control.arm(None).is_some()
    }

    /// Holds `percent` of a hundred commits of transactions that wrote back, each for up to `max`, at random.
    pub fn delay_commits(&self, percent: u64, max: Duration) {
        self.control.set_delay(Delay { percent, max });
    }

    /// How many commits were cut.
    #[must_use]
    pub fn commits_cut(&self) -> u64 {
        self.control.commits_cut()
    }

    /// How many commits of transactions that wrote have been seen, cut or not.
    #[must_use]
    pub fn commits_seen(&self) -> u64 {
        self.control.commits_seen()
    }

    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.control.connections()
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.control.close();
        self.control.cut_all();
        // Wakes the thread that accepts, so that it sees that it is over.
        let _ = std::net::TcpStream::connect(self.address);
    }
}
