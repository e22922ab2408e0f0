//! With which caller, idempotency key, condition and mode is an action sent?

use earmark_core::command::Action;
use earmark_core::idempotency::IdempotencyKey;
use earmark_core::ids::{CartId, OrderId};
use earmark_core::orders::place::Source;
use earmark_core::text::CustomerId;
use earmark_core::{Access, Actor, Caller, Command, Mode};

use super::Simulation;

impl Simulation {
    /// Makes a command of an action: draws caller, key, condition and mode.
    pub(super) fn command(&mut self, action: Action) -> Command {
        let system = matches!(
            action,
            Action::ExpireReservation(_)
                | Action::SettlePayment(_)
                | Action::HastenAttempts(_)
                | Action::SettleRefund(_)
                | Action::PurgeIdempotencyKeys(_)
        );
        let access = if system { Access::All } else { self.access(&action) };
        let actor = match &access {
            Access::Customer(id) => Actor::Customer(id.clone()),
            Access::All if system => Actor::System,
            Access::All => match self.random.pick(&self.known.api_keys) {
                Some(id) => Actor::Key(*id),
                None => Actor::Operator,
            },
        };
        let needs_key = matches!(
            action,
            Action::PlaceOrder(_)
                | Action::CancelOrder(_)
                | Action::ShipOrder(_)
                | Action::StartPayment(_)
                | Action::AdjustStock(_)
        );
        let keyed = !system && (needs_key || self.random.percent(12));
        let idempotency =
            keyed.then(|| IdempotencyKey { digest: self.random.bytes(), fingerprint: self.random.bytes() });
        let if_match = self.random.percent(6).then(|| self.version(&action)).flatten();
        let dry = if matches!(action, Action::CancelOrder(_)) { 12 } else { 1 };
        let mode = if self.random.percent(dry) { Mode::DryRun } else { Mode::Commit };
        Command { caller: Caller { actor, access }, idempotency, if_match, mode, action }
    }

    /// Mostly a service or the owner, and sometimes another customer, who must not reach the
    /// resource.
    fn access(&mut self, action: &Action) -> Access {
        if self.random.percent(4) {
            return Access::Customer(self.customer());
        }
        let owner = self.owner(action);
        match owner {
            Some(owner) if self.random.percent(30) => Access::Customer(owner),
            _ => Access::All,
        }
    }

    /// The owner of the resource that an action changes, as far as is known.
    fn owner(&self, action: &Action) -> Option<CustomerId> {
        let order = |id: &OrderId| {
            self.known.orders.iter().find(|order| order.id == *id).and_then(|order| order.customer_id.clone())
        };
        let cart = |id: &CartId| {
            self.known.carts.iter().find(|cart| cart.id == *id).and_then(|cart| cart.owner.clone())
        };
        match action {
            Action::CreateCart(action) => action.customer_id.clone(),
            Action::ChangeCartLine(action) => cart(&action.cart_id),
            Action::DeleteCart(action) => cart(&action.cart_id),
            Action::PlaceOrder(action) => match &action.source {
                Source::Cart { cart_id, .. } => cart(cart_id),
                Source::Lines { customer_id, .. } => customer_id.clone(),
            },
            Action::ConfirmOrder(action) => order(&action.order_id),
            Action::CancelOrder(action) => order(&action.order_id),
            Action::StartPayment(action) => order(&action.order_id),
            _ => None,
        }
    }

    /// A version that the client has seen, which may be old by now, or one that never was.
    fn version(&mut self, action: &Action) -> Option<u64> {
        if self.random.percent(20) {
            return Some(self.random.below(5));
        }
        let order =
            |id: &OrderId| self.known.orders.iter().find(|order| order.id == *id).map(|order| order.version);
        match action {
            Action::PutItem(action) => self.known.item_versions.get(&action.sku).copied(),
            Action::ChangeCartLine(action) => {
                self.known.carts.iter().find(|cart| cart.id == action.cart_id).map(|cart| cart.version)
            }
            Action::ConfirmOrder(action) => order(&action.order_id),
            Action::CancelOrder(action) => order(&action.order_id),
            Action::ShipOrder(action) => order(&action.order_id),
            Action::StartPayment(action) => order(&action.order_id),
            _ => None,
        }
    }
}
