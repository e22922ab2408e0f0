//! What is asked? One envelope for every change: who, with which rights, under which key, against which version, and the action.
//!
//! Ids come in with the action, made at the edge; time comes in with the decision. So a log of commands replays to the same bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::carts::{create::CreateCart, delete::DeleteCart, lines::ChangeCartLine};
use crate::idempotency::{IdempotencyKey, purge::PurgeIdempotencyKeys};
use crate::ids::KeyId;
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
use crate::text::CustomerId;

/// A request to change something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Who asks; written into the history.
    pub actor: Actor,
    /// Whose resources exist for whoever asks.
    pub access: Access,
    /// The key under which it happens at most once.
    pub idempotency: Option<IdempotencyKey>,
    /// The version that the resource must have.
    pub if_match: Option<u64>,
    /// Whether to answer as if, and change nothing.
    pub mode: Mode,
    /// What is to be done.
    pub action: Action,
}

/// Whether a command is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// It is.
    Commit,
    /// It is only answered as it would be.
    DryRun,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The holder of an API key.
    Key(KeyId),
    /// The holder of the key given at start.
    Operator,
    /// A customer.
    Customer(CustomerId),
    /// One of our own workers.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "{id}"),
            Self::Operator => f.write_str("operator"),
            Self::Customer(id) => write!(f, "customer:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}

/// A text that no [`Actor`] displays as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidActor;

impl std::str::FromStr for Actor {
    type Err = InvalidActor;

    fn from_str(text: &str) -> Result<Self, InvalidActor> {
        match text {
            "operator" => Ok(Self::Operator),
            "system" => Ok(Self::System),
            _ => match text.strip_prefix("customer:") {
                Some(id) => CustomerId::parse(id).map(Self::Customer).map_err(|_| InvalidActor),
                None => text.parse().map(Self::Key).map_err(|_| InvalidActor),
            },
        }
    }
}

/// Whose carts, orders and payments exist for a caller; anyone else's are *not found*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everyone's.
    All,
    /// This customer's only.
    Customer(CustomerId),
}

impl Access {
    /// Whether a resource of this owner exists for the caller.
    pub fn reaches(&self, owner: Option<&CustomerId>) -> bool {
        match self {
            Self::All => true,
            Self::Customer(id) => owner == Some(id),
        }
    }
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
