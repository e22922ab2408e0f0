//! One random log of commands, decided batch by batch, with every check after every command.

use std::collections::BTreeMap;
use std::sync::Arc;

use earmark_conformance::simulation::Simulation;
use earmark_core::{Action, Answer, Changes, Command, Keys, Mode, Rejection, WorkingSet, decide, needs};
use earmark_store::memory::MemoryStore;
use earmark_store::{Engine, Queries};

use crate::batch::{self, Touched};
use crate::keys::FirstAnswers;
use crate::ledger::{Checked, Ledger, TimedCommand, ensure};
use crate::store::{TestedStore, check_loaded};
use crate::{events, orders, stock};

/// After how many commands the reserved units are counted anew.
const COUNT_EVERY: u64 = 1_000;
/// After how many commands the store verifies its data.
const VERIFY_EVERY: u64 = 7_000;

/// Changes a decision as a rule with a bug would, to see that the checks notice.
pub(crate) type BreakRule = fn(&mut Changes);

/// A run of the checks over one log of commands.
pub(crate) struct Run {
    simulation: Simulation,
    store: TestedStore,
    ledger: Ledger,
    first_answers: FirstAnswers,
    commands: u64,
    /// How often each kind of event, status, rejection and answer came up.
    pub(crate) met: BTreeMap<String, u64>,
    pub(crate) break_rule: Option<BreakRule>,
}

impl Run {
    /// A run of this seed on an empty store in memory.
    pub(crate) fn in_memory(seed: u64) -> Self {
        let store = MemoryStore::new();
        Self::new(seed, Box::new(store.clone()), Arc::new(store))
    }

    pub(crate) fn new(seed: u64, engine: Box<dyn Engine>, queries: Arc<dyn Queries>) -> Self {
        Self {
            simulation: Simulation::new(seed),
            store: TestedStore::new(engine, queries),
            ledger: Ledger::default(),
            first_answers: FirstAnswers::default(),
            commands: 0,
            met: BTreeMap::new(),
            break_rule: None,
        }
    }

    /// Decides and checks so many commands. An error says what is wrong, and after which command.
    pub(crate) fn go(mut self, commands: u64) -> Result<Self, String> {
        while self.commands < commands {
            self.run_batch().map_err(|why| format!("command {}: {why}", self.commands))?;
        }
        self.ledger.check_reserved()?;
        self.store.verify_all(&self.ledger)?;
        for order in self.ledger.orders.values() {
            *self.met.entry(order.status().as_str().to_owned()).or_default() += 1;
        }
        for event in &self.ledger.events {
            *self.met.entry(event.fact.type_name().to_owned()).or_default() += 1;
        }
        Ok(self)
    }

    /// Decides 1 to 64 commands, commits them, and checks what is stored then.
    fn run_batch(&mut self) -> Checked {
        let size = self.simulation.random().between(1, 64);
        let events_before = self.ledger.events.len() as u64;
        let mut rows = WorkingSet::default();
        let begun = self.store.engine.begin(&Keys::default(), &mut rows, &mut ());
        begun.map_err(|error| error.to_string())?;
        ensure(rows.last_sequence == events_before, || format!("event {} was the last", rows.last_sequence))?;
        let (mut touched, mut late_answers) = (Touched::default(), Vec::new());
        for _ in 0..size {
            let (command, now) = self.simulation.next_command();
            let decided = self.decide(&mut rows, TimedCommand { command: &command, now }, &mut touched);
            let decided = decided.map_err(|why| format!("{why}\nafter {command:?} at {now:?}"))?;
            // Most answers come at once, some after other commands were sent, and some never.
            match self.simulation.random().below(20) {
                0 => {}
                1..5 => late_answers.push((command, decided)),
                _ => self.simulation.learn(&command, &decided),
            }
        }
        late_answers.iter().for_each(|(command, decided)| self.simulation.learn(command, decided));
        let changes = rows.take_changes();
        batch::check(&touched, &changes, events_before)?;
        if changes.is_empty() {
            self.store.engine.rollback();
            return Ok(());
        }
        self.store.engine.commit(&changes, &mut ()).map_err(|error| error.to_string())?;
        self.store.check_commit(&self.ledger, &changes)
    }

    /// Decides one command and checks the decision.
    fn decide(
        &mut self,
        rows: &mut WorkingSet,
        timed: TimedCommand<'_>,
        touched: &mut Touched,
    ) -> Result<Result<Answer, Rejection>, String> {
        self.commands += 1;
        self.load(rows, timed.command)?;
        let decided = match decide(rows, timed.command, timed.now) {
            Ok((answer, mut changes)) => {
                if let Some(break_rule) = self.break_rule {
                    break_rule(&mut changes);
                }
                self.accept(timed, &answer, &changes)?;
                touched.add(&changes);
                rows.absorb(changes, &timed.command.caller.actor, timed.now);
                Ok(answer)
            }
            Err(rejection) => {
                self.first_answers.check(&self.ledger, timed, Err(&rejection))?;
                stock::check_rejection(&self.ledger, timed.command, &rejection)?;
                self.meet(rejection.code());
                Err(rejection)
            }
        };
        if self.commands.is_multiple_of(COUNT_EVERY) {
            self.ledger.check_reserved()?;
        }
        if self.commands.is_multiple_of(VERIFY_EVERY) {
            // This sees the batches before this one.
            self.store.verify()?;
        }
        Ok(decided)
    }

    /// Checks an accepted command, and takes its changes into the ledger.
    fn accept(&mut self, timed: TimedCommand<'_>, answer: &Answer, changes: &Changes) -> Checked {
        self.first_answers.check(&self.ledger, timed, Ok((answer, changes)))?;
        stock::check(&self.ledger, changes, timed.now)?;
        orders::check(&self.ledger, timed, changes)?;
        events::check(&self.ledger, timed.command, changes)?;
        self.check_condition(timed.command, changes)?;
        self.meet(if answer.replayed { "replayed" } else { "accepted" });
        if timed.command.mode == Mode::DryRun && !answer.replayed {
            self.meet("dry run");
        }
        (0..changes.deleted_keys.len()).for_each(|_| self.meet("purged"));
        self.ledger.apply(timed, changes);
        stock::check_reserved(&self.ledger, changes)
    }

    fn meet(&mut self, name: &str) {
        *self.met.entry(name.to_owned()).or_default() += 1;
    }

    /// Checks that a command that names a version was decided on that version.
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

    /// Loads the rows that a command needs, and checks that they are as the last commit left them.
    fn load(&mut self, rows: &mut WorkingSet, command: &Command) -> Checked {
        for _ in 0..=3 {
            let mut keys = Keys::default();
            needs(command, rows, &mut keys);
            if keys.is_empty() {
                return Ok(());
            }
            self.store.engine.load(&keys, rows).map_err(|error| error.to_string())?;
            // No earlier command of this batch has changed these rows, or they would be loaded
            // already. So the ledger, which is ahead of the store by this batch, has them as they
            // were committed.
            check_loaded(&self.ledger, &keys, rows)?;
        }
        Err("a command still needs rows after three rounds of loading".to_owned())
    }
}
