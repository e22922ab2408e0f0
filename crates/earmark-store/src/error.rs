//! What went wrong, and did it happen? Each error says whether a change happened, did not, or may
//! have.

use earmark_core::orders::invariants::UnreadableOrder;

/// What an engine or the read side gives.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// An error of an engine or of the read side.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A check of the schema fired: the batch did not happen, and a command of it is a bug.
    #[error("the schema refused a change: {0}")]
    Refused(String),
    /// The batch did not happen, for no fault of its commands, and may be decided again: another
    /// node changed the same rows, or the connection broke before the commit.
    #[error("the batch has to be decided again: {0}")]
    Conflict(String),
    /// The database did not answer: the batch did not happen.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The commit's answer did not come, or was an error: the batch may have happened. The process
    /// must not go on as if it knew.
    #[error("the outcome of a commit is unknown: {0}")]
    Unknown(String),
    /// The commit's answer did not come, and what became of it could not be learned in time: the
    /// batch may have happened. Unlike after [`StoreError::Unknown`] the process may go on: the
    /// engine holds nothing that depends on it, and reads what is true before the next batch.
    #[error("the outcome of a commit could not be learned in time: {0}")]
    Unlearned(String),
    /// A stored row cannot be read.
    #[error("a stored row is damaged: {0}")]
    Damaged(String),
}

impl From<UnreadableOrder> for StoreError {
    fn from(error: UnreadableOrder) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Why a command got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The queue is full: it did not happen.
    #[error("too many commands wait")]
    Overloaded,
    /// The database is away, or the process stops: it did not happen.
    #[error("no command can be taken now")]
    Unavailable,
    /// It may have happened; sent again under the same key it happens once.
    #[error("the answer was lost")]
    Unknown,
    /// A bug of ours: it did not happen.
    #[error("the command broke a check of the store")]
    Refused,
}
