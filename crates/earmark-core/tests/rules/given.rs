//! Given a shop in which commands were carried out, what is decided about one more?

use std::sync::Arc;

use earmark_core::carts::create::CreateCart;
use earmark_core::carts::lines::{ChangeCartLine, LineChange};
use earmark_core::idempotency::IdempotencyKey;
use earmark_core::ids::{AdjustmentId, CartId, OrderId, PaymentId, RefundId, ShipmentId};
use earmark_core::items::adjust::{AdjustStock, StockChange};
use earmark_core::items::put::PutItem;
use earmark_core::items::{AdjustmentReason, Stock};
use earmark_core::orders::cancel::CancelOrder;
use earmark_core::orders::confirm::ConfirmOrder;
use earmark_core::orders::expire::ExpireReservation;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{CancelReason, Order, OrderStatus, Units};
use earmark_core::payments::Token;
use earmark_core::payments::hasten::HastenAttempts;
use earmark_core::payments::resolve::{ResolvePayment, ResolvedAs};
use earmark_core::payments::settle::{PaymentResult, SettlePayment};
use earmark_core::payments::start::StartPayment;
use earmark_core::refunds::create::CreateRefund;
use earmark_core::refunds::settle::{RefundResult, SettleRefund};
use earmark_core::shipments::deliver::DeliverShipment;
use earmark_core::shipments::ship::ShipOrder;
use earmark_core::text::{CustomerId, Metadata, Name, Note, Sku};
use earmark_core::{
    Access, Action, Actor, Answer, Caller, Changes, Command, Keys, Mode, Money, Outcome, Rejection, Span,
    Timestamp, WorkingSet, decide, needs,
};

/// The time at which every shop begins.
pub(crate) const OPENING: Timestamp = Timestamp(1_790_000_000_000_000);

/// A shop: all its rows, and the time.
pub(crate) struct World {
    pub(crate) rows: WorkingSet,
    pub(crate) now: Timestamp,
}

impl World {
    /// A shop without any row.
    pub(crate) fn empty() -> Self {
        Self { rows: WorkingSet::default(), now: OPENING }
    }

    /// Items `a` at 10.00 (10 units), `b` at 3.33 (5), `free` at nothing (5), and `gone` (5), which
    /// is not sold any more.
    pub(crate) fn shop() -> Self {
        let gone = PutItem { active: Some(false), ..item("gone", 500) };
        Self::empty()
            .and(put(item("a", 1000)))
            .and(put(item("b", 333)))
            .and(put(item("free", 0)))
            .and(put(item("gone", 500)))
            .and(adjust("a", 10))
            .and(adjust("b", 5))
            .and(adjust("free", 5))
            .and(adjust("gone", 5))
            .and(put(gone))
    }

    /// The shop after one more command, a second later.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "tables read better with the command written in place")]
    pub(crate) fn and(mut self, command: Command) -> Self {
        self.now = self.now.after(Span::from_seconds(1));
        let decided =
            self.decide(&command).unwrap_or_else(|refused| panic!("given {command:?}: {refused:?}"));
        self.take_in(&command, decided.1);
        self
    }

    /// The shop this many seconds later.
    #[must_use]
    pub(crate) fn later(mut self, seconds: u32) -> Self {
        self.now = self.now.after(Span::from_seconds(seconds));
        self
    }

    fn decide(&mut self, command: &Command) -> Result<(Answer, Changes), Rejection> {
        for _ in 0..3 {
            let mut keys = Keys::default();
            needs(command, &self.rows, &mut keys);
            self.find_absent(&keys);
        }
        let mut keys = Keys::default();
        needs(command, &self.rows, &mut keys);
        assert!(keys.is_empty(), "three rounds are enough to name every row");
        decide(&self.rows, command, self.now)
    }

    /// Loads what is not in the working set as absent: the working set holds all rows there are.
    fn find_absent(&mut self, keys: &Keys) {
        let rows = &mut self.rows;
        for sku in &keys.items {
            rows.items.put_loaded(sku.clone(), None);
            rows.stocks.put_loaded(sku.clone(), None);
        }
        keys.carts.iter().for_each(|id| rows.carts.put_loaded(*id, None));
        keys.orders.iter().for_each(|id| rows.orders.put_loaded(*id, None));
        keys.references.iter().for_each(|reference| rows.references.put_loaded(reference.clone(), None));
        keys.api_keys.iter().for_each(|id| rows.api_keys.put_loaded(*id, None));
        keys.idempotency.iter().for_each(|digest| rows.idempotency.put_loaded(*digest, None));
    }

    fn take_in(&mut self, command: &Command, changes: Changes) {
        self.rows.absorb(changes, &command.caller.actor, self.now);
    }

    /// The order with this id, which must exist.
    pub(crate) fn order(&self, id: u128) -> &Order {
        self.rows.orders.find(&OrderId(id)).expect("it is there")
    }

    /// The units on hand and reserved of an item.
    pub(crate) fn counters(&self, text: &str) -> (u32, u32) {
        let stock: &Arc<Stock> = self.rows.stocks.find(text).expect("it is there");
        (stock.on_hand, stock.reserved)
    }
}

/// The answer and the changes of a command that was carried out.
pub(crate) struct After {
    pub(crate) answer: Answer,
    pub(crate) changes: Changes,
    /// The shop after the command.
    pub(crate) world: World,
}

impl After {
    /// The types of its events.
    pub(crate) fn events(&self) -> Vec<&'static str> {
        self.changes.events.iter().map(|draft| draft.fact.type_name()).collect()
    }

    /// The order in the answer.
    pub(crate) fn order(&self) -> &Order {
        let Outcome::Order(order) = &self.answer.outcome else { panic!("not an order: {:?}", self.answer) };
        order
    }
}

/// What is expected of a command.
pub(crate) enum Expect {
    Refused(Rejection),
    /// Refused as invalid, with this pointer.
    Invalid(&'static str),
    /// Refused because the order is in this state.
    Blocked(OrderStatus),
    /// Carried out with these events; the function checks the rest.
    Done(&'static [&'static str], fn(&After)),
    /// Answered, and nothing changed.
    Unchanged,
}

/// Decides a command and compares the result with what is expected.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "tables read better with the command written in place")]
pub(crate) fn check(mut given: World, command: Command, expect: Expect) {
    given.now = given.now.after(Span::from_seconds(1));
    let decided = given.decide(&command);
    match (expect, decided) {
        (Expect::Refused(wanted), Err(found)) => assert_eq!(found, wanted),
        (Expect::Invalid(wanted), Err(Rejection::Invalid { pointer, .. })) => assert_eq!(pointer, wanted),
        (Expect::Blocked(wanted), Err(Rejection::InvalidTransition { current, .. })) => {
            assert_eq!(current, wanted);
        }
        (Expect::Unchanged, Ok((_, changes))) => assert_eq!(changes, Changes::default()),
        (Expect::Done(events, look), Ok((answer, changes))) => {
            given.take_in(&command, changes.clone());
            let after = After { answer, changes, world: given };
            assert_eq!(after.events(), events);
            look(&after);
        }
        (_, Ok((answer, _))) => panic!("carried out: {answer:?}"),
        (_, Err(rejection)) => panic!("refused: {rejection:?}"),
    }
}

/// Checks nothing more than the events.
pub(crate) fn just(_: &After) {}

pub(crate) fn command(action: Action) -> Command {
    Command::new(Caller::OPERATOR, action)
}

/// The command on behalf of this customer.
pub(crate) fn by(id: &str, command: Command) -> Command {
    let (actor, access) = (Actor::Customer(customer(id)), Access::Customer(customer(id)));
    Command { caller: Caller { actor, access }, ..command }
}

/// The command under an idempotency key; `body` stands for the fingerprint of the request.
pub(crate) fn keyed(key: u8, body: u8, command: Command) -> Command {
    let idempotency = Some(IdempotencyKey { digest: [key; 16], fingerprint: [body; 16] });
    Command { idempotency, ..command }
}

pub(crate) fn if_match(version: u64, command: Command) -> Command {
    Command { if_match: Some(version), ..command }
}

pub(crate) fn dry(command: Command) -> Command {
    Command { mode: Mode::DryRun, ..command }
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("a SKU")
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(crate) fn customer(text: &str) -> CustomerId {
    CustomerId::parse(text).expect("a customer id")
}

pub(crate) fn money(minor: i64) -> Money {
    Money::parse(minor).expect("an amount")
}

pub(crate) fn units(lines: &[(&str, u32)]) -> Vec<Units> {
    lines.iter().map(|(text, quantity)| Units { sku: sku(text), quantity: *quantity }).collect()
}

pub(crate) fn item(text: &str, price: i64) -> PutItem {
    PutItem {
        sku: sku(text),
        name: name(text),
        unit_price: money(price),
        description: None,
        active: None,
        image_url: None,
        metadata: None,
    }
}

pub(crate) fn put(item: PutItem) -> Command {
    command(Action::PutItem(item))
}

pub(crate) fn change_stock(text: &str, change: StockChange) -> Command {
    let (id, reason, note) = (AdjustmentId(1), AdjustmentReason::Received, None);
    command(Action::AdjustStock(AdjustStock { id, sku: sku(text), change, reason, note }))
}

pub(crate) fn adjust(text: &str, delta: i64) -> Command {
    change_stock(text, StockChange::By(delta))
}

pub(crate) fn cart(id: u128, owner: Option<&str>) -> Command {
    let (id, metadata, ttl) = (CartId(id), Metadata::default(), Span::from_seconds(3600));
    command(Action::CreateCart(CreateCart { id, customer_id: owner.map(customer), metadata, ttl }))
}

fn change(id: u128, change: LineChange) -> Command {
    let ttl = Span::from_seconds(3600);
    command(Action::ChangeCartLine(ChangeCartLine { cart_id: CartId(id), change, ttl }))
}

pub(crate) fn add(id: u128, text: &str, quantity: u32) -> Command {
    change(id, LineChange::Add { sku: sku(text), quantity })
}

pub(crate) fn set(id: u128, text: &str, quantity: u32) -> Command {
    change(id, LineChange::Set { sku: sku(text), quantity })
}

pub(crate) fn remove(id: u128, text: &str) -> Command {
    change(id, LineChange::Remove { sku: sku(text) })
}

/// An order of these lines, not confirmed, whose stock is reserved for 30 minutes.
pub(crate) fn wanted(id: u128, lines: &[(&str, u32)]) -> PlaceOrder {
    PlaceOrder {
        id: OrderId(id),
        source: Source::Lines { lines: units(lines), customer_id: None },
        expected_total: None,
        confirm: Confirm::Later,
        reference: None,
        shipping_address: None,
        metadata: Metadata::default(),
        reservation_ttl: Span::from_seconds(1800),
    }
}

pub(crate) fn place(order: PlaceOrder) -> Command {
    command(Action::PlaceOrder(order))
}

/// An order of these lines, confirmed with its placement.
pub(crate) fn order(id: u128, lines: &[(&str, u32)]) -> Command {
    place(PlaceOrder { confirm: Confirm::Now, ..wanted(id, lines) })
}

pub(crate) fn from_cart(id: u128, cart: u128, skus: Option<&[&str]>) -> Command {
    let skus = skus.map(|skus| skus.iter().map(|text| sku(text)).collect());
    place(PlaceOrder { source: Source::Cart { cart_id: CartId(cart), skus }, ..wanted(id, &[]) })
}

pub(crate) fn confirm(id: u128) -> Command {
    command(Action::ConfirmOrder(ConfirmOrder { order_id: OrderId(id) }))
}

pub(crate) fn cancel_lines(id: u128, lines: Option<&[(&str, u32)]>, refund: u128) -> Command {
    command(Action::CancelOrder(CancelOrder {
        order_id: OrderId(id),
        lines: lines.map(units),
        reason: CancelReason::Customer,
        note: None,
        refund_id: RefundId(refund),
    }))
}

/// Cancels the whole order.
pub(crate) fn cancel(id: u128) -> Command {
    cancel_lines(id, None, 1)
}

/// Cancels a part of the order.
pub(crate) fn cancel_part(id: u128, lines: &[(&str, u32)]) -> Command {
    cancel_lines(id, Some(lines), 1)
}

pub(crate) fn expire(id: u128) -> Command {
    command(Action::ExpireReservation(ExpireReservation { order_id: OrderId(id) }))
}

pub(crate) fn pay(id: u128, payment: u128) -> Command {
    pay_amount(id, payment, None)
}

pub(crate) fn pay_amount(id: u128, payment: u128, amount: Option<i64>) -> Command {
    command(Action::StartPayment(StartPayment {
        order_id: OrderId(id),
        payment_id: PaymentId(payment),
        token: Token::parse("tok_ok").expect("a token"),
        amount: amount.map(money),
        gateway: name("sandbox"),
    }))
}

pub(crate) fn settle(id: u128, payment: u128, result: PaymentResult) -> Command {
    let (order_id, payment_id, refund_id) = (OrderId(id), PaymentId(payment), RefundId(payment));
    command(Action::SettlePayment(SettlePayment { order_id, payment_id, result, refund_id }))
}

pub(crate) fn succeeded() -> PaymentResult {
    PaymentResult::Succeeded { reference: Some(name("gw_1")) }
}

pub(crate) fn declined() -> PaymentResult {
    PaymentResult::Declined { code: name("insufficient_funds"), reference: None }
}

pub(crate) fn settle_refund(id: u128, refund: u128, result: RefundResult) -> Command {
    let (order_id, refund_id) = (OrderId(id), RefundId(refund));
    command(Action::SettleRefund(SettleRefund { order_id, refund_id, result }))
}

pub(crate) fn give_back(id: u128, refund: u128, amount: i64) -> Command {
    let (order_id, refund_id, reason) = (OrderId(id), RefundId(refund), CancelReason::Customer);
    command(Action::CreateRefund(CreateRefund { order_id, refund_id, amount: money(amount), reason }))
}

pub(crate) fn resolve(id: u128, payment: u128, resolved_as: ResolvedAs) -> Command {
    let (order_id, payment_id, refund_id) = (OrderId(id), PaymentId(payment), RefundId(payment));
    let note = Note::parse("the bank says so").expect("a note");
    command(Action::ResolvePayment(ResolvePayment { order_id, payment_id, resolved_as, note, refund_id }))
}

pub(crate) fn hasten(id: u128) -> Command {
    command(Action::HastenAttempts(HastenAttempts { order_id: OrderId(id) }))
}

pub(crate) fn ship(id: u128, shipment: u128, lines: Option<&[(&str, u32)]>) -> Command {
    command(Action::ShipOrder(ShipOrder {
        order_id: OrderId(id),
        shipment_id: ShipmentId(shipment),
        lines: lines.map(units),
        carrier: None,
        tracking_number: None,
        tracking_url: None,
    }))
}

pub(crate) fn deliver(id: u128, shipment: u128) -> Command {
    let (order_id, shipment_id) = (OrderId(id), ShipmentId(shipment));
    command(Action::DeliverShipment(DeliverShipment { order_id, shipment_id }))
}

/// A shop with order 1 of these lines, paid.
pub(crate) fn paid(lines: &[(&str, u32)]) -> World {
    World::shop().and(order(1, lines)).and(pay(1, 1)).and(settle(1, 1, succeeded()))
}
