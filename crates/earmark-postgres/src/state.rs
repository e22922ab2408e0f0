//! In which state is the session that writes? Each state holds what there is only in that state, so
//! that no two of them can disagree.
//!
//! ```text
//! Disconnected → Idle → InTurn → Idle, or NextBegun → InTurn
//! ```
//!
//! A commit leads from `InTurn` to `NextBegun` if it has requested the next turn, otherwise to
//! `Idle`. A rollback leads to `Idle`. An error that ends the session leads to `Disconnected` from
//! anywhere, and drops with the session its cache and the turn that was requested on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_core::{Keys, WorkingSet};
use tokio_postgres::Statement;

use crate::cache::ItemCache;
use crate::connect::connect_writer;
use crate::database_url::DatabaseUrl;
use crate::error::{DatabaseError, Result, describe};
use crate::migrate::{Migrations, is_distributed, migrate};
use crate::open_error::OpenError;
use crate::options::PostgresOptions;
use crate::outcome::{Node, is_definite};
use crate::session::Session;
use crate::turn::{self, Turn};
use crate::unprotected;

/// How long a COMMIT may take before its outcome is looked up.
const COMMIT_MAX: Duration = Duration::from_secs(5);
/// One of so many batches does not request the next turn behind its COMMIT.
const GIVE_WAY_EVERY: u64 = 16;

/// The state of the session that writes.
pub(crate) enum State {
    Disconnected {
        /// The last try to connect; `None` if it was not tried since a session was lost.
        failure: Option<Failure>,
    },
    /// Outside of a transaction.
    Idle(WriterSession),
    InTurn {
        session: WriterSession,
        /// When the transaction began, without the wait for the turn.
        begun_at: Instant,
    },
    /// The batch before is committed, and the next turn was requested behind its COMMIT.
    NextBegun { session: WriterSession, turn: Box<Turn> },
}

/// A try to connect that failed.
pub(crate) struct Failure {
    pub(crate) at: Instant,
    pub(crate) why: String,
}

impl Default for State {
    fn default() -> Self {
        Self::Disconnected { failure: None }
    }
}

impl State {
    /// The session, if there is one.
    pub(crate) fn session(&mut self) -> Option<&mut WriterSession> {
        match self {
            Self::Disconnected { .. } => None,
            Self::Idle(session) | Self::InTurn { session, .. } | Self::NextBegun { session, .. } => {
                Some(session)
            }
        }
    }

    /// The session, if it is within a turn.
    pub(crate) fn in_turn(&mut self) -> Option<&mut WriterSession> {
        match self {
            Self::InTurn { session, .. } => Some(session),
            _ => None,
        }
    }

    /// Whether there is a session that is not closed.
    pub(crate) fn is_connected(&mut self) -> bool {
        self.session().is_some_and(|session| !session.session.is_closed())
    }
}

/// A session that can take turns.
pub(crate) struct WriterSession {
    session: Arc<Session>,
    /// The statement that takes the lock of the turn.
    lock: Statement,
    /// What need not be read again on this session.
    pub(crate) cache: ItemCache,
    /// Whether no other node had written between the last two turns of this one.
    is_alone: bool,
    /// The batches that were saved on this session.
    batches: u64,
}

/// How a COMMIT can end without its rows being known to be saved.
pub(crate) enum CommitError {
    /// It is certain that nothing was saved.
    DidNotHappen(DatabaseError),
    /// There was no answer, or one that says neither yes nor no.
    Unanswered(String),
}

impl WriterSession {
    /// Connects, migrates if that is due, and registers the node.
    pub(crate) async fn open(
        url: &DatabaseUrl,
        options: PostgresOptions,
        node: &mut Node,
    ) -> Result<Self, OpenError> {
        let protections = options.protections;
        let session = connect_writer(url).await?;
        migrate(&session, &Migrations::of(options.distributed)).await?;
        node.register(&session).await?;
        if !protections.event_numbers {
            unprotected::create_sequence(&session).await?;
        }
        let lock = match protections.turns {
            true => turn::prepare(&session).await?,
            false => unprotected::prepare_turn(&session).await?,
        };
        let cache = ItemCache::new(is_distributed(&session).await?, protections);
        Ok(Self { session: Arc::new(session), lock, cache, is_alone: false, batches: 0 })
    }

    pub(crate) fn connection(&self) -> &Session {
        &self.session
    }

    /// A turn that brings the rows of these keys, but for items that the cache is likely to have
    /// still. Nothing is sent yet.
    pub(crate) fn request_turn(&self, mut keys: Keys) -> Turn {
        if self.is_alone {
            keys.items.retain(|sku| !self.cache.has(sku));
        }
        Turn::new(&self.session, &self.lock, keys)
    }

    /// Waits for a turn, and puts the rows that it brings into `rows`.
    pub(crate) async fn take(&mut self, turn: Turn, rows: &mut WorkingSet) -> Result<()> {
        self.is_alone = turn.take(rows, &mut self.cache).await?;
        Ok(())
    }

    /// Called once a batch: whether the next turn may be requested right behind its COMMIT.
    ///
    /// The server may then grant it before the nodes that wait for the lock have woken up. So that
    /// is done only while no other node writes. Now and then it is not done even then, so that a
    /// node that has begun to write gets a turn, and is seen by its events.
    pub(crate) fn may_go_on(&mut self) -> bool {
        self.batches += 1;
        self.is_alone && !self.batches.is_multiple_of(GIVE_WAY_EVERY)
    }

    /// Sends COMMIT and, right behind it, all that the next turn needs. Waits for the answer of the
    /// COMMIT alone.
    pub(crate) async fn commit(&self, next: Option<&mut Turn>) -> Result<(), CommitError> {
        let commit = self.session.batch_execute("COMMIT");
        let answer = match next {
            Some(turn) => tokio::time::timeout(COMMIT_MAX, turn.sent_behind(commit)).await,
            None => tokio::time::timeout(COMMIT_MAX, commit).await,
        };
        match answer {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if is_definite(&error) => Err(CommitError::DidNotHappen(error.into())),
            Ok(Err(error)) => Err(CommitError::Unanswered(describe(&error))),
            Err(_) => Err(CommitError::Unanswered(format!("no answer within {COMMIT_MAX:?}"))),
        }
    }
}
