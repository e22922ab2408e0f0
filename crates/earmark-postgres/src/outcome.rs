//! What became of a COMMIT whose answer did not come? The node's own row says, written in each batch: it holds the number of the batch, or it does not.
//!
//! The row was changed before COMMIT was sent, so whoever locks it now waits until that transaction has ended, one way or the other. What is then read is
//! final, and it is confirmed by a commit of its own: where a standby must have everything, it has that too. The turn is not needed for that: the old
//! session may have been given the next one, behind that COMMIT, and holds it until the server sees that nobody is there.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::codec::get;
use crate::connect::connect;
use crate::database_url::DatabaseUrl;
use crate::error::{DatabaseError, describe};
use crate::open_error::OpenError;
use crate::session::Session;
use crate::session::prepare_writer;

/// How long the outcome is asked for before nobody waits for it any more.
const LEARN_MAX: Duration = Duration::from_secs(5);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Who we are among the nodes, and how many batches we have committed.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: Uuid,
    pub(crate) batch: i64,
}

impl Node {
    /// A node that has done nothing.
    pub(crate) fn new() -> Self {
        Self { id: Uuid::new_v4(), batch: 0 }
    }

    /// Writes the node's row if it is not there, and reads how far it has come; waits for a commit of ours that is still under way.
    pub(crate) async fn register(&mut self, session: &Session) -> Result<(), DatabaseError> {
        session.execute("DELETE FROM nodes WHERE seen_at < now() - interval '7 days'", &[]).await?;
        let insert =
            "INSERT INTO nodes (id, batch, seen_at) VALUES ($1, $2, now()) ON CONFLICT (id) DO NOTHING";
        session.execute(insert, &[&self.id, &self.batch]).await?;
        let row = session.query_one("SELECT batch FROM nodes WHERE id = $1 FOR UPDATE", &[&self.id]).await?;
        self.batch = get(&row, 0)?;
        Ok(())
    }
}

/// What was found out.
pub(crate) enum Learned {
    /// The batch is saved.
    Happened,
    /// It is not, and never will be.
    DidNotHappen,
    /// Not in time, and why.
    Nothing(String),
}

/// Whether an error of COMMIT says for certain that nothing was saved.
pub(crate) fn is_definite(error: &tokio_postgres::Error) -> bool {
    let definite = |code: &SqlState| match code.code().get(..2) {
        // Integrity; rolled back, but for "completion unknown".
        Some("23") => true,
        Some("40") => *code != SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN,
        _ => false,
    };
    error.code().is_some_and(definite)
}

/// Asks, on new connections, until it knows or the time is over.
pub(crate) async fn learn(url: &DatabaseUrl, node: &Node) -> Learned {
    let started = Instant::now();
    let mut why = "nobody was asked".to_owned();
    while let Some(left) = LEARN_MAX.checked_sub(started.elapsed()) {
        match tokio::time::timeout(left, ask(url, node)).await {
            Ok(Ok(batch)) if batch > node.batch => return Learned::Happened,
            Ok(Ok(_)) => return Learned::DidNotHappen,
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => break,
        }
        tokio::time::sleep(PAUSE).await;
    }
    Learned::Nothing(why)
}

/// The number of the node's last batch, once no transaction can change it any more.
async fn ask(url: &DatabaseUrl, node: &Node) -> Result<i64, OpenError> {
    let session = connect(url).await?;
    prepare_writer(&session).await?;
    session.batch_execute("BEGIN; SET LOCAL statement_timeout = 0").await.map_err(DatabaseError::from)?;
    let found = session.query_opt("SELECT batch FROM nodes WHERE id = $1 FOR UPDATE", &[&node.id]).await;
    let found = found.map_err(DatabaseError::from)?;
    let row = found.ok_or_else(|| OpenError::Unusable("the row of this node is gone".to_owned()))?;
    let batch = get(&row, 0)?;
    session
        .execute("UPDATE nodes SET seen_at = now() WHERE id = $1", &[&node.id])
        .await
        .map_err(DatabaseError::from)?;
    session.batch_execute("COMMIT").await.map_err(|error| OpenError::Away(describe(&error)))?;
    Ok(batch)
}
