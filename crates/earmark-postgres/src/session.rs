//! What must hold on a connection before it is used? Limits on how long anything may take, and
//! durability, whatever the defaults of the server.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::error::SqlState;

use crate::error::{DatabaseError, Result};
use crate::open_error::OpenError;

/// A connection with its cache of prepared statements.
pub(crate) type Session = ClientWrapper;

/// PostgreSQL 15, the oldest that is tested.
const SERVER_VERSION_MIN: i32 = 150_000;

/// How long the server may take to answer a round trip. The server's own limits are shorter.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(6);

/// How long a node may be silent within its turn before the server ends the turn. Set below as
/// `idle_in_transaction_session_timeout`.
pub(crate) const TURN_STANDS_STILL_MAX: Duration = Duration::from_millis(2_500);

/// Set on every connection. The server must take these; the next ones are set where it knows them.
const LIMITS: &str = "SET statement_timeout = '5s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '2500ms'";
const IF_KNOWN: [&str; 5] = [
    "SET tcp_user_timeout = '3s'",
    "SET tcp_keepalives_idle = 3",
    "SET tcp_keepalives_interval = 1",
    "SET tcp_keepalives_count = 3",
    "SET client_connection_check_interval = '1s'",
];
/// For the writer. Its statements always find rows by keys, and a plan that was made while a table
/// was empty would read the whole table for minutes.
const BY_INDEX: [&str; 6] = [
    "SET enable_seqscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    "SET enable_bitmapscan = off",
    "SET jit = off",
    "SET plan_cache_mode = force_generic_plan",
];

/// For the writer. A statement behind the lock of the turn must see what was committed while the
/// lock was waited for.
const READ_COMMITTED: &str = "SET default_transaction_isolation = 'read committed'";

/// The answer, or an error if it does not come within the time of a round trip.
pub(crate) async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || Err(DatabaseError::Away(format!("the database gave no answer within {ROUND_TRIP_MAX:?}")));
    tokio::time::timeout(ROUND_TRIP_MAX, answer).await.unwrap_or_else(|_| late())
}

/// Checks the server and sets the limits.
pub(crate) async fn prepare_reader(session: &Session) -> Result<(), OpenError> {
    check_version(session).await?;
    session.batch_execute(LIMITS).await?;
    Ok(set_if_known(session, &IF_KNOWN).await?)
}

/// Prepares the connection that writes.
pub(crate) async fn prepare_writer(session: &Session) -> Result<(), OpenError> {
    prepare_reader(session).await?;
    set_if_known(session, &BY_INDEX).await?;
    session.batch_execute(READ_COMMITTED).await?;
    let row = session.query_one("SELECT current_setting('synchronous_commit')", &[]).await?;
    // A commit that may be lost with the machine must not be acknowledged.
    if row.get::<_, &str>(0) == "off" {
        session.batch_execute("SET synchronous_commit = on").await?;
    }
    Ok(())
}

async fn check_version(session: &Session) -> Result<(), OpenError> {
    let row = session.query_one("SELECT version(), current_setting('server_version_num')", &[]).await?;
    let (name, number): (&str, &str) = (row.get(0), row.get(1));
    let number: i32 = number.parse().unwrap_or(0);
    // Other databases speak the protocol, and number their versions in another way.
    if name.starts_with("PostgreSQL") && number < SERVER_VERSION_MIN {
        return Err(OpenError::TooOld { found: name.split(" on ").next().unwrap_or(name).to_owned() });
    }
    Ok(())
}

async fn set_if_known(session: &Session, settings: &[&str]) -> Result<()> {
    for setting in settings {
        // That the server does not know a setting is no trouble; that it is gone, or read-only, is.
        if let Err(error) = session.batch_execute(setting).await
            && error.code().is_none_or(|code| *code == SqlState::READ_ONLY_SQL_TRANSACTION)
        {
            return Err(error.into());
        }
    }
    Ok(())
}
