//! Does the time at which commands are decided never go backwards?

use earmark_core::ids::CartId;
use earmark_core::{Keys, Outcome, Timestamp, WorkingSet, decide, needs};

use super::Running;
use crate::commands::{adjust, cart, put};
use crate::fixture::Fixture;
use crate::simulation::BEGINNING;

pub(crate) fn time_goes_on_from_the_last_event(mut fixture: Fixture) {
    // The clock of another node, or of this one before a restart, is an hour ahead.
    let ahead = Timestamp(BEGINNING.0 + 3_600_000_000);
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

pub(crate) fn time_never_runs_backwards(fixture: Fixture) {
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
