//! Which items did a range of events touch? They are read and grouped on a thread of its own, so
//! that the writer only has to append.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};

use earmark_core::ids::OrderId;
use earmark_core::text::Sku;
use earmark_store::postings::{Grouped, Posting, group};
use rusqlite::Connection;

use crate::codec;
use crate::connect::open_reader;
use crate::error::{DatabaseError, Result};
use crate::rows;

/// A range of events that the thread shall group: those after one sequence, up to and including
/// another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) segment: i64,
    pub(super) after: u64,
    pub(super) upto: u64,
}

/// A segment that is grouped, and not written yet.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) segment: i64,
    pub(super) upto: u64,
    pub(super) grouped: Grouped,
}

/// Does one job after the other until the sender is dropped.
pub(super) fn run(path: &Path, cache_kib: u32, jobs: &Receiver<Job>, built: &SyncSender<Result<Built>>) {
    while let Ok(job) = jobs.recv() {
        let result = open_reader(path, cache_kib)
            .map_err(|error| DatabaseError::Damaged(error.to_string()))
            .and_then(|connection| build(&connection, job));
        if built.send(result).is_err() {
            return;
        }
    }
}

/// Groups the events of a job by item.
pub(super) fn build(connection: &Connection, job: Job) -> Result<Built> {
    let mut touched = placed(connection, job)?;
    touched.extend(others(connection, job)?);
    Ok(Built { segment: job.segment, upto: job.upto, grouped: group(touched) })
}

fn placed(connection: &Connection, job: Job) -> Result<Vec<(Sku, Posting)>> {
    let sql = "SELECT l.sku, e.sequence, e.order_id FROM events e CROSS JOIN order_lines l ON l.order_id = e.order_id \
               WHERE e.sequence > ?1 AND e.sequence <= ?2 AND e.type = 0";
    let range = [codec::integer(job.after)?, codec::integer(job.upto)?];
    rows::query(connection, sql, range, |row| {
        let placed = Some(OrderId::from_bytes(row.get(2)?));
        Ok((codec::text(row, 0, Sku::parse)?, Posting { sequence: codec::count(row, 1)?, placed }))
    })
}

fn others(connection: &Connection, job: Job) -> Result<Vec<(Sku, Posting)>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT sequence, at, type, actor, order_id, sku, data FROM events \
         WHERE sequence > ?1 AND sequence <= ?2 AND type IN ({})",
        rows::events::moving_types()
    ))?;
    let mut found = statement.query([codec::integer(job.after)?, codec::integer(job.upto)?])?;
    let mut touched = Vec::new();
    while let Some(row) = found.next()? {
        let event = codec::event(row)?;
        let posting = Posting { sequence: event.sequence, placed: None };
        touched
            .extend(rows::events::deltas(connection, &event)?.into_iter().map(|delta| (delta.sku, posting)));
    }
    Ok(touched)
}
