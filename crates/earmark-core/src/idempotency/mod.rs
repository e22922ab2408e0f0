//! Was this command carried out before?
//!
//! An idempotency key is a row that is saved in the same transaction as what its command did. A
//! refused command leaves no row, so its key can be used again. The same key with the same
//! fingerprint is answered as the first time; with another fingerprint it is
//! [`Rejection::IdempotencyKeyReused`](crate::Rejection::IdempotencyKeyReused). See `replay.rs`.

pub mod purge;
pub(crate) mod replay;

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, PaymentId};
use crate::{Outcome, Timestamp};

/// An idempotency key as the core sees it: two hashes, computed where the request is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyKey {
    /// Names the caller and the key. Where the client's keys are in the order of time (UUIDv7,
    /// ULID), so are their digests.
    pub digest: [u8; 16],
    /// The hash of method, path and body.
    pub fingerprint: [u8; 16],
}

/// An idempotency key that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    pub digest: [u8; 16],
    /// The fingerprint of the request that used the key.
    pub fingerprint: [u8; 16],
    pub answer: KeptAnswer,
    pub created_at: Timestamp,
}

/// What is kept to answer a command again: only an id where the answer can be made from rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeptAnswer {
    /// A placement: [`Order::as_placed`](crate::orders::Order::as_placed) of this order.
    Placed(OrderId),
    /// A payment, answered as it now stands.
    Payment(OrderId, PaymentId),
    /// Any other answer, in full.
    Whole(Box<Outcome>),
}
