//! A gateway that makes a mistake on purpose, or in front of which the process dies, around a right
//! one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use earmark_core::ids::PaymentId;
use earmark_core::text::Name;
use earmark_workers::gateways::{GatewayRecord, Page, TimeRange};
use earmark_workers::{Charge, ChargeAnswer, PaymentGateway, RefundAnswer, RefundCall};

use super::crash::Side;

/// What a gateway does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GatewayFault {
    /// Charges again under another id, where it is asked what became of a charge.
    NewKeyOnRetry,
    /// Says that a charge was declined, where it has no answer.
    SilenceIsFailure,
    /// Ends the process, as `kill -9` would, at such a call.
    Dies(Side, GatewayCall),
}

/// The calls of a gateway that move money, or ask whether it was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GatewayCall {
    Charge,
    FindCharge,
    Refund,
    FindRefund,
}

/// The gateway with its mistake.
pub(super) struct FaultyGateway {
    inner: Arc<dyn PaymentGateway>,
    fault: GatewayFault,
    /// From when on no answer is taken for a refusal: before the caller gives up.
    silent_after: Duration,
    die: fn() -> !,
}

impl FaultyGateway {
    /// `timeout` is how long the caller waits for an answer.
    pub(super) fn new(inner: Arc<dyn PaymentGateway>, fault: GatewayFault, timeout: Duration) -> Self {
        Self { inner, fault, silent_after: timeout * 9 / 10, die: std::process::abort }
    }

    /// Makes a call, and dies on its way if it is to.
    async fn call<T>(&self, call: GatewayCall, answer: impl Future<Output = T>) -> T {
        self.reach(Side::Before, call);
        let answer = answer.await;
        self.reach(Side::After, call);
        answer
    }

    fn reach(&self, side: Side, call: GatewayCall) {
        if self.fault == GatewayFault::Dies(side, call) {
            (self.die)();
        }
    }

    /// Takes silence for a refusal, if that is the mistake.
    async fn heard(&self, charge: &Charge, answer: impl Future<Output = ChargeAnswer>) -> ChargeAnswer {
        if self.fault != GatewayFault::SilenceIsFailure {
            return answer.await;
        }
        match tokio::time::timeout(self.silent_after, answer).await {
            Ok(answer) if !is_silence(&answer) => answer,
            _ => declined(charge),
        }
    }
}

fn is_silence(answer: &ChargeAnswer) -> bool {
    matches!(answer, ChargeAnswer::Unknown { .. } | ChargeAnswer::Unsettled { .. })
}

fn declined(charge: &Charge) -> ChargeAnswer {
    let code = Name::parse("timeout").expect("a short word is a name");
    let (id, amount, currency) = (charge.id.to_string(), charge.amount, charge.currency);
    ChargeAnswer::Declined { code, record: GatewayRecord { id, amount, currency, reference: None } }
}

/// The answer to a charge under another id as if it were about this one.
fn under_id(id: PaymentId, mut answer: ChargeAnswer) -> ChargeAnswer {
    if let ChargeAnswer::Captured(record)
    | ChargeAnswer::Authorized(record)
    | ChargeAnswer::Declined { record, .. } = &mut answer
    {
        record.id = id.to_string();
    }
    answer
}

#[async_trait]
impl PaymentGateway for FaultyGateway {
    fn name(&self) -> Name {
        self.inner.name()
    }

    async fn charge(&self, charge: &Charge) -> ChargeAnswer {
        self.heard(charge, self.call(GatewayCall::Charge, self.inner.charge(charge))).await
    }

    async fn find_charge(&self, charge: &Charge) -> ChargeAnswer {
        // Only a charge that may have been sent before is looked up, so this is a retry.
        if self.fault == GatewayFault::NewKeyOnRetry {
            let id = PaymentId(uuid::Uuid::now_v7().as_u128());
            return under_id(charge.id, self.inner.charge(&Charge { id, ..charge.clone() }).await);
        }
        self.heard(charge, self.call(GatewayCall::FindCharge, self.inner.find_charge(charge))).await
    }

    async fn refund(&self, refund: &RefundCall) -> RefundAnswer {
        self.call(GatewayCall::Refund, self.inner.refund(refund)).await
    }

    async fn find_refund(&self, refund: &RefundCall) -> RefundAnswer {
        self.call(GatewayCall::FindRefund, self.inner.find_refund(refund)).await
    }

    async fn list(&self, range: TimeRange, cursor: Option<&str>) -> Result<Page, String> {
        self.inner.list(range, cursor).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use earmark_core::Currency;
    use earmark_core::payments::Token;
    use earmark_core::{Money, Timestamp};

    use super::*;

    /// Writes its calls down; what it is asked to charge it takes, or never answers.
    #[derive(Default)]
    struct Recorder {
        calls: Mutex<Vec<(&'static str, PaymentId)>>,
        is_silent: bool,
    }

    impl Recorder {
        async fn answer(&self, call: &'static str, charge: &Charge) -> ChargeAnswer {
            self.calls.lock().unwrap().push((call, charge.id));
            if self.is_silent {
                std::future::pending::<()>().await;
            }
            let (id, amount, currency) = (charge.id.to_string(), charge.amount, charge.currency);
            ChargeAnswer::Captured(GatewayRecord { id, amount, currency, reference: None })
        }
    }

    #[async_trait]
    impl PaymentGateway for Recorder {
        fn name(&self) -> Name {
            Name::parse("recorder").unwrap()
        }

        async fn charge(&self, charge: &Charge) -> ChargeAnswer {
            self.answer("charge", charge).await
        }

        async fn find_charge(&self, charge: &Charge) -> ChargeAnswer {
            self.answer("find_charge", charge).await
        }

        async fn refund(&self, _refund: &RefundCall) -> RefundAnswer {
            RefundAnswer::NotFound
        }

        async fn find_refund(&self, _refund: &RefundCall) -> RefundAnswer {
            RefundAnswer::NotFound
        }

        async fn list(&self, _range: TimeRange, _cursor: Option<&str>) -> Result<Page, String> {
            Ok(Page::default())
        }
    }

    fn charge() -> Charge {
        Charge {
            id: PaymentId(7),
            amount: Money::parse(5).unwrap(),
            currency: Currency::parse("USD").unwrap(),
            token: Token::parse("tok_ok").unwrap(),
            begun_at: Timestamp(0),
        }
    }

    /// Long enough for a call that is answered at once.
    const TIMEOUT: Duration = Duration::from_millis(500);

    fn faulty(recorder: &Arc<Recorder>, fault: GatewayFault) -> FaultyGateway {
        let inner = Arc::clone(recorder) as Arc<dyn PaymentGateway>;
        FaultyGateway { die: || panic!("died"), ..FaultyGateway::new(inner, fault, TIMEOUT) }
    }

    #[tokio::test]
    async fn a_retry_charges_under_a_new_id_and_is_answered_under_the_old_one() {
        let recorder = Arc::new(Recorder::default());
        let gateway = faulty(&recorder, GatewayFault::NewKeyOnRetry);
        for answer in [gateway.charge(&charge()).await, gateway.find_charge(&charge()).await] {
            let ChargeAnswer::Captured(record) = answer else { panic!("{answer:?}") };
            assert_eq!(record.id, charge().id.to_string());
        }
        let calls = recorder.calls.lock().unwrap().clone();
        assert_eq!(calls[0], ("charge", charge().id));
        assert_eq!((calls.len(), calls[1].0), (2, "charge"));
        assert_ne!(calls[1].1, charge().id);
    }

    #[tokio::test]
    async fn silence_is_a_refusal_before_the_caller_gives_up() {
        let recorder = Arc::new(Recorder { is_silent: true, ..Recorder::default() });
        let gateway = faulty(&recorder, GatewayFault::SilenceIsFailure);
        let answer = tokio::time::timeout(TIMEOUT, gateway.charge(&charge())).await;
        assert!(matches!(answer, Ok(ChargeAnswer::Declined { .. })), "{answer:?}");
        let recorder = Arc::new(Recorder::default());
        let answer = faulty(&recorder, GatewayFault::SilenceIsFailure).charge(&charge()).await;
        assert!(matches!(answer, ChargeAnswer::Captured(_)), "an answer is one");
    }

    #[tokio::test]
    async fn the_process_dies_on_the_right_side_of_the_right_call() {
        for (side, calls) in [(Side::Before, 0), (Side::After, 1)] {
            let recorder = Arc::new(Recorder::default());
            let gateway = faulty(&recorder, GatewayFault::Dies(side, GatewayCall::Charge));
            let died = tokio::spawn(async move { gateway.charge(&charge()).await }).await;
            assert!(died.is_err(), "{side:?}");
            assert_eq!(recorder.calls.lock().unwrap().len(), calls, "{side:?}");
            let gateway = faulty(&recorder, GatewayFault::Dies(side, GatewayCall::FindCharge));
            assert!(matches!(gateway.charge(&charge()).await, ChargeAnswer::Captured(_)), "{side:?}");
        }
    }
}
