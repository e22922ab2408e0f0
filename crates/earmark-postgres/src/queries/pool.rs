//! How does a read get a connection? From a pool of a few, each used by one read at a time, within
//! one read-only transaction.
//!
//! Invariant: a connection whose read did not come to its end (an error, no answer in time, a
//! caller that went away) is closed and never used again.

use std::pin::Pin;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, RecyclingMethod, Runtime};
use earmark_store::StoreError;

use crate::database_url::DatabaseUrl;
use crate::dial::Dialer;
use crate::error::{DatabaseError, Result};
use crate::open_error::OpenError;
use crate::session::Session;
use crate::session::prepare_reader;

/// How long a read waits for a connection to be free, and for a new one to be made.
const CONNECTION_WITHIN: Duration = Duration::from_secs(4);
/// How long a read may take. The server's own limit for each of its statements is shorter.
const READ_WITHIN: Duration = Duration::from_secs(8);
/// How long a read of everything may take.
const LONG_READ_WITHIN: Duration = Duration::from_secs(3_600);

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_LONG: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; \
     SET LOCAL idle_in_transaction_session_timeout = 0";

/// A read that has begun.
pub(super) type Reading<'session, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'session>>;

/// Connections to read from.
pub(super) struct Pool(deadpool_postgres::Pool);

impl Pool {
    pub(super) fn new(url: &DatabaseUrl, readers: usize) -> Result<Self, OpenError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(url.config().clone(), Dialer(url.tls()?), recycling);
        let prepare = Hook::async_fn(|session: &mut Session, _| {
            Box::pin(async move {
                prepare_reader(session).await.map_err(|error| HookError::message(error.to_string()))
            })
        });
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(readers.max(1))
            .wait_timeout(Some(CONNECTION_WITHIN))
            .create_timeout(Some(CONNECTION_WITHIN))
            .recycle_timeout(Some(CONNECTION_WITHIN))
            .runtime(Runtime::Tokio1)
            .post_create(prepare)
            .build();
        Ok(Self(pool.map_err(|error| OpenError::Unusable(error.to_string()))?))
    }

    /// Runs `work` on a connection, within one snapshot.
    pub(super) async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        W: for<'session> FnOnce(&'session Session) -> Reading<'session, T> + Send,
    {
        self.within(READ_WITHIN, BEGIN, work).await
    }

    /// The same for a read of everything, which takes much longer.
    pub(super) async fn read_long<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        W: for<'session> FnOnce(&'session Session) -> Reading<'session, T> + Send,
    {
        self.within(LONG_READ_WITHIN, BEGIN_LONG, work).await
    }

    async fn within<T, W>(&self, limit: Duration, begin: &str, work: W) -> Result<T, StoreError>
    where
        W: for<'session> FnOnce(&'session Session) -> Reading<'session, T> + Send,
    {
        let held = Held(Some(self.0.get().await.map_err(DatabaseError::from)?));
        let reading = async {
            let session: &Session = held.session()?;
            session.batch_execute(begin).await?;
            let found = work(session).await?;
            session.batch_execute("COMMIT").await?;
            Ok::<_, DatabaseError>(found)
        };
        let late = |_| DatabaseError::Away(format!("the database gave no answer within {limit:?}"));
        let found = tokio::time::timeout(limit, reading).await.map_err(late)??;
        held.give_back();
        Ok(found)
    }
}

/// A connection that is closed unless it is given back.
struct Held(Option<Object>);

impl Held {
    fn session(&self) -> Result<&Session> {
        self.0.as_deref().ok_or_else(|| DatabaseError::Away("the connection was given back".to_owned()))
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}
