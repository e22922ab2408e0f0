//! What could clients, gateways and clocks do? A random log of commands from a seed, most of them sensible, some not.
//!
//! Lost replies are asked again under the same key, keys are reused for something else, versions are stale, gateways answer late and twice, and the
//! clock jumps both ways. The same seed and the same answers give the same log. Commands are drawn in `catalogue.rs` and `orders.rs`.

mod catalogue;
mod orders;
mod random;
mod shop;

use earmark_core::command::Action;
use earmark_core::idempotency::{IdempotencyKey, purge::PurgeIdempotencyKeys};
use earmark_core::ids::{AdjustmentId, CartId, KeyId, OrderId, PaymentId, RefundId, ShipmentId};
use earmark_core::text::{CustomerId, Sku};
use earmark_core::{Access, Actor, Answer, Caller, Command, Mode, Rejection, Span, Timestamp};

pub use random::Random;
use shop::Shop;

/// When a simulation begins.
const BEGINNING: Timestamp = Timestamp(1_790_000_000_000_000);
/// How many items there are to be put.
const SKUS: u64 = 40;
/// How many customers shop.
const CUSTOMERS: u64 = 8;
/// How many commands with a key may be asked again.
const RECENT_MAX: usize = 40;

/// A random log of commands.
pub struct Simulation {
    random: Random,
    now: Timestamp,
    shop: Shop,
    recent: Vec<Command>,
    steps: u64,
}

impl Simulation {
    /// The log of this seed.
    pub fn new(seed: u64) -> Self {
        let (random, shop) = (Random::new(seed), Shop::default());
        Self { random, now: BEGINNING, shop, recent: Vec::new(), steps: 0 }
    }

    /// The next command, and the time at which it is decided.
    pub fn next_command(&mut self) -> (Command, Timestamp) {
        self.steps += 1;
        self.pass_time();
        let command = if !self.recent.is_empty() && self.random.percent(6) {
            self.again()
        } else {
            let action = self.action();
            self.wrap(action)
        };
        if command.idempotency.is_some() {
            self.recent.push(command.clone());
            if self.recent.len() > RECENT_MAX
                && let Some(place) = self.random.place(RECENT_MAX)
            {
                self.recent.swap_remove(place);
            }
        }
        (command, self.now)
    }

    /// Tells the clients what became of a command. Answers may be told late or never: a reply can be lost.
    pub fn learn(&mut self, command: &Command, answer: &Result<Answer, Rejection>) {
        if let Ok(answer) = answer {
            self.shop.learn(command, answer, &mut self.random);
        }
    }

    /// The time of the last command.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The random numbers that the log is drawn from, for whatever else shall follow from the seed.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    fn pass_time(&mut self) {
        let micros = match self.random.below(400) {
            0 => 4 * 86_400_000_000,
            1..=4 => 25 * 60_000_000,
            5..=7 => -i64::from(self.random.between(1, 3_600_000_000)),
            8..=100 => 0,
            _ => i64::from(self.random.between(1, 2_000_000)),
        };
        self.now = Timestamp(self.now.0 + micros);
    }

    fn action(&mut self) -> Action {
        if self.steps <= SKUS {
            return self.put_item();
        }
        match self.random.below(1000) {
            0..25 => self.put_item(),
            25..120 => self.adjust_stock(),
            120..170 => self.create_cart(),
            170..300 => self.change_cart_line(),
            300..315 => self.delete_cart(),
            315..400 => self.place_from_cart(),
            400..550 => self.place_lines(),
            550..620 => self.confirm(),
            620..720 => self.pay(),
            720..830 => self.settle_payment(),
            830..850 => self.cancel_whole(),
            850..890 => self.cancel_part(),
            890..930 => self.ship(),
            930..955 => self.deliver(),
            955..970 => self.expire(),
            970..980 => self.settle_refund(),
            980..982 => self.give_back(),
            982..983 => self.resolve_payment(),
            983..984 => self.hasten(),
            984..989 => self.create_key(),
            989..993 => self.revoke_key(),
            _ => self.purge_keys(),
        }
    }

    /// An earlier command once more, as after a lost reply: its ids are drawn anew at the edge. Sometimes another request under the same key.
    fn again(&mut self) -> Command {
        let mut command = self.random.pick(&self.recent).expect("some command is recent").clone();
        self.renew_ids(&mut command.action);
        if self.random.percent(15)
            && let Some(key) = &mut command.idempotency
        {
            key.fingerprint = self.random.bytes();
        }
        command
    }

    fn renew_ids(&mut self, action: &mut Action) {
        let id = self.id();
        match action {
            Action::AdjustStock(action) => action.id = AdjustmentId(id),
            Action::CreateCart(action) => action.id = CartId(id),
            Action::PlaceOrder(action) => action.id = OrderId(id),
            Action::CancelOrder(action) => action.refund_id = RefundId(id),
            Action::ShipOrder(action) => action.shipment_id = ShipmentId(id),
            Action::StartPayment(action) => action.payment_id = PaymentId(id),
            Action::SettlePayment(action) => action.refund_id = RefundId(id),
            Action::ResolvePayment(action) => action.refund_id = RefundId(id),
            Action::CreateRefund(action) => action.refund_id = RefundId(id),
            Action::CreateKey(action) => action.id = KeyId(id),
            Action::PutItem(_)
            | Action::ChangeCartLine(_)
            | Action::DeleteCart(_)
            | Action::ConfirmOrder(_)
            | Action::ExpireReservation(_)
            | Action::DeliverShipment(_)
            | Action::SettleRefund(_)
            | Action::HastenAttempts(_)
            | Action::RevokeKey(_)
            | Action::PurgeIdempotencyKeys(_) => {}
        }
    }

    /// Puts an action into an envelope.
    fn wrap(&mut self, action: Action) -> Command {
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
            Access::All => match self.random.pick(&self.shop.api_keys) {
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

    /// Who asks: mostly a service, or the owner; now and then a stranger.
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

    /// Whose the thing is that an action is about, as far as is known.
    fn owner(&self, action: &Action) -> Option<CustomerId> {
        let order = |id: &OrderId| {
            self.shop.orders.iter().find(|order| order.id == *id).and_then(|order| order.customer_id.clone())
        };
        let cart = |id: &CartId| {
            self.shop.carts.iter().find(|cart| cart.id == *id).and_then(|cart| cart.owner.clone())
        };
        match action {
            Action::CreateCart(action) => action.customer_id.clone(),
            Action::ChangeCartLine(action) => cart(&action.cart_id),
            Action::DeleteCart(action) => cart(&action.cart_id),
            Action::PlaceOrder(action) => match &action.source {
                earmark_core::orders::place::Source::Cart { cart_id, .. } => cart(cart_id),
                earmark_core::orders::place::Source::Lines { customer_id, .. } => customer_id.clone(),
            },
            Action::ConfirmOrder(action) => order(&action.order_id),
            Action::CancelOrder(action) => order(&action.order_id),
            Action::StartPayment(action) => order(&action.order_id),
            _ => None,
        }
    }

    /// The version that the client has seen, which may be stale by now, or was never right.
    fn version(&mut self, action: &Action) -> Option<u64> {
        if self.random.percent(20) {
            return Some(self.random.below(5));
        }
        let order =
            |id: &OrderId| self.shop.orders.iter().find(|order| order.id == *id).map(|order| order.version);
        match action {
            Action::PutItem(action) => self.shop.item_versions.get(&action.sku).copied(),
            Action::ChangeCartLine(action) => {
                self.shop.carts.iter().find(|cart| cart.id == action.cart_id).map(|cart| cart.version)
            }
            Action::ConfirmOrder(action) => order(&action.order_id),
            Action::CancelOrder(action) => order(&action.order_id),
            Action::ShipOrder(action) => order(&action.order_id),
            Action::StartPayment(action) => order(&action.order_id),
            _ => None,
        }
    }

    fn purge_keys(&mut self) -> Action {
        let mut digests = self.shop.digests.clone();
        digests.truncate(20);
        if self.random.percent(20) {
            digests.push(self.random.bytes());
        }
        Action::PurgeIdempotencyKeys(PurgeIdempotencyKeys { digests, kept: Span::from_seconds(72 * 3600) })
    }

    /// A new id over the time at the edge, as a UUIDv7.
    fn id(&mut self) -> u128 {
        let millis = u128::from(self.now.0.unsigned_abs() / 1000) & 0xFFFF_FFFF_FFFF;
        let (high, low) = (u128::from(self.random.below(1 << 12)), u128::from(self.random.below(1 << 62)));
        millis << 80 | 7 << 76 | high << 64 | 2 << 62 | low
    }

    fn sku(&mut self) -> Sku {
        // A few hot ones, a long tail, and now and then one that nobody has put.
        let number = match self.random.below(100) {
            0..30 => self.random.below(3),
            30..99 => self.random.below(SKUS),
            _ => SKUS,
        };
        sku(number)
    }

    fn customer(&mut self) -> CustomerId {
        let number = self.random.below(CUSTOMERS);
        CustomerId::parse(&format!("customer-{number}")).expect("a customer id")
    }
}

/// The item of this number; upper and lower case, so that the order of bytes is not that of letters.
fn sku(number: u64) -> Sku {
    let text = if number.is_multiple_of(3) { format!("sku-{number}") } else { format!("SKU_{number}.x") };
    Sku::parse(&text).expect("a SKU")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(seed: u64) -> Vec<(Command, Timestamp)> {
        let mut simulation = Simulation::new(seed);
        (0..500).map(|_| simulation.next_command()).collect()
    }

    #[test]
    fn a_seed_gives_its_log_and_no_other() {
        assert!(log(1) == log(1));
        assert!(log(1) != log(2));
    }
}
