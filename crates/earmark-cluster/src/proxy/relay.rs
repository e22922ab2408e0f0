//! How do bytes get from one side to the other? By two threads for each connection, each of which reads one side and writes
//! the other; the client's bytes pass message by message, so that a commit can be held, cut or dropped.
//!
//! Invariant: once a cut has begun, no further byte reaches the client.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::control::Control;
use super::frontend::{Frontend, Is, Message, ends_transaction, whole};
use super::{CommitCut, Mode};

const CHUNK_BYTES: usize = 64 * 1_024;

/// What the two threads of a connection share.
struct Link {
    number: u64,
    control: Arc<Control>,
    client: TcpStream,
    server: TcpStream,
    /// Set with the commit that is to be cut after its answer, before that commit is passed on.
    swallow_answer: AtomicBool,
    /// Set when bytes were lost on purpose: the rest of the conversation would make no sense.
    mute: AtomicBool,
    /// The messages of the server that are whole by now are passed on under it, so that a cut falls between two.
    to_client: Mutex<()>,
}

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
        // A server that is away is a connection that is closed.
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
    /// From the client to the server, until either is gone.
    fn pass_up(&self) {
        let mut frontend = Frontend::default();
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Some(count) = read(&self.client, &mut chunk) {
            if self.is_mute() {
                continue;
            }
            let mut out = Vec::new();
            let mut messages = frontend.read(&chunk[..count]).into_iter();
            while let Some(Message { bytes, is }) = messages.next() {
                match is {
                    Is::Other => out.extend_from_slice(&bytes),
                    Is::EncryptionRequest => {
                        let _ = (&self.client).write_all(b"N");
                    }
                    Is::Commit => match self.control.commit_seen() {
                        None => out.extend_from_slice(&bytes),
                        Some(CommitCut::AfterAnswer) => {
                            self.swallow_answer.store(true, Ordering::SeqCst);
                            out.extend_from_slice(&bytes);
                        }
                        Some(cut) => {
                            let behind = messages.flat_map(|message| message.bytes).collect();
                            return self.cut(cut, out, (bytes, behind));
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

    /// `out` came before the commit and is passed on in any case; what came behind it shares its fate: to the server it was sent as well.
    fn cut(&self, cut: CommitCut, mut out: Vec<u8>, (commit, behind): (Vec<u8>, Vec<u8>)) {
        {
            let _between = self.to_client.lock().unwrap_or_else(PoisonError::into_inner);
            self.mute.store(true, Ordering::SeqCst);
        }
        // Counted before the client can know.
        self.control.commit_was_cut();
        let _ = self.client.shutdown(Shutdown::Both);
        if let CommitCut::Underway { hold } = cut {
            out.extend_from_slice(&commit);
            // A prepared one is executed at the latest when its Sync comes.
            if commit[0] == b'E' {
                out.extend_from_slice(&[b'S', 0, 0, 0, 4]);
            }
            out.extend_from_slice(&behind);
            std::thread::sleep(hold);
            let _ = (&self.server).write_all(&out);
            // The end of the stream, behind everything that was sent; a reset could overtake it.
            let _ = self.server.shutdown(Shutdown::Write);
        } else {
            let _ = self.server.shutdown(Shutdown::Both);
        }
    }

    /// From the server to the client, until either is gone.
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
        // Whoever talks to a mute connection learns nothing, not even that the server is gone.
        if !self.is_mute() {
            self.close();
        }
    }

    /// How many bytes of whole messages may pass, and whether the answer comes next that is to be swallowed.
    fn passable(&self, pending: &[u8]) -> (usize, bool) {
        let mut length = 0;
        while let Some(message) = whole(&pending[length..], 1) {
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
        // Errors mean that the side is closed already.
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

/// Takes bytes and gives none, until the client is gone or cut off.
fn keep_open(client: &TcpStream, control: &Control) {
    let Ok(number) = control.register(client, client) else { return };
    let mut chunk = vec![0; CHUNK_BYTES];
    while read(client, &mut chunk).is_some() {}
    control.forget(number);
}

/// None: the other side is gone.
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
