//! How fast, how even, how small? `earmark bench place` in the settings that the project makes
//! promises about.
//!
//! Invariant: a figure counts only when every order was placed and stored. Each promise is checked
//! in its row, and the whole table is kept as JSON, so that two states of the project can be
//! compared.

mod baseline;
mod options;
mod place;
mod postgres;
mod sqlite;
mod table;

use anyhow::Result;

use crate::workspace;
use options::Engine;
pub(crate) use options::Options;

/// Builds, runs all rows, prints the table, keeps it; an error if a promise is not kept.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        workspace::build_release(&["earmark"])?;
    }
    let mut rows = Vec::new();
    let mut comparisons = Vec::new();
    if options.engine.contains(&Engine::Sqlite) {
        rows.extend(sqlite::rows(options)?);
    }
    if options.engine.contains(&Engine::Postgres) {
        let measured = postgres::measure(options)?;
        rows.extend(measured.rows);
        comparisons = measured.comparisons;
    }
    print!("{}{}", table::table(&rows)?, table::comparison(&comparisons));
    let path =
        options.out.clone().unwrap_or_else(|| workspace::target_dir().join("bench").join("place.json"));
    table::keep(&rows, &comparisons, &path)?;
    println!("kept in {}", path.display());
    let promises = rows.iter().flat_map(|row| &row.promises);
    let promises = promises.chain(comparisons.iter().map(|comparison| &comparison.promise));
    let broken = promises.filter(|promise| !promise.is_met).count();
    anyhow::ensure!(broken == 0, "{broken} figures are not met");
    Ok(())
}
