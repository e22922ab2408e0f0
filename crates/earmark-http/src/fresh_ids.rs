//! Where do ids come from? They are made here, before the command is submitted, since deciding is
//! pure.
//!
//! They are UUIDv7: the time comes first, and within a process they rise even inside a millisecond.

use earmark_core::ids::{AdjustmentId, CartId, OrderId, PaymentId, RefundId, ShipmentId};
use uuid::Uuid;

macro_rules! fresh {
    ($($name:ident: $id:ident;)*) => {$(
        pub(crate) fn $name() -> $id {
            $id(Uuid::now_v7().as_u128())
        }
    )*};
}

fresh! {
    adjustment: AdjustmentId;
    cart: CartId;
    order: OrderId;
    payment: PaymentId;
    refund: RefundId;
    shipment: ShipmentId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_within_a_process() {
        let made: Vec<_> = (0..10_000).map(|_| order()).collect();
        assert!(made.is_sorted());
    }
}
