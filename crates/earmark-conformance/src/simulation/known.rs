//! What do the clients know of the shop? What they have seen in answers, so that most of their next
//! commands make sense.

use std::collections::HashMap;
use std::sync::Arc;

use earmark_core::carts::CartLine;
use earmark_core::command::Action;
use earmark_core::ids::{CartId, KeyId, OrderId, PaymentId, RefundId, ShipmentId};
use earmark_core::orders::{Order, OrderStatus, Units};
use earmark_core::payments::{PaymentStatus, settle::PaymentResult};
use earmark_core::refunds::{RefundStatus, settle::RefundResult};
use earmark_core::text::{CustomerId, Reference, Sku};
use earmark_core::{Answer, Command, Mode, Money, Outcome};
use earmark_random::Random;

/// The most rows of each kind that are remembered. Few enough that most orders are seen to their
/// end.
const REMEMBERED_MAX: usize = 60;

/// A cart as a client has last seen it.
pub(super) struct KnownCart {
    pub(super) id: CartId,
    pub(super) owner: Option<CustomerId>,
    pub(super) lines: Vec<CartLine>,
    pub(super) version: u64,
}

/// All rows that the clients remember, each as they have last seen it.
#[derive(Default)]
pub(super) struct Known {
    pub(super) prices: HashMap<Sku, Money>,
    pub(super) item_versions: HashMap<Sku, u64>,
    pub(super) carts: Vec<KnownCart>,
    pub(super) orders: Vec<Arc<Order>>,
    pub(super) pending_payments: Vec<(OrderId, PaymentId)>,
    pub(super) pending_refunds: Vec<(OrderId, RefundId)>,
    pub(super) shipments: Vec<(OrderId, ShipmentId)>,
    pub(super) references: Vec<Reference>,
    pub(super) api_keys: Vec<KeyId>,
    pub(super) digests: Vec<[u8; 16]>,
}

/// Adds a row, and drops a random one from a list that is full.
fn remember<T>(list: &mut Vec<T>, new: T, random: &mut Random) {
    list.push(new);
    if list.len() > REMEMBERED_MAX
        && let Some(place) = random.index(list.len())
    {
        list.swap_remove(place);
    }
}

impl Known {
    /// Takes in the answer to a command that was accepted.
    pub(super) fn learn(&mut self, command: &Command, answer: &Answer, random: &mut Random) {
        if command.mode == Mode::DryRun || answer.replayed {
            return;
        }
        if let Some(key) = &command.idempotency {
            remember(&mut self.digests, key.digest, random);
        }
        self.forget(&command.action, random);
        match &answer.outcome {
            Outcome::Item { item, .. } => {
                self.prices.insert(item.item.sku.clone(), item.item.unit_price);
                self.item_versions.insert(item.item.sku.clone(), item.stock.version);
            }
            Outcome::Cart(priced) => {
                let cart = &priced.cart;
                self.carts.retain(|known| known.id != cart.id);
                let (id, owner, version) = (cart.id, cart.customer_id.clone(), cart.version);
                remember(
                    &mut self.carts,
                    KnownCart { id, owner, lines: cart.lines.clone(), version },
                    random,
                );
            }
            Outcome::Order(order) => self.learn_order(order, random),
            Outcome::Shipment { order_id, shipment } if shipment.delivered_at.is_none() => {
                remember(&mut self.shipments, (*order_id, shipment.id), random);
            }
            Outcome::Payment { order_id, payment } if payment.status == PaymentStatus::Pending => {
                remember(&mut self.pending_payments, (*order_id, payment.id), random);
            }
            Outcome::Refund { order_id, refund } => {
                remember(&mut self.pending_refunds, (*order_id, refund.id), random);
            }
            Outcome::Key(key) => remember(&mut self.api_keys, key.id, random),
            Outcome::Adjustment(_) | Outcome::Shipment { .. } | Outcome::Payment { .. } | Outcome::Done => {}
        }
    }

    fn learn_order(&mut self, order: &Arc<Order>, random: &mut Random) {
        self.orders.retain(|known| known.id != order.id);
        if let Some(reference) = &order.reference
            && order.version == 1
        {
            remember(&mut self.references, reference.clone(), random);
        }
        let pending = order.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending);
        for refund in pending {
            if !self.pending_refunds.contains(&(order.id, refund.id)) {
                remember(&mut self.pending_refunds, (order.id, refund.id), random);
            }
        }
        let over = matches!(order.status(), OrderStatus::Cancelled | OrderStatus::Delivered);
        if !over || random.percent(20) {
            remember(&mut self.orders, Arc::clone(order), random);
        }
    }

    /// Drops what is finished. Some of it stays, so that commands about it come late and twice.
    fn forget(&mut self, action: &Action, random: &mut Random) {
        match action {
            Action::DeleteCart(delete) => self.carts.retain(|cart| cart.id != delete.cart_id),
            Action::SettlePayment(settle) => {
                let open = matches!(settle.result, PaymentResult::Unknown { .. });
                if !open && !random.percent(10) {
                    self.pending_payments.retain(|(_, id)| *id != settle.payment_id);
                }
                if matches!(settle.result, PaymentResult::Succeeded { .. }) && random.percent(30) {
                    remember(&mut self.pending_refunds, (settle.order_id, settle.refund_id), random);
                }
            }
            Action::ResolvePayment(resolve) if !random.percent(10) => {
                self.pending_payments.retain(|(_, id)| *id != resolve.payment_id);
            }
            Action::SettleRefund(settle)
                if !matches!(settle.result, RefundResult::Unknown { .. }) && !random.percent(10) =>
            {
                self.pending_refunds.retain(|(_, id)| *id != settle.refund_id);
            }
            Action::DeliverShipment(deliver) if !random.percent(10) => {
                self.shipments.retain(|(_, id)| *id != deliver.shipment_id);
            }
            _ => {}
        }
    }

    /// The price of these units, if the clients have seen the price of each.
    pub(super) fn total(&self, lines: &[Units]) -> Option<Money> {
        lines.iter().try_fold(Money::ZERO, |sum, line| {
            sum.plus(self.prices.get(&line.sku)?.times(line.quantity).ok()?).ok()
        })
    }
}
