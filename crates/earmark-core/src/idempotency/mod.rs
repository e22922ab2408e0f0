//! Was this asked before? A key is a row, saved in the same transaction as what its command did.
//!
//! A refused command leaves no row, so its key is still free. Same key and same fingerprint: the first answer again; another fingerprint:
//! [`Rejection::IdempotencyKeyReused`](crate::Rejection::IdempotencyKeyReused).

pub mod purge;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::ids::{OrderId, PaymentId};
use crate::outcome::Outcome;

/// A key as the core sees it, computed at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyKey {
    /// Names caller and key. Where the client's key is itself in the order of time (UUIDv7, ULID), so is this.
    pub digest: [u8; 16],
    /// Hash of method, path and body.
    pub fingerprint: [u8; 16],
}

/// A key that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// Names caller and key.
    pub digest: [u8; 16],
    /// Of the request that used it.
    pub fingerprint: [u8; 16],
    /// How to answer it again.
    pub answer: KeptAnswer,
    /// When it was used.
    pub created_at: Timestamp,
}

/// How a request is answered again. Small where the answer can be made from rows that never change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeptAnswer {
    /// A placement: [`Order::as_placed`](crate::orders::Order::as_placed) of this order.
    Placed(OrderId),
    /// A payment, shown as it now stands.
    Payment(OrderId, PaymentId),
    /// Anything else, as it was.
    Whole(Box<Outcome>),
}
