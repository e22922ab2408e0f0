//! One log of commands, decided batch by batch, with every check after every step.

use std::collections::BTreeMap;
use std::sync::Arc;

use earmark_core::{Action, Changes, Command, Keys, Mode, Rejection, Timestamp, WorkingSet, decide, needs};
use earmark_store::memory::MemoryStore;
use earmark_store::simulation::Simulation;
use earmark_store::{Engine, Queries};
use tokio::runtime::Runtime;

use crate::keys::FirstAnswers;
use crate::ledger::{Checked, Ledger, ensure};
use crate::stored::{Touched, check_batch, check_loaded, check_store};
use crate::{events, orders, stock};

/// How often everything is counted from nothing, and how often the store's own audit is asked, in steps.
const COUNT_EVERY: u64 = 1_000;
const AUDIT_EVERY: u64 = 7_000;

/// Spoils a decision, to see that the checks notice.
pub(crate) type Spoil = fn(&mut Changes);

/// A run.
pub(crate) struct Run {
    simulation: Simulation,
    engine: Box<dyn Engine>,
    queries: Arc<dyn Queries>,
    runtime: Runtime,
    ledger: Ledger,
    first_answers: FirstAnswers,
    steps: u64,
    pub(crate) met: BTreeMap<String, u64>,
    pub(crate) spoil: Option<Spoil>,
}

impl Run {
    /// A run of this seed on the store in memory.
    pub(crate) fn fresh(seed: u64) -> Self {
        let store = MemoryStore::new();
        Self::over(seed, Box::new(store.clone()), Arc::new(store))
    }

    /// A run on an engine and what reads it.
    pub(crate) fn over(seed: u64, engine: Box<dyn Engine>, queries: Arc<dyn Queries>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be made");
        Self {
            simulation: Simulation::new(seed),
            engine,
            queries,
            runtime,
            ledger: Ledger::default(),
            first_answers: FirstAnswers::default(),
            steps: 0,
            met: BTreeMap::new(),
            spoil: None,
        }
    }

    /// Takes so many steps, or says what is wrong and after which.
    pub(crate) fn go(mut self, steps: u64) -> Result<Self, String> {
        while self.steps < steps {
            self.batch().map_err(|why| format!("step {}: {why}", self.steps))?;
        }
        self.ledger.check_promised()?;
        self.audit()?;
        for order in self.ledger.orders.values() {
            *self.met.entry(order.status().as_str().to_owned()).or_default() += 1;
        }
        for event in &self.ledger.events {
            *self.met.entry(event.fact.type_name().to_owned()).or_default() += 1;
        }
        Ok(self)
    }

    /// Decides 1 to 64 commands, commits them, and looks at what is stored then.
    fn batch(&mut self) -> Checked {
        let size = self.simulation.random().between(1, 64);
        let events_before = self.ledger.events.len() as u64;
        let mut rows = WorkingSet::default();
        self.engine.begin(&Keys::default(), &mut rows, &mut ()).map_err(|error| error.to_string())?;
        ensure(rows.last_sequence == events_before, || format!("event {} was the last", rows.last_sequence))?;
        let (mut touched, mut told) = (Touched::default(), Vec::new());
        for _ in 0..size {
            let (command, now) = self.simulation.next_command();
            let verdict = self.step(&mut rows, (&command, now), &mut touched);
            let verdict = verdict.map_err(|why| format!("{why}\nafter {command:?} at {now:?}"))?;
            // Some answers come at once, others when more has been asked, some never.
            match self.simulation.random().below(20) {
                0 => {}
                1..5 => told.push((command, verdict)),
                _ => self.simulation.learn(&command, &verdict),
            }
        }
        told.iter().for_each(|(command, verdict)| self.simulation.learn(command, verdict));
        let changes = rows.take_changes();
        check_batch(&touched, &changes, events_before)?;
        if changes.is_empty() {
            self.engine.rollback();
            return Ok(());
        }
        self.engine.commit(&changes, &mut ()).map_err(|error| error.to_string())?;
        check_store(&mut *self.engine, (&*self.queries, &self.runtime), &self.ledger, &changes)
    }

    /// Decides one command and checks what comes of it.
    fn step(
        &mut self,
        rows: &mut WorkingSet,
        (command, now): (&Command, Timestamp),
        touched: &mut Touched,
    ) -> Result<Result<earmark_core::Answer, Rejection>, String> {
        self.steps += 1;
        self.load(rows, command)?;
        let verdict = match decide(rows, command, now) {
            Ok((answer, mut changes)) => {
                if let Some(spoil) = self.spoil {
                    spoil(&mut changes);
                }
                self.first_answers.check(&self.ledger, (command, now), Ok((&answer, &changes)))?;
                self.check_accepted((command, now), &changes)?;
                let met = if answer.replayed { "replayed" } else { "accepted" };
                self.meet(met);
                if command.mode == Mode::DryRun && !answer.replayed {
                    self.meet("dry run");
                }
                (0..changes.deleted_keys.len()).for_each(|_| self.meet("purged"));
                self.ledger.apply(command, &changes, now);
                stock::check_reserved(&self.ledger, &changes)?;
                touched.add(&changes);
                rows.absorb(changes, &command.caller.actor, now);
                Ok(answer)
            }
            Err(rejection) => {
                self.first_answers.check(&self.ledger, (command, now), Err(&rejection))?;
                stock::check_refusal(&self.ledger, command, &rejection)?;
                self.meet(rejection.code());
                Err(rejection)
            }
        };
        if self.steps.is_multiple_of(COUNT_EVERY) {
            self.ledger.check_promised()?;
        }
        if self.steps.is_multiple_of(AUDIT_EVERY) {
            self.audit_before_this_batch()?;
        }
        Ok(verdict)
    }

    fn meet(&mut self, name: &str) {
        *self.met.entry(name.to_owned()).or_default() += 1;
    }

    fn check_accepted(&self, (command, now): (&Command, Timestamp), changes: &Changes) -> Checked {
        stock::check(&self.ledger, changes, now)?;
        orders::check(&self.ledger, command, changes, now)?;
        events::check(&self.ledger, command, changes)?;
        self.check_condition(command, changes)
    }

    /// A command that names a version was decided on that version.
    fn check_condition(&self, command: &Command, changes: &Changes) -> Checked {
        let Some(wanted) = command.if_match else { return Ok(()) };
        let carts = changes.carts.iter().filter_map(|cart| self.ledger.carts.get(&cart.id));
        // A delivery names the version of its shipment, a resolution that of its payment.
        let of_order = !matches!(command.action, Action::DeliverShipment(_) | Action::ResolvePayment(_));
        let orders = changes.orders.iter().filter(|_| of_order);
        let orders = orders.filter_map(|order| self.ledger.orders.get(&order.id));
        let stocks = changes.items.iter().filter_map(|item| self.ledger.stocks.get(&item.sku));
        let versions = carts.map(|row| row.version).chain(orders.map(|row| row.version));
        let mut versions = versions.chain(stocks.map(|row| row.version));
        ensure(versions.all(|version| version == wanted), || {
            format!("decided on another version than {wanted}")
        })
    }

    /// Loads what a command names; a row must be as the commits before left it.
    fn load(&mut self, rows: &mut WorkingSet, command: &Command) -> Checked {
        for _ in 0..=3 {
            let mut keys = Keys::default();
            needs(command, rows, &mut keys);
            if keys.is_empty() {
                return Ok(());
            }
            self.engine.load(&keys, rows).map_err(|error| error.to_string())?;
            // What was changed earlier in this batch is in the ledger and in `rows` alike; what is loaded now is as it was committed.
            check_loaded(&self.ledger, &keys, rows)?;
        }
        Err("three rounds of loading were not enough".to_owned())
    }

    /// The store's own audit sees the batches before this one, and must find nothing wrong with them.
    fn audit_before_this_batch(&self) -> Checked {
        let report = self.runtime.block_on(self.queries.verify()).map_err(|error| error.to_string())?;
        ensure(report.breaches.is_empty(), || report.breaches.join("; "))
    }

    fn audit(&self) -> Checked {
        self.audit_before_this_batch()?;
        let report = self.runtime.block_on(self.queries.verify()).map_err(|error| error.to_string())?;
        let wanted = [self.ledger.items.len(), self.ledger.orders.len(), self.ledger.events.len()];
        ensure([report.items, report.orders, report.events] == wanted.map(|count| count as u64), || {
            format!("the audit read {report:?}, not {wanted:?}")
        })
    }
}
