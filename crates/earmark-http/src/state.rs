//! What does a request need besides itself? The store, the configuration, and what the process remembers between requests.

use std::ops::Deref;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use earmark_core::ids::OrderId;
use earmark_core::payments::Payment;
use earmark_store::Store;
use tokio::sync::mpsc;

use crate::auth::KeyCache;
use crate::config::HttpConfig;
use crate::metrics::Metrics;

/// The state shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<App>);

/// See [`AppState`].
pub struct App {
    /// Commands go in here, and reads.
    pub(crate) store: Store,
    pub(crate) config: HttpConfig,
    pub(crate) keys: KeyCache,
    pub(crate) metrics: Metrics,
    /// Requests under `/v1` that are being worked on.
    pub(crate) requests_in_flight: AtomicUsize,
    /// Who is told of each payment that was accepted here.
    accepted: OnceLock<mpsc::Sender<(OrderId, Payment)>>,
}

impl AppState {
    /// The state over a running store.
    pub fn new(store: Store, config: HttpConfig) -> Self {
        Self(Arc::new(App {
            store,
            config,
            keys: KeyCache::default(),
            metrics: Metrics::default(),
            requests_in_flight: AtomicUsize::new(0),
            accepted: OnceLock::new(),
        }))
    }

    /// Tells this receiver of each payment that is accepted here, so that this node calls the gateway for it, and at once.
    pub fn telling(self, accepted: mpsc::Sender<(OrderId, Payment)>) -> Self {
        // A second receiver would be a mistake of the wiring; the first one stays.
        let _ = self.0.accepted.set(accepted);
        self
    }

    /// Adds metrics of another part of the process to `/metrics`; call before the router is built.
    pub fn with_metrics(self, register: impl FnOnce(&mut prometheus_client::registry::Registry)) -> Self {
        self.0.metrics.register(register);
        self
    }
}

impl App {
    /// Tells of a payment that was written down. Nobody waits: where the receiver is busy, its timer finds the row.
    pub(crate) fn tell_of(&self, order_id: OrderId, payment: &Payment) {
        if let Some(accepted) = self.accepted.get() {
            let _ = accepted.try_send((order_id, payment.clone()));
        }
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
