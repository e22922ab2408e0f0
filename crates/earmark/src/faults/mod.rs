//! Which fault is put in on purpose? `EARMARK_FAULT` names one, so that a proof can show that it
//! would notice it.
//!
//! A fault stands around one of the two ports, the engine or the gateway, and nothing behind the
//! ports knows of it. Only what PostgreSQL has to switch off inside is its own (`postgres.rs`).

mod crash;
mod engine;
mod gateway;
mod postgres;
#[cfg(test)]
mod shop;

use std::sync::Arc;
use std::time::Duration;

use earmark_postgres::BrokenOnPurpose;
use earmark_store::Engine;
use earmark_workers::PaymentGateway;

use self::crash::{CrashPoint, Side};
use self::engine::{EngineFault, FaultyEngine};
use self::gateway::{FaultyGateway, GatewayCall, GatewayFault};

pub(crate) use self::engine::EarlyCharges;

/// The fault that is put in; none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults(Option<Fault>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Engine(EngineFault),
    Gateway(GatewayFault),
    Postgres(BrokenOnPurpose),
}

impl Faults {
    /// The fault that `EARMARK_FAULT` names.
    ///
    /// # Errors
    /// If there is no fault of that name.
    pub(crate) fn of_environment() -> anyhow::Result<Self> {
        let Ok(name) = std::env::var("EARMARK_FAULT") else { return Ok(Self::default()) };
        let Some(fault) = Fault::parse(&name) else {
            anyhow::bail!("EARMARK_FAULT: there is no fault {name:?}")
        };
        tracing::warn!("EARMARK_FAULT is set: a fault is put in on purpose. Never do this in production.");
        Ok(Self(Some(fault)))
    }

    /// What PostgreSQL shall do without.
    pub(crate) fn postgres(self) -> Option<BrokenOnPurpose> {
        if let Some(Fault::Postgres(broken)) = self.0 { Some(broken) } else { None }
    }

    /// The engine with its fault around it, or the engine itself.
    pub(crate) fn around_engine(self, engine: Box<dyn Engine>, charges: EarlyCharges) -> Box<dyn Engine> {
        match self.0 {
            Some(Fault::Engine(fault)) => Box::new(FaultyEngine::new(engine, fault, charges)),
            _ => engine,
        }
    }

    /// The gateway with its fault around it, or the gateway itself. `timeout` is how long a caller
    /// waits for an answer of it.
    pub(crate) fn around_gateway(
        self,
        gateway: Arc<dyn PaymentGateway>,
        timeout: Duration,
    ) -> Arc<dyn PaymentGateway> {
        match self.0 {
            Some(Fault::Gateway(fault)) => Arc::new(FaultyGateway::new(gateway, fault, timeout)),
            _ => gateway,
        }
    }
}

impl Fault {
    fn parse(name: &str) -> Option<Self> {
        let fault = match name {
            "ack_before_commit" => Self::Engine(EngineFault::AnswersBeforeCommit),
            "effect_before_intent" => Self::Engine(EngineFault::ChargesBeforeCommit),
            "new_gateway_key" => Self::Gateway(GatewayFault::NewKeyOnRetry),
            "silence_is_failure" => Self::Gateway(GatewayFault::SilenceIsFailure),
            _ => return Self::crash(name).or_else(|| postgres::parse(name).map(Self::Postgres)),
        };
        Some(fault)
    }

    /// The fault called `die_before_POINT` or `die_after_POINT`.
    fn crash(name: &str) -> Option<Self> {
        let (side, point) = match name.strip_prefix("die_before_") {
            Some(point) => (Side::Before, point),
            None => (Side::After, name.strip_prefix("die_after_")?),
        };
        let commit = |point| Some(Self::Engine(EngineFault::Dies(side, point)));
        let call = |call| Some(Self::Gateway(GatewayFault::Dies(side, call)));
        match point {
            "start_payment" => commit(CrashPoint::StartPayment),
            "settle_payment" => commit(CrashPoint::SettlePayment),
            "create_refund" => commit(CrashPoint::CreateRefund),
            "settle_refund" => commit(CrashPoint::SettleRefund),
            "charge" => call(GatewayCall::Charge),
            "find_charge" => call(GatewayCall::FindCharge),
            "refund" => call(GatewayCall::Refund),
            "find_refund" => call(GatewayCall::FindRefund),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_name_and_nothing_else_does() {
        let engine = |fault| Some(Fault::Engine(fault));
        let gateway = |fault| Some(Fault::Gateway(fault));
        for (name, fault) in [
            ("ack_before_commit", engine(EngineFault::AnswersBeforeCommit)),
            ("effect_before_intent", engine(EngineFault::ChargesBeforeCommit)),
            ("die_before_settle_payment", engine(EngineFault::Dies(Side::Before, CrashPoint::SettlePayment))),
            ("new_gateway_key", gateway(GatewayFault::NewKeyOnRetry)),
            ("silence_is_failure", gateway(GatewayFault::SilenceIsFailure)),
            ("die_after_find_refund", gateway(GatewayFault::Dies(Side::After, GatewayCall::FindRefund))),
        ] {
            assert_eq!(Fault::parse(name), fault, "{name}");
        }
        for name in ["no_turns", "no_turns_no_versions", "plain_sequence", "forget_commits"] {
            assert!(matches!(Fault::parse(name), Some(Fault::Postgres(_))), "{name}");
        }
        for name in ["", "die", "die_before_", "die_between_charge", "die_after_lunch"] {
            assert_eq!(Fault::parse(name), None, "{name}");
        }
    }
}
