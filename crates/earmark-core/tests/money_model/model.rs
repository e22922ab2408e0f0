//! What can go wrong around the shop?
//!
//! Nodes call the gateway, wait, give up and crash. The network loses and delays requests. The
//! gateway carries each id out once. A request for which no node waits any more may still arrive,
//! at any time; an answer belongs to the connection of its request, so it is lost when no node
//! waits.

use std::collections::{BTreeMap, BTreeSet};

use earmark_core::payments::PaymentStatus;
use stateright::{Model, Property};

use crate::properties;
use crate::shop::{Row, Settled, Shop};

/// A mistake made on purpose; the invariants must see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// A retry is sent under another id.
    NewKeyOnRetry,
    /// Giving up settles the payment as failed.
    SilenceIsFailure,
    /// The gateway is called before the row is written.
    EffectBeforeIntent,
}

/// The limits of the model, and the mistake in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    pub(crate) nodes: usize,
    pub(crate) payments_max: usize,
    pub(crate) cancellations_max: usize,
    pub(crate) mistake: Option<Mistake>,
}

/// Whether a call carries something out, or finds out what became of an earlier call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum CallKind {
    Do,
    Find,
}

/// The answer of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Done,
    Refused,
    NotFound,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    OnItsWay,
    Answered(Answer),
    Lost,
}

/// The call that a node waits for. It is held in memory and lost in a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Waiting {
    pub(crate) row: Row,
    kind: CallKind,
    /// The id of the call; only a mistake makes it another than that of the row.
    id: u128,
    call: Call,
}

/// A request for which no node waits and that may still arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StrayRequest {
    row: Row,
    id: u128,
    amount: i64,
}

/// What the gateway did under an id: the amount, and whether money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) amount: i64,
    pub(crate) moved: bool,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct State {
    pub(crate) shop: Shop,
    pub(crate) charges: BTreeMap<u128, Entry>,
    pub(crate) refunds: BTreeMap<u128, Entry>,
    pub(crate) nodes: Vec<Option<Waiting>>,
    pub(crate) stray: BTreeSet<StrayRequest>,
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
    /// The gateway receives a node's request and chooses, if it is the first under its id.
    Serve(usize, Choice),
    /// The gateway receives a request for which no node waits.
    ServeStray(StrayRequest, Choice),
    /// A stray request never arrives.
    Forget(StrayRequest),
    /// The request or its answer is lost.
    Lose(usize),
    /// A node reads the answer and records it.
    ReadAnswer(usize),
    /// A node has waited long enough, and records that the result is unknown.
    GiveUp(usize),
    /// A node loses all that it held in memory.
    Crash(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Accept,
    Refuse,
}

const CHOICES: [Choice; 2] = [Choice::Accept, Choice::Refuse];

impl State {
    fn next_payment(&self) -> u128 {
        self.shop.order.payments.len() as u128 + 1
    }

    fn known(&self, row: Row, id: u128) -> Option<Entry> {
        match row {
            Row::Payment(_) => self.charges.get(&id).copied(),
            Row::Refund(_) => self.refunds.get(&id).copied(),
        }
    }

    /// How the gateway carries a request out: once per id, and never more back than was taken.
    fn serve(&mut self, StrayRequest { row, id, amount }: StrayRequest, choice: Choice) -> Answer {
        let entry = self.known(row, id).unwrap_or_else(|| {
            let taken: i64 =
                self.charges.values().filter(|charge| charge.moved).map(|charge| charge.amount).sum();
            let gone: i64 =
                self.refunds.values().filter(|refund| refund.moved).map(|refund| refund.amount).sum();
            let fits = matches!(row, Row::Payment(_)) || gone + amount <= taken;
            Entry { amount, moved: fits && choice == Choice::Accept }
        });
        let side = if matches!(row, Row::Payment(_)) { &mut self.charges } else { &mut self.refunds };
        side.insert(id, entry);
        if entry.moved { Answer::Done } else { Answer::Refused }
    }

    /// Drops the call of a node. Its request may still be on its way.
    fn leave(&mut self, node: usize) {
        if let Some(Waiting { row, kind: CallKind::Do, id, call: Call::OnItsWay }) = self.nodes[node].take() {
            let amount = self.shop.amount(row);
            self.stray.insert(StrayRequest { row, id, amount });
        }
    }
}

impl World {
    fn call(&self, state: &State, row: Row) -> Waiting {
        let (Row::Payment(id) | Row::Refund(id)) = row;
        let called_before = state.shop.pending().contains(&(row, true));
        let kind = if called_before { CallKind::Find } else { CallKind::Do };
        let waiting = Waiting { row, kind, id, call: Call::OnItsWay };
        match (self.mistake, row) {
            // One more id is enough to charge twice.
            (Some(Mistake::NewKeyOnRetry), Row::Payment(id)) if called_before => {
                Waiting { kind: CallKind::Do, id: id + 50, ..waiting }
            }
            _ => waiting,
        }
    }

    fn read_answer(&self, state: &mut State, node: usize) -> Option<()> {
        let waiting = state.nodes[node].take()?;
        let Call::Answered(answer) = waiting.call else { return None };
        if answer == Answer::NotFound {
            // The gateway knows of no such call, so it is made now.
            state.nodes[node] = Some(Waiting { kind: CallKind::Do, call: Call::OnItsWay, ..waiting });
            return Some(());
        }
        let settled = if answer == Answer::Done { Settled::Done } else { Settled::Refused };
        if let (Some(Mistake::EffectBeforeIntent), Row::Payment(id)) = (self.mistake, waiting.row)
            && let Some(shop) = state.shop.pay(id)
        {
            state.shop = shop;
        }
        // The second answer changes nothing.
        if let Some(shop) = state.shop.settle(waiting.row, settled) {
            state.shop = shop;
        }
        Some(())
    }

    fn give_up(&self, state: &mut State, node: usize) -> Option<()> {
        let row = state.nodes[node]?.row;
        state.leave(node);
        let failed = self.mistake == Some(Mistake::SilenceIsFailure) && matches!(row, Row::Payment(_));
        let settled = if failed { Settled::Failed } else { Settled::Unknown };
        if let Some(shop) = state.shop.settle(row, settled) {
            state.shop = shop;
        }
        Some(())
    }
}

impl Model for World {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let (charges, refunds, stray) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        vec![State { shop: Shop::open(), charges, refunds, nodes: vec![None; self.nodes], stray }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let order = &state.shop.order;
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
                steps.extend(state.shop.pending().into_iter().map(|(row, _)| Step::Call(node, row)));
                continue;
            };
            steps.extend([Step::GiveUp(node), Step::Crash(node)]);
            match waiting.call {
                Call::OnItsWay => {
                    steps.push(Step::Lose(node));
                    steps.extend(CHOICES.map(|choice| Step::Serve(node, choice)));
                }
                Call::Answered(_) => steps.extend([Step::ReadAnswer(node), Step::Lose(node)]),
                Call::Lost => {}
            }
        }
        for &request in &state.stray {
            steps.push(Step::Forget(request));
            steps.extend(CHOICES.map(|choice| Step::ServeStray(request, choice)));
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Pay => state.shop = last.shop.pay(last.next_payment())?,
            Step::PayBeforeWriting => {
                let id = last.next_payment();
                let idle = last.nodes[0].is_none() && last.shop.pay(id).is_some();
                let row = Row::Payment(id);
                let call = Waiting { row, kind: CallKind::Do, id, call: Call::OnItsWay };
                state.nodes[0] = idle.then_some(call);
                state.nodes[0]?;
            }
            Step::CancelOne => state.shop = last.shop.cancel(Some(1))?,
            Step::CancelAll => state.shop = last.shop.cancel(None)?,
            Step::Expire => state.shop = last.shop.expire()?,
            Step::Call(node, row) => state.nodes[node] = Some(self.call(last, row)),
            Step::Serve(node, choice) => {
                let Waiting { row, kind, id, .. } = last.nodes[node]?;
                let amount = last.shop.amount(row);
                let answer = match (kind, last.known(row, id)) {
                    (CallKind::Do, _) => state.serve(StrayRequest { row, id, amount }, choice),
                    // To find out leaves the gateway no choice; one of the two steps is enough.
                    (CallKind::Find, _) if choice == Choice::Refuse => return None,
                    (CallKind::Find, None) => Answer::NotFound,
                    (CallKind::Find, Some(Entry { moved: true, .. })) => Answer::Done,
                    (CallKind::Find, Some(_)) => Answer::Refused,
                };
                state.nodes[node].as_mut()?.call = Call::Answered(answer);
            }
            Step::ServeStray(request, choice) => {
                state.stray.remove(&request);
                state.serve(request, choice);
            }
            Step::Forget(request) => {
                state.stray.remove(&request);
            }
            Step::Lose(node) => state.nodes[node].as_mut()?.call = Call::Lost,
            Step::ReadAnswer(node) => self.read_answer(&mut state, node)?,
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
    /// Whether no request is on its way, so that shop and gateway must agree.
    pub(crate) fn is_settled(&self) -> bool {
        self.stray.is_empty() && self.nodes.iter().all(Option::is_none) && self.shop.pending().is_empty()
    }

    /// Whether a payment may still succeed: its row is pending, or, by mistake, is not written yet.
    pub(crate) fn may_be_known(&self, payment: u128) -> bool {
        let written = self.shop.order.payments.iter().find(|row| row.id.0 == payment);
        let waiting = self.nodes.iter().flatten().any(|waiting| waiting.row == Row::Payment(payment));
        match written.map(|row| row.status) {
            Some(PaymentStatus::Pending | PaymentStatus::Succeeded) => true,
            Some(PaymentStatus::Declined | PaymentStatus::Failed) => false,
            None => waiting,
        }
    }
}
