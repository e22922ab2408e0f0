//! Was the money taken? A payment is one attempt, written before the gateway is called and called under its own id.
//!
//! Invariant: at most one payment of an order is PENDING, and at most one has SUCCEEDED. No answer is *unknown*, which is
//! PENDING, never a failure.

mod card_numbers;
pub mod hasten;
pub mod resolve;
pub mod settle;
pub mod start;

use serde::{Deserialize, Serialize};

pub use card_numbers::{contains_card_number, mask_card_numbers};

use crate::ids::PaymentId;
use crate::text::Name;
use crate::{Money, Timestamp};

/// The most attempts of one order.
pub const PAYMENTS_MAX: usize = 100;

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentStatus {
    /// Not known yet: not sent, on its way, or without an answer.
    Pending,
    /// The money was taken.
    Succeeded,
    /// The gateway refused.
    Declined,
    /// The attempt ended without money and without a refusal of the payer.
    Failed,
}

/// One attempt to take money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id, and the gateway's idempotency key.
    pub id: PaymentId,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What it takes.
    pub amount: Money,
    /// The gateway's opaque name of the means of payment.
    pub token: Token,
    /// Which gateway is asked.
    pub gateway: Name,
    /// The gateway's own id of it.
    pub gateway_reference: Option<Name>,
    /// Why it was declined or failed, in the gateway's word.
    pub decline_code: Option<Name>,
    /// How often the gateway was called or asked.
    pub attempts: u32,
    /// When the gateway is asked next, while PENDING.
    pub next_attempt_at: Timestamp,
    /// Raised by each change.
    pub version: u64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A means of payment in the gateway's terms: 1 to 255 visible ASCII characters, and not a card number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// The rule, for people.
    pub const RULE: &'static str =
        "a payment token is 1 to 255 visible ASCII characters and never a card number";

    /// The token, unless it is malformed or holds what looks like a card number.
    pub fn parse(text: &str) -> Result<Self, crate::text::InvalidText> {
        let shaped = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if shaped && !contains_card_number(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(crate::text::InvalidText(Self::RULE))
        }
    }

    /// The token as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
