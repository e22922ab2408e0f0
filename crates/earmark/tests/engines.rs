//! Do all three engines store the same? One random log of 20,000 commands runs on memory, SQLite
//! and PostgreSQL; every answer and every table is compared.

use earmark_cluster::{Cluster, ClusterOptions};
use earmark_conformance::{Fixture, differential};
use earmark_postgres::{DatabaseUrl, PostgresOptions};
use earmark_sqlite::SqliteOptions;

const COMMANDS: usize = 20_000;

#[test]
fn the_same_commands_leave_the_same_data_on_every_engine() {
    let cluster = Cluster::start_with(ClusterOptions::unsynced()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (engine, queries) =
        earmark_sqlite::open(&folder.path().join("shop.db"), SqliteOptions::default()).unwrap();
    let sqlite = Fixture::new(engine, queries);
    let url = DatabaseUrl::parse(&cluster.create_database().unwrap()).unwrap();
    let (engine, queries) = earmark_postgres::open(&url, PostgresOptions::default()).unwrap();
    let postgres = Fixture::new(engine, queries);
    differential([Fixture::in_memory(), sqlite, postgres], 20_261_124, COMMANDS);
}
