//! Is the first answer of every kind of command kept under its idempotency key, and given again?

use earmark_core::carts::delete::{DeleteCart, Due};
use earmark_core::command::Action;
use earmark_core::idempotency::KeptAnswer;
use earmark_core::ids::{CartId, OrderId, ShipmentId};
use earmark_core::payments::settle::PaymentResult;
use earmark_core::shipments::deliver::DeliverShipment;
use earmark_core::{Command, Rejection};

use super::full::{full_catalogue, full_order};
use crate::commands::{
    add, admin_key, cancel, cart, command, confirm, create_key, keyed, pay, settle, ship, units,
};
use crate::harness::Harness;

/// One command of each kind whose answer is kept, in an order in which all of them succeed.
fn answered() -> Vec<Command> {
    let order_id = OrderId(100);
    let lines = vec![units("full", 1), units("other", 1)];
    let deliver = DeliverShipment { order_id, shipment_id: ShipmentId(1) };
    let delete = DeleteCart { cart_id: CartId(9), due: Due::Now };
    let succeeded = PaymentResult::Succeeded { reference: None };
    let mut commands = full_catalogue();
    commands.extend([
        cart(9),
        add(9, "full", 2),
        command(Action::PlaceOrder(full_order(100))),
        confirm(100),
        pay(100, 1),
        settle(100, 1, succeeded),
        cancel(100, Some(lines), 1),
        ship(100, 1, Some(vec![units("full", 1)])),
        command(Action::DeliverShipment(deliver)),
        create_key(admin_key(3)),
        command(Action::DeleteCart(delete)),
    ]);
    commands.into_iter().zip(1..).map(|(command, number)| keyed(command, number)).collect()
}

pub(crate) fn every_kept_answer_is_given_again(harness: &mut Harness) {
    let commands = answered();
    let answers: Vec<_> = commands.iter().map(|command| harness.must(command.clone())).collect();
    harness.check();
    for (command, first) in commands.iter().zip(&answers) {
        let digest = command.idempotency.expect("all have keys").digest;
        let again = harness.must(command.clone());
        assert!(again.replayed && !first.replayed, "the second answer is a replay");
        match &harness.model.idempotency[&digest].answer {
            // Only this answer differs from the first one: a payment is shown as it now is.
            KeptAnswer::Payment(..) => assert_ne!(again.outcome, first.outcome, "the payment has settled"),
            KeptAnswer::Placed(_) | KeptAnswer::Whole(_) => {
                assert_eq!(again.outcome, first.outcome, "the first answer again");
            }
        }
        let mut other = command.clone();
        other.idempotency.as_mut().expect("all have keys").fingerprint = [0; 16];
        assert_eq!(harness.run(other), Err(Rejection::IdempotencyKeyReused));
    }
    harness.check();
}
