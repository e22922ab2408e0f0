//! Is every replay the first answer again? One entry a key, with the first answer seen and how
//! often each kind came.
//!
//! The first answer *seen* need not be the first *given*: copies overtake each other, and the one
//! that did the work may have lost its answer. So each key may have one unmarked answer, and none
//! only if a try broke.

use std::collections::HashMap;

use earmark_load::Response;

use super::breach::{Breach, BreachKind};
use crate::commands::payment_of;
use crate::sending::Answered;

/// What must be the same in each answer to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Status, body, `Location` and `ETag`, byte for byte.
    Bytes,
    /// The id of the payment: a replay shows the payment as it now stands.
    Payment,
}

/// All keys of a run.
#[derive(Debug, Default)]
pub(crate) struct ReplayCheck {
    keys: HashMap<String, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    first: Option<Vec<u8>>,
    answers: u32,
    unmarked: u32,
    unanswered: u32,
}

impl ReplayCheck {
    /// Keys that were answered.
    #[must_use]
    pub(crate) fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// Answers to all keys.
    #[must_use]
    pub(crate) fn answer_count(&self) -> u64 {
        self.keys.values().map(|seen| u64::from(seen.answers)).sum()
    }

    /// Adds an answer to `key`; one that differs from the first is a breach.
    pub(crate) fn record(
        &mut self,
        key: &str,
        comparison: Comparison,
        answered: &Answered,
    ) -> Option<Breach> {
        let Answered { response, unanswered } = answered;
        let essence = essence(comparison, response);
        let seen = self.keys.entry(key.to_owned()).or_default();
        seen.answers += 1;
        seen.unanswered += unanswered;
        seen.unmarked += u32::from(!response.replayed());
        let Some(first) = &seen.first else {
            seen.first = Some(essence);
            return None;
        };
        let text = String::from_utf8_lossy;
        let detail = || format!("{}\n  is not\n{}", text(&essence), text(first));
        (*first != essence).then(|| Breach::new(BreachKind::ReplayDiffers, format!("key {key}"), detail()))
    }

    /// The keys whose answers, taken together, do not add up to one effect.
    #[must_use]
    pub(crate) fn finish(&self) -> Vec<Breach> {
        let wrong = self.keys.iter().filter(|(_, seen)| match seen.unmarked {
            0 => seen.unanswered == 0,
            unmarked => unmarked > 1,
        });
        let breach = |(key, seen): (&String, &Seen)| {
            let detail = format!(
                "{} of {} answers are not marked as replays; {} tries had none",
                seen.unmarked, seen.answers, seen.unanswered
            );
            Breach::new(BreachKind::ReplayUnmarked, format!("key {key}"), detail)
        };
        wrong.map(breach).collect()
    }
}

fn essence(comparison: Comparison, response: &Response) -> Vec<u8> {
    match comparison {
        Comparison::Payment => {
            let payment = payment_of(response).unwrap_or_default();
            payment["id"].as_str().unwrap_or("no payment").as_bytes().to_vec()
        }
        Comparison::Bytes => {
            let header = |name| response.header(name).unwrap_or("-");
            let head = format!("{} {} {} ", response.status, header("location"), header("etag"));
            [head.as_bytes(), &response.body].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str, replayed: bool) -> Response {
        let headers =
            if replayed { vec![("idempotency-replayed".to_owned(), "true".to_owned())] } else { Vec::new() };
        Response { status, headers, body: body.as_bytes().to_vec() }
    }

    fn kinds(comparison: Comparison, answers: &[(Response, u32)]) -> Vec<BreachKind> {
        let mut check = ReplayCheck::default();
        let mut breaches = Vec::new();
        for (response, unanswered) in answers {
            let answered = Answered { response: response.clone(), unanswered: *unanswered };
            breaches.extend(check.record("key", comparison, &answered));
        }
        breaches.extend(check.finish());
        breaches.iter().map(|breach| breach.kind).collect()
    }

    #[test]
    fn one_first_answer_and_its_replays_are_right_in_any_order() {
        let first = || (answer(201, "{\"id\":1}", false), 0);
        let replay = || (answer(201, "{\"id\":1}", true), 0);
        assert_eq!(kinds(Comparison::Bytes, &[first(), replay()]), []);
        assert_eq!(kinds(Comparison::Bytes, &[replay(), first(), replay()]), []);
    }

    #[test]
    fn other_bytes_or_status_are_found() {
        let first = || (answer(201, "{\"id\":1}", false), 0);
        for other in [answer(201, "{\"id\": 1}", true), answer(200, "{\"id\":1}", true)] {
            assert_eq!(kinds(Comparison::Bytes, &[first(), (other, 0)]), [BreachKind::ReplayDiffers]);
        }
    }

    #[test]
    fn two_first_answers_are_found_and_none_is_right_only_after_a_break() {
        let first = || (answer(201, "{}", false), 0);
        assert_eq!(kinds(Comparison::Bytes, &[first(), first()]), [BreachKind::ReplayUnmarked]);
        assert_eq!(kinds(Comparison::Bytes, &[(answer(201, "{}", true), 0)]), [BreachKind::ReplayUnmarked]);
        assert_eq!(kinds(Comparison::Bytes, &[(answer(201, "{}", true), 1)]), []);
    }

    #[test]
    fn payments_may_move_on_but_not_become_others() {
        let pending = || (answer(202, r#"{"id":"pay_1","status":"PENDING"}"#, false), 0);
        let declined = (answer(402, r#"{"code":"payment_declined","payment":{"id":"pay_1"}}"#, true), 0);
        assert_eq!(kinds(Comparison::Payment, &[pending(), declined]), []);
        let other = (answer(201, r#"{"id":"pay_2"}"#, true), 0);
        assert_eq!(kinds(Comparison::Payment, &[pending(), other]), [BreachKind::ReplayDiffers]);
    }
}
