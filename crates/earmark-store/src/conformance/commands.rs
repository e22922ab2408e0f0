//! Commands in few words, for cases that write their own.

use earmark_core::carts::create::CreateCart;
use earmark_core::carts::lines::{ChangeCartLine, LineChange};
use earmark_core::command::Action;
use earmark_core::idempotency::IdempotencyKey;
use earmark_core::ids::{AdjustmentId, CartId, OrderId, PaymentId, RefundId, ShipmentId};
use earmark_core::items::AdjustmentReason;
use earmark_core::items::adjust::{AdjustStock, StockChange};
use earmark_core::items::put::PutItem;
use earmark_core::orders::cancel::CancelOrder;
use earmark_core::orders::confirm::ConfirmOrder;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{CancelReason, Units};
use earmark_core::payments::Token;
use earmark_core::payments::settle::{PaymentResult, SettlePayment};
use earmark_core::payments::start::StartPayment;
use earmark_core::shipments::ship::ShipOrder;
use earmark_core::text::{Metadata, Name, Sku};
use earmark_core::{Caller, Command, Money, Span};

/// A command of the operator, without key or condition.
pub(super) fn command(action: Action) -> Command {
    Command::new(Caller::OPERATOR, action)
}

/// The same under a key.
pub(super) fn keyed(mut command: Command, number: u8) -> Command {
    command.idempotency = Some(IdempotencyKey { digest: [number; 16], fingerprint: [number ^ 0xFF; 16] });
    command
}

pub(super) fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("a SKU")
}

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(super) fn money(minor: i64) -> Money {
    Money::parse(minor).expect("an amount")
}

pub(super) fn units(text: &str, quantity: u32) -> Units {
    Units { sku: sku(text), quantity }
}

/// An item at 10.00 with nothing but its name.
pub(super) fn put(text: &str) -> Command {
    command(Action::PutItem(PutItem {
        sku: sku(text),
        name: name(text),
        unit_price: money(1000),
        description: None,
        active: None,
        image_url: None,
        metadata: None,
    }))
}

pub(super) fn adjust(text: &str, delta: i64) -> Command {
    command(Action::AdjustStock(AdjustStock {
        id: AdjustmentId(1),
        sku: sku(text),
        change: StockChange::By(delta),
        reason: AdjustmentReason::Received,
        note: None,
    }))
}

pub(super) fn cart(id: u128) -> Command {
    let (customer_id, metadata) = (None, Metadata::default());
    let (id, ttl) = (CartId(id), Span::from_seconds(3600));
    command(Action::CreateCart(CreateCart { id, customer_id, metadata, ttl }))
}

pub(super) fn add(cart: u128, text: &str, quantity: u32) -> Command {
    let (change, ttl) = (LineChange::Add { sku: sku(text), quantity }, Span::from_seconds(3600));
    command(Action::ChangeCartLine(ChangeCartLine { cart_id: CartId(cart), change, ttl }))
}

/// An order of nobody in particular, confirmed.
pub(super) fn place(id: u128, lines: Vec<Units>) -> PlaceOrder {
    PlaceOrder {
        id: OrderId(id),
        source: Source::Lines { lines, customer_id: None },
        expected_total: None,
        confirm: Confirm::Now,
        reference: None,
        shipping_address: None,
        metadata: Metadata::default(),
        reservation_ttl: Span::from_seconds(1800),
    }
}

pub(super) fn order(id: u128, lines: Vec<Units>) -> Command {
    command(Action::PlaceOrder(place(id, lines)))
}

pub(super) fn confirm(id: u128) -> Command {
    command(Action::ConfirmOrder(ConfirmOrder { order_id: OrderId(id) }))
}

pub(super) fn cancel(id: u128, lines: Option<Vec<Units>>, refund: u128) -> Command {
    let (order_id, refund_id) = (OrderId(id), RefundId(refund));
    let (reason, note) = (CancelReason::Customer, None);
    command(Action::CancelOrder(CancelOrder { order_id, lines, reason, note, refund_id }))
}

pub(super) fn pay(id: u128, payment: u128) -> Command {
    command(Action::StartPayment(StartPayment {
        order_id: OrderId(id),
        payment_id: PaymentId(payment),
        token: Token::parse("tok_ok").expect("a token"),
        amount: None,
        gateway: name("sandbox"),
    }))
}

pub(super) fn settle(id: u128, payment: u128, result: PaymentResult) -> Command {
    let (order_id, payment_id) = (OrderId(id), PaymentId(payment));
    let refund_id = RefundId(payment);
    command(Action::SettlePayment(SettlePayment { order_id, payment_id, result, refund_id }))
}

pub(super) fn ship(id: u128, shipment: u128, lines: Option<Vec<Units>>) -> Command {
    command(Action::ShipOrder(ShipOrder {
        order_id: OrderId(id),
        shipment_id: ShipmentId(shipment),
        lines,
        carrier: None,
        tracking_number: None,
        tracking_url: None,
    }))
}
