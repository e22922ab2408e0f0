//! How a request is answered: a fault may come before its effect, the effect is written to the
//! ledger, and a fault may spoil the answer.
//!
//! The effect is carried out even if the caller has hung up, as it would be at a real gateway:
//! money that moves after the caller's timeout is the case that matters most. What an effect is
//! stands in `effects.rs`, which faults there are in `faults.rs`.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::faults::{Fault, Faults};
use crate::ledger::{Ledger, Syncer};
use crate::notifications::{Delivery, Notification, Notifications};
use crate::options::Options;
use crate::requests::{ForcedDecline, Outcome, Protocol, RequestContext, SpoiltAnswer};

/// The state of the sandbox, which all routes share.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) options: Options,
    ledger: Mutex<Ledger>,
    syncer: Syncer,
    faults: Mutex<Faults>,
    /// Keys under which 500 was answered although something was done. Stripe repeats such an
    /// answer.
    failed_keys: Mutex<HashSet<String>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    fault_counts: Mutex<BTreeMap<String, u64>>,
    notifications: Notifications,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sandbox {
    pub(crate) fn new(
        options: Options,
        ledger: Ledger,
        notifications: Notifications,
    ) -> std::io::Result<Self> {
        let faults = Faults::new(options.rate, &options.kinds, options.seed);
        Ok(Self {
            options,
            syncer: ledger.syncer()?,
            ledger: Mutex::new(ledger),
            faults: Mutex::new(faults),
            failed_keys: Mutex::default(),
            counts: Mutex::default(),
            fault_counts: Mutex::default(),
            notifications,
        })
    }

    /// The ledger.
    ///
    /// # Panics
    /// If a write failed before: from then on no request is answered.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("the ledger can be written")
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// The number of requests since the start, by operation.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.counts).clone()
    }

    /// The number of faults since the start, by name.
    pub(crate) fn fault_counts(&self) -> BTreeMap<String, u64> {
        lock(&self.fault_counts).clone()
    }

    /// Whether [`Self::note_failed`] was called for this key.
    pub(crate) fn has_failed(&self, key: &str) -> bool {
        lock(&self.failed_keys).contains(key)
    }

    pub(crate) fn note_failed(&self, key: &str) {
        lock(&self.failed_keys).insert(key.to_owned());
    }

    /// Carries a request out, unless a fault prevents it, and says how it is to be answered.
    pub(crate) async fn run(
        self: &Arc<Self>,
        context: RequestContext,
        effect: impl FnOnce(&Self, ForcedDecline) -> Outcome + Send + 'static,
    ) -> Result<Outcome, SpoiltAnswer> {
        let operation = context.operation.name();
        *lock(&self.counts).entry(operation).or_default() += 1;
        let fault = self.faults().next(context.operation, &context.id, context.token_fault);
        if let Some(fault) = fault {
            *lock(&self.fault_counts).entry(fault.to_string()).or_default() += 1;
            tracing::debug!(%fault, operation, id = context.id, "a fault");
        }
        match fault {
            Some(Fault::SilentBefore) => return Err(SpoiltAnswer::Silence),
            Some(Fault::ErrorBefore) => return Err(SpoiltAnswer::Error),
            Some(Fault::ResetBefore) => return Err(SpoiltAnswer::Reset),
            _ => {}
        }
        let sandbox = Arc::clone(self);
        // A task of its own, so that the effect happens even if the caller hangs up and this future
        // is dropped.
        let work = tokio::spawn(async move {
            if fault == Some(Fault::Delay) {
                tokio::time::sleep(sandbox.options.delay).await;
            }
            let work = tokio::task::spawn_blocking(move || {
                let outcome = effect(&sandbox, (fault == Some(Fault::Decline)).then_some("by_fault"));
                // Also after a look-up: what it saw may have been written and not synced yet.
                sandbox.syncer.sync(|| sandbox.ledger().entries().len());
                sandbox.notify(&outcome, context.protocol, fault);
                outcome
            });
            work.await
        });
        let Ok(Ok(outcome)) = work.await else { return Err(SpoiltAnswer::Reset) };
        match fault {
            Some(Fault::SilentAfter) => Err(SpoiltAnswer::Silence),
            Some(Fault::ErrorAfter) => Err(SpoiltAnswer::Error),
            Some(Fault::ResetAfter) => Err(SpoiltAnswer::Reset),
            Some(Fault::Garbage) => Err(SpoiltAnswer::Garbage),
            Some(Fault::WrongAmount) => Ok(outcome.with_wrong_amount()),
            _ if outcome.is_always_wrong() => Ok(outcome.with_wrong_amount()),
            _ => Ok(outcome),
        }
    }

    /// Sends a notification if this request was the one that had the effect.
    fn notify(&self, outcome: &Outcome, protocol: Protocol, fault: Option<Fault>) {
        let Outcome::New(entry) = outcome else { return };
        let delivery = match fault {
            Some(Fault::NotificationTwice) => Delivery::Twice,
            Some(Fault::NotificationLate) => Delivery::Late,
            _ => Delivery::Once,
        };
        self.notifications.send(Notification { entry: entry.clone(), protocol, delivery });
    }
}
