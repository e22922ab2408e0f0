//! What do callers get when the database refuses, fails, or does not say what happened?

use earmark_store::{StoreError, SubmitError};

use super::Running;
use crate::commands::{adjust, cancel, order, pay, put, units};
use crate::fixture::Fixture;
use crate::gated_engine::Before;

pub(crate) fn only_the_offender_fails(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.must(adjust("a", 10));
    running.must(order(1, vec![units("a", 1)]));
    running.must(order(2, vec![units("a", 1)]));
    running.must(pay(1, 900));
    let held = running.hold();
    let good = running.spawn(adjust("a", 5));
    // The rules cannot see that the ids of this payment and of that order are taken. The schema
    // does.
    let offender = running.spawn(pay(2, 900));
    let also_good = running.spawn(order(3, vec![units("a", 1)]));
    let another = running.spawn(order(1, vec![units("a", 1)]));
    running.gate.open();
    for handle in [held, good, also_good] {
        running.must_join(handle);
    }
    for offender in [offender, another] {
        let refused = running.join(offender).expect_err("the offender fails");
        assert!(matches!(refused, SubmitError::Refused | SubmitError::Unavailable), "{refused}");
    }
    assert_eq!(running.on_hand("a"), 15, "the others were saved once");
    running.must_have_no_breach();
}

pub(crate) fn a_conflict_is_decided_again(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.gate.fail_next_commit(StoreError::Conflict("another node".into()));
    running.must(adjust("a", 5));
    assert_eq!(running.on_hand("a"), 5, "once");
    running.must_have_no_breach();
}

pub(crate) fn an_unavailable_database_comes_back(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.gate.fail_next_commit(StoreError::Unavailable("away".into()));
    assert_eq!(running.submit(adjust("a", 5)), Err(SubmitError::Unavailable));
    assert_eq!(running.on_hand("a"), 0, "it did not happen");
    running.must(adjust("a", 3));
    assert_eq!(running.on_hand("a"), 3);
    running.must_have_no_breach();
}

pub(crate) fn an_unknown_commit_ends_the_writer(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.gate.fail_next_commit(StoreError::Unknown("no answer".into()));
    assert_eq!(running.submit(adjust("a", 5)), Err(SubmitError::Unknown), "it may have happened");
    let ended = running.runtime.block_on(running.ended).expect("the writer says why");
    assert!(matches!(ended, Err(StoreError::Unknown(_))), "{ended:?}");
    let after = running.runtime.block_on(running.store.submit(adjust("a", 5)));
    assert_eq!(after, Err(SubmitError::Unavailable), "no command is taken any more");
    assert!(!running.store.is_alive());
}

pub(crate) fn an_unlearned_commit_goes_on(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.gate.fail_next_commit(StoreError::Unlearned("no answer".into()));
    assert_eq!(running.submit(adjust("a", 5)), Err(SubmitError::Unknown), "it may have happened");
    running.must(adjust("a", 3));
    assert_eq!(running.on_hand("a"), 3);
    running.must_have_no_breach();
}

pub(crate) fn commands_that_wait_during_a_failed_commit_are_answered(make: &dyn Fn() -> Fixture) {
    for (error, first_error, added) in [
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
        assert_eq!(running.join(first).err(), first_error, "{what}");
        for waiting in waiting {
            let answer = running.join(waiting);
            if ends {
                assert_eq!(answer, Err(SubmitError::Unavailable), "{what}: it was not decided");
            } else {
                answer.expect("it is answered").expect("the command is right");
            }
        }
        assert_eq!(running.on_hand("a"), added, "{what}: each once");
        assert_eq!(running.has("held"), first_error.is_none(), "{what}: what was answered is what happened");
        running.must_have_no_breach();
    }
}

pub(crate) fn what_is_saved_is_answered_whatever_comes_next(make: &dyn Fn() -> Fixture) {
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
        running.gate.overlap_next_commit(fails);
        running.gate.open();
        running.must_join(first);
        assert!(running.has("held"), "{what:?}");
        // No command follows this one, so its answer must not depend on one.
        let _ = running.join(next);
    }
}
