//! An engine that makes a mistake on purpose, around a right one.
//!
//! It takes no batch ahead and sends no answers early, which every engine may leave undone; so the
//! mistake is the only thing that differs.

use std::sync::Arc;
use std::time::Duration;

use earmark_core::{BatchChanges, Currency, Keys, WorkingSet};
use earmark_store::{Engine, Overlap, Pace, StoreError};
use earmark_workers::{Charge, PaymentGateway};
use tokio::runtime::Handle;

use super::crash::{CrashPoint, Side, new_payments};

/// How long a charge that goes out too early has for its effect before the commit.
const TOO_EARLY_BY: Duration = Duration::from_millis(50);

/// What an engine does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EngineFault {
    /// Says that a batch is saved, and saves it only when it is called the next time.
    AnswersBeforeCommit,
    /// Has the gateway charge for a payment before the payment is written down.
    ChargesBeforeCommit,
    /// Ends the process, as `kill -9` would, at a commit that shows this.
    Dies(Side, CrashPoint),
}

/// The way to the gateway for [`EngineFault::ChargesBeforeCommit`].
pub(crate) struct EarlyCharges {
    pub(crate) gateway: Arc<dyn PaymentGateway>,
    pub(crate) currency: Currency,
    /// Where the calls run; the writer's thread has no runtime.
    pub(crate) runtime: Handle,
}

/// The engine with its mistake.
pub(super) struct FaultyEngine {
    inner: Box<dyn Engine>,
    fault: EngineFault,
    charges: EarlyCharges,
    /// Acknowledged and not saved.
    acknowledged: Option<BatchChanges>,
    die: fn() -> !,
}

impl FaultyEngine {
    pub(super) fn new(inner: Box<dyn Engine>, fault: EngineFault, charges: EarlyCharges) -> Self {
        Self { inner, fault, charges, acknowledged: None, die: std::process::abort }
    }

    /// Saves what was acknowledged before.
    fn save_acknowledged(&mut self) -> Result<(), StoreError> {
        match self.acknowledged.take() {
            Some(changes) => self.inner.commit(&changes, &mut ()),
            None => Ok(()),
        }
    }

    fn reach(&self, side: Side, changes: &BatchChanges) {
        if let EngineFault::Dies(fatal, point) = self.fault
            && fatal == side
            && point.is_shown_by(changes)
        {
            (self.die)();
        }
    }
}

impl EarlyCharges {
    /// Sends a charge for each payment that these changes begin, and gives it time for its effect.
    fn send(&self, changes: &BatchChanges) {
        let mut sent = false;
        for payment in changes.orders.iter().flat_map(new_payments) {
            let charge = Charge {
                id: payment.id,
                amount: payment.amount,
                currency: self.currency,
                token: payment.token.clone(),
                begun_at: payment.created_at,
            };
            let gateway = Arc::clone(&self.gateway);
            self.runtime.spawn(async move { gateway.charge(&charge).await });
            sent = true;
        }
        if sent {
            std::thread::sleep(TOO_EARLY_BY);
        }
    }
}

impl Engine for FaultyEngine {
    fn begin(
        &mut self,
        keys: &Keys,
        rows: &mut WorkingSet,
        _overlap: &mut dyn Overlap,
    ) -> Result<(), StoreError> {
        self.save_acknowledged()?;
        self.inner.begin(keys, rows, &mut ())
    }

    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError> {
        self.inner.load(keys, rows)
    }

    fn commit(&mut self, changes: &BatchChanges, _overlap: &mut dyn Overlap) -> Result<(), StoreError> {
        match self.fault {
            EngineFault::AnswersBeforeCommit => {
                self.acknowledged = Some(changes.clone());
                return Ok(());
            }
            EngineFault::ChargesBeforeCommit => self.charges.send(changes),
            EngineFault::Dies(..) => self.reach(Side::Before, changes),
        }
        self.inner.commit(changes, &mut ())?;
        self.reach(Side::After, changes);
        Ok(())
    }

    fn rollback(&mut self) {
        self.inner.rollback();
    }

    fn maintain(&mut self, pace: Pace) -> Result<(), StoreError> {
        self.save_acknowledged()?;
        self.inner.maintain(pace)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use earmark_store::Queries;
    use earmark_store::memory::MemoryStore;
    use earmark_workers::ChargeAnswer;
    use earmark_workers::gateways::Sandbox;

    use super::*;
    use crate::faults::shop::{Shop, Step};

    /// A faulty engine, the rows behind it, its gateway, and a payment that is not saved yet.
    struct Given {
        engine: FaultyEngine,
        rows: MemoryStore,
        gateway: Arc<Sandbox>,
        payment: BatchChanges,
    }

    fn given(fault: EngineFault) -> Given {
        let shop = Shop::new();
        let (payment, rows, gateway) =
            (shop.changes_of(Step::StartPayment), shop.rows, Arc::new(Sandbox::new()));
        let charges = EarlyCharges {
            gateway: Arc::clone(&gateway) as Arc<dyn PaymentGateway>,
            currency: Currency::parse("USD").unwrap(),
            runtime: Handle::current(),
        };
        let mut engine = FaultyEngine::new(Box::new(rows.clone()), fault, charges);
        engine.die = || panic!("died");
        Given { engine, rows, gateway, payment }
    }

    impl Given {
        async fn is_saved(&self) -> bool {
            let order = self.payment.orders[0].after.as_ref().unwrap();
            !self.rows.find_order(order.id).await.unwrap().unwrap().payments.is_empty()
        }

        /// Commits; false: the process died.
        fn commit(&mut self) -> bool {
            catch_unwind(AssertUnwindSafe(|| self.engine.commit(&self.payment, &mut ()).unwrap())).is_ok()
        }
    }

    #[tokio::test]
    async fn a_batch_that_is_answered_early_is_saved_by_the_next_call() {
        let mut given = given(EngineFault::AnswersBeforeCommit);
        assert!(given.commit());
        assert!(!given.is_saved().await, "it is acknowledged and not saved");
        given.engine.maintain(Pace::Busy).unwrap();
        assert!(given.is_saved().await);
    }

    #[tokio::test]
    async fn the_process_dies_on_the_right_side_of_the_right_commit() {
        for (side, saved) in [(Side::Before, false), (Side::After, true)] {
            let mut fatal = given(EngineFault::Dies(side, CrashPoint::StartPayment));
            assert!(!fatal.commit(), "{side:?}");
            assert_eq!(fatal.is_saved().await, saved, "{side:?}");
            let mut other = given(EngineFault::Dies(side, CrashPoint::SettlePayment));
            assert!(other.commit() && other.is_saved().await, "{side:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn an_early_charge_reaches_the_gateway_before_the_payment_is_saved() {
        let mut given = given(EngineFault::ChargesBeforeCommit);
        // Even where the commit fails, the money is taken.
        let taken = given.payment.clone();
        given.engine.inner.commit(&taken, &mut ()).unwrap();
        given.engine.commit(&given.payment, &mut ()).unwrap_err();
        let order = given.payment.orders[0].after.as_ref().unwrap();
        let payment = &order.payments[0];
        let charge = Charge {
            id: payment.id,
            amount: payment.amount,
            currency: given.engine.charges.currency,
            token: payment.token.clone(),
            begun_at: payment.created_at,
        };
        assert!(matches!(given.gateway.find_charge(&charge).await, ChargeAnswer::Captured(_)));
    }
}
