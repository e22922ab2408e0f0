//! Which money was taken?
//!
//! A payment is one attempt to take money. It is a row before the gateway is called, and its id is
//! the idempotency key of the call. Invariant: at most one payment of an order is PENDING, and at
//! most one has SUCCEEDED. A call without an answer leaves the payment PENDING; it is not a
//! failure.

mod card_numbers;
pub mod hasten;
pub mod resolve;
pub mod settle;
pub mod start;

use serde::{Deserialize, Serialize};

pub use card_numbers::{contains_card_number, mask_card_numbers};

use crate::ids::PaymentId;
use crate::text::{InvalidText, Name, TOKEN_LEN_MAX};
use crate::{Money, Timestamp};

/// The most payments of one order, whatever became of them.
pub const PAYMENTS_MAX: usize = 100;

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentStatus {
    /// Not sent yet, on its way, or without an answer.
    Pending,
    /// The gateway took the money.
    Succeeded,
    /// The gateway refused to take the money.
    Declined,
    /// The attempt ended without money and without a refusal of the payer.
    Failed,
}

/// One attempt to take money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Also the idempotency key of the calls to the gateway.
    pub id: PaymentId,
    pub status: PaymentStatus,
    pub amount: Money,
    pub token: Token,
    /// The name of the gateway that is called.
    pub gateway: Name,
    /// The gateway's own id of the payment.
    pub gateway_reference: Option<Name>,
    /// The gateway's reason, where it was declined or failed.
    pub decline_code: Option<Name>,
    /// How often the gateway was called.
    pub attempts: u32,
    /// When the gateway is called next, while PENDING.
    pub next_attempt_at: Timestamp,
    /// 1 at first, one more with each change.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The gateway's opaque name of a means of payment: 1 to 255 visible ASCII characters, and never a
/// card number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// The rule in words, for answers to clients.
    pub const RULE: &'static str =
        "a payment token is 1 to 255 visible ASCII characters and never a card number";

    /// The token, unless it is malformed or holds what looks like a card number.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let shaped =
            (1..=TOKEN_LEN_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if shaped && !contains_card_number(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidText(Self::RULE))
        }
    }

    /// The token as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
