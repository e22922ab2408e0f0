//! What happens to a request? A fault may come before it, the effect goes into the ledger, a fault may come after it.
//!
//! The effect goes on when the caller has hung up, as it would at a real gateway: a late effect after a timeout is the case that matters most.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Options;
use crate::faults::{Fault, Faults, Operation};
use crate::ledger::{Entry, Kind, Ledger, Status, Syncer};
use crate::tokens::{self, Verdict};
use crate::webhooks::{Delivery, Webhooks};

/// The sandbox.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) options: Options,
    ledger: Mutex<Ledger>,
    syncer: Syncer,
    faults: Mutex<Faults>,
    /// Keys under which a 500 was answered after something had begun: Stripe answers so again and again.
    failed: Mutex<HashSet<String>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    fault_counts: Mutex<BTreeMap<String, u64>>,
    webhooks: Webhooks,
}

/// Which protocol asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Signed,
    Stripe,
}

/// A request, as the faults see it.
pub(crate) struct Asked {
    pub(crate) protocol: Protocol,
    pub(crate) operation: Operation,
    /// Whose first time counts.
    pub(crate) id: String,
    pub(crate) by_token: Option<Fault>,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub(crate) enum Done {
    /// Just done.
    New(Entry),
    /// Done before, or looked up.
    Known(Entry),
    /// Looked for.
    List(Vec<Entry>),
    NotFound,
    /// The key is known with other parameters.
    Conflict,
    /// No such charge.
    NoCharge,
    /// More than there is left of the charge.
    TooMuch,
    /// No such means.
    InvalidToken,
}

/// Why there is no proper answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Error,
    Reset,
    Silence,
    Garbage,
}

/// A charge to make.
pub(crate) struct ChargeOrder {
    pub(crate) protocol: Protocol,
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) token: String,
}

/// A refund to make.
pub(crate) struct RefundOrder {
    pub(crate) protocol: Protocol,
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) charge: ChargeName,
    pub(crate) amount: i64,
    /// None: that of the charge, where the protocol does not say.
    pub(crate) currency: Option<String>,
}

/// How a refund names its charge.
#[derive(Clone, Debug)]
pub(crate) enum ChargeName {
    Id(String),
    Reference(String),
}

/// Refuses what would have been done; the code says why.
pub(crate) type Forced = Option<&'static str>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the sandbox is another machine, with a clock of its own")]
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_epoch.map_or(0, |span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}

impl Sandbox {
    pub(crate) fn new(options: Options, ledger: Ledger, webhooks: Webhooks) -> std::io::Result<Self> {
        let faults = Faults::new(options.rate, &options.kinds, options.seed);
        Ok(Self {
            options,
            syncer: ledger.syncer()?,
            ledger: Mutex::new(ledger),
            faults: Mutex::new(faults),
            failed: Mutex::default(),
            counts: Mutex::default(),
            fault_counts: Mutex::default(),
            webhooks,
        })
    }

    /// The ledger. Once it could not be written, whoever comes here panics and nobody is answered.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("the ledger can be written")
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// How often what was asked, since the start.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.counts).clone()
    }

    /// How often which fault happened, since the start.
    pub(crate) fn fault_counts(&self) -> BTreeMap<String, u64> {
        lock(&self.fault_counts).clone()
    }

    /// Whether this key has been answered 500 after something had begun.
    pub(crate) fn has_failed(&self, key: &str) -> bool {
        lock(&self.failed).contains(key)
    }

    pub(crate) fn note_failed(&self, key: &str) {
        lock(&self.failed).insert(key.to_owned());
    }

    /// The means of a charge.
    pub(crate) fn token_of(&self, charge: &ChargeName) -> Option<String> {
        find_charge(&self.ledger(), charge).and_then(|entry| entry.token)
    }

    /// Carries a request out, or not, as the faults will have it.
    pub(crate) async fn run(
        self: &Arc<Self>,
        asked: Asked,
        effect: impl FnOnce(&Self, Forced) -> Done + Send + 'static,
    ) -> Result<Done, Broken> {
        let count = match asked.operation {
            Operation::Charge => "charge",
            Operation::Refund => "refund",
            Operation::LookUp => "look_up",
            Operation::List => "list",
        };
        *lock(&self.counts).entry(count).or_default() += 1;
        let fault = self.faults().next(asked.operation, &asked.id, asked.by_token);
        if let Some(fault) = fault {
            *lock(&self.fault_counts).entry(fault.to_string()).or_default() += 1;
            tracing::debug!(%fault, operation = count, id = asked.id, "a fault");
        }
        match fault {
            Some(Fault::SilentBefore) => return Err(Broken::Silence),
            Some(Fault::ErrorBefore) => return Err(Broken::Error),
            Some(Fault::ResetBefore) => return Err(Broken::Reset),
            _ => {}
        }
        let sandbox = Arc::clone(self);
        let work = tokio::spawn(async move {
            if fault == Some(Fault::Delay) {
                tokio::time::sleep(sandbox.options.delay).await;
            }
            let done = tokio::task::spawn_blocking(move || {
                let done = effect(&sandbox, (fault == Some(Fault::Decline)).then_some("by_fault"));
                // A look-up too may have seen what is not safe yet.
                sandbox.syncer.sync(|| sandbox.ledger().entries().len());
                sandbox.hint(&done, asked.protocol, fault);
                done
            });
            done.await
        });
        let Ok(Ok(done)) = work.await else { return Err(Broken::Reset) };
        match fault {
            Some(Fault::SilentAfter) => Err(Broken::Silence),
            Some(Fault::ErrorAfter) => Err(Broken::Error),
            Some(Fault::ResetAfter) => Err(Broken::Reset),
            Some(Fault::Garbage) => Err(Broken::Garbage),
            Some(Fault::WrongAmount) => Ok(done.with_wrong_amount()),
            _ if done.is_always_wrong() => Ok(done.with_wrong_amount()),
            _ => Ok(done),
        }
    }

    /// Sends a hint about what has just happened.
    fn hint(&self, done: &Done, protocol: Protocol, fault: Option<Fault>) {
        let Done::New(entry) = done else { return };
        let delivery = match fault {
            Some(Fault::WebhookTwice) => Delivery::Twice,
            Some(Fault::WebhookLate) => Delivery::Late,
            _ => Delivery::Once,
        };
        self.webhooks.tell(entry.clone(), protocol, delivery);
    }

    /// Takes money, once per key.
    pub(crate) fn charge(&self, order: ChargeOrder, forced: Forced) -> Done {
        let mut ledger = self.ledger();
        if let Some(known) = ledger.find(Kind::Charge, &order.key) {
            let same = known.amount == order.amount
                && known.currency == order.currency
                && known.token.as_ref() == Some(&order.token);
            return if same { Done::Known(known.clone()) } else { Done::Conflict };
        }
        let verdict = forced.map_or_else(|| tokens::verdict(&order.token), Verdict::Declined);
        let (prefix, status, decline_code) = match (order.protocol, verdict) {
            (Protocol::Stripe, tokens::INVALID) => return Done::InvalidToken,
            (Protocol::Stripe, Verdict::Captured) => ("pi", Status::Done, None),
            (Protocol::Stripe, Verdict::Declined(code)) => ("pi", Status::Declined, Some(code.to_owned())),
            (Protocol::Signed, Verdict::Captured) => ("ch", Status::Done, None),
            (Protocol::Signed, Verdict::Declined(code)) => ("ch", Status::Declined, Some(code.to_owned())),
        };
        let reference = format!("{prefix}_sandbox{:08}", ledger.entries().len() + 1);
        let ChargeOrder { key, id, amount, currency, token, .. } = order;
        let entry = Entry {
            kind: Kind::Charge,
            key,
            id,
            reference,
            charge_reference: None,
            status,
            amount,
            currency,
            decline_code,
            token: Some(token),
            at_ms: now_ms(),
        };
        Done::New(ledger.append(entry).clone())
    }

    /// Gives money back, once per key.
    pub(crate) fn refund(&self, order: RefundOrder, forced: Forced) -> Done {
        let mut ledger = self.ledger();
        let Some(charge) = find_charge(&ledger, &order.charge) else { return Done::NoCharge };
        if let Some(known) = ledger.find(Kind::Refund, &order.key) {
            let same =
                known.amount == order.amount && known.charge_reference.as_ref() == Some(&charge.reference);
            return if same { Done::Known(known.clone()) } else { Done::Conflict };
        }
        let gone: i64 = ledger
            .refunds_of(&charge.reference)
            .filter(|refund| refund.status == Status::Done)
            .map(|refund| refund.amount)
            .sum();
        let fits = (1..=charge.amount - gone).contains(&order.amount)
            && charge.status == Status::Done
            && order.currency.is_none_or(|currency| currency == charge.currency);
        let declined = match (forced, order.protocol) {
            (Some(code), _) => Some(code),
            (None, Protocol::Stripe) if !fits => return Done::TooMuch,
            (None, _) => (!fits).then_some("more_than_was_charged"),
        };
        let prefix = if order.protocol == Protocol::Stripe { "re" } else { "rf" };
        let entry = Entry {
            kind: Kind::Refund,
            key: order.key,
            id: order.id,
            reference: format!("{prefix}_sandbox{:08}", ledger.entries().len() + 1),
            charge_reference: Some(charge.reference),
            status: if declined.is_none() { Status::Done } else { Status::Declined },
            amount: order.amount,
            currency: charge.currency,
            decline_code: declined.map(str::to_owned),
            token: None,
            at_ms: now_ms(),
        };
        Done::New(ledger.append(entry).clone())
    }
}

fn find_charge(ledger: &Ledger, name: &ChargeName) -> Option<Entry> {
    match name {
        ChargeName::Id(id) => ledger.of_id(Kind::Charge, id).next().cloned(),
        ChargeName::Reference(reference) => ledger.find_reference(reference).cloned(),
    }
}

impl Done {
    /// Whether the charge's token asks for it.
    fn is_always_wrong(&self) -> bool {
        let (Self::New(entry) | Self::Known(entry)) = self else { return false };
        entry.token.as_deref() == Some(tokens::WRONG_AMOUNT)
    }

    /// The same, but one minor unit more was taken than was.
    fn with_wrong_amount(self) -> Self {
        let wrong = |mut entry: Entry| {
            entry.amount += 1;
            entry
        };
        match self {
            Self::New(entry) => Self::New(wrong(entry)),
            Self::Known(entry) => Self::Known(wrong(entry)),
            Self::List(entries) => Self::List(entries.into_iter().map(wrong).collect()),
            other => other,
        }
    }
}
