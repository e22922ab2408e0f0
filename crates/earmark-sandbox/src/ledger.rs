//! What the gateway has done: one line of JSON for each charge and refund, appended to a file and
//! synced before it is answered.
//!
//! Before an answer goes out, [`Syncer::sync`] has to return; one sync serves all requests that
//! wait for it. Invariant: a key is written once. A last line that a crash cut off was never
//! answered, so it is removed when the file is opened; a broken line anywhere else is an error.
//! After a failed write no request is answered any more.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Charge,
    Refund,
}

/// Whether money has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The money has moved.
    Done,
    /// It has not moved and never will.
    Declined,
}

/// A charge or a refund that the gateway has carried out or declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub kind: Kind,
    /// The idempotency key of the request that caused it.
    pub key: String,
    /// The caller's own id, wherever the protocol carries it.
    pub id: String,
    /// The id that the gateway gave it.
    pub reference: String,
    /// The gateway's id of the charge, for a refund; None for a charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge_reference: Option<String>,
    pub status: Status,
    /// In the currency's minor unit.
    pub amount: i64,
    /// The ISO 4217 code, in capitals.
    pub currency: String,
    /// None if the money has moved.
    pub decline_code: Option<String>,
    /// The token with which a charge was made; None for a refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// In milliseconds since 1970.
    pub at_ms: i64,
}

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("the ledger {0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("the ledger {0} is in use by another process")]
    InUse(PathBuf),
    /// A line other than the last one cannot be read; lines count from 1.
    #[error("the ledger {0} is broken in line {1}")]
    Broken(PathBuf, usize),
}

/// The open ledger, whole in memory.
#[derive(Debug)]
pub(crate) struct Ledger {
    file: File,
    entries: Vec<Entry>,
    by_key: HashMap<(Kind, String), usize>,
    by_reference: HashMap<String, usize>,
    by_id: HashMap<(Kind, String), Vec<usize>>,
}

impl Ledger {
    /// Opens the file, or makes it, and locks it against other processes.
    pub(crate) fn open(path: &Path) -> Result<Self, LedgerError> {
        let failed = |error| LedgerError::File(path.to_owned(), error);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.map_err(failed)?;
        file.try_lock().map_err(|_| LedgerError::InUse(path.to_owned()))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let mut ledger = Self {
            file,
            entries: Vec::new(),
            by_key: HashMap::new(),
            by_reference: HashMap::new(),
            by_id: HashMap::new(),
        };
        for (number, line) in bytes[..whole].split(|&byte| byte == b'\n').enumerate() {
            if !line.is_empty() {
                let broken = |_| LedgerError::Broken(path.to_owned(), number + 1);
                ledger.index(serde_json::from_slice(line).map_err(broken)?);
            }
        }
        ledger.file.set_len(whole as u64).map_err(failed)?;
        ledger.file.seek(SeekFrom::End(0)).map_err(failed)?;
        ledger.file.sync_all().map_err(failed)?;
        Ok(ledger)
    }

    fn index(&mut self, entry: Entry) {
        let at = self.entries.len();
        self.by_key.insert((entry.kind, entry.key.clone()), at);
        self.by_reference.insert(entry.reference.clone(), at);
        self.by_id.entry((entry.kind, entry.id.clone())).or_default().push(at);
        self.entries.push(entry);
    }

    /// Writes an entry; [`Syncer::sync`] has to follow before it is answered.
    ///
    /// # Panics
    /// If it cannot be written. That poisons the lock around the ledger, so no request is
    /// answered any more.
    pub(crate) fn append(&mut self, entry: Entry) -> &Entry {
        assert!(self.find(entry.kind, &entry.key).is_none(), "a key is written once");
        let mut line = serde_json::to_vec(&entry).expect("an entry is data");
        line.push(b'\n');
        self.file.write_all(&line).expect("the ledger can be written");
        self.index(entry);
        self.entries.last().expect("one was just added")
    }

    /// The syncer of this ledger's file. All entries so far count as synced.
    pub(crate) fn syncer(&self) -> std::io::Result<Syncer> {
        Ok(Syncer { file: self.file.try_clone()?, synced: Mutex::new(self.entries.len()) })
    }

    /// The entry with this idempotency key.
    pub(crate) fn find(&self, kind: Kind, key: &str) -> Option<&Entry> {
        self.by_key.get(&(kind, key.to_owned())).map(|&at| &self.entries[at])
    }

    /// The entry with this id of the gateway's.
    pub(crate) fn find_reference(&self, reference: &str) -> Option<&Entry> {
        self.by_reference.get(reference).map(|&at| &self.entries[at])
    }

    /// The entries with one of the caller's ids, under whatever keys.
    pub(crate) fn of_id(&self, kind: Kind, id: &str) -> impl Iterator<Item = &Entry> {
        self.by_id.get(&(kind, id.to_owned())).into_iter().flatten().map(|&at| &self.entries[at])
    }

    /// The refunds of a charge, declined ones too.
    pub(crate) fn refunds_of(&self, reference: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.charge_reference.as_deref() == Some(reference))
    }

    /// All entries, in the order in which they were written.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// Syncs a ledger's file, once for all requests that wait for it.
#[derive(Debug)]
pub(crate) struct Syncer {
    file: File,
    /// The number of entries that are synced. Locked during a sync, so that others wait for it.
    synced: Mutex<usize>,
}

impl Syncer {
    /// Returns once all entries that are in the ledger now are synced; `written` counts them.
    ///
    /// # Panics
    /// If the file cannot be synced, and from then on at every call.
    pub(crate) fn sync(&self, written: impl Fn() -> usize) {
        let wanted = written();
        let mut synced = self.synced.lock().expect("the ledger can be synced");
        if *synced < wanted {
            // Counted again, since this sync also covers what was written while this thread waited.
            let all = written();
            self.file.sync_data().expect("the ledger can be synced");
            *synced = all;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str) -> Entry {
        Entry {
            kind: Kind::Charge,
            key: key.into(),
            id: key.into(),
            reference: format!("ch_{key}"),
            charge_reference: None,
            status: Status::Done,
            amount: 5,
            currency: "EUR".into(),
            decline_code: None,
            token: Some("tok_ok".into()),
            at_ms: 1,
        }
    }

    #[test]
    fn what_was_written_is_read_back_and_half_a_line_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let mut ledger = Ledger::open(&path).unwrap();
        ledger.append(entry("a"));
        ledger.append(entry("b"));
        assert!(matches!(Ledger::open(&path), Err(LedgerError::InUse(_))));
        drop(ledger);
        let whole = std::fs::read(&path).unwrap();
        let second = whole.len() / 2;
        for cut in second..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut ledger = Ledger::open(&path).unwrap();
            let expected = if cut == whole.len() { 2 } else { 1 };
            assert_eq!(ledger.entries().len(), expected, "cut at {cut}");
            assert_eq!(ledger.find(Kind::Charge, "a"), Some(&entry("a")));
            // What comes next begins on a line of its own.
            ledger.append(entry("c"));
            drop(ledger);
            assert_eq!(Ledger::open(&path).unwrap().entries().len(), expected + 1);
        }
    }

    #[test]
    fn a_broken_line_in_the_middle_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        Ledger::open(&path).unwrap().append(entry("a"));
        let line = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{line}half of a li\n{line}")).unwrap();
        assert!(matches!(Ledger::open(&path), Err(LedgerError::Broken(_, 2))));
    }
}
