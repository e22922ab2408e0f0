//! The metrics of a gateway: calls by operation and outcome, alerts for people, and whether the
//! breaker holds all calls back.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    operation: &'static str,
    outcome: &'static str,
}

/// The counters and the gauge of one gateway.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    calls: Family<Labels, Counter>,
    alerts: Counter,
    away: Gauge,
}

impl Metrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("earmark_gateway_calls", "Calls that went out to the gateway", self.calls.clone());
        let help = "Answers of the gateway that contradict the books and wait for a person";
        registry.register("earmark_gateway_alerts", help, self.alerts.clone());
        registry.register("earmark_gateway_away", "Whether no calls go out for a while", self.away.clone());
    }

    pub(crate) fn call(&self, operation: &'static str, outcome: &'static str) {
        self.calls.get_or_create(&Labels { operation, outcome }).inc();
    }

    pub(crate) fn alert(&self) {
        self.alerts.inc();
    }

    pub(crate) fn away(&self, away: impl Into<i64>) {
        self.away.set(away.into());
    }
}
