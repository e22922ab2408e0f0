//! Which commands could clients, workers and gateways send? A random log of them from a seed.
//!
//! Most commands make sense at their time, and some do not: clients send again after a lost reply,
//! use an idempotency key for something else, or name an old version; gateways answer late and
//! twice; the clock jumps both ways. The same seed and the same answers give the same log.
//!
//! `known.rs` holds what the clients have seen. The other files draw the actions of one resource
//! each.

mod api_keys;
mod carts;
mod command;
mod draws;
mod items;
mod known;
mod orders;
mod payments;
mod refunds;
mod shipments;

use earmark_core::command::Action;
use earmark_core::ids::{AdjustmentId, CartId, KeyId, OrderId, PaymentId, RefundId, ShipmentId};
use earmark_core::{Answer, Command, Rejection, Timestamp};
use earmark_random::Random;

use known::Known;

/// When a simulation begins.
pub(crate) const BEGINNING: Timestamp = Timestamp(1_790_000_000_000_000);
/// The number of items. The first commands put them.
const SKUS: u64 = 40;
/// The most commands with an idempotency key that may be sent again.
const RECENT_MAX: usize = 40;

/// A random log of commands.
pub struct Simulation {
    random: Random,
    now: Timestamp,
    known: Known,
    recent: Vec<Command>,
    steps: u64,
}

impl Simulation {
    /// A simulation whose commands follow from this seed.
    pub fn new(seed: u64) -> Self {
        let (random, known) = (Random::new(seed), Known::default());
        Self { random, now: BEGINNING, known, recent: Vec::new(), steps: 0 }
    }

    /// The next command, and the time at which it is decided.
    pub fn next_command(&mut self) -> (Command, Timestamp) {
        self.steps += 1;
        self.pass_time();
        let command = if !self.recent.is_empty() && self.random.percent(6) {
            self.send_again()
        } else {
            let action = self.action();
            self.command(action)
        };
        if command.idempotency.is_some() {
            self.recent.push(command.clone());
            if self.recent.len() > RECENT_MAX
                && let Some(place) = self.random.index(RECENT_MAX)
            {
                self.recent.swap_remove(place);
            }
        }
        (command, self.now)
    }

    /// Between one command and `size_max` of them, as they could wait for the writer together.
    pub fn next_batch(&mut self, size_max: usize) -> Vec<(Command, Timestamp)> {
        let size = self.random.index(size_max).map_or(0, |index| index + 1);
        (0..size).map(|_| self.next_command()).collect()
    }

    /// Lets the clients see the answer to a command. A caller may do this late or never, as when a
    /// reply is lost.
    pub fn learn(&mut self, command: &Command, answer: &Result<Answer, Rejection>) {
        if let Ok(answer) = answer {
            self.known.learn(command, answer, &mut self.random);
        }
    }

    /// The time of the last command.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The generator of the log, for other draws that shall follow from the same seed.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    fn pass_time(&mut self) {
        let micros = match self.random.below(400) {
            0 => 4 * 86_400_000_000,
            1..=4 => 25 * 60_000_000,
            5..=7 => -i64::from(self.between(1, 3_600_000_000)),
            8..=100 => 0,
            _ => i64::from(self.between(1, 2_000_000)),
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
            980..982 => self.create_refund(),
            982..983 => self.resolve_payment(),
            983..984 => self.hasten(),
            984..989 => self.create_key(),
            989..993 => self.revoke_key(),
            _ => self.purge_keys(),
        }
    }

    /// An earlier command, sent again after a lost reply. The server draws new ids for it.
    /// Sometimes it is another request under the same key.
    fn send_again(&mut self) -> Command {
        let mut command = self.random.pick(&self.recent).expect("some command is recent").clone();
        self.draw_new_ids(&mut command.action);
        if self.random.percent(15)
            && let Some(key) = &mut command.idempotency
        {
            key.fingerprint = self.random.bytes();
        }
        command
    }

    fn draw_new_ids(&mut self, action: &mut Action) {
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
