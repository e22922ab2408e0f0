//! Does each caller get its answer, once and in time, and does a replay get the first one?

use std::time::Duration;

use earmark_core::ids::OrderId;
use earmark_core::orders::OrderStatus;
use earmark_core::{Command, Mode, Outcome, Rejection};
use earmark_store::{ItemFilter, SubmitError};

use super::Running;
use crate::commands::{adjust, cancel, keyed, order, put, units};
use crate::fixture::Fixture;

pub(crate) fn a_full_queue_refuses(fixture: Fixture) {
    let running = Running::start(fixture);
    let mut handles = vec![running.hold()];
    handles.extend(["a", "b", "c", "d"].map(|text| running.spawn(put(text))));
    assert_eq!(running.store.stats().queue_commands, 4);
    assert_eq!(running.submit(put("one-too-many")), Err(SubmitError::Overloaded));
    running.gate.open();
    for handle in handles {
        running.must_join(handle);
    }
    running.must(put("e"));
    let filter = ItemFilter::default();
    let items = running.runtime.block_on(running.store.queries().list_items(&filter, 10));
    assert_eq!(items.expect("it can be read").rows.len(), 6, "all but the refused one");
}

pub(crate) fn a_command_goes_on_without_its_caller(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    let held = running.hold();
    let abandoned = running.spawn(adjust("a", 7));
    abandoned.abort();
    let ended = running.runtime.block_on(abandoned).expect_err("its task has ended");
    assert!(ended.is_cancelled());
    running.gate.open();
    running.must_join(held);
    running.must(adjust("a", 1));
    assert_eq!(running.on_hand("a"), 8, "it ran once all the same");
}

pub(crate) fn a_dry_run_changes_nothing(fixture: Fixture) {
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
    running.must_have_no_breach();
}

pub(crate) fn a_replay_gives_the_first_answer(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    let rejected = running.submit(keyed(order(1, vec![units("a", 1)]), 1)).expect("it is answered");
    assert!(matches!(rejected, Err(Rejection::InsufficientStock { .. })));
    running.must(adjust("a", 5));
    // The command is sent twice into one batch. Each request draws new ids.
    let held = running.hold();
    let twice = [2, 3].map(|id| running.spawn(keyed(order(id, vec![units("a", 1)]), 1)));
    running.gate.open();
    running.must_join(held);
    let answers = twice.map(|handle| running.must_join(handle));
    assert_eq!(answers.each_ref().map(|answer| answer.replayed), [false, true]);
    assert_eq!(answers[0].outcome, answers[1].outcome);
    // It is sent again when the order has changed.
    running.must(cancel(2, None, 1));
    let later = running.must(keyed(order(4, vec![units("a", 1)]), 1));
    assert_eq!((later.replayed, later.outcome), (true, answers[0].outcome.clone()));
    let mut other = keyed(order(5, vec![units("a", 2)]), 1);
    other.idempotency.as_mut().expect("it has a key").fingerprint = [0; 16];
    assert_eq!(running.submit(other), Ok(Err(Rejection::IdempotencyKeyReused)));
    running.must_have_no_breach();
}

pub(crate) fn a_late_answer_is_unknown(fixture: Fixture) {
    let running = Running::start_with(fixture, Duration::from_millis(50));
    let held = running.hold();
    assert_eq!(running.join(held), Err(SubmitError::Unknown), "it may still happen");
    running.gate.open();
    // The time limit holds for this command too, so it is sent again under its key until it is
    // answered.
    let answered =
        (0..1_000).any(|_| running.submit(keyed(adjust("held", 1), 1)).is_ok_and(|done| done.is_ok()));
    assert!(answered, "the writer goes on");
    assert_eq!(running.on_hand("held"), 1, "what came late happened all the same");
    running.must_have_no_breach();
}
