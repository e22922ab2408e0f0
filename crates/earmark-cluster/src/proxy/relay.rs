//! How do bytes get from one side to the other? Each connection has two threads, each of which
//! reads from one side and writes to the other. The client's bytes pass message by message, so that
//! a commit can be delayed, cut or dropped.
//!
//! Invariant: once a cut has begun, no further byte reaches the client.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::control::{CommitCut, Control, Mode};
use super::frontend::{Frontend, Meaning, Message, complete, ends_transaction};

const CHUNK_BYTES: usize = 64 * 1_024;

/// What the two threads of a connection share.
struct Link {
    number: u64,
    control: Arc<Control>,
    client: TcpStream,
    server: TcpStream,
    /// The next answer to a commit is not passed on. Set before that commit reaches the server.
    swallow_answer: AtomicBool,
    /// No more bytes pass in either direction, since some were dropped and the rest would make no
    /// sense without them.
    mute: AtomicBool,
    /// Held while complete messages of the server are passed on, so that a cut falls between two.
    to_client: Mutex<()>,
}

/// What a client has sent, at a commit that is cut.
struct AtCommit {
    /// What came before the commit, and is passed on in any case.
    before: Vec<u8>,
    commit: Vec<u8>,
    /// What was sent right after it, and reaches the server only if the commit does.
    after: Vec<u8>,
}

/// Accepts connections until the proxy is closed.
pub(super) fn accept(listener: &TcpListener, control: &Arc<Control>) {
    for client in listener.incoming() {
        if control.is_closed() {
            return;
        }
        let Ok(client) = client else { continue };
        match control.mode() {
            Mode::Pass => {}
            Mode::Refuse => continue,
            Mode::Silent => {
                let control = Arc::clone(control);
                std::thread::spawn(move || keep_open(&client, &control));
                continue;
            }
        }
        // If the server does not run, dropping `client` closes the connection.
        let Ok(server) = TcpStream::connect(control.server) else { continue };
        let _ = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
        let Ok(number) = control.register(&client, &server) else { continue };
        let link = Arc::new(Link {
            number,
            control: Arc::clone(control),
            client,
            server,
            swallow_answer: AtomicBool::new(false),
            mute: AtomicBool::new(false),
            to_client: Mutex::new(()),
        });
        let other = Arc::clone(&link);
        let downward = std::thread::spawn(move || other.pass_down());
        std::thread::spawn(move || {
            link.pass_up();
            let _ = downward.join();
            link.control.forget(link.number);
        });
    }
}

impl Link {
    /// Passes bytes from the client to the server, until either side is closed.
    fn pass_up(&self) {
        let mut frontend = Frontend::default();
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Some(count) = read(&self.client, &mut chunk) {
            if self.is_mute() {
                continue;
            }
            let mut out = Vec::new();
            let mut messages = frontend.read(&chunk[..count]).into_iter();
            while let Some(Message { bytes, meaning }) = messages.next() {
                match meaning {
                    Meaning::Other => out.extend_from_slice(&bytes),
                    Meaning::EncryptionRequest => {
                        let _ = (&self.client).write_all(b"N");
                    }
                    Meaning::Commit => match self.control.commit_seen() {
                        None => out.extend_from_slice(&bytes),
                        Some(CommitCut::AfterAnswer) => {
                            self.swallow_answer.store(true, Ordering::SeqCst);
                            out.extend_from_slice(&bytes);
                        }
                        Some(cut) => {
                            let after = messages.flat_map(|message| message.bytes).collect();
                            return self.cut(cut, AtCommit { before: out, commit: bytes, after });
                        }
                    },
                }
            }
            if (&self.server).write_all(&out).is_err() {
                break;
            }
        }
        self.close();
    }

    /// Cuts a commit that is not to be answered: see [`CommitCut`].
    fn cut(&self, cut: CommitCut, sent: AtCommit) {
        {
            // The other thread may be passing an answer on: the cut waits until it is complete.
            let _between = self.to_client.lock().unwrap_or_else(PoisonError::into_inner);
            self.mute.store(true, Ordering::SeqCst);
        }
        // Counted before the client can notice.
        self.control.commit_was_cut();
        let _ = self.client.shutdown(Shutdown::Both);
        if let CommitCut::Underway { hold } = cut {
            let AtCommit { mut before, commit, after } = sent;
            let is_prepared = commit[0] == b'E';
            before.extend(commit);
            // The server executes a prepared COMMIT when its Sync comes, which the client may not
            // have sent yet.
            if is_prepared {
                before.extend([b'S', 0, 0, 0, 4]);
            }
            before.extend(after);
            std::thread::sleep(hold);
            let _ = (&self.server).write_all(&before);
            // An orderly end, which comes after everything that was sent. A reset could overtake
            // it.
            let _ = self.server.shutdown(Shutdown::Write);
        } else {
            let _ = self.server.shutdown(Shutdown::Both);
        }
    }

    /// Passes bytes from the server to the client, until either side is closed.
    fn pass_down(&self) {
        let mut pending = Vec::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Some(count) = read(&self.server, &mut chunk) {
            if self.is_mute() {
                continue;
            }
            pending.extend_from_slice(&chunk[..count]);
            let (length, ended) = self.passable(&pending);
            {
                let _between = self.to_client.lock().unwrap_or_else(PoisonError::into_inner);
                if !self.mute.load(Ordering::SeqCst) && (&self.client).write_all(&pending[..length]).is_err()
                {
                    break;
                }
            }
            if ended {
                self.control.commit_was_cut();
                break;
            }
            pending.drain(..length);
        }
        // The client of a silent connection must not notice anything, not even that the server
        // ended.
        if !self.is_mute() {
            self.close();
        }
    }

    /// How many bytes of complete messages may pass, and whether the next message is the answer
    /// that is to be swallowed.
    fn passable(&self, pending: &[u8]) -> (usize, bool) {
        let mut length = 0;
        while let Some(message) = complete(&pending[length..], 1) {
            if ends_transaction(&pending[length..length + message])
                && self.swallow_answer.load(Ordering::SeqCst)
            {
                return (length, true);
            }
            length += message;
        }
        (length, false)
    }

    fn is_mute(&self) -> bool {
        if self.control.mode() == Mode::Silent {
            self.mute.store(true, Ordering::SeqCst);
        }
        self.mute.load(Ordering::SeqCst)
    }

    fn close(&self) {
        // An error means that the side is closed already.
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

/// Reads and drops what the client sends, until it closes the connection or is cut off.
fn keep_open(client: &TcpStream, control: &Control) {
    let Ok(number) = control.register(client, client) else { return };
    let mut chunk = vec![0; CHUNK_BYTES];
    while read(client, &mut chunk).is_some() {}
    control.forget(number);
}

/// The number of bytes that were read; None if the other side has closed the connection.
fn read(mut from: &TcpStream, chunk: &mut [u8]) -> Option<usize> {
    loop {
        match from.read(chunk) {
            Ok(0) => return None,
            Ok(count) => return Some(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
