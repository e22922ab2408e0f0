//! Which commands does a developer type? This file is the list of them; each has a module of its
//! own.
//!
//! Invariant: all that CI runs is reachable from here, so that it can be run at a desk in the same
//! way.

mod bench;
mod catalogue;
mod check;
mod licences;
mod process;
mod prove;
mod replay;
mod steps;
mod test;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    /// The rules of this repository: arrows, circles, sizes, words; --report prints the figures.
    Tidy(tidy::Options),
    /// Rate, latency, memory and growth of the release binary; the table is kept in target/bench.
    Bench(bench::Options),
    /// One of the proofs of `earmark-prove`, against the release binary.
    Prove {
        /// The name of the proof.
        #[arg(value_parser = prove::names())]
        name: String,
        /// Take the release binaries as they are, without building them.
        #[arg(long)]
        no_build: bool,
    },
    /// Replays a file of real sales over HTTP and compares stock, totals and revenue to the penny.
    Replay(replay::Options),
    /// Writes the catalogue of `earmark demo` from the same file of sales to standard output.
    Catalogue {
        /// The file of sales, online-retail.csv
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test => test::run(),
        Command::Check => check::run(),
        Command::Tidy(options) => tidy::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Prove { name, no_build: true } => prove::run_built(&name),
        Command::Prove { name, no_build: false } => prove::run(&name),
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
