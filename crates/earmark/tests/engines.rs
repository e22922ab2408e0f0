//! Do all three engines store the same? One random log of 20,000 commands runs on memory, SQLite
//! and PostgreSQL, and every answer and every table is compared.
use std::sync::Arc;

use earmark_cluster::{Cluster, ClusterOptions};
use earmark_postgres::{DatabaseUrl, PostgresOptions};
use earmark_sqlite::SqliteOptions;
use earmark_store::conformance::{Fixture, differential};
use earmark_store::memory::MemoryStore;

const COMMANDS: usize = 20_000;

#[test]
fn the_same_commands_leave_the_same_data_on_every_engine() {
    let (cluster, folder) =
        (Cluster::start_with(ClusterOptions::unsynced()).unwrap(), tempfile::tempdir().unwrap());
    let memory = MemoryStore::new();
    let memory = Fixture { engine: Box::new(memory.clone()), queries: Arc::new(memory) };
    let (engine, queries) =
        earmark_sqlite::open(&folder.path().join("shop.db"), SqliteOptions::default()).unwrap();
    let sqlite = Fixture { engine: Box::new(engine), queries: Arc::new(queries) };
    let url = DatabaseUrl::parse(&cluster.create_database().unwrap()).unwrap();
    let (engine, queries) = earmark_postgres::open(&url, PostgresOptions::default()).unwrap();
    let postgres = Fixture { engine: Box::new(engine), queries: Arc::new(queries) };
    differential([memory, sqlite, postgres], 20_261_124, COMMANDS);
}
