//! The server: it puts ledger, faults, notifications and the three sets of routes together.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use crate::ledger::{Ledger, LedgerError};
use crate::notifications::Notifications;
use crate::options::{Options, SandboxError};
use crate::sandbox::Sandbox;
use crate::{admin, connections, signed, stripe};

/// A sandbox that has taken its address. It answers nothing until [`Server::serve`] is called.
pub struct Server {
    listener: TcpListener,
    router: Router,
}

impl Server {
    /// Reads the ledger and takes the address.
    ///
    /// # Errors
    /// The ledger cannot be read or is in use, the address is taken, or the notification
    /// URL is not one.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let listen = options.listen;
        let path = options.ledger.clone();
        let ledger = Ledger::open(&path)?;
        let notifications = Notifications::start(&options)?;
        let listener = TcpListener::bind(listen).await;
        let listener = listener.map_err(|error| SandboxError::Listen(listen, error))?;
        let sandbox = Sandbox::new(options, ledger, notifications);
        let sandbox = sandbox.map_err(|error| LedgerError::File(path, error))?;
        let routes = Router::new().merge(signed::routes()).merge(stripe::routes()).merge(admin::routes());
        Ok(Self { listener, router: routes.with_state(Arc::new(sandbox)) })
    }

    /// The address on which it listens; with the port that was found, if port 0 was asked for.
    ///
    /// # Errors
    /// The operating system cannot tell the address.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` completes.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = connections::accept(self.listener, self.router) => {}
            () = stop => {}
        }
    }
}
