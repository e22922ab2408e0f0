//! Is what is stored right? Has a running server verify it, or reads a database itself.
//!
//! What is checked is in `earmark-core` and in the engines; here is only where to find the data.

use std::process::ExitCode;

use anyhow::{Context, bail};
use earmark_sqlite::SqliteOptions;
use earmark_store::{Queries, VerifyReport};

use crate::api::Api;
use crate::cli::VerifyOptions;
use crate::database::Database;
use crate::usage::WrongUsage;

/// `earmark verify`. Exit status 1 when a breach is found.
pub(crate) fn command(options: &VerifyOptions) -> anyhow::Result<ExitCode> {
    let report = match (&options.server, &options.database) {
        (_, Some(database)) => of_database(database)?,
        (Some(server), None) => {
            let key = options
                .key
                .as_deref()
                .ok_or_else(|| WrongUsage("--server needs --key, an admin key".into()))?;
            serde_json::from_value(Api::new(server, key)?.get("/v1/verify")?.ok()?)
                .context("the answer is no report")?
        }
        (None, None) => bail!(WrongUsage("name what to verify: --server URL or --database URL".into())),
    };
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn of_database(url: &str) -> anyhow::Result<VerifyReport> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match Database::parse(url)? {
        Database::Sqlite(path) => {
            // Opening a path where there is nothing would make a new database.
            anyhow::ensure!(path.exists(), "there is no database {}", path.display());
            let (_engine, queries) = earmark_sqlite::open(&path, SqliteOptions::default())?;
            Ok(runtime.block_on(queries.verify())?)
        }
        Database::Postgres(url) => Ok(runtime.block_on(async {
            let queries = earmark_postgres::open_to_read(&url).await?;
            anyhow::Ok(queries.verify().await?)
        })?),
    }
}

fn print(report: &VerifyReport) {
    for breach in &report.breaches {
        println!("{breach}");
    }
    let VerifyReport { items, orders, events, breaches } = report;
    println!("{items} items, {orders} orders, {events} events: {} breaches", breaches.len());
}
