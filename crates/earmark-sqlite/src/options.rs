//! How does the engine run?

/// How the engine runs. The defaults are measured.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// Reads at the same time.
    pub readers: usize,
    /// Page cache of the writer, in KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reader, in KiB.
    pub reader_cache_kib: u32,
    /// Entries that a deferred index holds in memory before it begins to write them.
    pub generation_entries: usize,
    /// Events in a segment of the index by item.
    pub segment_events: usize,
    /// Pages in the WAL that make the writer checkpoint.
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
