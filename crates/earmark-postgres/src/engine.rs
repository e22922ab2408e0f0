//! How does a batch become durable, once, on a database that others use too? It takes its turn, reads, writes what it read the versions of, commits.
//!
//! Three round trips: `BEGIN` with the [turn](crate::turn) and what is to be read; all statements of the save; `COMMIT`. When commands wait by then and no
//! other node writes, they are two: the next turn is asked for behind the COMMIT. This batch is then answered while the database saves the next, when the
//! writer has nothing else to do. What nobody else can have changed is not [read again](crate::cache).
//!
//! Invariants: COMMIT is sent only after every statement has changed the rows that it should; whatever follows it on the wire, its own answer alone says
//! that the batch is saved; a COMMIT without an answer is [learned about](crate::outcome), never guessed; a session that a batch left in doubt is never used
//! again, nor a turn that was asked for on it; a turn is asked for ahead only for commands that are there, so no idle node holds one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_core::{BatchChanges, Keys, WorkingSet};
use earmark_store::{Engine, Meanwhile, Pace, StoreError};
use tokio::runtime::Runtime;
use tokio_postgres::Statement;

use crate::cache::ItemCache;
use crate::connect::open_writer;
use crate::database_url::DatabaseUrl;
use crate::error::{BrokenOnPurpose, DatabaseError};
use crate::migrate::is_distributed;
use crate::open_error::OpenError;
use crate::options::PostgresOptions;
use crate::outcome::{Learned, Node, is_definite, learn};
use crate::pipeline::answering_if_slow;
use crate::segments::Segments;
use crate::session::Session;
use crate::session::{TURN_STANDS_STILL_MAX, in_time};
use crate::turn::{Courtesy, Turn};
use crate::{load, rows, save};

/// How long a COMMIT may take before its outcome is asked for.
const COMMIT_MAX: Duration = Duration::from_secs(5);
/// How long after a connection that failed the next one is tried: those who wait meanwhile are told at once.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);
/// The same while nobody waits.
const IDLE_RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// The half that writes.
pub struct PostgresEngine {
    /// Taken only when the engine is dropped.
    runtime: Option<Runtime>,
    url: DatabaseUrl,
    options: PostgresOptions,
    line: Option<Line>,
    node: Node,
    courtesy: Courtesy,
    /// When the transaction began; `None` outside of one, also of one that was begun ahead.
    begun: Option<Instant>,
    /// When the last try to connect failed, and why.
    failed: Option<(Instant, String)>,
    /// What is grouped beside the writer.
    _segments: Option<Segments>,
}

/// A session that can take turns.
struct Line {
    session: Arc<Session>,
    /// Asks for the turn.
    lock: Statement,
    /// The next turn, asked for behind a COMMIT. It goes with the session: a new one knows nothing of it.
    ahead: Option<Ahead>,
    /// What need not be read again on this session.
    cache: ItemCache,
}

impl Line {
    /// A turn that brings the rows of these keys, but for those that the cache is likely to have still.
    fn turn(&self, mut keys: Keys, courtesy: &Courtesy) -> Turn {
        if courtesy.alone {
            keys.items.retain(|sku| !self.cache.knows(sku));
        }
        Turn::new(&self.session, &self.lock, keys)
    }
}

/// A turn that was asked for before its batch has begun.
struct Ahead {
    turn: Turn,
    /// From when on it may be ours.
    since: Instant,
}

impl PostgresEngine {
    pub(crate) fn new(url: DatabaseUrl, options: PostgresOptions) -> Result<Self, OpenError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| OpenError::Unusable(error.to_string()))?;
        // Where the numbers of events lie on purpose, what is grouped by them would lie as well.
        let segments = match options.broken {
            broken if BrokenOnPurpose::takes_turns(broken) => Some(Segments::start(&url, &options)?),
            _ => None,
        };
        let node = Node::new();
        Ok(Self {
            runtime: Some(runtime),
            url,
            options,
            line: None,
            node,
            courtesy: Courtesy::default(),
            begun: None,
            failed: None,
            _segments: segments,
        })
    }

    /// Connects, unless it is connected.
    pub(crate) fn open(&mut self) -> Result<(), OpenError> {
        if self.line.as_ref().is_some_and(|line| !line.session.is_closed()) {
            return Ok(());
        }
        self.line = None;
        let (url, options, node) = (&self.url, self.options, &mut self.node);
        let runtime = self.runtime.as_ref().expect("it is there until the engine is dropped");
        let opened = runtime.block_on(async {
            let session = open_writer(url, options.distributed).await?;
            node.register(&session).await?;
            rows::events::prepare_numbers(&session, options.broken).await?;
            let lock = rows::events::prepare_turn(&session, options.broken).await?;
            let cache = ItemCache::new(is_distributed(&session).await?, options.broken);
            Ok::<_, OpenError>(Line { session: Arc::new(session), lock, ahead: None, cache })
        });
        match opened {
            Ok(line) => {
                if self.failed.take().is_some() {
                    tracing::info!(database = %self.url, "the database is back");
                }
                self.line = Some(line);
                Ok(())
            }
            Err(error) => {
                let text = error.to_string();
                if self.failed.as_ref().is_none_or(|(_, known)| *known != text) {
                    tracing::warn!(error = text, "no batch can be saved");
                }
                self.failed = Some((Instant::now(), text));
                Err(error)
            }
        }
    }

    /// The open session, or why there is none.
    fn connected(&mut self) -> Result<(), StoreError> {
        match &self.failed {
            Some((at, why)) if at.elapsed() < RECONNECT_PAUSE => Err(StoreError::Unavailable(why.clone())),
            _ => self.open().map_err(|error| StoreError::Unavailable(error.to_string())),
        }
    }

    /// Runs a round trip on the session, within its time.
    fn round_trip<T>(
        &mut self,
        work: impl AsyncFnOnce(&Session) -> Result<T, DatabaseError>,
    ) -> Result<T, StoreError> {
        let Some(line) = &self.line else { return Err(no_connection()) };
        let runtime = self.runtime.as_ref().expect("it is there until the engine is dropped");
        runtime.block_on(in_time(work(&line.session))).map_err(|error| self.failure(error))
    }

    /// Puts in what is not there yet: from the cache, the rest from the database.
    fn find(
        &mut self,
        keys: &Keys,
        rows: &mut WorkingSet,
        meanwhile: &mut dyn Meanwhile,
    ) -> Result<(), StoreError> {
        let Some(line) = &self.line else { return Err(no_connection()) };
        line.cache.put(&keys.items, rows);
        let missing = keys.not_in(rows);
        if missing.is_empty() {
            return Ok(());
        }
        meanwhile.answer();
        let found = self.round_trip(async |session| load::find(session, &missing).await)?;
        if let Some(line) = &mut self.line {
            line.cache.read(&found.items);
        }
        found.put(&missing, rows);
        Ok(())
    }

    /// What an error means after which the batch did not happen, whatever else.
    fn failure(&mut self, error: DatabaseError) -> StoreError {
        if error.ends_session() {
            self.line = None;
        } else if let Some(line) = &mut self.line {
            line.cache.forget();
        }
        let stood_still = self.begun.is_some_and(|begun| begun.elapsed() > TURN_STANDS_STILL_MAX);
        match StoreError::from(error) {
            // Whoever asked has been told otherwise by now, and has gone elsewhere.
            StoreError::Conflict(why) if stood_still => StoreError::Unavailable(why),
            error => error,
        }
    }

    /// The COMMIT got no answer, or one that says neither yes nor no.
    fn learn(&mut self, why: &str) -> Result<(), StoreError> {
        self.line = None;
        if self.options.broken == Some(BrokenOnPurpose::LostCommits) {
            return Err(StoreError::Conflict(why.to_owned()));
        }
        tracing::warn!(error = why, "a COMMIT got no answer; its outcome is asked for");
        let (url, node) = (&self.url, &self.node);
        let runtime = self.runtime.as_ref().expect("it is there until the engine is dropped");
        match runtime.block_on(learn(url, node)) {
            Learned::Happened => {
                tracing::info!("the COMMIT without an answer happened");
                self.node.batch += 1;
                Ok(())
            }
            Learned::DidNotHappen => {
                tracing::info!("the COMMIT without an answer did not happen");
                Err(StoreError::Conflict(why.to_owned()))
            }
            Learned::Nothing(also) => Err(StoreError::Unlearned(format!("{why}; {also}"))),
        }
    }
}

impl Engine for PostgresEngine {
    fn begin(
        &mut self,
        keys: &Keys,
        rows: &mut WorkingSet,
        meanwhile: &mut dyn Meanwhile,
    ) -> Result<(), StoreError> {
        if self.line.as_ref().is_none_or(|line| line.ahead.is_none() || line.session.is_closed()) {
            // Nothing is on its way, and a new connection may take its time.
            meanwhile.answer();
        }
        self.connected()?;
        let Some(line) = &mut self.line else { return Err(no_connection()) };
        let now = Instant::now();
        self.begun = Some(now);
        let Ahead { turn, since } = line.ahead.take().unwrap_or_else(|| {
            let turn = line.turn(keys.clone(), &self.courtesy);
            Ahead { turn, since: now }
        });
        let runtime = self.runtime.as_ref().expect("it is there until the engine is dropped");
        let begun = runtime.block_on(answering_if_slow(meanwhile, turn.take(rows, &mut line.cache)));
        // The wait for the turn is not time within it; what passed before anybody waited may be.
        self.begun = Some(since + now.elapsed());
        self.courtesy.alone = begun.map_err(|error| self.failure(error))?;
        self.find(keys, rows, meanwhile)
    }

    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError> {
        self.find(keys, rows, &mut ())
    }

    fn commit(&mut self, changes: &BatchChanges, meanwhile: &mut dyn Meanwhile) -> Result<(), StoreError> {
        let (node, broken) = (self.node.clone(), self.options.broken);
        self.round_trip(async |session| save::save(session, (changes, &node), broken, meanwhile).await)?;
        let Some(line) = &mut self.line else { return Err(no_connection()) };
        let keys = if self.courtesy.allows_to_go_on() { meanwhile.draw() } else { None };
        line.ahead = keys.map(|keys| Ahead { turn: line.turn(keys, &self.courtesy), since: Instant::now() });
        let Line { session, ahead, .. } = line;
        let runtime = self.runtime.as_ref().expect("it is there until the engine is dropped");
        let committed = runtime.block_on(async {
            let commit = session.batch_execute("COMMIT");
            match ahead {
                Some(Ahead { turn, .. }) => tokio::time::timeout(COMMIT_MAX, turn.sent_behind(commit)).await,
                None => tokio::time::timeout(COMMIT_MAX, commit).await,
            }
        });
        self.begun = None;
        match committed {
            Ok(Ok(())) => {
                self.node.batch += 1;
                line.cache.committed(changes);
                Ok(())
            }
            Ok(Err(error)) if is_definite(&error) => Err(self.failure(error.into())),
            Ok(Err(error)) => self.learn(&crate::error::describe(&error)),
            Err(_) => self.learn(&format!("no answer within {COMMIT_MAX:?}")),
        }
    }

    fn rollback(&mut self) {
        let Some(line) = &mut self.line else {
            self.begun = None;
            return;
        };
        // Its answers are skipped; the server comes to the rollback behind them.
        let ahead = line.ahead.take();
        if self.begun.take().is_none() && ahead.is_none() {
            return;
        }
        if let Err(error) = self.round_trip(async |session| Ok(session.batch_execute("ROLLBACK").await?)) {
            tracing::debug!(%error, "a transaction could not be rolled back; its connection is given up");
            self.line = None;
        }
    }

    fn maintain(&mut self, pace: Pace) -> Result<(), StoreError> {
        if pace == Pace::Idle {
            self.reconnect();
        }
        Ok(())
    }
}

impl PostgresEngine {
    /// Comes back, and migrates where that is due, without being asked: whoever watches `/readyz` sends nothing until it is ready.
    fn reconnect(&mut self) {
        let lately = self.failed.as_ref().is_some_and(|(at, _)| at.elapsed() < IDLE_RECONNECT_PAUSE);
        if !lately {
            // What is wrong was told; the next batch is told again.
            let _ = self.open();
        }
    }
}

fn no_connection() -> StoreError {
    StoreError::Unavailable("there is no connection to the database".to_owned())
}

impl Drop for PostgresEngine {
    fn drop(&mut self) {
        // A runtime must not be waited for where tasks run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
