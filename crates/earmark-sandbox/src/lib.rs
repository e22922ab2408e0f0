//! What does a gateway do that is not ours? A sandbox as a server of its own: it outlives `earmark`, remembers what it did, and fails as gateways fail.
//!
//! It speaks two protocols over one ledger: that of `docs/gateway-protocol.md`, and under `/stripe` enough of Stripe's. It shares no code with the
//! clients that call it, so that the two check each other. Invariant: what an answer says was in the ledger's file, and synced, before the answer
//! went out, and what happened under one key happened once. Start reading at `sandbox.rs`.

mod admin;
mod faults;
mod hex;
mod ledger;
mod random;
mod sandbox;
mod server;
mod signed;
mod stripe;
mod tokens;
mod webhooks;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use faults::{Fault, InvalidFault, Rate};
pub use ledger::{Entry, Kind, LedgerError, Status};

/// How the sandbox behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The ledger's file.
    pub ledger: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The secret of the signed protocol; without one it is not spoken.
    pub secret: Option<String>,
    /// How often a request fails by chance.
    pub rate: Rate,
    /// Which faults happen by chance; empty: all of them.
    pub kinds: Vec<Fault>,
    /// What chance begins with.
    pub seed: u64,
    /// How long a delayed answer takes.
    pub delay: Duration,
    /// How far the search of the Stripe part lags behind.
    pub search_lag: Duration,
    /// Where hints go when something has happened: `http://…`.
    pub webhook_url: Option<String>,
}

/// Why the sandbox did not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The ledger's file.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The address.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// Where hints should go.
    #[error("the webhook's URL must be http://HOST:PORT/PATH")]
    WebhookUrl,
}

/// A sandbox that listens and does not serve yet.
pub struct Server {
    listener: tokio::net::TcpListener,
    router: axum::Router,
}

impl Server {
    /// Reads the ledger back and takes the address.
    ///
    /// # Errors
    /// The ledger or the address cannot be had.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let listen = options.listen;
        let ledger = ledger::Ledger::open(&options.ledger)?;
        let webhooks = webhooks::Webhooks::start(&options)?;
        let listener = tokio::net::TcpListener::bind(listen).await;
        let listener = listener.map_err(|error| SandboxError::Listen(listen, error))?;
        let router = server::router(Arc::new(sandbox::Sandbox::new(options, ledger, webhooks)));
        Ok(Self { listener, router })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` completes.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = server::accept(self.listener, self.router) => {}
            () = stop => {}
        }
    }
}
