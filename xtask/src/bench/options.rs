//! What can be set for a run of the whole table?

use std::path::PathBuf;

/// Settings of the whole table.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The engines that are measured.
    #[arg(long, value_enum, default_values = ["sqlite", "postgres"], num_args = 1..)]
    pub(super) engine: Vec<Engine>,
    /// Orders in each row of rate.
    #[arg(long, default_value_t = 200_000)]
    pub(super) orders: u64,
    /// Orders of the row with one connection.
    #[arg(long, default_value_t = 10_000)]
    pub(super) orders_alone: u64,
    /// Orders of the growth row; the promises of memory and growth are made for the default.
    #[arg(long, default_value_t = 1_000_000)]
    pub(super) orders_growth: u64,
    /// Seconds of each run of the usual way, after a warm-up.
    #[arg(long, default_value_t = 10)]
    pub(super) baseline_seconds: usize,
    /// How often the rows of rate are run; the run with the median rate counts.
    #[arg(long, default_value_t = 1)]
    pub(super) runs: usize,
    /// Where the table is kept, instead of target/bench/place.json.
    #[arg(long)]
    pub(super) out: Option<PathBuf>,
    /// Take the release binary as it is, without building it.
    #[arg(long)]
    pub(super) no_build: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Engine {
    /// The embedded engine, on a file.
    Sqlite,
    /// A server of its own, and the usual way to take orders on it.
    Postgres,
}
