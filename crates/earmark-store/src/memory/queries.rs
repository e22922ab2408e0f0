//! The read side of the store in memory: plain scans, so simple that their answers are beyond
//! doubt.

use async_trait::async_trait;
use earmark_core::ids::{CartId, KeyId, OrderId, PaymentId, RefundId};
use earmark_core::movements::deltas;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::text::Sku;
use earmark_core::verify::Verifier;
use earmark_core::{
    ApiKey, Cart, Event, Fact, Item, Movement, Order, Payment, PricedCart, Refund, Stock, StockedItem,
    Timestamp,
};
use std::ops::Bound;

use super::{MemoryStore, Tables};
use crate::error::{Result, StoreError};
use crate::queries::{
    ItemFilter, KeySweep, MovementCursor, OrderFilter, Page, PaymentFilter, Queries, RecordedEvent,
    RefundFilter,
};
use crate::verify::VerifyReport;

fn page<T>(rows: impl Iterator<Item = T>, limit: usize) -> Page<T> {
    Page::of(rows.take(limit.saturating_add(1)).collect(), limit)
}

/// The orders for which `due` gives a time that has come, the longest due first.
fn due(
    tables: &Tables,
    now: Timestamp,
    limit: usize,
    due: impl Fn(&Order) -> Option<Timestamp>,
) -> Vec<Order> {
    let mut found: Vec<_> = tables
        .orders
        .values()
        .filter_map(|order| Some((due(order)?, order)))
        .filter(|(at, _)| *at <= now)
        .collect();
    found.sort_by_key(|(at, order)| (*at, order.id));
    found.into_iter().take(limit).map(|(_, order)| Order::clone(order)).collect()
}

impl Tables {
    fn stocked(&self, sku: &Sku) -> Option<StockedItem> {
        let (item, stock) = (self.items.get(sku)?, self.stocks.get(sku)?);
        Some(StockedItem { item: Item::clone(item), stock: Stock::clone(stock) })
    }

    fn recorded(&self, event: &Event) -> RecordedEvent {
        let created = matches!(event.fact, Fact::OrderCreated).then_some(event.order_id).flatten();
        let placed = created.map(|id| Box::new(self.orders[&id].as_placed()));
        RecordedEvent { event: event.clone(), placed }
    }

    /// All movements of an item, newest first, from the counters as they are.
    fn movements<'a>(
        &'a self,
        sku: &'a Sku,
        mut from: MovementCursor,
    ) -> impl Iterator<Item = Movement> + 'a {
        let older = self.events.iter().rev().filter(move |event| event.sequence < from.sequence);
        older
            .flat_map(move |event| {
                let order = event.order_id.and_then(|id| self.orders.get(&id));
                deltas(event, order.map(|order| &**order)).into_iter().map(move |delta| (event, delta))
            })
            .filter(move |(_, delta)| delta.sku == *sku)
            .map(move |(event, delta)| from.step_back(event, &delta).expect("counters are never negative"))
    }
}

#[async_trait]
impl Queries for MemoryStore {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn find_item(&self, sku: &Sku) -> Result<Option<StockedItem>> {
        Ok(self.read().stocked(sku))
    }

    async fn list_items(&self, filter: &ItemFilter, limit: usize) -> Result<Page<StockedItem>> {
        let tables = self.read();
        let search = filter.search.as_ref().map(|text| text.to_ascii_lowercase());
        let begin = filter.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = tables
            .items
            .range((begin, Bound::Unbounded))
            .filter(|(_, item)| filter.active.is_none_or(|active| item.active == active))
            .filter(|(_, item)| {
                let holds =
                    |text: &str| search.as_ref().is_none_or(|s| text.to_ascii_lowercase().contains(s));
                holds(item.sku.as_str()) || holds(item.name.as_str())
            })
            .filter_map(|(sku, _)| tables.stocked(sku))
            .filter(|item| !filter.in_stock || item.stock.available() > 0);
        Ok(page(rows, limit))
    }

    async fn list_movements(
        &self,
        sku: &Sku,
        before: Option<MovementCursor>,
        limit: usize,
    ) -> Result<Page<Movement>> {
        let tables = self.read();
        let Some(stock) = tables.stocks.get(sku) else { return Ok(Page { rows: Vec::new(), more: false }) };
        Ok(page(tables.movements(sku, before.unwrap_or(MovementCursor::newest(stock))), limit))
    }

    async fn find_cart(&self, id: CartId) -> Result<Option<PricedCart>> {
        let tables = self.read();
        let Some(cart) = tables.carts.get(&id) else { return Ok(None) };
        let item = |line: &earmark_core::carts::CartLine| {
            tables.stocked(&line.sku).ok_or_else(|| StoreError::Damaged(format!("no item {}", line.sku)))
        };
        let items = cart.lines.iter().map(item).collect::<Result<_, _>>()?;
        Ok(Some(PricedCart { cart: Cart::clone(cart), items }))
    }

    async fn find_order(&self, id: OrderId) -> Result<Option<Order>> {
        Ok(self.read().orders.get(&id).map(|order| Order::clone(order)))
    }

    async fn find_order_of_payment(&self, id: PaymentId) -> Result<Option<Order>> {
        let tables = self.read();
        let order = tables.payments.get(&id).and_then(|id| tables.orders.get(id));
        Ok(order.map(|order| Order::clone(order)))
    }

    async fn find_order_of_refund(&self, id: RefundId) -> Result<Option<Order>> {
        let tables = self.read();
        let order = tables.orders.values().find(|order| order.refunds.iter().any(|refund| refund.id == id));
        Ok(order.map(|order| Order::clone(order)))
    }

    async fn list_payments(&self, filter: &PaymentFilter, limit: usize) -> Result<Page<(OrderId, Payment)>> {
        let tables = self.read();
        let all = tables
            .orders
            .values()
            .flat_map(|order| order.payments.iter().map(|payment| (order.id, payment.clone())));
        let below = |id: PaymentId| filter.before.is_none_or(|before| id < before);
        let mut rows: Vec<_> =
            all.filter(|(_, payment)| below(payment.id) && filter.lets_through(payment)).collect();
        rows.sort_by_key(|(_, payment)| std::cmp::Reverse(payment.id));
        Ok(page(rows.into_iter(), limit))
    }

    async fn list_refunds(&self, filter: &RefundFilter, limit: usize) -> Result<Page<(OrderId, Refund)>> {
        let tables = self.read();
        let all = tables
            .orders
            .values()
            .flat_map(|order| order.refunds.iter().map(|refund| (order.id, refund.clone())));
        let below = |id: RefundId| filter.before.is_none_or(|before| id < before);
        let mut rows: Vec<_> =
            all.filter(|(_, refund)| below(refund.id) && filter.lets_through(refund)).collect();
        rows.sort_by_key(|(_, refund)| std::cmp::Reverse(refund.id));
        Ok(page(rows.into_iter(), limit))
    }

    async fn list_orders(&self, filter: &OrderFilter, limit: usize) -> Result<Page<Order>> {
        let tables = self.read();
        let end = filter.before.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = tables
            .orders
            .range((Bound::Unbounded, end))
            .rev()
            .map(|(_, order)| order)
            .filter(|order| filter.customer_id.is_none() || order.customer_id == filter.customer_id)
            .filter(|order| filter.status.is_none_or(|status| order.status() == status))
            .filter(|order| filter.sku.as_ref().is_none_or(|sku| order.line(sku).is_some()))
            .filter(|order| filter.reference.is_none() || order.reference == filter.reference)
            .filter(|order| filter.created_after.is_none_or(|after| order.created_at > after))
            .filter(|order| filter.created_before.is_none_or(|before| order.created_at < before))
            .map(|order| Order::clone(order));
        Ok(page(rows, limit))
    }

    async fn list_events(
        &self,
        after: u64,
        types: Option<&[usize]>,
        limit: usize,
    ) -> Result<Page<RecordedEvent>> {
        let tables = self.read();
        let rows = tables
            .events
            .iter()
            .filter(|event| event.sequence > after)
            .filter(|event| types.is_none_or(|types| types.contains(&event.fact.type_index())));
        Ok(page(rows.map(|event| tables.recorded(event)), limit))
    }

    async fn list_order_events(&self, id: OrderId, after: u64, limit: usize) -> Result<Page<RecordedEvent>> {
        let tables = self.read();
        let rows = tables.events.iter().filter(|event| event.sequence > after && event.order_id == Some(id));
        Ok(page(rows.map(|event| tables.recorded(event)), limit))
    }

    async fn find_api_key(&self, id: KeyId) -> Result<Option<ApiKey>> {
        Ok(self.read().api_keys.get(&id).map(|key| ApiKey::clone(key)))
    }

    async fn list_api_keys(&self, after: Option<KeyId>, limit: usize) -> Result<Page<ApiKey>> {
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let tables = self.read();
        Ok(page(tables.api_keys.range((begin, Bound::Unbounded)).map(|(_, key)| ApiKey::clone(key)), limit))
    }

    async fn list_due_reservations(&self, now: Timestamp, limit: usize) -> Result<Vec<OrderId>> {
        let orders = due(&self.read(), now, limit, Order::expiry_due_at);
        Ok(orders.into_iter().map(|order| order.id).collect())
    }

    async fn list_due_payments(&self, now: Timestamp, limit: usize) -> Result<Vec<Order>> {
        let next = |order: &Order| {
            let pending = order.payments.iter().filter(|payment| payment.status == PaymentStatus::Pending);
            pending.map(|payment| payment.next_attempt_at).min()
        };
        Ok(due(&self.read(), now, limit, next))
    }

    async fn list_due_refunds(&self, now: Timestamp, limit: usize) -> Result<Vec<Order>> {
        let next = |order: &Order| {
            let pending = order.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending);
            pending.map(|refund| refund.next_attempt_at).min()
        };
        Ok(due(&self.read(), now, limit, next))
    }

    async fn list_due_carts(&self, now: Timestamp, limit: usize) -> Result<Vec<CartId>> {
        let tables = self.read();
        let mut found: Vec<_> = tables.carts.values().filter(|cart| cart.expires_at <= now).collect();
        found.sort_by_key(|cart| (cart.expires_at, cart.id));
        Ok(found.into_iter().take(limit).map(|cart| cart.id).collect())
    }

    async fn sweep_idempotency_keys(
        &self,
        after: Option<[u8; 16]>,
        made_before: Timestamp,
        limit: usize,
    ) -> Result<KeySweep> {
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let tables = self.read();
        let range = page(tables.idempotency.range((begin, Bound::Unbounded)), limit);
        let next = if range.more { range.rows.last().map(|(digest, _)| **digest) } else { None };
        let old = range.rows.into_iter().filter(|(_, record)| record.created_at < made_before);
        Ok(KeySweep { expired: old.map(|(digest, _)| *digest).collect(), next })
    }

    async fn verify(&self) -> Result<VerifyReport> {
        let tables = self.read();
        let mut verifier = Verifier::new();
        tables.items.keys().filter_map(|sku| tables.stocked(sku)).for_each(|item| verifier.item(&item));
        tables.orders.values().for_each(|order| verifier.order(order));
        for event in &tables.events {
            let order = event.order_id.and_then(|id| tables.orders.get(&id));
            verifier.event(event, order.map(|order| &**order));
        }
        let count = |rows: usize| rows as u64;
        Ok(VerifyReport {
            items: count(tables.items.len()),
            orders: count(tables.orders.len()),
            events: count(tables.events.len()),
            breaches: verifier.finish(),
        })
    }
}
