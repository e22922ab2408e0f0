//! How does a case drive an engine without the writer? As the writer does, batch by batch, while a
//! model follows every commit.
//!
//! Invariant: the model is the store as it should be. Read next: `model.rs`, then `check.rs`, which
//! compares the two.

use std::future::Future;
use std::sync::Arc;

use earmark_core::{Answer, BatchChanges, Command, Keys, Rejection, Timestamp, WorkingSet, decide, needs};
use earmark_store::{Engine, Pace, Queries, StoreError, VerifyReport};
use tokio::runtime::Runtime;

use crate::fixture::Fixture;
use crate::model::Model;
use crate::simulation::{BEGINNING, Simulation};

/// A limit of a list that no case reaches.
pub(crate) const ALL: usize = 1_000_000;

/// What is decided about a command.
pub(crate) type Decided = Result<Answer, Rejection>;

/// A store under test, and the model of what should be in it.
pub(crate) struct Harness {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) model: Model,
    /// When the last command was decided.
    pub(crate) now: Timestamp,
    runtime: Runtime,
}

/// A runtime for one case.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

impl Harness {
    /// The harness of an empty store.
    pub(crate) fn new(fixture: Fixture) -> Self {
        let Fixture { engine, queries } = fixture;
        Self { engine, queries, model: Model::default(), now: BEGINNING, runtime: runtime() }
    }

    /// Reads something that must not fail to be read.
    pub(crate) fn read<'a, T, F>(&'a self, question: impl FnOnce(&'a dyn Queries) -> F) -> T
    where
        F: Future<Output = Result<T, StoreError>> + 'a,
    {
        self.runtime.block_on(question(&*self.queries)).expect("the read side answers")
    }

    /// Has the store verify its own data.
    pub(crate) fn verify(&self) -> VerifyReport {
        self.read(Queries::verify)
    }

    /// Begins a transaction that nothing is loaded in.
    pub(crate) fn begin(&mut self) {
        let mut rows = WorkingSet::default();
        self.engine.begin(&Keys::default(), &mut rows, &mut ()).expect("a transaction can begin");
    }

    /// Decides a batch in a transaction that is left open.
    pub(crate) fn prepare(&mut self, batch: &[(Command, Timestamp)]) -> (BatchChanges, Vec<Decided>) {
        let mut rows = WorkingSet::default();
        // The rows of the first command are loaded by `begin`, those of the others by `load`.
        let mut keys = Keys::default();
        batch.iter().take(1).for_each(|(command, _)| needs(command, &rows, &mut keys));
        self.engine.begin(&keys, &mut rows, &mut ()).expect("a transaction can begin");
        assert_eq!(rows.last_sequence, self.model.events.len() as u64, "the number of the last event");
        assert_eq!(rows.last_event_at, self.model.last_event_at(), "the time of the last event");
        let mut all_decided = Vec::with_capacity(batch.len());
        for (command, now) in batch {
            self.load_for(command, &mut rows);
            all_decided.push(decide(&rows, command, *now).map(|(answer, changes)| {
                rows.absorb(changes, &command.caller.actor, *now);
                answer
            }));
        }
        (rows.take_changes(), all_decided)
    }

    fn load_for(&mut self, command: &Command, rows: &mut WorkingSet) {
        for _ in 0..=3 {
            let mut keys = Keys::default();
            needs(command, rows, &mut keys);
            if keys.is_empty() {
                return;
            }
            self.engine.load(&keys, rows).expect("rows can be loaded");
        }
        panic!("a command still needs rows after three rounds of loading: one was named and not put in");
    }

    /// Decides a batch and commits it.
    pub(crate) fn run_batch(&mut self, batch: &[(Command, Timestamp)]) -> Vec<Decided> {
        let (changes, decided) = self.prepare(batch);
        if changes.is_empty() {
            self.engine.rollback();
        } else {
            self.engine.commit(&changes, &mut ()).expect("a batch can be committed");
            self.model.apply(&changes);
        }
        decided
    }

    /// Runs commands as one batch, at the time of the last one; none may be rejected.
    pub(crate) fn must_run_batch(&mut self, commands: impl IntoIterator<Item = Command>) {
        let batch: Vec<_> = commands.into_iter().map(|command| (command, self.now)).collect();
        assert!(self.run_batch(&batch).iter().all(Result::is_ok), "the commands are right");
    }

    /// Runs one command, a second after the one before.
    pub(crate) fn run(&mut self, command: Command) -> Decided {
        self.now = Timestamp(self.now.0 + 1_000_000);
        self.run_batch(&[(command, self.now)]).remove(0)
    }

    /// Runs a command that must not be rejected.
    pub(crate) fn must(&mut self, command: Command) -> Answer {
        self.run(command).expect("the command is right")
    }

    /// Runs so many random commands of this seed, in batches of random size.
    pub(crate) fn simulate(&mut self, seed: u64, commands: usize) {
        let mut simulation = Simulation::new(seed);
        let mut left = commands;
        while left > 0 {
            let batch = simulation.next_batch(left.min(40));
            left -= batch.len();
            let decided = self.run_batch(&batch);
            for ((command, _), decided) in batch.iter().zip(&decided) {
                simulation.learn(command, decided);
            }
            if simulation.random().percent(10) {
                self.engine.maintain(Pace::Idle).expect("maintenance works");
            }
        }
        self.now = simulation.now();
    }

    /// Commits changes that a case has made itself, and rolls back if the engine refuses them.
    pub(crate) fn try_commit(&mut self, changes: &BatchChanges) -> Result<(), StoreError> {
        let committed = self.engine.commit(changes, &mut ());
        match committed {
            Ok(()) => self.model.apply(changes),
            Err(_) => self.engine.rollback(),
        }
        committed
    }

    /// Every idempotency key made before this time, found by a sweep in steps of `limit` keys.
    pub(crate) fn sweep(&self, made_before: Timestamp, limit: usize) -> Vec<[u8; 16]> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let step = self.read(|queries| queries.sweep_idempotency_keys(after, made_before, limit));
            assert!(step.expired.len() <= limit, "at most {limit} keys");
            found.extend(step.expired);
            assert!(step.next.is_none() || step.next != after, "the sweep goes on");
            after = step.next;
            if after.is_none() {
                return found;
            }
        }
    }
}
