//! Does the database have the schema that this version knows? Of all nodes that start at once, the
//! one that takes the lease applies what is missing.
//!
//! There is no advisory lock: the lease is a row with an end. Each migration is applied in a
//! transaction that also holds the lease and writes the migration's number. So a node that stood
//! still past its lease can do no harm.

use std::time::{Duration, Instant};

use earmark_store::migrations::{Applied, Migration, SchemaError, checksum, missing};
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::codec::get;
use crate::error::{DatabaseError, Result};
use crate::open_error::OpenError;
use crate::options::Distributed;
use crate::session::Session;

/// All migrations, in order: `NNNN_name.sql`. One that was released never changes.
const PLAIN: &[Migration] = &[("0001_initial", include_str!("migrations/0001_initial.sql"))];
/// What is applied after them where Citus spreads the tables.
const CITUS: &[Migration] = &[("0001_distribute", include_str!("migrations/citus_0001_distribute.sql"))];

/// How long a node may hold the lease. To build a large index takes longer than a statement may on
/// the path of an order.
const LEASE_SECONDS: i32 = 600;
/// How long a node waits for another one that migrates.
const WAIT_MAX: Duration = Duration::from_secs(900);
/// How often a node that waits looks again.
const PAUSE: Duration = Duration::from_millis(100);

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS migrations (
    flavor text NOT NULL, number bigint NOT NULL, name text NOT NULL, checksum bigint NOT NULL, PRIMARY KEY (flavor, number)
);
CREATE TABLE IF NOT EXISTS migration_lease (id smallint NOT NULL PRIMARY KEY, holder uuid NOT NULL, ends_at timestamptz NOT NULL)";

/// The migrations that a database shall have: lists, each of which is numbered from one.
#[derive(Clone, Debug)]
pub(crate) struct Migrations(Vec<(&'static str, &'static [Migration])>);

impl Migrations {
    /// Those that this version knows.
    pub(crate) fn of(distributed: Option<Distributed>) -> Self {
        let mut lists = vec![("plain", PLAIN)];
        lists.extend(distributed.map(|Distributed::Citus| ("citus", CITUS)));
        Self(lists)
    }
}

/// Applies what is missing, or waits for the node that does.
pub(crate) async fn migrate(session: &Session, migrations: &Migrations) -> Result<(), OpenError> {
    let started = Instant::now();
    let holder = Uuid::new_v4();
    loop {
        if is_complete(session, migrations).await? {
            return Ok(());
        }
        create_tables(session).await?;
        if take_lease(session, holder).await? {
            let applied = apply_all(session, migrations, holder).await;
            release_lease(session, holder).await?;
            applied?;
        } else if started.elapsed() > WAIT_MAX {
            return Err(OpenError::Unusable(format!("another node has been migrating for {WAIT_MAX:?}")));
        } else {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Refuses a database that lacks a migration, or has one that this version does not know.
pub(crate) async fn check(session: &Session) -> Result<(), OpenError> {
    let applied = if has_tables(session).await? { applied(session, "plain").await? } else { Vec::new() };
    if missing(PLAIN, &applied)?.is_empty() {
        return Ok(());
    }
    let found = applied.len() as i64;
    Err(SchemaError::Older { found, known: PLAIN.len() }.into())
}

/// Whether the tables are spread over machines, even if the options of this node do not say so.
pub(crate) async fn is_distributed(session: &Session) -> Result<bool> {
    Ok(!applied(session, "citus").await?.is_empty())
}

async fn is_complete(session: &Session, migrations: &Migrations) -> Result<bool, OpenError> {
    if !has_tables(session).await? {
        return Ok(false);
    }
    for (flavor, known) in &migrations.0 {
        if !missing(known, &applied(session, flavor).await?)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn has_tables(session: &Session) -> Result<bool> {
    let sql = "SELECT count(*) FROM information_schema.tables \
               WHERE table_schema = current_schema() AND table_name IN ('migrations', 'migration_lease')";
    let row = session.query_one(sql, &[]).await?;
    Ok(get::<i64>(&row, 0)? == 2)
}

/// The errors that a node can get when another one makes the same table at the same moment. One of
/// them is about the type that belongs to the table.
const MADE_BY_ANOTHER: [SqlState; 4] = [
    SqlState::UNIQUE_VIOLATION,
    SqlState::DUPLICATE_TABLE,
    SqlState::DUPLICATE_OBJECT,
    SqlState::T_R_SERIALIZATION_FAILURE,
];

/// Makes the tables of the migrations. Another node may do so at the same moment.
async fn create_tables(session: &Session) -> Result<()> {
    match session.batch_execute(TABLES).await {
        Err(error) if error.code().is_some_and(|code| MADE_BY_ANOTHER.contains(code)) => Ok(()),
        other => Ok(other?),
    }
}

async fn applied(session: &Session, flavor: &str) -> Result<Vec<Applied>> {
    let sql = "SELECT number, name, checksum FROM migrations WHERE flavor = $1 ORDER BY number";
    let rows = session.query(sql, &[&flavor]).await?;
    rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?, get(row, 2)?))).collect()
}

/// Takes the lease, unless another node has one that has not ended.
async fn take_lease(session: &Session, holder: Uuid) -> Result<bool> {
    let sql = "INSERT INTO migration_lease (id, holder, ends_at) VALUES (1, $1, now() + $2::int * interval '1 second') \
               ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, ends_at = excluded.ends_at \
               WHERE migration_lease.ends_at < now()";
    Ok(session.execute(sql, &[&holder, &LEASE_SECONDS]).await? == 1)
}

async fn release_lease(session: &Session, holder: Uuid) -> Result<()> {
    let sql = "UPDATE migration_lease SET ends_at = now() - interval '1 second' WHERE id = 1 AND holder = $1";
    session.execute(sql, &[&holder]).await?;
    Ok(())
}

async fn apply_all(session: &Session, migrations: &Migrations, holder: Uuid) -> Result<(), OpenError> {
    for (flavor, known) in &migrations.0 {
        for (number, migration) in missing(known, &applied(session, flavor).await?)? {
            let missing = Missing { flavor, number, migration };
            if let Err(error) = apply(session, &missing, holder).await {
                // The connection goes on, so the transaction must not stay open.
                let _ = session.batch_execute("ROLLBACK").await;
                return Err(error.into());
            }
            tracing::info!(migration = migration.0, flavor, "applied");
        }
    }
    Ok(())
}

/// A migration that the database lacks.
struct Missing {
    /// The list that it is from.
    flavor: &'static str,
    number: i64,
    migration: Migration,
}

async fn apply(session: &Session, missing: &Missing, holder: Uuid) -> Result<()> {
    let Missing { flavor, number, migration: (name, sql) } = *missing;
    session.batch_execute("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
    let held = "SELECT 1 FROM migration_lease WHERE id = 1 AND holder = $1 AND ends_at > now() FOR UPDATE";
    if session.query(held, &[&holder]).await?.is_empty() {
        return Err(DatabaseError::Conflict("another node has taken the lease of the migrations".to_owned()));
    }
    session.batch_execute(sql).await?;
    let insert = "INSERT INTO migrations (flavor, number, name, checksum) VALUES ($1, $2, $3, $4)";
    session.execute(insert, &[&flavor, &number, &name, &checksum(sql)]).await?;
    session.batch_execute("COMMIT").await?;
    Ok(())
}
