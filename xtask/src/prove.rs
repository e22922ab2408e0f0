//! How are the promises proven from outside? `earmark-prove` breaks processes, databases and networks, schemathesis for the API.
//!
//! Invariant: a proof runs the release binary and knows nothing but its public interface.

use std::process::Command;

use anyhow::Result;

use crate::{Proof, process, workspace};

/// Builds what is needed, then proves.
pub(crate) fn run(what: Proof) -> Result<()> {
    workspace::build_release(&["earmark", "earmark-prove"])?;
    run_built(what)
}

/// Proves with the binaries that are there.
pub(crate) fn run_built(what: Proof) -> Result<()> {
    match what {
        Proof::Idempotency => harness("idempotency"),
        Proof::IdempotencyNodes => nodes::prove_idempotency(),
        Proof::Crash => harness("crash"),
        Proof::CrashNodes => nodes::prove_crash(),
        Proof::Workers => nodes::prove_workers(),
        Proof::Api => api::prove(),
        Proof::CommitCuts => harness("commit-cuts"),
        Proof::Failover => harness("failover"),
        Proof::EventOrder => harness("event-order"),
        Proof::Contention => harness("contention"),
        Proof::StalledNode => harness("stalled-node"),
        Proof::OversellNodes => harness("oversell-nodes"),
        Proof::Payments => harness("payments"),
        Proof::GatewayAway => harness("gateway-away"),
        Proof::PaymentLatency => harness("payment-latency"),
    }
}

/// The same with a gateway that is away for a shorter time.
pub(crate) fn run_away_briefly() -> Result<()> {
    harness_with("gateway-away", &["--away-seconds", "40"])
}

fn harness(subcommand: &str) -> Result<()> {
    harness_with(subcommand, &[])
}

fn harness_with(subcommand: &str, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(workspace::release_binary("earmark-prove")?);
    command.arg(subcommand).arg("--earmark").arg(workspace::release_binary("earmark")?);
    process::run(command.args(arguments))
}
