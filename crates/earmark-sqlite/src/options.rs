//! How does the engine run?

/// How the engine runs. The defaults are measured.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// How many reads may run at the same time.
    pub readers: usize,
    /// The page cache of the writer, in KiB.
    pub writer_cache_kib: u32,
    /// The page cache of each reader, in KiB.
    pub reader_cache_kib: u32,
    /// How many entries a deferred index holds in memory before it begins to write them.
    pub generation_entries: usize,
    /// How many events make a segment of the index by item.
    pub segment_events: usize,
    /// How many pages in the WAL make the writer checkpoint while commands wait.
    pub checkpoint_pages: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers: 4,
            writer_cache_kib: 32 * 1024,
            reader_cache_kib: 2 * 1024,
            generation_entries: 65_536,
            segment_events: 16_384,
            checkpoint_pages: 2_000,
        }
    }
}
