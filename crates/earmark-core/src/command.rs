//! What is asked? One envelope for every change: who, with which rights, under which key, against which version, and the action.
//!
//! Ids come in with the action, made at the edge; time comes in with the decision. So a log of commands replays to the same bytes.

use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::carts::{create::CreateCart, delete::DeleteCart, lines::ChangeCartLine};
use crate::idempotency::{IdempotencyKey, purge::PurgeIdempotencyKeys};
use crate::items::{adjust::AdjustStock, put::PutItem};
use crate::keys::{create::CreateKey, revoke::RevokeKey};
use crate::orders::{
    cancel::CancelOrder, confirm::ConfirmOrder, expire::ExpireReservation, place::PlaceOrder,
};
use crate::payments::{
    hasten::HastenAttempts, resolve::ResolvePayment, settle::SettlePayment, start::StartPayment,
};
use crate::refunds::{create::CreateRefund, settle::SettleRefund};
use crate::shipments::{deliver::DeliverShipment, ship::ShipOrder};

/// A request to change something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub caller: Caller,
    /// The key under which it happens at most once.
    pub idempotency: Option<IdempotencyKey>,
    /// The version that the resource must have.
    pub if_match: Option<u64>,
    /// Whether to answer as if, and change nothing.
    pub mode: Mode,
    /// What is to be done.
    pub action: Action,
}

impl Command {
    /// A command to be carried out, without idempotency key and without condition.
    pub fn new(caller: Caller, action: Action) -> Self {
        Self { caller, idempotency: None, if_match: None, mode: Mode::Commit, action }
    }
}

/// Whether a command is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// It is.
    Commit,
    /// It is only answered as it would be.
    DryRun,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each variant is documented at the type it holds")]
pub enum Action {
    PutItem(PutItem),
    AdjustStock(AdjustStock),
    CreateCart(CreateCart),
    ChangeCartLine(ChangeCartLine),
    DeleteCart(DeleteCart),
    PlaceOrder(PlaceOrder),
    ConfirmOrder(ConfirmOrder),
    CancelOrder(CancelOrder),
    ExpireReservation(ExpireReservation),
    ShipOrder(ShipOrder),
    DeliverShipment(DeliverShipment),
    StartPayment(StartPayment),
    SettlePayment(SettlePayment),
    ResolvePayment(ResolvePayment),
    HastenAttempts(HastenAttempts),
    CreateRefund(CreateRefund),
    SettleRefund(SettleRefund),
    CreateKey(CreateKey),
    RevokeKey(RevokeKey),
    PurgeIdempotencyKeys(PurgeIdempotencyKeys),
}
