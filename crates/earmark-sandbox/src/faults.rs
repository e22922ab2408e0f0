//! Which fault a request has. A scripted fault comes first, then the one that the request's token
//! wants, then chance. The names of the faults are part of the command line and of `PUT /faults`.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::str::FromStr;

use earmark_random::Random;

/// A way for a gateway to fail. *Before* and *after* refer to the effect: whether money has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    Decline,
    /// The answer is late by [`Options::delay`](crate::Options::delay).
    Delay,
    /// There is no effect and no answer.
    SilentBefore,
    /// There is an effect and no answer.
    SilentAfter,
    /// There is no effect, and the answer is 500.
    ErrorBefore,
    /// There is an effect, and the answer is 500.
    ErrorAfter,
    /// There is no effect, and the connection is reset.
    ResetBefore,
    /// There is an effect, and the connection is reset.
    ResetAfter,
    /// There is an effect, and the answer is cut off in the middle of its JSON.
    Garbage,
    /// There is an effect, and the answer gives another amount.
    WrongAmount,
    /// The notification of the effect is sent twice.
    NotificationTwice,
    /// The notification of the effect is sent after the next one.
    NotificationLate,
}

/// All faults with their names.
const ALL: [(Fault, &str); 12] = [
    (Fault::Decline, "decline"),
    (Fault::Delay, "delay"),
    (Fault::SilentBefore, "silent_before"),
    (Fault::SilentAfter, "silent_after"),
    (Fault::ErrorBefore, "error_before"),
    (Fault::ErrorAfter, "error_after"),
    (Fault::ResetBefore, "reset_before"),
    (Fault::ResetAfter, "reset_after"),
    (Fault::Garbage, "garbage"),
    (Fault::WrongAmount, "wrong_amount"),
    (Fault::NotificationTwice, "webhook_twice"),
    (Fault::NotificationLate, "webhook_late"),
];

/// A text that is neither the name of a fault nor a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFault(String);

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let found = ALL.iter().find(|(_, name)| *name == text).map(|(fault, _)| *fault);
        found.ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|(_, name)| *name).collect();
            InvalidFault(format!("a fault is one of {}", names.join(", ")))
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ALL.iter().find(|(fault, _)| fault == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

/// The share of requests that have a fault by chance, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate(u64);

impl FromStr for Rate {
    type Err = InvalidFault;

    /// Reads a number from 0 to 1, such as `0.3`, with up to three digits behind the point.
    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let wrong = || InvalidFault("a rate is 0 to 1 with up to three digits behind the point".into());
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = part.bytes().all(|byte| byte.is_ascii_digit()) && part.len() <= 3;
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let part: u64 = format!("{part:0<3}").parse().map_err(|_| wrong())?;
        let thousandths = whole.saturating_mul(1_000) + part;
        if digits && thousandths <= 1_000 { Ok(Self(thousandths)) } else { Err(wrong()) }
    }
}

/// What a request wants of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Charge,
    Refund,
    LookUp,
    List,
}

impl Operation {
    /// Its name in `GET /stats`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::LookUp => "look_up",
            Self::List => "list",
        }
    }
}

/// The source of faults.
#[derive(Debug)]
pub(crate) struct Faults {
    script: VecDeque<Option<Fault>>,
    /// Ids whose token has caused its fault already.
    token_done: HashSet<String>,
    rate: Rate,
    kinds: Vec<Fault>,
    random: Random,
}

impl Faults {
    pub(crate) fn new(rate: Rate, kinds: &[Fault], seed: u64) -> Self {
        let kinds = if kinds.is_empty() { ALL.map(|(fault, _)| fault).to_vec() } else { kinds.to_vec() };
        Self { script: VecDeque::new(), token_done: HashSet::new(), rate, kinds, random: Random::new(seed) }
    }

    /// Adds faults for the next charges and refunds, one each; None stands for one without a fault.
    pub(crate) fn script(&mut self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.script.extend(faults);
    }

    /// Changes how often faults happen by chance from now on.
    pub(crate) fn set_rate(&mut self, rate: Rate) {
        self.rate = rate;
    }

    /// The fault of this request, if it has one. `token_fault` is what its token wants; it happens
    /// only the first time that this id comes.
    pub(crate) fn next(
        &mut self,
        operation: Operation,
        id: &str,
        token_fault: Option<Fault>,
    ) -> Option<Fault> {
        let moves_money = matches!(operation, Operation::Charge | Operation::Refund);
        if moves_money {
            if let Some(next) = self.script.pop_front() {
                return next;
            }
            if let Some(fault) = token_fault
                && self.token_done.insert(id.to_owned())
            {
                return Some(fault);
            }
        }
        if self.random.below(1_000) >= self.rate.0 {
            return None;
        }
        let fault = *self.random.pick(&self.kinds)?;
        // A look-up cannot decline anything and causes no notification.
        let needs_effect =
            matches!(fault, Fault::Decline | Fault::NotificationTwice | Fault::NotificationLate);
        (moves_money || !needs_effect).then_some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_exactly() {
        for (text, thousandths) in
            [("0", 0), ("0.3", 300), ("0.05", 50), ("0.001", 1), ("1", 1_000), ("1.0", 1_000)]
        {
            assert_eq!(text.parse(), Ok(Rate(thousandths)), "{text}");
        }
        for wrong in ["", "1.1", "-0.1", "0.0001", "a", "0.a", "2"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn script_comes_before_token_and_token_before_chance() {
        let mut faults = Faults::new(Rate(0), &[], 1);
        faults.script([Some(Fault::Garbage), None]);
        let mut next = |id| faults.next(Operation::Charge, id, Some(Fault::ErrorBefore));
        assert_eq!(next("a"), Some(Fault::Garbage));
        assert_eq!(next("a"), None);
        assert_eq!(next("a"), Some(Fault::ErrorBefore));
        assert_eq!(next("a"), None, "once");
        assert_eq!(next("b"), Some(Fault::ErrorBefore));
    }

    #[test]
    fn chance_keeps_its_rate_and_its_seed() {
        let run = |seed| {
            let mut faults = Faults::new(Rate(300), &[], seed);
            (0..10_000).map(|_| faults.next(Operation::Charge, "", None)).collect::<Vec<_>>()
        };
        let (one, other) = (run(1), run(2));
        assert_eq!(one, run(1));
        assert_ne!(one, other);
        let faulty = one.iter().flatten().count();
        assert!((2_800..3_200).contains(&faulty), "{faulty}");
        for (fault, name) in ALL {
            assert!(one.contains(&Some(fault)), "{name}");
            assert_eq!(name.parse(), Ok(fault));
        }
    }
}
