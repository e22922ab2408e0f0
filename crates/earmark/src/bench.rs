//! How fast is the server? Places orders over HTTP on an empty database, with this very binary as
//! the server.
//!
//! The load itself is in `earmark-load`.

use std::path::PathBuf;
use std::process::ExitCode;

use earmark_load::{Database, KeyKind, PlaceOptions};

use crate::cli::{self, BenchCommand};
use crate::usage::WrongUsage;

/// `earmark bench`. Exit status 1 when an order was refused, or when what is stored is wrong
/// afterwards.
pub(crate) fn command(command: BenchCommand) -> anyhow::Result<ExitCode> {
    let BenchCommand::Place(options) = command;
    let json = options.json;
    let (database, folder) = parse_database(options.database.as_deref())?;
    let report = earmark_load::place::run(PlaceOptions {
        earmark: std::env::current_exe()?,
        database,
        folder,
        nodes: options.nodes,
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

/// The database, and for SQLite the folder to make it in. `serve` reads the URL again, and says
/// what is wrong in it.
fn parse_database(url: Option<&str>) -> Result<(Database, Option<PathBuf>), WrongUsage> {
    let Some(url) = url else { return Ok((Database::File, None)) };
    match url.split_once(':') {
        Some(("sqlite", folder)) if !folder.is_empty() => Ok((Database::File, Some(folder.into()))),
        Some(("postgres" | "postgresql", _)) => Ok((Database::Url(url.to_owned()), None)),
        // The text may hold a password, so it is not repeated.
        _ => Err(WrongUsage("--database: expected sqlite:FOLDER or postgres://…".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_in_a_folder_or_elsewhere() {
        let parse = |url| parse_database(url).unwrap();
        assert_eq!(parse(None), (Database::File, None));
        assert_eq!(parse(Some("sqlite:/tmp")), (Database::File, Some("/tmp".into())));
        let url = "postgres://host/orders";
        assert_eq!(parse(Some(url)), (Database::Url(url.to_owned()), None));
        for wrong in ["/tmp", "sqlite:", "mysql://host:secret@orders"] {
            let error = parse_database(Some(wrong)).unwrap_err().to_string();
            assert!(error.contains("sqlite:FOLDER") && !error.contains("secret"), "{error}");
        }
    }
}
