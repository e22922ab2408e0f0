//! Which of the messages that a client sends is a COMMIT? In version 3 of PostgreSQL's protocol a
//! message is a type, a length that counts itself, and a body. The first messages of a connection
//! have no type.
//!
//! Two messages commit: a simple query (`Q`) with COMMIT among its statements, and Execute (`E`) of
//! a portal that was bound to a prepared COMMIT. A transaction has written if it ran a statement
//! that is no SELECT, BEGIN, SET or the like. A statement that was only prepared has not run.
//!
//! Invariant: what goes in comes out, message by message, in order and unchanged.

use std::collections::{HashMap, HashSet};

/// What stands in place of a version number in a message that requests encryption.
const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;

/// One complete message, and what it means to the proxy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    pub(super) meaning: Meaning,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It has to be answered with `N`, which refuses, and is not passed on.
    EncryptionRequest,
    /// It commits a transaction that wrote.
    Commit,
    Other,
}

/// What a statement does to its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statement {
    Commit,
    Rollback,
    Write,
    Read,
}

/// What is known of one connection from the messages that its client has sent.
#[derive(Debug, Default)]
pub(super) struct Frontend {
    pending: Vec<u8>,
    started: bool,
    statements: HashMap<Vec<u8>, Statement>,
    portals: HashMap<Vec<u8>, Statement>,
    wrote: bool,
}

impl Frontend {
    /// Takes the next bytes, and returns the messages that are complete by now.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.pending.extend_from_slice(bytes);
        let mut messages = Vec::new();
        let mut from = 0;
        while let Some(length) = complete(&self.pending[from..], if self.started { 1 } else { 0 }) {
            let bytes = self.pending[from..from + length].to_vec();
            from += length;
            let meaning = if self.started { self.meaning(&bytes) } else { self.first_meaning(&bytes) };
            messages.push(Message { bytes, meaning });
        }
        self.pending.drain(..from);
        messages
    }

    fn first_meaning(&mut self, bytes: &[u8]) -> Meaning {
        match number(bytes, 4) {
            Some(SSL_REQUEST | GSS_REQUEST) => Meaning::EncryptionRequest,
            _ => {
                self.started = true;
                Meaning::Other
            }
        }
    }

    fn meaning(&mut self, bytes: &[u8]) -> Meaning {
        let (kind, body) = (bytes[0], &bytes[5..]);
        match kind {
            b'Q' => {
                let text = String::from_utf8_lossy(text(body).0).into_owned();
                let ran: Vec<Meaning> = text.split(';').map(|part| self.run(statement(part))).collect();
                if ran.contains(&Meaning::Commit) { Meaning::Commit } else { Meaning::Other }
            }
            b'P' => {
                let (name, rest) = text(body);
                let parsed = statement(&String::from_utf8_lossy(text(rest).0));
                self.statements.insert(name.to_vec(), parsed);
                Meaning::Other
            }
            b'B' => {
                let (portal, rest) = text(body);
                let bound = self.statements.get(text(rest).0).copied().unwrap_or(Statement::Read);
                self.portals.insert(portal.to_vec(), bound);
                Meaning::Other
            }
            b'E' => {
                let executed = self.portals.get(text(body).0).copied().unwrap_or(Statement::Read);
                self.run(executed)
            }
            b'C' if body.first() == Some(&b'S') => {
                self.statements.remove(text(&body[1..]).0);
                Meaning::Other
            }
            _ => Meaning::Other,
        }
    }

    fn run(&mut self, statement: Statement) -> Meaning {
        match statement {
            Statement::Write => self.wrote = true,
            Statement::Read => {}
            Statement::Rollback => self.wrote = false,
            Statement::Commit => {
                if std::mem::take(&mut self.wrote) {
                    return Meaning::Commit;
                }
            }
        }
        Meaning::Other
    }
}

/// What a statement does, by its first word.
fn statement(text: &str) -> Statement {
    let word: String = text.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    let reads: HashSet<&str> =
        ["", "SELECT", "BEGIN", "START", "SET", "SHOW", "SAVEPOINT", "RELEASE", "DEALLOCATE", "DISCARD"]
            .into();
    match word.to_ascii_uppercase().as_str() {
        "COMMIT" | "END" => Statement::Commit,
        "ROLLBACK" | "ABORT" => Statement::Rollback,
        word if reads.contains(word) => Statement::Read,
        _ => Statement::Write,
    }
}

/// The length of the first message in `bytes`; None while it is not complete. It is `kind` bytes
/// for its type, then four bytes of length that count themselves and the body.
pub(super) fn complete(bytes: &[u8], kind: usize) -> Option<usize> {
    let length = kind + usize::try_from(number(bytes, kind)?).ok()?.max(4);
    (bytes.len() >= length).then_some(length)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

/// The bytes before the first zero byte, and those after it.
fn text(body: &[u8]) -> (&[u8], &[u8]) {
    let end = body.iter().position(|&byte| byte == 0).unwrap_or(body.len());
    (&body[..end], body.get(end + 1..).unwrap_or_default())
}

/// Whether a message of the server reports the end of a transaction: `C` with COMMIT, or with
/// ROLLBACK if the transaction had failed.
pub(super) fn ends_transaction(message: &[u8]) -> bool {
    message[0] == b'C' && matches!(text(&message[5..]).0, b"COMMIT" | b"ROLLBACK")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind][..], &length, body].concat()
    }

    fn started() -> Frontend {
        let mut frontend = Frontend::default();
        let startup = [&9_u32.to_be_bytes()[..], &196_608_u32.to_be_bytes(), b"\0"].concat();
        assert_eq!(frontend.read(&startup), [Message { bytes: startup.clone(), meaning: Meaning::Other }]);
        frontend
    }

    fn meanings(frontend: &mut Frontend, messages: &[Vec<u8>]) -> Vec<Meaning> {
        frontend.read(&messages.concat()).iter().map(|message| message.meaning).collect()
    }

    #[test]
    fn encryption_is_requested_before_a_connection_starts() {
        let mut frontend = Frontend::default();
        let request = [8_u32.to_be_bytes(), SSL_REQUEST.to_be_bytes()].concat();
        assert_eq!(meanings(&mut frontend, &[request]), [Meaning::EncryptionRequest]);
    }

    #[test]
    fn simple_commit_is_seen_when_its_transaction_wrote() {
        let mut frontend = started();
        let query = |text: &str| message(b'Q', format!("{text}\0").as_bytes());
        let quiet = [query("BEGIN"), query("SELECT 1"), query("COMMIT")];
        assert_eq!(meanings(&mut frontend, &quiet), [Meaning::Other; 3]);
        let wrote = [query("BEGIN"), query("UPDATE t SET a = 1"), query(" commit;"), query("COMMIT")];
        assert_eq!(
            meanings(&mut frontend, &wrote),
            [Meaning::Other, Meaning::Other, Meaning::Commit, Meaning::Other]
        );
        assert_eq!(
            meanings(&mut frontend, &[query("BEGIN; INSERT INTO t VALUES (1); COMMIT")]),
            [Meaning::Commit]
        );
        let undone = [query("DELETE FROM t"), query("ROLLBACK"), query("COMMIT")];
        assert_eq!(meanings(&mut frontend, &undone), [Meaning::Other; 3]);
    }

    #[test]
    fn prepared_commit_is_seen_when_it_is_executed() {
        let mut frontend = started();
        let parsed =
            [message(b'P', b"s1\0COMMIT\0\0\0"), message(b'P', b"s2\0insert into t values ($1)\0\0\0")];
        assert_eq!(meanings(&mut frontend, &parsed), [Meaning::Other; 2]);
        let bind =
            |portal: &str, name: &str| message(b'B', format!("{portal}\0{name}\0\0\0\0\0\0\0").as_bytes());
        let execute = |portal: &str| message(b'E', format!("{portal}\0\0\0\0\0").as_bytes());
        let ran = [bind("", "s2"), execute(""), bind("p", "s1"), execute("p"), message(b'S', b"")];
        let expected = [Meaning::Other, Meaning::Other, Meaning::Other, Meaning::Commit, Meaning::Other];
        assert_eq!(meanings(&mut frontend, &ran), expected);
    }

    #[test]
    fn messages_come_out_as_they_went_in_wherever_they_are_torn() {
        let sent = [message(b'Q', b"INSERT INTO t VALUES (1)\0"), message(b'Q', b"COMMIT\0")].concat();
        let mut frontend = started();
        let mut seen = Vec::new();
        for byte in &sent {
            seen.extend(frontend.read(std::slice::from_ref(byte)));
        }
        assert_eq!(
            seen.iter().map(|message| message.meaning).collect::<Vec<_>>(),
            [Meaning::Other, Meaning::Commit]
        );
        assert_eq!(seen.into_iter().flat_map(|message| message.bytes).collect::<Vec<_>>(), sent);
    }

    #[test]
    fn answers_to_commit_are_recognised() {
        assert!(ends_transaction(&message(b'C', b"COMMIT\0")));
        assert!(ends_transaction(&message(b'C', b"ROLLBACK\0")));
        assert!(!ends_transaction(&message(b'C', b"INSERT 0 1\0")));
        assert!(!ends_transaction(&message(b'Z', b"COMMIT\0")));
    }
}
