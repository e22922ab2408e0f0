//! Which rule is broken on purpose? `EARMARK_FAULT`: a protection that a proof turns off to see that its absence is caught, or a step at which the process
//! ends as kill -9 would end it.

use earmark_http::Telling;
use earmark_postgres::Protections;
use earmark_store::{Fault, Moment, Step};
use earmark_workers::Sabotage;
use earmark_workers::gateways::FatalCall;

/// What is broken; nothing by default.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) store: Option<Fault>,
    pub(crate) postgres: Option<Protections>,
    pub(crate) worker: Option<Sabotage>,
    pub(crate) telling: Telling,
    /// A call to the gateway before or after which the process ends.
    pub(crate) fatal_call: Option<(Moment, FatalCall)>,
}

impl Faults {
    fn none() -> Self {
        Self { store: None, postgres: None, worker: None, telling: Telling::AfterCommit, fatal_call: None }
    }

    /// Those of `EARMARK_FAULT`.
    pub(crate) fn of_environment() -> anyhow::Result<Self> {
        let Ok(text) = std::env::var("EARMARK_FAULT") else { return Ok(Self::none()) };
        let Some(faults) = Self::parse(&text) else {
            anyhow::bail!("EARMARK_FAULT: there is no fault {text:?}")
        };
        tracing::warn!("EARMARK_FAULT is set: a mistake is made on purpose. Never do this in earnest.");
        Ok(faults)
    }

    fn parse(text: &str) -> Option<Self> {
        let none = Self::none;
        let all = Protections::default();
        let faults = match text {
            "ack_before_commit" => Self { store: Some(Fault::AckBeforeCommit), ..none() },
            "no_turns" => Self { postgres: Some(Protections { turns: false, ..all }), ..none() },
            "no_turns_no_versions" => Self {
                postgres: Some(Protections { turns: false, versions: false, event_numbers: false, ..all }),
                ..none()
            },
            "plain_sequence" => {
                Self { postgres: Some(Protections { turns: false, event_numbers: false, ..all }), ..none() }
            }
            "forget_commits" => {
                Self { postgres: Some(Protections { commit_outcomes: false, ..all }), ..none() }
            }
            "new_gateway_key" => Self { worker: Some(Sabotage::NewKeyOnRetry), ..none() },
            "silence_is_failure" => Self { worker: Some(Sabotage::SilenceIsFailure), ..none() },
            "effect_before_intent" => Self { telling: Telling::BeforeCommit, ..none() },
            _ => return Self::fatal(text),
        };
        Some(faults)
    }

    /// `die_before_STEP` or `die_after_STEP`.
    fn fatal(text: &str) -> Option<Self> {
        let (moment, step) = match text.strip_prefix("die_before_") {
            Some(step) => (Moment::Before, step),
            None => (Moment::After, text.strip_prefix("die_after_")?),
        };
        let at_commit = |step| Some(Self { store: Some(Fault::Die(moment, step)), ..Self::none() });
        let at_call = |call| Some(Self { fatal_call: Some((moment, call)), ..Self::none() });
        match step {
            "start_payment" => at_commit(Step::StartPayment),
            "settle_payment" => at_commit(Step::SettlePayment),
            "create_refund" => at_commit(Step::CreateRefund),
            "settle_refund" => at_commit(Step::SettleRefund),
            "charge" => at_call(FatalCall::Charge),
            "find_charge" => at_call(FatalCall::FindCharge),
            "refund" => at_call(FatalCall::Refund),
            "find_refund" => at_call(FatalCall::FindRefund),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_recognised_on_both_sides_and_nothing_else_is() {
        let before = Faults::parse("die_before_settle_payment").unwrap();
        assert_eq!(before.store, Some(Fault::Die(Moment::Before, Step::SettlePayment)));
        let after = Faults::parse("die_after_find_refund").unwrap();
        assert_eq!(after.fatal_call, Some((Moment::After, FatalCall::FindRefund)));
        assert_eq!(Faults::parse("effect_before_intent").unwrap().telling, Telling::BeforeCommit);
        for text in ["", "die", "die_before_", "die_between_charge", "die_after_lunch"] {
            assert!(Faults::parse(text).is_none(), "{text}");
        }
    }
}
