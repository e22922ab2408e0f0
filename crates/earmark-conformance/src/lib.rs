//! Does an engine keep its promises? One suite that every implementation runs.
//!
//! Each case begins on a store of its own and holds what comes back against a model of what was saved. [`run`] is the suite, [`differential`] the same
//! random log of commands on two stores. A new promise of [`Engine`] or [`Queries`] gets its case here, so that no engine can miss it.

mod audits;
mod book;
mod by_item;
mod commands;
mod differential;
mod due;
mod gate;
mod limits;
mod lists;
mod model;
mod money;
mod movements;
mod rows;
pub mod simulation;
mod transactions;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use earmark_store::{Engine, Queries};

use book::Book;

pub use by_item::agree_with_a_scan;
pub use differential::differential;
pub use transactions::guards_idempotency_keys;

/// An empty store to try.
pub struct Fixture {
    /// Its engine.
    pub engine: Box<dyn Engine>,
    /// Its read side.
    pub queries: Arc<dyn Queries>,
}

/// A case that drives the engine itself, through the model.
type BookCase = fn(&mut Book);
/// A case that puts the writer on top of it.
type WriterCase = fn(Fixture);

const BOOK_CASES: &[(&str, BookCase)] = &[
    ("an empty store has nothing", rows::an_empty_store_has_nothing),
    ("rows with every field filled come back as saved", rows::filled_rows_come_back),
    ("rows with every optional field empty come back as saved", rows::bare_rows_come_back),
    ("rows at their limits come back as saved", limits::rows_at_their_limits_come_back),
    ("orders and carts of 500 lines come back as saved", limits::long_rows_come_back),
    ("the extremes of ids and times come back as saved", limits::extremes_come_back),
    ("every kept answer is given again", rows::every_kept_answer_is_given_again),
    ("an update writes the whole order and no other", rows::an_update_writes_the_whole_order),
    ("deleted carts are gone", rows::deleted_carts_are_gone),
    ("purged keys are free again", rows::purged_keys_are_free_again),
    ("references lead to their orders", rows::references_lead_to_their_orders),
    ("a rollback leaves nothing", transactions::a_rollback_leaves_nothing),
    ("a stale version is refused with its whole batch", transactions::stale_versions_are_refused),
    ("an insert of a row that exists is refused with its whole batch", transactions::taken_ids_are_refused),
    ("a batch with one bad row saves none of it", transactions::one_bad_row_refuses_the_batch),
    ("a batch applied twice is harmless", transactions::a_batch_applied_twice_is_harmless),
    ("event numbers go on without gaps", transactions::event_numbers_go_on),
    ("readers see a committed batch at once", transactions::readers_see_a_batch_at_once),
    ("items are listed with every filter", lists::items),
    ("orders are listed with every filter", lists::orders),
    ("payments and refunds are listed with every filter", money::lists),
    ("events are listed with every filter", lists::events),
    ("API keys are listed", lists::api_keys),
    ("movements replay to the counters", movements::replay),
    ("due lists give what is due", due::due_lists),
    ("the sweep finds old keys", due::key_sweep),
    ("the audit of right books is clean", audits::right_books_are_clean),
    ("the audit sees stock that was not reserved", audits::unreserved_stock_is_seen),
    ("the audit sees a counter without a movement", audits::unmoved_counter_is_seen),
    ("the audit sees a gap in the events", audits::gap_is_seen),
];

const WRITER_CASES: &[(&str, WriterCase)] = &[
    ("concurrent buyers get what there is and no more", writer::concurrent_buyers),
    ("only the offender of a batch fails", writer::only_the_offender_fails),
    ("a full queue refuses at once", writer::a_full_queue_refuses),
    ("a command goes on without its caller", writer::a_command_goes_on_without_its_caller),
    ("a dry run changes nothing", writer::a_dry_run_changes_nothing),
    ("a replay gives the first answer", writer::a_replay_gives_the_first_answer),
    ("a conflict is decided again", writer::a_conflict_is_decided_again),
    ("an unavailable database refuses and comes back", writer::an_unavailable_database_comes_back),
    ("after a commit of unknown outcome nothing is answered", writer::an_unknown_commit_ends_the_writer),
    (
        "after a commit of which nothing could be learned the store goes on",
        writer::an_unlearned_commit_goes_on,
    ),
    ("whoever waits too long is told so, and the command goes on", writer::a_late_answer_is_unknown),
    ("whoever waits for a payment or for money due is woken", writer::waiters_are_woken),
    ("time never runs backwards", writer::time_never_runs_backwards),
    ("time goes on from what another node wrote", writer::time_goes_on_from_the_last_event),
];

/// Runs the whole suite; each case gets a fresh store. All cases are run before the failures are told.
///
/// # Panics
/// If a case fails; the message names each.
pub fn run(make: impl Fn() -> Fixture) {
    let mut failures = Vec::new();
    for (name, case) in BOOK_CASES {
        failures.extend(failure(name, || case(&mut Book::open(make()))));
    }
    for (name, case) in WRITER_CASES {
        failures.extend(failure(name, || case(make())));
    }
    failures.extend(failure("who waits during a commit that fails is not forgotten", || {
        writer::who_waits_during_a_failed_commit_is_not_forgotten(&make);
    }));
    failures.extend(failure("whoever is saved is told, whatever becomes of the next batch", || {
        writer::who_is_saved_is_told_whatever_comes_next(&make);
    }));
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// What a case says when it fails.
fn failure(name: &str, case: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(case)).err()?;
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
    Some(format!("- {name}: {text}"))
}
