//! What is measured? Number and duration of requests by route, method and class of status; the
//! store's queue and progress.
//!
//! Histograms are kept by the route's text, so a request costs a short read lock and two atomics.
//! Labels come from closed lists and from the router, so they do not grow with the data.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use earmark_store::Store;

/// Upper bounds in seconds: from a read in memory to a payment that waits for its gateway.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// The label of requests without a route.
const NO_ROUTE: &str = "none";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    route: Arc<str>,
    method: &'static str,
    status: &'static str,
}

/// A request that was answered.
pub(crate) struct Observation<'a> {
    /// The matched route, such as `/v1/items/{sku}`; `None` if there was none.
    pub(crate) route: Option<&'a str>,
    pub(crate) method: &'a Method,
    pub(crate) status: StatusCode,
    /// From the request's head to the answer's.
    pub(crate) took: Duration,
}

/// The histograms of a route, by method (the last for all others) and class of status.
type Handles = [[Option<Histogram>; CLASSES.len()]; METHODS.len() + 1];

/// The metrics of the process.
pub struct Metrics {
    registry: Mutex<Registry>,
    durations: Family<Labels, Histogram, fn() -> Histogram>,
    handles: RwLock<HashMap<Arc<str>, Handles>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let durations = Family::new_with_constructor(histogram);
        let help = "Time from a request's head to its answer";
        registry.register_with_unit("earmark_http_request_duration", help, Unit::Seconds, durations.clone());
        Self { registry: Mutex::new(registry), durations, handles: RwLock::default() }
    }
}

impl Metrics {
    /// Adds metrics of another part of the process; call it once for each part, before requests
    /// are served.
    pub fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Adds an answered request.
    pub(crate) fn observe(&self, observation: &Observation<'_>) {
        let Observation { route, method, status, took } = observation;
        let route = route.unwrap_or(NO_ROUTE);
        let method = METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len());
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        {
            let handles = self.handles.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(histogram) = handles.get(route).and_then(|handles| handles[method][class].as_ref()) {
                histogram.observe(took.as_secs_f64());
                return;
            }
        }
        let route: Arc<str> = route.into();
        let name = METHODS.get(method).copied().unwrap_or("other");
        let labels = Labels { route: Arc::clone(&route), method: name, status: CLASSES[class] };
        let histogram = self.durations.get_or_create_owned(&labels);
        histogram.observe(took.as_secs_f64());
        let mut handles = self.handles.write().unwrap_or_else(PoisonError::into_inner);
        handles.entry(route).or_default()[method][class] = Some(histogram);
    }

    /// All metrics, and those of the store, in the format of OpenMetrics 1.0.
    pub fn render(&self, store: &Store) -> String {
        let mut out = String::with_capacity(16 * 1024);
        let stats = store.stats();
        let (waiting, alive) = (stats.queue_commands as u64, u64::from(store.is_alive()));
        let own = [
            ("earmark_store_queue_commands", "gauge", "Commands that wait for the writer", waiting),
            ("earmark_store_batches", "counter", "Batches committed since the start", stats.batches),
            ("earmark_store_events", "counter", "Events committed since the start", stats.events),
            ("earmark_store_alive", "gauge", "Whether the writer takes commands", alive),
        ];
        for (name, kind, help, value) in own {
            let suffix = if kind == "counter" { "_total" } else { "" };
            let _ = writeln!(out, "# HELP {name} {help}.\n# TYPE {name} {kind}\n{name}{suffix} {value}");
        }
        let _ = text::encode(&mut out, &self.registry.lock().unwrap_or_else(PoisonError::into_inner));
        out
    }
}
