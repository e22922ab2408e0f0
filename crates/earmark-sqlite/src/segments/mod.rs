//! Which events touched an item, and which orders have it? Answered without an index that every
//! order would have to update.
//!
//! Once there are enough new events, a thread of its own groups them by item (`build.rs`). The
//! writer then appends the groups, some rows with each batch: a *segment*. A reader walks the
//! segments from the newest to the oldest, and scans the events after the newest (`walk.rs`).
//!
//! Invariant: a segment's row in `segments` is written with the last of its groups. So a segment
//! that is not complete is scanned, and nothing is ever missing or counted twice.

mod build;
pub(crate) mod walk;

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::codec;
use crate::error::Result;
use crate::open_error::OpenError;
use crate::options::SqliteOptions;
use build::{Built, Job};

/// How many rows one transaction writes while no command waits.
const IDLE_ROWS: usize = 2_000;

/// What the writer knows of the segments.
#[derive(Debug)]
pub(crate) struct Segments {
    segment_events: u64,
    last_segment: i64,
    /// The sequence of the last event in a segment, and of the last event of all.
    reached: u64,
    last_sequence: u64,
    /// No segment is requested before there are so many events.
    not_before: u64,
    jobs: Option<SyncSender<Job>>,
    built: Receiver<Result<Built>>,
    is_requested: bool,
    ready: Option<Built>,
    /// How many rows of `ready` are written as committed, and as the open transaction leaves it.
    written: usize,
    writing: usize,
    thread: Option<JoinHandle<()>>,
}

impl Segments {
    /// Deletes what a crash left incomplete, and starts the thread that groups.
    pub(crate) fn open(
        connection: &Connection,
        path: &Path,
        options: &SqliteOptions,
    ) -> Result<Self, OpenError> {
        connection.execute(
            "DELETE FROM segment_postings WHERE segment > (SELECT coalesce(max(segment), 0) FROM segments)",
            [],
        )?;
        let (last_segment, reached) = walk::last(connection)?;
        let (jobs, received_jobs) = sync_channel(1);
        let (built_sender, built) = sync_channel(1);
        let (owned, cache_kib) = (path.to_owned(), options.reader_cache_kib);
        let body = move || build::run(&owned, cache_kib, &received_jobs, &built_sender);
        let thread = std::thread::Builder::new().name("segments".into()).spawn(body);
        let thread = thread.map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        let mut segments = Self {
            segment_events: u64::try_from(options.segment_events.max(1)).unwrap_or(u64::MAX),
            last_segment,
            reached,
            last_sequence: crate::rows::events::last_sequence(connection)?,
            not_before: 0,
            jobs: Some(jobs),
            built,
            is_requested: false,
            ready: None,
            written: 0,
            writing: 0,
            thread: Some(thread),
        };
        segments.request_next();
        Ok(segments)
    }

    /// Requests the next segment, if there are enough events for it and none is under way.
    fn request_next(&mut self) {
        let upto = self.reached.saturating_add(self.segment_events);
        if self.is_requested || self.ready.is_some() || self.last_sequence < upto.max(self.not_before) {
            return;
        }
        let job = Job { segment: self.last_segment + 1, after: self.reached, upto };
        self.is_requested = self.jobs.as_ref().is_some_and(|jobs| jobs.try_send(job).is_ok());
    }

    /// Takes a grouped segment from the thread, if one is ready. If grouping failed, readers scan
    /// the events instead, so no order is ever refused for it.
    fn receive(&mut self) {
        match self.built.try_recv() {
            Ok(Ok(built)) => {
                self.is_requested = false;
                self.ready = Some(built);
            }
            Ok(Err(error)) => {
                tracing::warn!(?error, "events could not be grouped");
                self.is_requested = false;
                self.postpone();
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => {
                if self.not_before < u64::MAX {
                    tracing::error!("the thread that groups events has ended");
                }
                self.not_before = u64::MAX;
            }
        }
    }

    /// Drops the segment that is ready, and requests none until as many events have come again.
    pub(crate) fn postpone(&mut self) {
        self.ready = None;
        (self.written, self.writing) = (0, 0);
        self.not_before = self.last_sequence.saturating_add(self.segment_events);
    }

    /// Appends some rows in the open transaction: twice the share of a batch with so many events,
    /// so that a segment is complete before the next one is due.
    pub(crate) fn write_slice(&mut self, connection: &Connection, batch_events: usize) -> Result<()> {
        if self.ready.is_none() {
            self.receive();
        }
        let rows = self.ready.as_ref().map_or(0, |built| built.grouped.lists.len());
        let events = usize::try_from(self.segment_events).unwrap_or(usize::MAX);
        self.write(connection, 2 * rows * batch_events / events + 1)
    }

    /// Whether there is something to append while no command waits.
    pub(crate) fn has_work(&mut self) -> bool {
        if self.ready.is_none() {
            self.receive();
            self.request_next();
        }
        self.ready.is_some()
    }

    /// Appends many rows in the open transaction.
    pub(crate) fn write_idle(&mut self, connection: &Connection) -> Result<()> {
        self.write(connection, IDLE_ROWS)
    }

    fn write(&mut self, connection: &Connection, count: usize) -> Result<()> {
        let Some(built) = &self.ready else { return Ok(()) };
        let upto = built.grouped.lists.len().min(self.writing.saturating_add(count));
        let mut insert = connection.prepare_cached(
            "INSERT OR REPLACE INTO segment_postings (segment, sku, postings) VALUES (?1, ?2, ?3)",
        )?;
        for (sku, bytes) in &built.grouped.lists[self.writing..upto] {
            insert.execute((built.segment, sku.as_str(), bytes))?;
        }
        self.writing = upto;
        if upto == built.grouped.lists.len() {
            connection
                .prepare_cached(
                    "INSERT INTO segments (segment, last_sequence, min_order_id, max_order_id) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute((
                    built.segment,
                    codec::integer(built.upto)?,
                    built.grouped.min_order_id.to_bytes(),
                    built.grouped.max_order_id.to_bytes(),
                ))?;
        }
        Ok(())
    }

    /// The open transaction was committed. `last_sequence` is the last event in it, if it had one.
    pub(crate) fn committed(&mut self, last_sequence: Option<u64>) {
        self.last_sequence = last_sequence.unwrap_or(self.last_sequence);
        self.written = self.writing;
        if let Some(built) = self.ready.take_if(|built| built.grouped.lists.len() == self.written) {
            (self.last_segment, self.reached) = (built.segment, built.upto);
            (self.written, self.writing) = (0, 0);
        }
        self.request_next();
    }

    /// The open transaction left no trace.
    pub(crate) fn rolled_back(&mut self) {
        self.writing = self.written;
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        self.jobs = None;
        // The thread may be waiting to send a segment, or be about to.
        while self.built.recv().is_ok() {}
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
