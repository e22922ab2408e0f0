//! What does a request need besides itself? The store, the configuration, and what the process remembers between requests.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use earmark_store::Store;

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
        }))
    }

    /// Adds metrics of another part of the process to `/metrics`; call before the router is built.
    pub fn with_metrics(self, register: impl FnOnce(&mut prometheus_client::registry::Registry)) -> Self {
        self.0.metrics.register(register);
        self
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
