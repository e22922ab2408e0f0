//! A key happens once: its replay is the first answer, another request under it is refused, and a refused command leaves it free.

use std::collections::{BTreeSet, HashMap};

use earmark_core::{Action, Answer, Changes, Command, Mode, Outcome, Rejection, Timestamp};

use crate::ledger::{Checked, Ledger, ensure};

/// The first answer of each key that is kept.
#[derive(Default)]
pub(crate) struct FirstAnswers(HashMap<[u8; 16], First>);

struct First {
    fingerprint: [u8; 16],
    outcome: Outcome,
    at: Timestamp,
}

impl FirstAnswers {
    /// Before the step is taken in.
    pub(crate) fn check(
        &mut self,
        ledger: &Ledger,
        (command, now): (&Command, Timestamp),
        verdict: Result<(&Answer, &Changes), &Rejection>,
    ) -> Checked {
        let first = command.idempotency.as_ref().and_then(|key| self.0.get(&key.digest));
        let same =
            first.filter(|first| command.idempotency.is_some_and(|key| key.fingerprint == first.fingerprint));
        match verdict {
            Err(Rejection::IdempotencyKeyReused) => {
                return ensure(first.is_some() && same.is_none(), || {
                    "the key was not used for another".to_owned()
                });
            }
            Err(_) => return ensure(first.is_none(), || "a used key, and not its answer".to_owned()),
            Ok((answer, changes)) if answer.replayed => {
                ensure(*changes == Changes::default(), || "a replay changed something".to_owned())?;
                let first = same.ok_or("a replay of what was never answered")?;
                return replayed(ledger, &first.outcome, &answer.outcome);
            }
            Ok(_) => ensure(first.is_none(), || "carried out again under a used key".to_owned())?,
        }
        if let Ok((answer, changes)) = verdict {
            self.take_in((command, now), answer, changes)?;
        }
        Ok(())
    }

    fn take_in(
        &mut self,
        (command, now): (&Command, Timestamp),
        answer: &Answer,
        changes: &Changes,
    ) -> Checked {
        if command.mode == Mode::DryRun {
            return ensure(*changes == Changes::default(), || "a dry run changed something".to_owned());
        }
        let kept =
            changes.idempotency.as_ref().map(|record| (record.digest, record.fingerprint, record.created_at));
        let wanted = command.idempotency.map(|key| (key.digest, key.fingerprint, now));
        ensure(kept == wanted, || "the key was not kept as it was used".to_owned())?;
        if let Some((digest, fingerprint, at)) = wanted {
            self.0.insert(digest, First { fingerprint, outcome: answer.outcome.clone(), at });
        }
        // A key may be named twice by one purge.
        for digest in changes.deleted_keys.iter().collect::<BTreeSet<_>>() {
            let Action::PurgeIdempotencyKeys(purge) = &command.action else {
                return Err("a key was forgotten by another command".to_owned());
            };
            let first = self.0.remove(digest).ok_or("a key was forgotten that nobody used")?;
            ensure(first.at.after(purge.kept) <= now, || "a key was forgotten too early".to_owned())?;
        }
        Ok(())
    }
}

/// A payment is shown as it now stands; everything else as it was.
fn replayed(ledger: &Ledger, first: &Outcome, again: &Outcome) -> Checked {
    if let Outcome::Payment { order_id, payment } = first {
        let order = ledger.orders.get(order_id).ok_or("a payment of no order")?;
        let now =
            order.payments.iter().find(|now| now.id == payment.id).cloned().ok_or("a payment is gone")?;
        let wanted = Outcome::Payment { order_id: *order_id, payment: now };
        return ensure(*again == wanted, || "a replayed payment is not as it now stands".to_owned());
    }
    ensure(again == first, || format!("a replay is another answer: {again:?}, first {first:?}"))
}
