//! Does it matter when the server dies? A gateway in front of which the process ends, as kill -9 would end it, before a call or once its answer is there.
//! For proofs only.

use std::sync::Arc;

use async_trait::async_trait;
use earmark_core::text::Name;
use earmark_store::Moment;

use super::{Charge, ChargeAnswer, Page, PaymentGateway, RefundAnswer, RefundCall, Stretch};

/// A call that is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FatalCall {
    /// Takes money.
    Charge,
    /// Asks what became of a charge.
    FindCharge,
    /// Gives money back.
    Refund,
    /// Asks what became of a refund.
    FindRefund,
}

/// See the module.
pub struct Mortal {
    gateway: Arc<dyn PaymentGateway>,
    moment: Moment,
    call: FatalCall,
}

impl Mortal {
    /// Stands before this gateway.
    pub fn new(gateway: Arc<dyn PaymentGateway>, moment: Moment, call: FatalCall) -> Arc<Self> {
        Arc::new(Self { gateway, moment, call })
    }

    fn reach(&self, moment: Moment, call: FatalCall) {
        if (moment, call) == (self.moment, self.call) {
            std::process::abort();
        }
    }

    async fn around<T>(&self, call: FatalCall, answer: impl Future<Output = T>) -> T {
        self.reach(Moment::Before, call);
        let answer = answer.await;
        self.reach(Moment::After, call);
        answer
    }
}

#[async_trait]
impl PaymentGateway for Mortal {
    fn name(&self) -> Name {
        self.gateway.name()
    }

    async fn charge(&self, charge: &Charge) -> ChargeAnswer {
        self.around(FatalCall::Charge, self.gateway.charge(charge)).await
    }

    async fn find_charge(&self, charge: &Charge) -> ChargeAnswer {
        self.around(FatalCall::FindCharge, self.gateway.find_charge(charge)).await
    }

    async fn refund(&self, refund: &RefundCall) -> RefundAnswer {
        self.around(FatalCall::Refund, self.gateway.refund(refund)).await
    }

    async fn find_refund(&self, refund: &RefundCall) -> RefundAnswer {
        self.around(FatalCall::FindRefund, self.gateway.find_refund(refund)).await
    }

    async fn list(&self, stretch: Stretch, cursor: Option<&str>) -> Result<Page, String> {
        self.gateway.list(stretch, cursor).await
    }
}
