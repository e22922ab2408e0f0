//! How fast is it? Places orders over HTTP on a throw-away database, with this very binary as the server.

use std::process::ExitCode;

use earmark_load::{KeyKind, PlaceOptions};

use crate::cli::{self, BenchCommand};

/// `earmark bench`; exit status 1 when an order was refused or the books are wrong afterwards.
pub(crate) fn command(command: BenchCommand) -> anyhow::Result<ExitCode> {
    let BenchCommand::Place(options) = command;
    let json = options.json;
    let report = earmark_load::place::run(PlaceOptions {
        earmark: std::env::current_exe()?,
        database: options.database,
        clients: options.clients,
        orders: options.orders,
        hot: options.hot,
        keys: match options.keys {
            cli::KeyKind::Uuidv7 => KeyKind::UuidV7,
            cli::KeyKind::Random => KeyKind::Random,
        },
        rate: options.rate,
        skus: options.skus,
        lines: options.lines,
        customers: options.customers,
        sample_every: options.sample_every,
        ..PlaceOptions::default()
    })?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{report}");
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
