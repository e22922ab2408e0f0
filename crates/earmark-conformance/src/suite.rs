//! Which cases are there, and what does a run of all of them say?
//!
//! A case gets an empty store of its own and panics if a promise is broken. Its name is the
//! promise.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::fixture::Fixture;
use crate::harness::Harness;
use crate::{lists, rows, transactions, verify, writer};

/// A case that drives the engine itself and compares it with a model.
type HarnessCase = fn(&mut Harness);
/// A case that runs the writer on the engine.
type WriterCase = fn(Fixture);
/// A case that runs the writer several times, each time on an empty store.
type RepeatedWriterCase = fn(&dyn Fn() -> Fixture);

const HARNESS_CASES: &[(&str, HarnessCase)] = &[
    ("an empty store has nothing", rows::bare::an_empty_store_has_nothing),
    ("rows with every field filled come back as saved", rows::full::full_rows_come_back),
    ("rows with every optional field empty come back as saved", rows::bare::bare_rows_come_back),
    ("rows at their limits come back as saved", rows::limits::rows_at_their_limits_come_back),
    ("orders and carts of 500 lines come back as saved", rows::limits::long_rows_come_back),
    ("the extremes of ids and times come back as saved", rows::limits::extremes_come_back),
    ("every kept answer is given again", rows::answers::every_kept_answer_is_given_again),
    ("an update writes the whole order and no other", rows::full::an_update_writes_the_whole_order),
    ("deleted carts are gone", rows::deleted::deleted_carts_are_gone),
    ("purged keys are free again", rows::deleted::purged_keys_are_free_again),
    ("references lead to their orders", rows::references::references_lead_to_their_orders),
    ("a rollback leaves nothing", transactions::batches::a_rollback_leaves_nothing),
    ("a stale version is refused with its whole batch", transactions::stale_versions::are_refused),
    ("an insert of a row that exists is refused with its whole batch", transactions::taken_ids::are_refused),
    ("a batch with one bad row saves none of it", transactions::batches::one_bad_row_refuses_the_batch),
    ("a batch applied twice is harmless", transactions::batches::a_batch_applied_twice_is_harmless),
    ("event numbers go on without gaps", transactions::batches::event_numbers_go_on),
    ("readers see a committed batch at once", transactions::batches::readers_see_a_batch_at_once),
    ("items are listed with every filter", lists::items::are_listed),
    ("orders are listed with every filter", lists::orders::are_listed),
    ("payments and refunds are listed with every filter", lists::payments::are_listed),
    ("events are listed with every filter", lists::events::are_listed),
    ("API keys are listed", lists::api_keys::are_listed),
    ("movements replay to the counters", lists::movements::replay_to_the_counters),
    ("lists of due work give what is due", lists::due::are_listed),
    ("the sweep finds old idempotency keys", lists::idempotency_keys::are_swept),
    ("verification finds nothing in correct data", verify::correct_data_has_no_breach),
    ("verification finds stock that was not reserved", verify::unreserved_stock_is_found),
    ("verification finds a counter without a movement", verify::unmoved_counter_is_found),
    ("verification finds a gap in the events", verify::gap_is_found),
];

const WRITER_CASES: &[(&str, WriterCase)] = &[
    ("concurrent buyers get what there is and no more", writer::concurrency::concurrent_buyers),
    ("signals reach those that wait", writer::concurrency::signals_reach_those_that_wait),
    ("only the offending command of a batch fails", writer::failures::only_the_offender_fails),
    ("a conflict is decided again", writer::failures::a_conflict_is_decided_again),
    ("an unavailable database refuses and comes back", writer::failures::an_unavailable_database_comes_back),
    (
        "after a commit of unknown outcome nothing is answered",
        writer::failures::an_unknown_commit_ends_the_writer,
    ),
    (
        "after a commit of which nothing could be learned the store goes on",
        writer::failures::an_unlearned_commit_goes_on,
    ),
    ("a full queue refuses at once", writer::answers::a_full_queue_refuses),
    ("a command goes on without its caller", writer::answers::a_command_goes_on_without_its_caller),
    ("a dry run changes nothing", writer::answers::a_dry_run_changes_nothing),
    ("a replay gives the first answer", writer::answers::a_replay_gives_the_first_answer),
    (
        "a caller that waited too long gets an error, and the command goes on",
        writer::answers::a_late_answer_is_unknown,
    ),
    ("time never runs backwards", writer::time::time_never_runs_backwards),
    ("time goes on from what another node wrote", writer::time::time_goes_on_from_the_last_event),
];

const REPEATED_WRITER_CASES: &[(&str, RepeatedWriterCase)] = &[
    (
        "commands that wait during a failed commit are answered",
        writer::failures::commands_that_wait_during_a_failed_commit_are_answered,
    ),
    (
        "what is saved is answered, whatever becomes of the next batch",
        writer::failures::what_is_saved_is_answered_whatever_comes_next,
    ),
];

/// Runs the whole suite; `make` gives an empty store to each case. All cases run before the
/// failures are shown.
///
/// # Panics
/// If a case fails; the message names each that did.
pub fn run(make: impl Fn() -> Fixture) {
    let mut failures = Vec::new();
    for (name, case) in HARNESS_CASES {
        failures.extend(failure(name, || case(&mut Harness::new(make()))));
    }
    for (name, case) in WRITER_CASES {
        failures.extend(failure(name, || case(make())));
    }
    for (name, case) in REPEATED_WRITER_CASES {
        failures.extend(failure(name, || case(&make)));
    }
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// The name of a case and its panic, if it fails.
fn failure(name: &str, case: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(case)).err()?;
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text");
    Some(format!("- {name}: {text}"))
}
