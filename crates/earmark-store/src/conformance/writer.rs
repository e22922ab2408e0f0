//! Does the writer keep its word on top of this engine? Through [`Store`], as everyone else uses it.

use std::future::Future;
use std::time::Duration;

use earmark_core::ids::{CartId, OrderId};
use earmark_core::items::StockedItem;
use earmark_core::orders::OrderStatus;
use earmark_core::payments::settle::PaymentResult;
use earmark_core::{Answer, Command, Keys, Mode, Outcome, Rejection, Timestamp, WorkingSet, decide, needs};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Fixture;
use super::book::runtime;
use super::commands::{adjust, cancel, cart, keyed, order, pay, put, settle, sku, units};
use super::gate::{Before, Gate};
use crate::{Clock, Interest, Store, StoreError, StoreOptions, SubmitError};

type Verdict = Result<Result<Answer, Rejection>, SubmitError>;

/// A running store, a hand on its gate, its clock and its end.
struct Running {
    store: Store,
    gate: Gate,
    clock: Clock,
    ended: oneshot::Receiver<Result<(), StoreError>>,
    runtime: Runtime,
}

impl Running {
    fn start(fixture: Fixture) -> Self {
        let (gate, clock) = (Gate::default(), Clock::manual(Timestamp(1_790_000_000_000_000)));
        let options = StoreOptions { queue_commands_max: 4, clock: clock.clone(), ..StoreOptions::default() };
        let (store, ended) = Store::start(gate.before(fixture.engine), fixture.queries, options);
        Self { store, gate, clock, ended, runtime: runtime() }
    }

    fn submit(&self, command: Command) -> Verdict {
        self.runtime.block_on(self.store.submit(command))
    }

    fn must(&self, command: Command) -> Answer {
        self.submit(command).expect("it is answered").expect("the command is right")
    }

    /// Closes the gate with one command before it, so that whatever comes next waits in the queue.
    fn hold(&self) -> JoinHandle<Verdict> {
        self.gate.close(Before::Begin);
        let first = self.spawn(put("held"));
        self.gate.wait_for_writer();
        first
    }

    /// Submits without waiting for the answer, and returns once the command is in the queue.
    fn spawn(&self, command: Command) -> JoinHandle<Verdict> {
        let store = self.store.clone();
        let handle = self.runtime.spawn(async move { store.submit(command).await });
        // One turn of the runtime polls the new task, which sends before it waits.
        self.runtime.block_on(tokio::task::yield_now());
        handle
    }

    fn join(&self, handle: JoinHandle<Verdict>) -> Verdict {
        self.runtime.block_on(handle).expect("the task ends")
    }

    fn find(&self, text: &str) -> Option<StockedItem> {
        let sku = sku(text);
        self.runtime.block_on(self.store.queries().find_item(&sku)).expect("it can be read")
    }

    fn on_hand(&self, text: &str) -> u32 {
        self.find(text).map_or(0, |item| item.stock.on_hand)
    }

    fn has(&self, text: &str) -> bool {
        self.find(text).is_some()
    }

    /// Waits for what must come; the time is only there so that a failure ends.
    fn within_reason<T>(&self, signal: impl Future<Output = T>) -> T {
        let waiting = async { tokio::time::timeout(Duration::from_secs(60), signal).await };
        self.runtime.block_on(waiting).expect("the signal comes")
    }

    fn must_be_clean(&self) {
        let report = self.runtime.block_on(self.store.queries().verify()).expect("it can be read");
        assert!(report.breaches.is_empty(), "{:?}", report.breaches);
    }
}

pub(super) fn concurrent_buyers(fixture: Fixture) {
    const STOCK: u32 = 120;
    let clock = Clock::manual(Timestamp(1_790_000_000_000_000));
    let options = StoreOptions { clock, ..StoreOptions::default() };
    let (store, _ended) = Store::start(fixture.engine, fixture.queries, options);
    let setup = runtime();
    for command in [put("hot"), adjust("hot", STOCK.into())] {
        setup.block_on(store.submit(command)).expect("it is answered").expect("the command is right");
    }
    let buy_fifty = |buyer: u128| {
        let runtime = runtime();
        let buys: Vec<_> = (0..50)
            .map(|number| {
                let store = store.clone();
                let command = order(buyer << 64 | number, vec![units("hot", 1)]);
                runtime.spawn(async move { store.submit(command).await })
            })
            .collect();
        let verdicts = buys.into_iter().map(|buy| runtime.block_on(buy).expect("the task ends"));
        verdicts.map(|verdict| verdict.expect("it is answered")).collect::<Vec<_>>()
    };
    let verdicts: Vec<_> = std::thread::scope(|scope| {
        let buyers: Vec<_> = (1..=4).map(|buyer| scope.spawn(move || buy_fifty(buyer))).collect();
        buyers.into_iter().flat_map(|buyer| buyer.join().expect("a buyer ends")).collect()
    });
    let sold = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    assert_eq!(sold, STOCK as usize, "sold exactly what there was");
    let clean = |refused: &&Rejection| matches!(refused, Rejection::InsufficientStock { .. });
    assert_eq!(verdicts.iter().filter_map(|verdict| verdict.as_ref().err()).filter(clean).count(), 80);
    let item = setup.block_on(store.queries().find_item(&sku("hot"))).expect("it can be read");
    let stock = item.expect("it is there").stock;
    assert_eq!((stock.on_hand, stock.reserved), (STOCK, STOCK));
    let report = setup.block_on(store.queries().verify()).expect("it can be read");
    assert!(report.breaches.is_empty(), "{:?}", report.breaches);
}

pub(super) fn only_the_offender_fails(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.must(adjust("a", 10));
    running.must(order(1, vec![units("a", 1)]));
    running.must(order(2, vec![units("a", 1)]));
    running.must(pay(1, 900));
    let held = running.hold();
    let good = running.spawn(adjust("a", 5));
    // The rules cannot see that this payment's id, or that order's, is taken; the schema does.
    let offender = running.spawn(pay(2, 900));
    let also_good = running.spawn(order(3, vec![units("a", 1)]));
    let another = running.spawn(order(1, vec![units("a", 1)]));
    running.gate.open();
    for handle in [held, good, also_good] {
        running.join(handle).expect("it is answered").expect("the command is right");
    }
    for offender in [offender, another] {
        let refused = running.join(offender).expect_err("the offender fails");
        assert!(matches!(refused, SubmitError::Refused | SubmitError::Unavailable), "{refused}");
    }
    assert_eq!(running.on_hand("a"), 15, "the others happened once");
    running.must_be_clean();
}

pub(super) fn a_full_queue_refuses(fixture: Fixture) {
    let running = Running::start(fixture);
    let mut handles = vec![running.hold()];
    handles.extend(["a", "b", "c", "d"].map(|text| running.spawn(put(text))));
    assert_eq!(running.store.stats().queue_commands, 4);
    assert_eq!(running.submit(put("one-too-many")), Err(SubmitError::Overloaded));
    running.gate.open();
    for handle in handles {
        running.join(handle).expect("it is answered").expect("the command is right");
    }
    running.must(put("e"));
    let filter = crate::ItemFilter::default();
    let items = running.runtime.block_on(running.store.queries().list_items(&filter, 10));
    assert_eq!(items.expect("it can be read").rows.len(), 6, "all but the refused one");
}

pub(super) fn a_command_goes_on_without_its_caller(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    let held = running.hold();
    let abandoned = running.spawn(adjust("a", 7));
    abandoned.abort();
    let gone = running.runtime.block_on(abandoned).expect_err("nobody waits for it any more");
    assert!(gone.is_cancelled());
    running.gate.open();
    running.join(held).expect("it is answered").expect("the command is right");
    running.must(adjust("a", 1));
    assert_eq!(running.on_hand("a"), 8, "carried out once all the same");
}

pub(super) fn a_dry_run_changes_nothing(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.must(adjust("a", 5));
    running.must(order(1, vec![units("a", 2)]));
    let before = running.store.stats();
    let dry = Command { mode: Mode::DryRun, ..keyed(cancel(1, None, 1), 1) };
    let Outcome::Order(shown) = running.must(dry).outcome else { panic!("an order is shown") };
    assert_eq!(shown.status(), OrderStatus::Cancelled, "as it would be");
    assert_eq!(running.store.stats(), before, "nothing was written");
    let order = running.runtime.block_on(running.store.queries().find_order(OrderId(1)));
    assert_eq!(order.expect("it can be read").expect("it is there").status(), OrderStatus::Confirmed);
    let answer = running.must(keyed(cancel(1, None, 1), 1));
    assert!(!answer.replayed, "the key is still free");
    running.must_be_clean();
}

pub(super) fn a_replay_gives_the_first_answer(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    let refused = running.submit(keyed(order(1, vec![units("a", 1)]), 1)).expect("it is answered");
    assert!(matches!(refused, Err(Rejection::InsufficientStock { .. })));
    running.must(adjust("a", 5));
    // Twice in one batch; the ids are drawn anew for each request.
    let held = running.hold();
    let twice = [2, 3].map(|id| running.spawn(keyed(order(id, vec![units("a", 1)]), 1)));
    running.gate.open();
    running.join(held).expect("it is answered").expect("the command is right");
    let answers =
        twice.map(|handle| running.join(handle).expect("it is answered").expect("the refused key was free"));
    assert_eq!(answers.each_ref().map(|answer| answer.replayed), [false, true]);
    assert_eq!(answers[0].outcome, answers[1].outcome);
    // And later, when the order has changed.
    running.must(cancel(2, None, 1));
    let later = running.must(keyed(order(4, vec![units("a", 1)]), 1));
    assert_eq!((later.replayed, later.outcome), (true, answers[0].outcome.clone()));
    let mut other = keyed(order(5, vec![units("a", 2)]), 1);
    other.idempotency.as_mut().expect("it has a key").fingerprint = [0; 16];
    assert_eq!(running.submit(other), Ok(Err(Rejection::IdempotencyKeyReused)));
    running.must_be_clean();
}

pub(super) fn a_conflict_is_decided_again(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.gate.fail_next_commit(StoreError::Conflict("another node".into()));
    running.must(adjust("a", 5));
    assert_eq!(running.on_hand("a"), 5, "once");
    running.must_be_clean();
}

pub(super) fn an_unavailable_database_comes_back(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.gate.fail_next_commit(StoreError::Unavailable("away".into()));
    assert_eq!(running.submit(adjust("a", 5)), Err(SubmitError::Unavailable));
    assert_eq!(running.on_hand("a"), 0, "it did not happen");
    running.must(adjust("a", 3));
    assert_eq!(running.on_hand("a"), 3);
    running.must_be_clean();
}

pub(super) fn an_unknown_commit_ends_the_writer(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.gate.fail_next_commit(StoreError::Unknown("no answer".into()));
    assert_eq!(running.submit(adjust("a", 5)), Err(SubmitError::Unknown), "it may have happened");
    let ended = running.runtime.block_on(running.ended).expect("the writer says why");
    assert!(matches!(ended, Err(StoreError::Unknown(_))), "{ended:?}");
    let after = running.runtime.block_on(running.store.submit(adjust("a", 5)));
    assert_eq!(after, Err(SubmitError::Unavailable), "nothing more is taken");
    assert!(!running.store.is_alive());
}

pub(super) fn an_unlearned_commit_goes_on(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.gate.fail_next_commit(StoreError::Unlearned("no answer".into()));
    assert_eq!(running.submit(adjust("a", 5)), Err(SubmitError::Unknown), "it may have happened");
    running.must(adjust("a", 3));
    assert_eq!(running.on_hand("a"), 3);
    running.must_be_clean();
}

pub(super) fn who_waits_during_a_failed_commit_is_not_forgotten(make: &dyn Fn() -> Fixture) {
    for (error, answer, added) in [
        (StoreError::Conflict("another node".into()), None, 110),
        (StoreError::Unavailable("away".into()), Some(SubmitError::Unavailable), 110),
        (StoreError::Unlearned("no answer".into()), Some(SubmitError::Unknown), 110),
        (StoreError::Unknown("no answer".into()), Some(SubmitError::Unknown), 0),
    ] {
        let running = Running::start(make());
        running.must(put("a"));
        running.gate.close(Before::Commit);
        let first = running.spawn(put("held"));
        running.gate.wait_for_writer();
        let waiting = [10, 100].map(|units| running.spawn(adjust("a", units)));
        let ends = matches!(error, StoreError::Unknown(_));
        let what = error.to_string();
        running.gate.fail_next_commit(error);
        running.gate.open();
        assert_eq!(running.join(first).err(), answer, "{what}");
        for waiting in waiting {
            let told = running.join(waiting);
            if ends {
                assert_eq!(told, Err(SubmitError::Unavailable), "{what}: nobody has decided it");
            } else {
                told.expect("it is answered").expect("the command is right");
            }
        }
        assert_eq!(running.on_hand("a"), added, "{what}: each once");
        assert_eq!(running.has("held"), answer.is_none(), "{what}: what was answered is what happened");
        running.must_be_clean();
    }
}

pub(super) fn who_is_saved_is_told_whatever_comes_next(make: &dyn Fn() -> Fixture) {
    let fails = |at: Before| {
        [
            StoreError::Conflict("another node".into()),
            StoreError::Unavailable("away".into()),
            StoreError::Damaged("a bad row".into()),
            StoreError::Unlearned("no answer".into()),
            StoreError::Unknown("no answer".into()),
        ]
        .map(|error| (Some((at, error)), adjust("a", 10)))
    };
    let all_goes_well = [(None, adjust("a", 10)), (None, cancel(1, None, 5))];
    for (fails, next) in fails(Before::Begin).into_iter().chain(fails(Before::Commit)).chain(all_goes_well) {
        let running = Running::start(make());
        running.must(put("a"));
        running.gate.close(Before::Commit);
        let first = running.spawn(put("held"));
        running.gate.wait_for_writer();
        let next = running.spawn(next);
        let what = fails.as_ref().map(|(_, error)| error.to_string());
        running.gate.draw_at_next_commit(fails);
        running.gate.open();
        running.join(first).expect("it is answered").expect("the command is right");
        assert!(running.has("held"), "{what:?}");
        // Nobody comes after it: it must not take another command to be told.
        let _ = running.join(next);
    }
}

pub(super) fn a_late_answer_is_unknown(fixture: Fixture) {
    let mut running = Running::start(fixture);
    let patience = std::mem::replace(&mut running.store.answer_within, Duration::from_millis(50));
    let held = running.hold();
    assert_eq!(running.join(held), Err(SubmitError::Unknown), "it may still happen");
    running.store.answer_within = patience;
    running.gate.open();
    running.must(adjust("held", 1));
    assert_eq!(running.on_hand("held"), 1, "what came late happened all the same");
    running.must_be_clean();
}

pub(super) fn waiters_are_woken(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.must(adjust("a", 5));
    running.must(order(1, vec![units("a", 1)]));
    // Taken before the commands, so that no signal is missed however late the waiting begins.
    let subscribe = |interest| running.store.subscribe(interest);
    let (all, payments) = (subscribe(Interest::Everything), subscribe(Interest::PaymentsDue));
    let (refunds, order) = (subscribe(Interest::RefundsDue), subscribe(Interest::Order(OrderId(1))));
    let other = subscribe(Interest::Order(OrderId(2)));
    running.must(pay(1, 900));
    let begun = running.within_reason(payments.changed());
    assert_eq!(payments.take_orders().iter().map(|order| order.id).collect::<Vec<_>>(), [OrderId(1)]);
    assert_eq!(running.within_reason(order.changed()), begun);
    running.must(settle(1, 900, PaymentResult::Succeeded { reference: None }));
    assert!(running.within_reason(order.changed()) > begun);
    running.must(cancel(1, None, 5));
    let refunded = running.within_reason(refunds.changed());
    assert_eq!(running.within_reason(all.changed()), refunded, "three signals have become one");
    assert!(payments.take_orders().is_empty());
    for still in [&payments, &other] {
        let still = running.runtime.block_on(async {
            tokio::select! { biased; _ = still.changed() => false, () = std::future::ready(()) => true }
        });
        assert!(still, "nothing was committed that it is about");
    }
}

pub(super) fn time_goes_on_from_the_last_event(mut fixture: Fixture) {
    // Another node's clock, or this one's before a restart, is an hour ahead.
    let ahead = Timestamp(1_790_003_600_000_000);
    let (command, mut rows, mut keys) = (put("A"), WorkingSet::default(), Keys::default());
    needs(&command, &rows, &mut keys);
    fixture.engine.begin(&keys, &mut rows, &mut ()).expect("a transaction can begin");
    let (_, changes) = decide(&rows, &command, ahead).expect("the command is right");
    rows.absorb(changes, &command.caller.actor, ahead);
    fixture.engine.commit(&rows.take_changes(), &mut ()).expect("it can be saved");
    let running = Running::start(fixture);
    let Outcome::Adjustment(adjustment) = running.must(adjust("A", 1)).outcome else {
        panic!("an adjustment")
    };
    assert_eq!(adjustment.created_at, ahead);
}

pub(super) fn time_never_runs_backwards(fixture: Fixture) {
    let running = Running::start(fixture);
    let at = |id| {
        let cart = running.runtime.block_on(running.store.queries().find_cart(CartId(id)));
        cart.expect("it can be read").expect("it is there").cart.created_at
    };
    let start = running.clock.now();
    running.clock.set(Timestamp(start.0 + 10));
    running.must(cart(1));
    running.clock.set(start);
    running.must(cart(2));
    running.clock.set(Timestamp(start.0 + 20));
    running.must(cart(3));
    assert_eq!([1, 2, 3].map(at), [10, 10, 20].map(|later| Timestamp(start.0 + later)));
}
