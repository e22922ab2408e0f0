//! Why did a request not reach its handler, or its handler not answer?
//!
//! The list is closed, and it says nothing about how an error looks: `earmark-http` turns each
//! variant into a problem with a status. The text of an error is for logs and is never shown.

use earmark_store::StoreError;

/// Why a request got no answer of its handler.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the Authorization header is not `Bearer <token>`, or there are several")]
    MalformedAuthorization,
    /// The token is unknown, expired or revoked; which of them is not said.
    #[error("the token is not valid")]
    InvalidToken,
    /// More requests than [`crate::DoorConfig::requests_max`] at once; nothing was done.
    #[error("too many requests at once")]
    Overloaded,
    #[error("the body has more than {bytes_max} bytes")]
    BodyTooLarge { bytes_max: usize },
    /// The body took longer than [`crate::DoorConfig::body_timeout`].
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The client hung up, or its framing was wrong.
    #[error("the body ended before it was complete")]
    BodyIncomplete,
    /// The key that a token names could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The handler panicked. What it had submitted may have happened.
    #[error("the request's handler panicked")]
    Panicked,
}
