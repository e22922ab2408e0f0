//! Does a command under an idempotency key happen once? Its replay gives the first answer, another
//! request under the key is rejected, and a rejected command leaves the key free.

use std::collections::{BTreeSet, HashMap};

use earmark_core::{Action, Answer, Changes, Mode, Outcome, Rejection, Timestamp};

use crate::ledger::{Checked, Ledger, TimedCommand, ensure};

/// The first answer of each key that is kept.
#[derive(Default)]
pub(crate) struct FirstAnswers(HashMap<[u8; 16], First>);

struct First {
    fingerprint: [u8; 16],
    outcome: Outcome,
    at: Timestamp,
}

impl FirstAnswers {
    /// Checks a decision before the ledger takes it in.
    pub(crate) fn check(
        &mut self,
        ledger: &Ledger,
        timed: TimedCommand<'_>,
        decided: Result<(&Answer, &Changes), &Rejection>,
    ) -> Checked {
        let command = timed.command;
        let first = command.idempotency.as_ref().and_then(|key| self.0.get(&key.digest));
        let same =
            first.filter(|first| command.idempotency.is_some_and(|key| key.fingerprint == first.fingerprint));
        match decided {
            Err(Rejection::IdempotencyKeyReused) => {
                return ensure(first.is_some() && same.is_none(), || {
                    "the key was not used for another".to_owned()
                });
            }
            Err(_) => return ensure(first.is_none(), || "a used key did not give its answer".to_owned()),
            Ok((answer, changes)) if answer.replayed => {
                ensure(*changes == Changes::default(), || "a replay changed something".to_owned())?;
                let first = same.ok_or("a replay without a first answer")?;
                return replayed(ledger, &first.outcome, &answer.outcome);
            }
            Ok(_) => ensure(first.is_none(), || "run again under a used key".to_owned())?,
        }
        if let Ok((answer, changes)) = decided {
            self.take_in(timed, answer, changes)?;
        }
        Ok(())
    }

    fn take_in(&mut self, timed: TimedCommand<'_>, answer: &Answer, changes: &Changes) -> Checked {
        let TimedCommand { command, now } = timed;
        if command.mode == Mode::DryRun {
            return ensure(*changes == Changes::default(), || "a dry run changed something".to_owned());
        }
        let kept =
            changes.idempotency.as_ref().map(|record| (record.digest, record.fingerprint, record.created_at));
        let wanted = command.idempotency.map(|key| (key.digest, key.fingerprint, now));
        ensure(kept == wanted, || "the key was not kept as it was sent".to_owned())?;
        if let Some((digest, fingerprint, at)) = wanted {
            self.0.insert(digest, First { fingerprint, outcome: answer.outcome.clone(), at });
        }
        // One purge may name a key twice.
        for digest in changes.deleted_keys.iter().collect::<BTreeSet<_>>() {
            let Action::PurgeIdempotencyKeys(purge) = &command.action else {
                return Err("a key was purged by another command".to_owned());
            };
            let first = self.0.remove(digest).ok_or("a key was purged that was not kept")?;
            ensure(first.at.after(purge.kept) <= now, || "a key was purged too early".to_owned())?;
        }
        Ok(())
    }
}

/// A replay shows a payment as it now is, and everything else as it was in the first answer.
fn replayed(ledger: &Ledger, first: &Outcome, again: &Outcome) -> Checked {
    if let Outcome::Payment { order_id, payment } = first {
        let order = ledger.orders.get(order_id).ok_or("a payment of no order")?;
        let now =
            order.payments.iter().find(|now| now.id == payment.id).cloned().ok_or("a payment is gone")?;
        let wanted = Outcome::Payment { order_id: *order_id, payment: now };
        return ensure(*again == wanted, || "a replayed payment is not as it now is".to_owned());
    }
    ensure(again == first, || format!("a replay is another answer: {again:?}, first {first:?}"))
}
