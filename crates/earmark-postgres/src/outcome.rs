//! What became of a COMMIT whose answer did not come? The node's own row says so: each batch writes
//! its number into it, so the row holds the number of this batch, or it does not.
//!
//! The row was changed before COMMIT was sent, so another session that locks it waits until that
//! transaction has ended, one way or the other. What is then read is final. It is confirmed by a
//! commit of its own, so that a standby that must have everything has it too.
//!
//! This needs no turn. The old session may even hold the next one, which was requested behind the
//! COMMIT, until the server sees that the connection is gone.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::codec::get;
use crate::connect::connect_writer;
use crate::database_url::DatabaseUrl;
use crate::error::{Result, describe};
use crate::open_error::OpenError;
use crate::session::Session;

/// How long the outcome is looked for. After that, callers have stopped waiting for it.
const LOOK_UP_MAX: Duration = Duration::from_secs(5);
const PAUSE_BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// This node, and the number of its last batch.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: Uuid,
    pub(crate) batch: i64,
}

impl Node {
    /// A node that has saved nothing, with a new id.
    pub(crate) fn new() -> Self {
        Self { id: Uuid::new_v4(), batch: 0 }
    }

    /// Writes the node's row if it is not there, and reads the number of its last batch. Waits for
    /// a commit of this node that is still under way on an older session.
    pub(crate) async fn register(&mut self, session: &Session) -> Result<()> {
        session.execute("DELETE FROM nodes WHERE seen_at < now() - interval '7 days'", &[]).await?;
        let insert =
            "INSERT INTO nodes (id, batch, seen_at) VALUES ($1, $2, now()) ON CONFLICT (id) DO NOTHING";
        session.execute(insert, &[&self.id, &self.batch]).await?;
        let row = session.query_one("SELECT batch FROM nodes WHERE id = $1 FOR UPDATE", &[&self.id]).await?;
        self.batch = get(&row, 0)?;
        Ok(())
    }
}

/// What became of a COMMIT.
pub(crate) enum CommitOutcome {
    /// The batch is saved.
    Happened,
    /// The batch is not saved, and never will be.
    DidNotHappen,
    /// It could not be found out in time; the text says why.
    NotFound(String),
}

/// Whether an error of COMMIT says for certain that nothing was saved.
pub(crate) fn is_definite(error: &tokio_postgres::Error) -> bool {
    let definite = |code: &SqlState| match code.code().get(..2) {
        // Class 23: integrity. Class 40: rolled back, but for "completion unknown".
        Some("23") => true,
        Some("40") => *code != SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN,
        _ => false,
    };
    error.code().is_some_and(definite)
}

/// Reads the node's row on new connections, until that succeeds or the time is over.
pub(crate) async fn find_outcome(url: &DatabaseUrl, node: &Node) -> CommitOutcome {
    let started = Instant::now();
    let mut why = "no connection was tried".to_owned();
    while let Some(left) = LOOK_UP_MAX.checked_sub(started.elapsed()) {
        match tokio::time::timeout(left, read_last_batch(url, node)).await {
            Ok(Ok(batch)) if batch > node.batch => return CommitOutcome::Happened,
            Ok(Ok(_)) => return CommitOutcome::DidNotHappen,
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => break,
        }
        tokio::time::sleep(PAUSE_BETWEEN_TRIES).await;
    }
    CommitOutcome::NotFound(why)
}

/// The number of the node's last batch, once no transaction can change it any more.
async fn read_last_batch(url: &DatabaseUrl, node: &Node) -> Result<i64, OpenError> {
    let session = connect_writer(url).await?;
    session.batch_execute("BEGIN; SET LOCAL statement_timeout = 0").await?;
    let found = session.query_opt("SELECT batch FROM nodes WHERE id = $1 FOR UPDATE", &[&node.id]).await?;
    let row = found.ok_or_else(|| OpenError::Unusable("the row of this node is gone".to_owned()))?;
    let batch = get(&row, 0)?;
    session.execute("UPDATE nodes SET seen_at = now() WHERE id = $1", &[&node.id]).await?;
    session.batch_execute("COMMIT").await.map_err(|error| OpenError::Away(describe(&error)))?;
    Ok(batch)
}
