//! On whose behalf does a command run, and which resources exist for it?
//!
//! The actor is written into the history. The access decides what is found: the carts, orders and
//! payments of other customers are *not found*, never *forbidden*, so that nothing tells whether
//! they exist.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::KeyId;
use crate::text::CustomerId;

/// On whose behalf a command runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub actor: Actor,
    pub access: Access,
}

impl Caller {
    /// The workers of Earmark itself.
    pub const SYSTEM: Self = Self { actor: Actor::System, access: Access::All };
    /// The holder of the key that was given at start.
    pub const OPERATOR: Self = Self { actor: Actor::Operator, access: Access::All };
}

/// The author of a change, as the history names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The holder of an API key.
    Key(KeyId),
    /// The holder of the key that was given at start.
    Operator,
    Customer(CustomerId),
    /// A worker of Earmark itself.
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

/// The carts, orders and payments that exist for a caller; all others are *not found*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    All,
    /// Those of this customer only.
    Customer(CustomerId),
}

/// A customer named another customer as the owner of a new cart or order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnotherCustomer;

impl Access {
    /// Whether a resource of this owner exists for the caller.
    pub fn reaches(&self, owner: Option<&CustomerId>) -> bool {
        match self {
            Self::All => true,
            Self::Customer(id) => owner == Some(id),
        }
    }

    /// The owner of a new cart or order. What a customer makes is its own, named or not.
    pub(crate) fn owner(&self, named: Option<&CustomerId>) -> Result<Option<CustomerId>, AnotherCustomer> {
        match (self, named) {
            (Self::All, named) => Ok(named.cloned()),
            (Self::Customer(own), Some(named)) if own != named => Err(AnotherCustomer),
            (Self::Customer(own), _) => Ok(Some(own.clone())),
        }
    }
}
