//! The world around the books: nodes that call, wait, give up and crash; a network that loses and delays; a gateway that does each id once.
//!
//! A request that nobody waits for any more may still arrive: it goes astray and has its effect whenever it likes. An answer belongs to the connection of its
//! request, so one that nobody waits for is gone.

use std::collections::{BTreeMap, BTreeSet};

use earmark_core::payments::PaymentStatus;
use stateright::{Model, Property};

use crate::books::{Books, Row, Settled};
use crate::properties;

/// A mistake made on purpose: the invariants must see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// A retry goes out under another id.
    NewKeyOnRetry,
    /// Giving up settles the payment as failed.
    SilenceIsFailure,
    /// The gateway is called before the row is written.
    EffectBeforeIntent,
}

/// How far the world goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    pub(crate) nodes: usize,
    pub(crate) payments_max: usize,
    pub(crate) cancellations_max: usize,
    pub(crate) mistake: Option<Mistake>,
}

/// What a call asks of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Question {
    Do,
    Find,
}

/// What the gateway says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Done,
    Refused,
    NotFound,
}

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    OnItsWay,
    Answered(Answer),
    Lost,
}

/// What a node waits for; in memory, gone with a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Waiting {
    pub(crate) row: Row,
    question: Question,
    /// Under which id; another than the row's only by mistake.
    id: u128,
    call: Call,
}

/// A request that nobody waits for and that may still arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Astray {
    row: Row,
    id: u128,
    amount: i64,
}

/// What the gateway has done under an id: how much, and whether money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) amount: i64,
    pub(crate) moved: bool,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct State {
    pub(crate) books: Books,
    pub(crate) charges: BTreeMap<u128, Entry>,
    pub(crate) refunds: BTreeMap<u128, Entry>,
    pub(crate) nodes: Vec<Option<Waiting>>,
    pub(crate) astray: BTreeSet<Astray>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Pay,
    PayBeforeWriting,
    CancelOne,
    CancelAll,
    Expire,
    /// A node calls for a row that is due.
    Call(usize, Row),
    /// The gateway takes a node's request; the flag is its verdict, should it be the first under its id.
    Serve(usize, Verdict),
    /// The gateway takes a request that nobody waits for.
    ServeAstray(Astray, Verdict),
    /// A request that went astray never arrives.
    Forget(Astray),
    /// Request or answer is lost.
    Lose(usize),
    /// A node reads the answer and writes it down.
    Hear(usize),
    /// A node has waited long enough, and writes down that it does not know.
    GiveUp(usize),
    /// A node loses all that it had in memory.
    Crash(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accept,
    Refuse,
}

const VERDICTS: [Verdict; 2] = [Verdict::Accept, Verdict::Refuse];

impl State {
    fn next_payment(&self) -> u128 {
        self.books.order.payments.len() as u128 + 1
    }

    fn known(&self, row: Row, id: u128) -> Option<Entry> {
        match row {
            Row::Payment(_) => self.charges.get(&id).copied(),
            Row::Refund(_) => self.refunds.get(&id).copied(),
        }
    }

    /// The gateway's side of a request to do something: once per id, and never more back than was taken.
    fn serve(&mut self, Astray { row, id, amount }: Astray, verdict: Verdict) -> Answer {
        let entry = self.known(row, id).unwrap_or_else(|| {
            let taken: i64 =
                self.charges.values().filter(|charge| charge.moved).map(|charge| charge.amount).sum();
            let gone: i64 =
                self.refunds.values().filter(|refund| refund.moved).map(|refund| refund.amount).sum();
            let fits = matches!(row, Row::Payment(_)) || gone + amount <= taken;
            Entry { amount, moved: fits && verdict == Verdict::Accept }
        });
        let side = if matches!(row, Row::Payment(_)) { &mut self.charges } else { &mut self.refunds };
        side.insert(id, entry);
        if entry.moved { Answer::Done } else { Answer::Refused }
    }

    /// Forgets a call; its request may be on its way still.
    fn leave(&mut self, node: usize) {
        if let Some(Waiting { row, question: Question::Do, id, call: Call::OnItsWay }) =
            self.nodes[node].take()
        {
            let amount = self.books.amount(row);
            self.astray.insert(Astray { row, id, amount });
        }
    }
}

impl World {
    fn call(&self, state: &State, row: Row) -> Waiting {
        let (Row::Payment(id) | Row::Refund(id)) = row;
        let called_before = state.books.pending().contains(&(row, true));
        let question = if called_before { Question::Find } else { Question::Do };
        let waiting = Waiting { row, question, id, call: Call::OnItsWay };
        match (self.mistake, row) {
            // Twice is enough to charge twice.
            (Some(Mistake::NewKeyOnRetry), Row::Payment(id)) if called_before => {
                Waiting { question: Question::Do, id: id + 50, ..waiting }
            }
            _ => waiting,
        }
    }

    fn hear(&self, state: &mut State, node: usize) -> Option<()> {
        let waiting = state.nodes[node].take()?;
        let Call::Answered(answer) = waiting.call else { return None };
        if answer == Answer::NotFound {
            // The look-up found nothing: it is sent, in the same call.
            state.nodes[node] = Some(Waiting { question: Question::Do, call: Call::OnItsWay, ..waiting });
            return Some(());
        }
        let settled = if answer == Answer::Done { Settled::Done } else { Settled::Refused };
        if let (Some(Mistake::EffectBeforeIntent), Row::Payment(id)) = (self.mistake, waiting.row)
            && let Some(books) = state.books.pay(id)
        {
            state.books = books;
        }
        // Whoever comes second changes nothing.
        if let Some(books) = state.books.settle(waiting.row, settled) {
            state.books = books;
        }
        Some(())
    }

    fn give_up(&self, state: &mut State, node: usize) -> Option<()> {
        let row = state.nodes[node]?.row;
        state.leave(node);
        let failed = self.mistake == Some(Mistake::SilenceIsFailure) && matches!(row, Row::Payment(_));
        let settled = if failed { Settled::Failed } else { Settled::Unknown };
        if let Some(books) = state.books.settle(row, settled) {
            state.books = books;
        }
        Some(())
    }
}

impl Model for World {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let (charges, refunds, astray) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        vec![State { books: Books::open(), charges, refunds, nodes: vec![None; self.nodes], astray }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let order = &state.books.order;
        let early = self.mistake == Some(Mistake::EffectBeforeIntent);
        if order.payments.len() < self.payments_max {
            let pay = if early { Step::PayBeforeWriting } else { Step::Pay };
            steps.push(pay);
        }
        if order.cancellations.len() < self.cancellations_max {
            steps.extend([Step::CancelOne, Step::CancelAll]);
        }
        steps.push(Step::Expire);
        for (node, waiting) in state.nodes.iter().enumerate() {
            let Some(waiting) = waiting else {
                steps.extend(state.books.pending().into_iter().map(|(row, _)| Step::Call(node, row)));
                continue;
            };
            steps.extend([Step::GiveUp(node), Step::Crash(node)]);
            match waiting.call {
                Call::OnItsWay => {
                    steps.push(Step::Lose(node));
                    steps.extend(VERDICTS.map(|verdict| Step::Serve(node, verdict)));
                }
                Call::Answered(_) => steps.extend([Step::Hear(node), Step::Lose(node)]),
                Call::Lost => {}
            }
        }
        for &request in &state.astray {
            steps.push(Step::Forget(request));
            steps.extend(VERDICTS.map(|verdict| Step::ServeAstray(request, verdict)));
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Pay => state.books = last.books.pay(last.next_payment())?,
            Step::PayBeforeWriting => {
                let id = last.next_payment();
                let idle = last.nodes[0].is_none() && last.books.pay(id).is_some();
                let row = Row::Payment(id);
                let call = Waiting { row, question: Question::Do, id, call: Call::OnItsWay };
                state.nodes[0] = idle.then_some(call);
                state.nodes[0]?;
            }
            Step::CancelOne => state.books = last.books.cancel(Some(1))?,
            Step::CancelAll => state.books = last.books.cancel(None)?,
            Step::Expire => state.books = last.books.expire()?,
            Step::Call(node, row) => state.nodes[node] = Some(self.call(last, row)),
            Step::Serve(node, verdict) => {
                let Waiting { row, question, id, .. } = last.nodes[node]?;
                let amount = last.books.amount(row);
                let answer = match (question, last.known(row, id)) {
                    (Question::Do, _) => state.serve(Astray { row, id, amount }, verdict),
                    // A look-up has no verdict; one of the two steps is enough.
                    (Question::Find, _) if verdict == Verdict::Refuse => return None,
                    (Question::Find, None) => Answer::NotFound,
                    (Question::Find, Some(Entry { moved: true, .. })) => Answer::Done,
                    (Question::Find, Some(_)) => Answer::Refused,
                };
                state.nodes[node].as_mut()?.call = Call::Answered(answer);
            }
            Step::ServeAstray(request, verdict) => {
                state.astray.remove(&request);
                state.serve(request, verdict);
            }
            Step::Forget(request) => {
                state.astray.remove(&request);
            }
            Step::Lose(node) => state.nodes[node].as_mut()?.call = Call::Lost,
            Step::Hear(node) => self.hear(&mut state, node)?,
            Step::GiveUp(node) => self.give_up(&mut state, node)?,
            Step::Crash(node) => state.leave(node),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

impl State {
    /// Whether nothing is on its way any more, so that books and gateway must agree.
    pub(crate) fn is_settled(&self) -> bool {
        self.astray.is_empty() && self.nodes.iter().all(Option::is_none) && self.books.pending().is_empty()
    }

    /// Whether a row may still become known: it is pending, or, by mistake, a node is about to write it.
    pub(crate) fn may_be_known(&self, payment: u128) -> bool {
        let written = self.books.order.payments.iter().find(|row| row.id.0 == payment);
        let waiting = self.nodes.iter().flatten().any(|waiting| waiting.row == Row::Payment(payment));
        match written.map(|row| row.status) {
            Some(PaymentStatus::Pending | PaymentStatus::Succeeded) => true,
            Some(PaymentStatus::Declined | PaymentStatus::Failed) => false,
            None => waiting,
        }
    }
}
