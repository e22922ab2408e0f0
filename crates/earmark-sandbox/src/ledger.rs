//! What has the gateway done? One line of JSON for each charge and refund, appended and synced before anybody hears of it.
//!
//! Invariant: a key is written once. A last line that was cut off by a crash was never answered for, and is cut off for good when the file is opened;
//! a broken line anywhere else is an error. After a failed write nothing is answered any more.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A charge or a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Money taken.
    Charge,
    /// Money given back.
    Refund,
}

/// Whether money has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has.
    Done,
    /// It has not, and will not.
    Declined,
}

/// What the gateway did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which of the two.
    pub kind: Kind,
    /// The idempotency key under which it was asked for.
    pub key: String,
    /// The caller's own id, wherever the protocol has it.
    pub id: String,
    /// The gateway's id.
    pub reference: String,
    /// Of a refund: the gateway's id of the charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge_reference: Option<String>,
    /// Whether money has moved.
    pub status: Status,
    /// How much.
    pub amount: i64,
    /// Of what, in capitals.
    pub currency: String,
    /// Why not.
    pub decline_code: Option<String>,
    /// Of a charge: the means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file.
    #[error("the ledger {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// Somebody else has it.
    #[error("the ledger {0} is in use by another process")]
    InUse(PathBuf),
    /// A line that is not the last one.
    #[error("the ledger {0} is broken in line {1}")]
    Broken(PathBuf, usize),
}

/// The ledger, open.
#[derive(Debug)]
pub(crate) struct Ledger {
    file: File,
    entries: Vec<Entry>,
    by_key: HashMap<(Kind, String), usize>,
    by_reference: HashMap<String, usize>,
    by_id: HashMap<(Kind, String), Vec<usize>>,
}

impl Ledger {
    /// Opens the file, or makes it.
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
                ledger.remember(serde_json::from_slice(line).map_err(broken)?);
            }
        }
        ledger.file.set_len(whole as u64).map_err(failed)?;
        ledger.file.seek(SeekFrom::End(0)).map_err(failed)?;
        ledger.file.sync_all().map_err(failed)?;
        Ok(ledger)
    }

    fn remember(&mut self, entry: Entry) {
        let at = self.entries.len();
        self.by_key.insert((entry.kind, entry.key.clone()), at);
        self.by_reference.insert(entry.reference.clone(), at);
        self.by_id.entry((entry.kind, entry.id.clone())).or_default().push(at);
        self.entries.push(entry);
    }

    /// Writes an entry down, and syncs it.
    ///
    /// # Panics
    /// If it cannot be written: the lock around the ledger is then poisoned, and nothing more is answered.
    pub(crate) fn append(&mut self, entry: Entry) -> &Entry {
        assert!(self.find(entry.kind, &entry.key).is_none(), "a key is written once");
        let mut line = serde_json::to_vec(&entry).expect("an entry is data");
        line.push(b'\n');
        self.file.write_all(&line).expect("the ledger can be written");
        self.file.sync_data().expect("the ledger can be synced");
        self.remember(entry);
        self.entries.last().expect("one was just added")
    }

    /// What was done under a key.
    pub(crate) fn find(&self, kind: Kind, key: &str) -> Option<&Entry> {
        self.by_key.get(&(kind, key.to_owned())).map(|&at| &self.entries[at])
    }

    /// What has this id of the gateway's own.
    pub(crate) fn find_reference(&self, reference: &str) -> Option<&Entry> {
        self.by_reference.get(reference).map(|&at| &self.entries[at])
    }

    /// What was done for one of the caller's ids, under whatever keys.
    pub(crate) fn of_id(&self, kind: Kind, id: &str) -> impl Iterator<Item = &Entry> {
        self.by_id.get(&(kind, id.to_owned())).into_iter().flatten().map(|&at| &self.entries[at])
    }

    /// What went back of a charge.
    pub(crate) fn refunds_of(&self, reference: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.charge_reference.as_deref() == Some(reference))
    }

    /// Everything, in the order in which it was done.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
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
