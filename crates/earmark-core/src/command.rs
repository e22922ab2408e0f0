//! What can be commanded?
//!
//! A command is a change that is wanted, as data. The ids of what it creates come with it, and the
//! time comes with the decision, so a log of commands replays to the same rows, byte for byte.

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

/// A change that is wanted, and under which conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub caller: Caller,
    /// The key under which it is carried out at most once.
    pub idempotency: Option<IdempotencyKey>,
    /// The version that the resource must have; `None` accepts any.
    pub if_match: Option<u64>,
    pub mode: Mode,
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
    Commit,
    /// It is answered as it would be, and nothing changes.
    DryRun,
}

/// The change that a command is about. Each is described at the type that it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
