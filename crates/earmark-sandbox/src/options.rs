//! What the sandbox can be told at its start, and why a start fails.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::faults::{Fault, Rate};
use crate::ledger::LedgerError;

/// How the sandbox behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The ledger's file; made if it is not there.
    pub ledger: PathBuf,
    pub listen: SocketAddr,
    /// The secret of the signed protocol. None: requests in that protocol are refused.
    pub secret: Option<String>,
    /// How often a request gets a fault by chance.
    pub rate: Rate,
    /// The faults that happen by chance; empty means all of them.
    pub kinds: Vec<Fault>,
    /// The seed of the faults that happen by chance.
    pub seed: u64,
    /// How long [`Fault::Delay`] holds an answer back.
    pub delay: Duration,
    /// How old a charge must be before Stripe's search finds it.
    pub search_lag: Duration,
    /// Where notifications are sent: `http://HOST:PORT/PATH`. None: none are sent.
    pub notification_url: Option<String>,
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error("the webhook's URL must be http://HOST:PORT/PATH")]
    NotificationUrl,
}
