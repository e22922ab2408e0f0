//! Which of the bytes that a client sends are a COMMIT? Read from the messages of the PostgreSQL protocol, version 3: a type,
//! a length that counts itself, and a body. The first messages of a connection have no type.
//!
//! Seen: the simple query `Q` with COMMIT among its statements, and `E` (Execute) of a portal that was bound to a statement
//! whose text is COMMIT. A transaction counts as one that wrote when it ran a statement that is no SELECT, BEGIN or SET;
//! what it merely prepared, it has not run.
//!
//! Invariant: what goes in comes out, message by message, in order and unchanged.

use std::collections::{HashMap, HashSet};

/// Version numbers of the messages that open a connection.
const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;

/// One whole message, and what it is to a proxy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    pub(super) is: Is,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    /// Asks for encryption: to be answered with `N`, and not to be passed on.
    EncryptionRequest,
    /// Ends a transaction that wrote.
    Commit,
    /// Anything else.
    Other,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statement {
    Commit,
    Rollback,
    Write,
    Read,
}

/// The reader of one connection.
#[derive(Debug, Default)]
pub(super) struct Frontend {
    pending: Vec<u8>,
    started: bool,
    statements: HashMap<Vec<u8>, Statement>,
    portals: HashMap<Vec<u8>, Statement>,
    wrote: bool,
}

impl Frontend {
    /// Takes bytes in; gives the messages that are whole by now.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.pending.extend_from_slice(bytes);
        let mut messages = Vec::new();
        let mut from = 0;
        while let Some(length) = whole(&self.pending[from..], if self.started { 1 } else { 0 }) {
            let bytes = self.pending[from..from + length].to_vec();
            from += length;
            let is = if self.started { self.judge(&bytes) } else { self.judge_first(&bytes) };
            messages.push(Message { bytes, is });
        }
        self.pending.drain(..from);
        messages
    }

    fn judge_first(&mut self, bytes: &[u8]) -> Is {
        match number(bytes, 4) {
            Some(SSL_REQUEST | GSS_REQUEST) => Is::EncryptionRequest,
            _ => {
                self.started = true;
                Is::Other
            }
        }
    }

    fn judge(&mut self, bytes: &[u8]) -> Is {
        let (kind, body) = (bytes[0], &bytes[5..]);
        match kind {
            b'Q' => {
                let text = String::from_utf8_lossy(text(body).0).into_owned();
                let ran: Vec<Is> = text.split(';').map(|part| self.run(statement(part))).collect();
                if ran.contains(&Is::Commit) { Is::Commit } else { Is::Other }
            }
            b'P' => {
                let (name, rest) = text(body);
                let parsed = statement(&String::from_utf8_lossy(text(rest).0));
                self.statements.insert(name.to_vec(), parsed);
                Is::Other
            }
            b'B' => {
                let (portal, rest) = text(body);
                let bound = self.statements.get(text(rest).0).copied().unwrap_or(Statement::Read);
                self.portals.insert(portal.to_vec(), bound);
                Is::Other
            }
            b'E' => {
                let executed = self.portals.get(text(body).0).copied().unwrap_or(Statement::Read);
                self.run(executed)
            }
            b'C' if body.first() == Some(&b'S') => {
                self.statements.remove(text(&body[1..]).0);
                Is::Other
            }
            _ => Is::Other,
        }
    }

    fn run(&mut self, statement: Statement) -> Is {
        match statement {
            Statement::Write => self.wrote = true,
            Statement::Read => {}
            Statement::Rollback => self.wrote = false,
            Statement::Commit => {
                if std::mem::take(&mut self.wrote) {
                    return Is::Commit;
                }
            }
        }
        Is::Other
    }
}

/// What the first word of a statement, behind comments and white space, says that it does.
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

/// The length of the first message in `bytes`, if it is whole: `kind` bytes, then four that count themselves and the rest.
pub(super) fn whole(bytes: &[u8], kind: usize) -> Option<usize> {
    let length = kind + usize::try_from(number(bytes, kind)?).ok()?.max(4);
    (bytes.len() >= length).then_some(length)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

/// The bytes before the first zero, and those behind it.
fn text(body: &[u8]) -> (&[u8], &[u8]) {
    let end = body.iter().position(|&byte| byte == 0).unwrap_or(body.len());
    (&body[..end], body.get(end + 1..).unwrap_or_default())
}

/// True for a server's message that says that a transaction has ended: `C` with COMMIT, or with ROLLBACK if it had failed.
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
        assert_eq!(frontend.read(&startup), [Message { bytes: startup.clone(), is: Is::Other }]);
        frontend
    }

    fn judge(frontend: &mut Frontend, messages: &[Vec<u8>]) -> Vec<Is> {
        frontend.read(&messages.concat()).iter().map(|message| message.is).collect()
    }

    #[test]
    fn encryption_is_asked_for_before_a_connection_starts() {
        let mut frontend = Frontend::default();
        let request = [8_u32.to_be_bytes(), SSL_REQUEST.to_be_bytes()].concat();
        assert_eq!(judge(&mut frontend, &[request]), [Is::EncryptionRequest]);
    }

    #[test]
    fn simple_commit_is_seen_when_its_transaction_wrote() {
        let mut frontend = started();
        let query = |text: &str| message(b'Q', format!("{text}\0").as_bytes());
        let quiet = [query("BEGIN"), query("SELECT 1"), query("COMMIT")];
        assert_eq!(judge(&mut frontend, &quiet), [Is::Other; 3]);
        let wrote = [query("BEGIN"), query("UPDATE t SET a = 1"), query(" commit;"), query("COMMIT")];
        assert_eq!(judge(&mut frontend, &wrote), [Is::Other, Is::Other, Is::Commit, Is::Other]);
        assert_eq!(judge(&mut frontend, &[query("BEGIN; INSERT INTO t VALUES (1); COMMIT")]), [Is::Commit]);
        let undone = [query("DELETE FROM t"), query("ROLLBACK"), query("COMMIT")];
        assert_eq!(judge(&mut frontend, &undone), [Is::Other; 3]);
    }

    #[test]
    fn prepared_commit_is_seen_when_it_is_executed() {
        let mut frontend = started();
        let parsed =
            [message(b'P', b"s1\0COMMIT\0\0\0"), message(b'P', b"s2\0insert into t values ($1)\0\0\0")];
        assert_eq!(judge(&mut frontend, &parsed), [Is::Other; 2]);
        let bind =
            |portal: &str, name: &str| message(b'B', format!("{portal}\0{name}\0\0\0\0\0\0\0").as_bytes());
        let execute = |portal: &str| message(b'E', format!("{portal}\0\0\0\0\0").as_bytes());
        let ran = [bind("", "s2"), execute(""), bind("p", "s1"), execute("p"), message(b'S', b"")];
        let expected = [Is::Other, Is::Other, Is::Other, Is::Commit, Is::Other];
        assert_eq!(judge(&mut frontend, &ran), expected);
    }

    #[test]
    fn messages_come_out_as_they_went_in_wherever_they_are_torn() {
        let sent = [message(b'Q', b"INSERT INTO t VALUES (1)\0"), message(b'Q', b"COMMIT\0")].concat();
        let mut frontend = started();
        let mut seen = Vec::new();
        for byte in &sent {
            seen.extend(frontend.read(std::slice::from_ref(byte)));
        }
        assert_eq!(seen.iter().map(|message| message.is).collect::<Vec<_>>(), [Is::Other, Is::Commit]);
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
