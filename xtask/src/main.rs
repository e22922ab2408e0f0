//! Which commands does a developer type? This file is the list of them; each has a module of its own.
//!
//! Invariant: whatever CI runs is reachable from here, so that it can be run at a desk in the same way.

mod bench;
mod catalogue;
mod check;
mod client;
mod licences;
mod process;
mod prove;
mod replay;
mod server;
mod steps;
mod test;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// The commands of a developer.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that CI runs: check, all tests, the release build, the proofs and the replay.
    Test,
    /// Formatting, clippy, rustdoc, licences and sources of dependencies, tidy.
    Check,
    /// The rules of the house: arrows, circles, sizes, words; with --report the figures behind them.
    Tidy(tidy::Options),
    /// Rate, latency, memory and growth of the release binary; the table is kept in target/bench.
    Bench(bench::Options),
    /// One of the proofs, against the release binary.
    Prove {
        /// Which proof.
        what: Proof,
        /// Take the release binaries as they are, without building them.
        #[arg(long)]
        no_build: bool,
    },
    /// Replays a file of real sales over HTTP and compares stock, totals and revenue to the penny.
    Replay(replay::Options),
    /// Writes the catalogue of `earmark demo` from the same file of sales to standard output.
    Catalogue {
        /// online-retail.csv
        file: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Proof {
    /// Every command sent several times at once, some across a kill -9: one effect each.
    Idempotency,
    /// The same over four nodes on one PostgreSQL, to several of them at once.
    IdempotencyNodes,
    /// kill -9 under load, again and again: nothing acknowledged is lost or doubled.
    Crash,
    /// kill -9 of one of four nodes on one PostgreSQL at a time, while the others go on.
    CrashNodes,
    /// The workers of four nodes on one PostgreSQL: each expiry, settlement and refund once.
    Workers,
    /// Thousands of hostile requests derived from the `OpenAPI` document.
    Api,
    /// Connections to PostgreSQL cut between COMMIT and its answer.
    CommitCuts,
    /// The primary killed and its standby promoted, again and again.
    Failover,
    /// Readers of events beside four nodes, delayed commits and kills.
    EventOrder,
    /// Many writers on few SKUs at four nodes.
    Contention,
    /// A node stopped in the middle of its batch.
    StalledNode,
    /// Four nodes sell what is scarce.
    OversellNodes,
    /// Payments while the gateway fails in every way and servers are killed at every step.
    Payments,
    /// A gateway that is away for a minute, in three ways.
    GatewayAway,
    /// What a payment takes beyond its gateway, at 100 a second.
    PaymentLatency,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test => test::run(),
        Command::Check => check::run(),
        Command::Tidy(options) => tidy::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Prove { what, no_build: true } => prove::run_built(what),
        Command::Prove { what, no_build: false } => prove::run(what),
        Command::Replay(options) => replay::run(&options),
        Command::Catalogue { file } => catalogue::run(&file),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
