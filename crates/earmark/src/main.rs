//! The binary: reads the command line and runs one of its commands.
//!
//! Exit status: 0 done, 1 failed, 2 wrong usage. Read `cli.rs` for the commands and `serve.rs` for
//! how the parts are put together.

mod api;
mod bench;
mod cli;
mod config;
mod database;
mod demo;
mod faults;
mod first_key;
mod gateway;
mod import;
mod keys;
mod logging;
mod operator;
mod reconcile;
mod sandbox_gateway;
mod serve;
mod stop;
mod usage;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

/// A batch is thousands of short texts, made in one thread and freed in another, which this
/// allocator does faster. Tests keep the system's allocator.
#[cfg(all(feature = "mimalloc", not(debug_assertions)))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(options) => serve::command(*options),
        Command::Demo(options) => demo::command(&options),
        Command::SandboxGateway(options) => sandbox_gateway::command(*options),
        Command::Keys(options) => keys::command(options),
        Command::Import(options) => import::command(&options),
        Command::Verify(options) => verify::command(&options),
        Command::Reconcile(options) => reconcile::command(&options),
        Command::Bench(options) => bench::command(options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            // One line, causes after colons, for people and for logs.
            eprintln!("earmark: {error:#}");
            ExitCode::from(if error.is::<usage::WrongUsage>() { 2 } else { 1 })
        }
    }
}
