//! Does a reference lead to its order, and never to another one?

use earmark_core::Rejection;
use earmark_core::command::Action;
use earmark_core::ids::OrderId;
use earmark_core::orders::place::PlaceOrder;
use earmark_core::text::Reference;

use crate::commands::{adjust, cancel, command, place, put, units};
use crate::harness::Harness;

pub(crate) fn references_lead_to_their_orders(harness: &mut Harness) {
    harness.must(put("a"));
    harness.must(adjust("a", 10));
    let with = |id, reference| {
        let reference = Some(Reference::parse(reference).expect("a reference"));
        command(Action::PlaceOrder(PlaceOrder { reference, ..place(id, vec![units("a", 1)]) }))
    };
    harness.must(with(1, "one"));
    harness.must(with(2, "ONE"));
    harness.check();
    let taken = Err(Rejection::AlreadyExists { order_id: OrderId(1) });
    assert_eq!(harness.run(with(3, "one")), taken);
    harness.must(cancel(1, None, 1));
    assert_eq!(harness.run(with(4, "one")), taken, "a cancelled order keeps its reference");
    harness.check();
}
