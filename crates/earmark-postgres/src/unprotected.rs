//! What takes the place of a protection that a proof has turned off?
//!
//! Nothing here runs in a shop: see [`Protections`].

use earmark_core::BatchChanges;
use earmark_store::Overlap;
use tokio_postgres::{Row, Statement};

use crate::codec;
use crate::error::Result;
use crate::protections::Protections;
use crate::rows::query;
use crate::save::{self, Batch};
use crate::session::Session;

/// Reads the row of the stream as a turn does, but without its lock.
pub(crate) async fn prepare_turn(session: &Session) -> Result<Statement> {
    let sql = "SELECT last_sequence, last_at FROM streams WHERE id = $1";
    Ok(session.prepare_cached(sql).await?)
}

/// Makes the sequence that events are numbered from.
pub(crate) async fn create_sequence(session: &Session) -> Result<()> {
    // Another node may be making it at the same moment.
    match session.batch_execute("CREATE SEQUENCE IF NOT EXISTS numbers_without_turns").await {
        Err(error) if error.code().is_none() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Saves a batch as [`save::save`] does, but for what these protections do not have.
pub(crate) async fn save(
    session: &Session,
    batch: &Batch<'_>,
    protections: Protections,
    overlap: &mut dyn Overlap,
) -> Result<()> {
    let renumbered;
    let mut batch = Batch { ..*batch };
    if !protections.event_numbers {
        renumbered = renumber(session, batch.changes).await?;
        batch.changes = &renumbered;
    }
    let mut plan = save::plan(&batch)?;
    if !protections.event_numbers {
        plan.leave_out(save::UPDATE_STREAM);
    }
    if !protections.versions {
        plan.ignore_versions();
    }
    plan.run(session, overlap).await
}

/// The same changes, their events with numbers from the sequence.
async fn renumber(session: &Session, changes: &BatchChanges) -> Result<BatchChanges> {
    let sql = "SELECT nextval('numbers_without_turns') FROM generate_series(1, $1::bigint)";
    let rows: Vec<Row> = query(session, sql, &[&codec::limit(changes.events.len())]).await?;
    let mut changes = changes.clone();
    for (event, row) in changes.events.iter_mut().zip(&rows) {
        event.sequence = codec::count(row, 0)?;
    }
    Ok(changes)
}
