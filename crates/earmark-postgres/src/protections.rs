//! Which protections are on? All of them, unless a proof turns one off to see that its absence is
//! caught.
//!
//! What takes the place of a protection that is off is in `unprotected.rs`, so that the path of an
//! order knows nothing of it.

/// The protections of a database that several nodes write to. A shop runs with all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protections {
    /// Batches take turns. Without turns nothing is grouped into segments, and no item is cached.
    pub turns: bool,
    /// An update changes only rows at the versions that were loaded. Without them the last one to
    /// write wins.
    pub versions: bool,
    /// Events are numbered from the row of their stream. Without that they get numbers from a plain
    /// sequence, so that a number may become visible after a later one.
    pub event_numbers: bool,
    /// The outcome of a COMMIT without an answer is looked up. Without that it is taken for one
    /// that did not happen.
    pub commit_outcomes: bool,
    /// The cache of items is emptied when another node has written.
    pub fresh_items: bool,
}

impl Default for Protections {
    fn default() -> Self {
        Self { turns: true, versions: true, event_numbers: true, commit_outcomes: true, fresh_items: true }
    }
}
