//! Which database does a store run on? Reads its URL and opens it.
//!
//! Both engines look the same from here on. No message and no log shows a password.

use std::path::PathBuf;
use std::sync::Arc;

use earmark_postgres::{DatabaseUrl, Distributed, PostgresOptions};
use earmark_sqlite::SqliteOptions;
use earmark_store::{Engine, Queries};

use crate::faults::Faults;
use crate::usage::WrongUsage;

/// Where a store keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// The path of an SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server, shared with other nodes. Shows no password.
    Postgres(Box<DatabaseUrl>),
}

impl Database {
    /// Reads `sqlite:PATH` or `postgres://…`.
    pub(crate) fn parse(url: &str) -> Result<Self, WrongUsage> {
        match url.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => {
                let url =
                    DatabaseUrl::parse(url).map_err(|error| WrongUsage(format!("--database: {error}")))?;
                Ok(Self::Postgres(Box::new(url)))
            }
            // The text may hold a password, so it is not repeated.
            _ => Err(WrongUsage("--database: expected sqlite:PATH or postgres://…".into())),
        }
    }

    /// Opens the write side and the read side.
    pub(crate) async fn open(
        &self,
        distributed: Option<Distributed>,
        faults: Faults,
    ) -> anyhow::Result<(Box<dyn Engine>, Arc<dyn Queries>)> {
        match self {
            Self::Sqlite(path) => {
                anyhow::ensure!(
                    faults.postgres().is_none(),
                    "EARMARK_FAULT: that fault is of the PostgreSQL engine"
                );
                let (engine, queries) = earmark_sqlite::open(path, SqliteOptions::default())?;
                Ok((Box::new(engine), Arc::new(queries)))
            }
            Self::Postgres(url) => {
                let broken = faults.postgres();
                let options = PostgresOptions { distributed, broken, ..PostgresOptions::default() };
                let url = url.clone();
                let opened = tokio::task::spawn_blocking(move || earmark_postgres::open(&url, options)).await;
                let (engine, queries) = opened??;
                Ok((Box::new(engine), Arc::new(queries)))
            }
        }
    }
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}
