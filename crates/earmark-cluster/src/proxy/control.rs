//! What does a proxy do to its connections, and what has it done so far? This state is shared by
//! the proxy's owner, who sets it, and the threads that pass bytes on, which obey it.
//!
//! Invariant: a cut that was ordered happens to exactly one commit.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What happens to connections from now on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Bytes are passed on in both directions.
    #[default]
    Pass,
    /// New connections are closed at once. Those that are open go on.
    Refuse,
    /// Like a machine that hangs: bytes are swallowed and no connection is closed. New connections
    /// are accepted even if the server has ended. A connection that has lost bytes stays silent
    /// when the mode changes.
    Silent,
}

/// At which point the next commit of a transaction that wrote is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitCut {
    /// The server commits, its answer is swallowed, and then both sides are closed. The transaction
    /// has happened.
    AfterAnswer,
    /// The client's side is closed at once, and COMMIT reaches the server after `hold`. A client
    /// can look while the transaction has not happened yet; it will happen.
    Underway {
        /// How long COMMIT is kept back.
        hold: Duration,
    },
    /// COMMIT is not passed on, and both sides are closed. The transaction has not happened.
    NotSent,
}

/// How many commits are delayed, and for how long at most.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Delay {
    pub(super) percent: u64,
    pub(super) max: Duration,
}

#[derive(Debug)]
pub(super) struct Control {
    pub(super) server: SocketAddr,
    mode: Mutex<Mode>,
    armed: Mutex<Option<CommitCut>>,
    delay: Mutex<Delay>,
    /// The client's and the server's side of each connection, by its number.
    open: Mutex<HashMap<u64, [TcpStream; 2]>>,
    next: AtomicU64,
    commits_cut: AtomicU64,
    commits_seen: AtomicU64,
    closed: AtomicBool,
}

impl Control {
    pub(super) fn new(server: SocketAddr) -> Control {
        Control {
            server,
            mode: Mutex::default(),
            armed: Mutex::default(),
            delay: Mutex::default(),
            open: Mutex::default(),
            next: AtomicU64::new(0),
            commits_cut: AtomicU64::new(0),
            commits_seen: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn mode(&self) -> Mode {
        *lock(&self.mode)
    }

    pub(super) fn set_mode(&self, mode: Mode) {
        *lock(&self.mode) = mode;
    }

    /// Sets or clears the next cut, and returns the one that was set before.
    pub(super) fn arm(&self, cut: Option<CommitCut>) -> Option<CommitCut> {
        std::mem::replace(&mut *lock(&self.armed), cut)
    }

    pub(super) fn set_delay(&self, delay: Delay) {
        *lock(&self.delay) = delay;
    }

    /// Counts a commit of a transaction that wrote, and says how it is cut; None: it passes. The
    /// call takes as long as the commit is delayed.
    pub(super) fn commit_seen(&self) -> Option<CommitCut> {
        self.commits_seen.fetch_add(1, Ordering::SeqCst);
        let Delay { percent, max } = *lock(&self.delay);
        let random = RandomState::new().build_hasher().finish();
        if random % 100 < percent {
            std::thread::sleep(max * (random / 100 % 1_000) as u32 / 1_000);
        }
        self.arm(None)
    }

    /// Counts a commit that was cut. To be called before the client can notice, so that a test
    /// which has seen its connection break finds the cut counted.
    pub(super) fn commit_was_cut(&self) {
        self.commits_cut.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn commits_cut(&self) -> u64 {
        self.commits_cut.load(Ordering::SeqCst)
    }

    pub(super) fn commits_seen(&self) -> u64 {
        self.commits_seen.load(Ordering::SeqCst)
    }

    pub(super) fn register(&self, client: &TcpStream, server: &TcpStream) -> std::io::Result<u64> {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        lock(&self.open).insert(number, [client.try_clone()?, server.try_clone()?]);
        Ok(number)
    }

    pub(super) fn forget(&self, number: u64) {
        lock(&self.open).remove(&number);
    }

    pub(super) fn connections(&self) -> usize {
        lock(&self.open).len()
    }

    pub(super) fn cut_all(&self) {
        for stream in lock(&self.open).values().flatten() {
            // An error means that the connection is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// Locks, also after another thread has panicked: each lock guards one value that is replaced as a
/// whole, so that a panic leaves none half written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
