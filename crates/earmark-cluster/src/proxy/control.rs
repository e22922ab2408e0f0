//! What shall happen, and what has? The state that the proxy's owner and its threads share.
//!
//! Invariant: a cut that was asked for happens to one commit exactly.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{CommitCut, Mode};

/// How many commits are held back, and for how long at most.
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
    /// Both sides of each connection, by its number.
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

    /// Returns what was armed before.
    pub(super) fn arm(&self, cut: Option<CommitCut>) -> Option<CommitCut> {
        std::mem::replace(&mut *lock(&self.armed), cut)
    }

    pub(super) fn set_delay(&self, delay: Delay) {
        *lock(&self.delay) = delay;
    }

    /// A commit of a transaction that wrote has come: how it is cut, if at all. Takes the time that it is held back.
    pub(super) fn commit_seen(&self) -> Option<CommitCut> {
        self.commits_seen.fetch_add(1, Ordering::SeqCst);
        let Delay { percent, max } = *lock(&self.delay);
        let random = RandomState::new().build_hasher().finish();
        if random % 100 < percent {
            std::thread::sleep(max * (random / 100 % 1_000) as u32 / 1_000);
        }
        self.arm(None)
    }

    /// Counted before the client can know, so that whoever has seen the connection break finds it counted.
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
            // One that is closed already needs no cut.
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

/// A thread that panicked has left nothing half done in here: each lock guards one value that is written at once.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
