//! The proofs on the command line: each prints one JSON object and ends with 0 if nothing is wrong, 1 if something is.

mod books;
mod commit_cuts;
mod contention;
mod errand;
mod event_order;
mod failover;
mod findings;
mod gateway_away;
mod oversell_nodes;
mod payment_latency;
mod payments;
mod report;
mod stage;
mod stalled_node;
mod writers;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use earmark_load::crash::{self, CrashOptions};
use earmark_load::idempotency::{self, IdempotencyOptions};
use earmark_load::unattended::{self, UnattendedOptions};
use earmark_load::{LoadError, random};
use serde::Serialize;

#[derive(Debug, Parser)]
#[command(about = "Proofs against a running binary: what was acknowledged is there, once.")]
struct Arguments {
    #[command(subcommand)]
    proof: Proof,
}

#[derive(Debug, Subcommand)]
enum Proof {
    /// Each command sent two to five times, some across kill -9: one effect each.
    Idempotency {
        #[command(flatten)]
        servers: Servers,
        /// Commands, each with a key of its own.
        #[arg(long, default_value_t = 20_000)]
        requests: u64,
        /// How often the server is killed.
        #[arg(long, default_value_t = 8)]
        kills: u64,
        /// Repeats a run.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// kill -9 under full load: nothing that was acknowledged is lost, doubled or half there.
    Crash {
        #[command(flatten)]
        servers: Servers,
        /// Kills.
        #[arg(long, default_value_t = 50)]
        cycles: u32,
        /// Kills of the control at most, which answers before it commits and must be found out.
        #[arg(long, default_value_t = 30)]
        control_cycles: u32,
        /// Connections.
        #[arg(long, default_value_t = 64)]
        clients: u32,
        /// Repeats a run.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// What happens by itself, on all nodes at once: each expiry, settlement and refund once.
    Workers {
        #[command(flatten)]
        servers: Servers,
        /// Orders that nobody pays.
        #[arg(long, default_value_t = 2_000)]
        orders: usize,
        /// Orders that are paid, a part of them cancelled.
        #[arg(long, default_value_t = 300)]
        payments: usize,
    },
    /// Connections cut between COMMIT and its answer: everybody learns the truth.
    CommitCuts(commit_cuts::Options),
    /// The primary killed and the standby promoted, again and again: nothing acknowledged is lost.
    Failover(failover::Options),
    /// Readers of events beside four nodes, delayed commits and kills: each event once, in order.
    EventOrder(event_order::Options),
    /// Many writers on few SKUs at four nodes: no deadlock, and no conflict that anybody sees.
    Contention(contention::Options),
    /// A node stopped in the middle of its batch: the others go on, and it must not write.
    StalledNode(stalled_node::Options),
    /// Four nodes sell what is scarce: exactly what is there.
    OversellNodes(oversell_nodes::Options),
    /// Payments while the gateway fails in every way and servers are killed at every step: both ledgers are the same.
    Payments(payments::Options),
    /// A gateway that is away: orders are taken, payments wait, it is hardly called, and all is settled soon after.
    GatewayAway(gateway_away::Options),
    /// What a payment takes beyond its gateway, at a fixed rate.
    PaymentLatency(payment_latency::Options),
}

/// What is proved.
#[derive(Debug, clap::Args)]
struct Servers {
    /// The `earmark` binary.
    #[arg(long)]
    earmark: PathBuf,
    /// Servers on one database.
    #[arg(long, default_value_t = 1)]
    nodes: u32,
    /// An empty database, postgres://…; given as often as the proof needs a new one [default: files].
    #[arg(long = "database", value_name = "URL")]
    databases: Vec<String>,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().proof {
        Proof::Idempotency { servers, requests, kills, seed } => {
            let Servers { earmark, nodes, databases } = servers;
            let seed = seed.unwrap_or_else(random::fresh_seed);
            let options = IdempotencyOptions { earmark, nodes, databases, requests, kills, seed };
            idempotency::prove(options).map(|report| print(&report, report.passed))
        }
        Proof::Crash { servers, cycles, control_cycles, clients, seed } => {
            let Servers { earmark, nodes, databases } = servers;
            let seed = seed.unwrap_or_else(random::fresh_seed);
            let options = CrashOptions { earmark, nodes, databases, cycles, control_cycles, clients, seed };
            crash::prove(options).map(|report| print(&report, report.passed))
        }
        Proof::Workers { servers, orders, payments } => {
            let Servers { earmark, nodes, databases } = servers;
            let options = UnattendedOptions { earmark, nodes, databases, orders, payments };
            unattended::prove(options).map(|report| print(&report, report.passed))
        }
        Proof::CommitCuts(options) => commit_cuts::prove(options).map(|report| print(&report, report.passed)),
        Proof::Failover(options) => failover::prove(options).map(|report| print(&report, report.passed)),
        Proof::EventOrder(options) => event_order::prove(options).map(|report| print(&report, report.passed)),
        Proof::Contention(options) => contention::prove(options).map(|report| print(&report, report.passed)),
        Proof::StalledNode(options) => {
            stalled_node::prove(options).map(|report| print(&report, report.passed))
        }
        Proof::OversellNodes(options) => {
            oversell_nodes::prove(options).map(|report| print(&report, report.passed))
        }
        Proof::Payments(options) => payments::prove(options).map(|report| print(&report, report.passed)),
        Proof::GatewayAway(options) => {
            gateway_away::prove(options).map(|report| print(&report, report.passed))
        }
        Proof::PaymentLatency(options) => {
            payment_latency::measure(options).map(|report| print(&report, report.passed))
        }
    };
    result.unwrap_or_else(|error: LoadError| {
        eprintln!("earmark-prove: {error}");
        ExitCode::FAILURE
    })
}

fn print(report: &impl Serialize, passed: bool) -> ExitCode {
    match serde_json::to_string_pretty(report) {
        Ok(text) => println!("{text}"),
        Err(error) => eprintln!("earmark-prove: the report cannot be written: {error}"),
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
