//! How does a read get a connection? From a pool of a few, each used by one read at a time, on a
//! thread that may block.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use earmark_store::StoreError;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::connect::open_reader;
use crate::error::{DatabaseError, Result};
use crate::open_error::OpenError;
use crate::options::SqliteOptions;
use crate::snapshot::Snapshot;

/// Connections that can only read.
#[derive(Debug)]
pub(super) struct Pool {
    path: PathBuf,
    cache_kib: u32,
    idle: Mutex<Vec<Connection>>,
    /// As many permits as there may be connections.
    permits: Semaphore,
}

impl Pool {
    pub(super) fn open(path: &Path, options: &SqliteOptions) -> Result<Arc<Self>, OpenError> {
        let first = open_reader(path, options.reader_cache_kib)?;
        Ok(Arc::new(Self {
            path: path.to_owned(),
            cache_kib: options.reader_cache_kib,
            idle: Mutex::new(vec![first]),
            permits: Semaphore::new(options.readers.max(1)),
        }))
    }

    /// Runs `work` on a connection, within one snapshot.
    pub(super) async fn read<T, W>(self: &Arc<Self>, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Snapshot<'_>) -> Result<T> + Send + 'static,
    {
        let permit = self.permits.acquire().await;
        let _permit = permit.map_err(|_| DatabaseError::Gone("the read side is closed"))?;
        let pool = Arc::clone(self);
        // If the caller goes away, the read goes on without a permit. Until it ends, the pool may
        // open one connection more.
        let task = tokio::task::spawn_blocking(move || pool.run(work));
        task.await.map_err(|_| DatabaseError::Gone("a read was cut off"))?.map_err(StoreError::from)
    }

    fn run<T>(&self, work: impl FnOnce(&Snapshot<'_>) -> Result<T>) -> Result<T> {
        let idle = self.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path, self.cache_kib).map_err(|error| match error {
                OpenError::Sqlite(error) => DatabaseError::Sql(error),
                _ => DatabaseError::Gone("a reader could not be opened"),
            })?,
        };
        let snapshot = Snapshot::begin(&connection)?;
        let result = work(&snapshot);
        drop(snapshot);
        if connection.is_autocommit() {
            let mut idle = self.lock();
            if idle.len() < self.permits.available_permits() + 1 {
                idle.push(connection);
            }
        }
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
