//! Short constructors of commands, for cases that write their own.

use earmark_core::carts::create::CreateCart;
use earmark_core::carts::lines::{ChangeCartLine, LineChange};
use earmark_core::command::Action;
use earmark_core::idempotency::IdempotencyKey;
use earmark_core::ids::{AdjustmentId, CartId, KeyId, OrderId, PaymentId, RefundId, ShipmentId};
use earmark_core::items::AdjustmentReason;
use earmark_core::items::adjust::{AdjustStock, StockChange};
use earmark_core::items::put::PutItem;
use earmark_core::keys::KeyRole;
use earmark_core::keys::create::CreateKey;
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

/// A command of the operator, without an idempotency key or a condition.
pub(crate) fn command(action: Action) -> Command {
    Command::new(Caller::OPERATOR, action)
}

/// The same command under an idempotency key of this number.
pub(crate) fn keyed(mut command: Command, number: u8) -> Command {
    command.idempotency = Some(IdempotencyKey { digest: [number; 16], fingerprint: [number ^ 0xFF; 16] });
    command
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("a SKU")
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(crate) fn money(minor: i64) -> Money {
    Money::parse(minor).expect("an amount")
}

pub(crate) fn units(text: &str, quantity: u32) -> Units {
    Units { sku: sku(text), quantity }
}

/// Puts an item that has only a name and a price of 10.00.
pub(crate) fn put(text: &str) -> Command {
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

pub(crate) fn adjust(text: &str, delta: i64) -> Command {
    command(Action::AdjustStock(AdjustStock {
        id: AdjustmentId(1),
        sku: sku(text),
        change: StockChange::By(delta),
        reason: AdjustmentReason::Received,
        note: None,
    }))
}

pub(crate) fn cart(id: u128) -> Command {
    let (customer_id, metadata) = (None, Metadata::default());
    let (id, ttl) = (CartId(id), Span::from_seconds(3600));
    command(Action::CreateCart(CreateCart { id, customer_id, metadata, ttl }))
}

pub(crate) fn add(cart: u128, text: &str, quantity: u32) -> Command {
    let (change, ttl) = (LineChange::Add { sku: sku(text), quantity }, Span::from_seconds(3600));
    command(Action::ChangeCartLine(ChangeCartLine { cart_id: CartId(cart), change, ttl }))
}

/// An order without a customer, confirmed at once.
pub(crate) fn place(id: u128, lines: Vec<Units>) -> PlaceOrder {
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

pub(crate) fn order(id: u128, lines: Vec<Units>) -> Command {
    command(Action::PlaceOrder(place(id, lines)))
}

pub(crate) fn confirm(id: u128) -> Command {
    command(Action::ConfirmOrder(ConfirmOrder { order_id: OrderId(id) }))
}

pub(crate) fn cancel(id: u128, lines: Option<Vec<Units>>, refund: u128) -> Command {
    let (order_id, refund_id) = (OrderId(id), RefundId(refund));
    let (reason, note) = (CancelReason::Customer, None);
    command(Action::CancelOrder(CancelOrder { order_id, lines, reason, note, refund_id }))
}

pub(crate) fn pay(id: u128, payment: u128) -> Command {
    command(Action::StartPayment(StartPayment {
        order_id: OrderId(id),
        payment_id: PaymentId(payment),
        token: Token::parse("tok_ok").expect("a token"),
        amount: None,
        gateway: name("sandbox"),
    }))
}

pub(crate) fn settle(id: u128, payment: u128, result: PaymentResult) -> Command {
    let (order_id, payment_id) = (OrderId(id), PaymentId(payment));
    let refund_id = RefundId(payment);
    command(Action::SettlePayment(SettlePayment { order_id, payment_id, result, refund_id }))
}

pub(crate) fn ship(id: u128, shipment: u128, lines: Option<Vec<Units>>) -> Command {
    command(Action::ShipOrder(ShipOrder {
        order_id: OrderId(id),
        shipment_id: ShipmentId(shipment),
        lines,
        carrier: None,
        tracking_number: None,
        tracking_url: None,
    }))
}

/// An admin key without a name.
pub(crate) fn admin_key(id: u128) -> CreateKey {
    CreateKey { id: KeyId(id), name: None, role: KeyRole::Admin, secret_hash: [0xA5; 32] }
}

pub(crate) fn create_key(key: CreateKey) -> Command {
    command(Action::CreateKey(key))
}
