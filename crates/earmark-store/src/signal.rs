//! How do other tasks of this node learn what was committed? By one signal: "this node committed
//! something, up to this sequence".
//!
//! Invariants: a commit that happens after [`crate::Store::subscribe`] has returned is never
//! missed; signals that are not waited for become one, so nothing grows; a subscription that is
//! dropped leaves nothing behind. What other nodes commit is not signaled, so a task that waits
//! also looks on a timer.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use earmark_core::ids::OrderId;
use earmark_core::{BatchChanges, Fact, Order};
use tokio::sync::Notify;

/// The most orders that a subscription keeps for [`Subscription::take_orders`].
const ORDERS_MAX: usize = 1_024;

/// Which commits a subscription is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// All that wrote an event.
    Everything,
    /// Those that began a payment, for which a gateway has to be called.
    PaymentsDue,
    /// Those that began a refund, for which a gateway has to be called.
    RefundsDue,
    /// Those that wrote an event of this order.
    Order(OrderId),
}

/// Signals of one interest, for one task that waits. See [`crate::Store::subscribe`].
pub struct Subscription {
    interest: Interest,
    slot: Arc<Slot>,
    signal: Arc<Signal>,
}

impl Subscription {
    /// Completes once this node has committed something of this interest that was not given before,
    /// and gives the sequence of the last event of that commit. Dropping the future loses nothing.
    pub async fn changed(&self) -> u64 {
        loop {
            match self.slot.reached.swap(NOTHING, Ordering::AcqRel) {
                NOTHING => self.slot.notify.notified().await,
                sequence => return sequence,
            }
        }
    }

    /// The orders as those commits left them, oldest first, that were not taken before. Only
    /// [`Interest::PaymentsDue`] keeps any. What there was no room for is missing, and is found by
    /// a look at what is due.
    pub fn take_orders(&self) -> VecDeque<Arc<Order>> {
        std::mem::take(&mut lock(&self.slot.orders))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.signal.subscribers().remove(self.interest, &self.slot);
    }
}

/// No event has this number.
const NOTHING: u64 = 0;

/// What one subscription has to be given.
#[derive(Default)]
struct Slot {
    /// The last sequence that was signaled and not given yet.
    reached: AtomicU64,
    notify: Notify,
    orders: Mutex<VecDeque<Arc<Order>>>,
}

impl Slot {
    fn wake(&self, sequence: u64) {
        self.reached.store(sequence, Ordering::Release);
        self.notify.notify_one();
    }

    fn keep(&self, order: &Arc<Order>) {
        let mut orders = lock(&self.orders);
        if orders.len() < ORDERS_MAX {
            orders.push_back(Arc::clone(order));
        }
    }
}

/// The writer's end of all subscriptions.
#[derive(Default)]
pub(crate) struct Signal(Mutex<Subscribers>);

/// By interest, so that a batch without subscribers costs a look at each of its events.
#[derive(Default)]
struct Subscribers {
    everything: Vec<Arc<Slot>>,
    payments_due: Vec<Arc<Slot>>,
    refunds_due: Vec<Arc<Slot>>,
    orders: HashMap<OrderId, Vec<Arc<Slot>>>,
}

impl Signal {
    pub(crate) fn subscribe(self: &Arc<Self>, interest: Interest) -> Subscription {
        let slot = Arc::new(Slot::default());
        self.subscribers().of(interest).push(Arc::clone(&slot));
        Subscription { interest, slot, signal: Arc::clone(self) }
    }

    /// Wakes the subscriptions that a batch concerns which has just been committed.
    pub(crate) fn committed(&self, changes: &BatchChanges) {
        // A batch without events changed nothing that anyone can be interested in.
        let Some(sequence) = changes.events.last().map(|event| event.sequence) else { return };
        let subscribers = self.subscribers();
        subscribers.everything.iter().for_each(|slot| slot.wake(sequence));
        for event in &changes.events {
            let due = match event.fact {
                Fact::PaymentPending { .. } => &subscribers.payments_due,
                Fact::RefundCreated { .. } => &subscribers.refunds_due,
                _ => &[] as &[_],
            };
            if matches!(event.fact, Fact::PaymentPending { .. }) && !due.is_empty() {
                let mut orders = changes.orders.iter().filter_map(|change| change.after.as_ref());
                let order = orders.find(|order| Some(order.id) == event.order_id);
                // Before the wake, so that the task that wakes finds it.
                order.into_iter().for_each(|order| due.iter().for_each(|slot| slot.keep(order)));
            }
            due.iter().for_each(|slot| slot.wake(sequence));
            if !subscribers.orders.is_empty()
                && let Some(slots) = event.order_id.and_then(|id| subscribers.orders.get(&id))
            {
                slots.iter().for_each(|slot| slot.wake(sequence));
            }
        }
    }

    fn subscribers(&self) -> MutexGuard<'_, Subscribers> {
        lock(&self.0)
    }
}

impl Subscribers {
    fn of(&mut self, interest: Interest) -> &mut Vec<Arc<Slot>> {
        match interest {
            Interest::Everything => &mut self.everything,
            Interest::PaymentsDue => &mut self.payments_due,
            Interest::RefundsDue => &mut self.refunds_due,
            Interest::Order(id) => self.orders.entry(id).or_default(),
        }
    }

    fn remove(&mut self, interest: Interest, slot: &Arc<Slot>) {
        let slots = self.of(interest);
        slots.retain(|other| !Arc::ptr_eq(other, slot));
        if let Interest::Order(id) = interest
            && slots.is_empty()
        {
            self.orders.remove(&id);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use earmark_core::event::Event;
    use earmark_core::ids::PaymentId;
    use earmark_core::{Actor, Money, Timestamp};

    use super::*;

    fn event(sequence: u64, order: u128, fact: Fact) -> Event {
        let (at, actor, order_id) = (Timestamp(0), Actor::System, Some(OrderId(order)));
        Event { sequence, at, actor, order_id, sku: None, fact }
    }

    fn committed(signal: &Signal, events: Vec<Event>) {
        signal.committed(&BatchChanges { events, ..BatchChanges::default() });
    }

    /// The sequence that a subscription is given at once, if any.
    async fn given(subscription: &Subscription) -> Option<u64> {
        tokio::select! {
            biased;
            sequence = subscription.changed() => Some(sequence),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn signals_that_are_not_waited_for_become_one() {
        let signal = Arc::new(Signal::default());
        let all = signal.subscribe(Interest::Everything);
        assert_eq!(given(&all).await, None);
        committed(&signal, Vec::new());
        assert_eq!(given(&all).await, None, "nothing has happened");
        committed(&signal, vec![event(1, 1, Fact::OrderCreated), event(2, 1, Fact::OrderConfirmed)]);
        committed(&signal, vec![event(3, 2, Fact::OrderCreated)]);
        assert_eq!((given(&all).await, given(&all).await), (Some(3), None));
    }

    #[tokio::test]
    async fn a_wait_that_began_before_the_commit_ends_with_it() {
        let signal = Arc::new(Signal::default());
        let order = signal.subscribe(Interest::Order(OrderId(1)));
        let waiting = tokio::spawn(async move { order.changed().await });
        tokio::task::yield_now().await;
        committed(&signal, vec![event(1, 2, Fact::OrderCreated)]);
        committed(&signal, vec![event(2, 1, Fact::OrderCreated), event(3, 2, Fact::OrderConfirmed)]);
        assert_eq!(waiting.await.unwrap(), 3, "the last event of the commit");
    }

    #[tokio::test]
    async fn each_interest_is_woken_by_its_own_events() {
        let signal = Arc::new(Signal::default());
        let (payment_id, amount) = (PaymentId(1), Money::ZERO);
        let payment = event(1, 1, Fact::PaymentPending { payment_id, amount });
        let interests = [Interest::PaymentsDue, Interest::RefundsDue, Interest::Order(OrderId(2))];
        let [payments, refunds, other] = interests.map(|interest| signal.subscribe(interest));
        committed(&signal, vec![payment]);
        assert_eq!(given(&payments).await, Some(1));
        assert_eq!((given(&refunds).await, given(&other).await), (None, None));
    }

    #[test]
    fn a_subscription_that_is_dropped_leaves_nothing_behind() {
        let signal = Arc::new(Signal::default());
        let interests = [Interest::Everything, Interest::PaymentsDue, Interest::Order(OrderId(1))];
        let kept = signal.subscribe(Interest::Order(OrderId(1)));
        drop(interests.map(|interest| signal.subscribe(interest)));
        assert_eq!(signal.subscribers().orders[&OrderId(1)].len(), 1);
        drop(kept);
        let subscribers = signal.subscribers();
        assert!(subscribers.everything.is_empty() && subscribers.payments_due.is_empty());
        assert!(subscribers.orders.is_empty());
    }
}
