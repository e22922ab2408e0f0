//! How are the promises proven of many nodes? Four servers on one PostgreSQL, which is started here and gone afterwards.
//!
//! Invariant: each run of servers has a database of its own, made empty here.

use std::process::Command;

use anyhow::Result;
use earmark_cluster::Cluster;

use crate::{process, workspace};

/// Servers on the database.
const NODES: &str = "4";

/// Every command sent several times, to several nodes at once; one database for the proof, one for its control.
pub(super) fn prove_idempotency() -> Result<()> {
    harness("idempotency", 2, &["--requests", "20000", "--kills", "8"])
}

/// One node at a time is killed while the others go on. Ten kills a database: two for the proof, one for its control.
pub(super) fn prove_crash() -> Result<()> {
    harness("crash", 3, &["--clients", "256", "--cycles", "20", "--control-cycles", "10"])
}

/// What happens by itself; one database for what expires, one for what is paid.
pub(super) fn prove_workers() -> Result<()> {
    harness("workers", 2, &[])
}

fn harness(subcommand: &str, databases: usize, arguments: &[&str]) -> Result<()> {
    let cluster = Cluster::start()?;
    let mut command = Command::new(workspace::release_binary("earmark-prove")?);
    command.arg(subcommand).arg("--earmark").arg(workspace::release_binary("earmark")?);
    command.args(["--nodes", NODES]).args(arguments);
    for _ in 0..databases {
        command.args(["--database", &cluster.create_database()?]);
    }
    process::run(&mut command)
}
