//! What does a run of the benchmark say? One structure, printed as a table or as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::options::PlaceOptions;
use crate::latency::LatencySummary;
use crate::usage::Usage;

/// The result of a run.
#[derive(Debug, Clone, Serialize)]
pub struct PlaceReport {
    pub options: PlaceOptions,
    /// Orders answered with 201.
    pub placed: u64,
    /// Everything else, by status and code.
    pub refused: BTreeMap<String, u64>,
    /// Requests sent again because their connection broke.
    pub resent: u64,
    /// Orders placed a second.
    pub orders_per_second: u64,
    /// From sending (open loop: from the intended time of sending) to the whole answer.
    pub latency: LatencySummary,
    /// How long the orders took, milliseconds.
    pub wall_ms: u64,
    /// How long the catalogue took, milliseconds.
    pub catalogue_ms: u64,
    /// Memory of the server after the orders; CPU time of the orders alone.
    pub server: Usage,
    /// CPU time of the load generator for the orders, milliseconds.
    pub client_cpu_ms: u64,
    /// Database file and journal after the orders, bytes; None: the database is not a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_bytes: Option<u64>,
    pub growth: Vec<GrowthPoint>,
    /// Whether all that was acknowledged is stored afterwards.
    #[serde(rename = "books")]
    pub stock: StockCheck,
}

/// The run between two points of the growth curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct GrowthPoint {
    /// Orders stored at its end.
    pub stored_orders: u64,
    /// Orders placed a second since the last point.
    pub orders_per_second: u64,
    /// Of the orders since the last point.
    pub p99_us: u64,
    /// Of the server, at its end.
    pub rss_bytes: u64,
}

/// The comparison of what was acknowledged with what the server shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StockCheck {
    /// Units in acknowledged orders.
    pub units_ordered: u64,
    /// Sum of `reserved` over all items.
    pub units_reserved: u64,
    /// SKUs whose `reserved` is not what was ordered of them, the first few.
    pub wrong_skus: Vec<String>,
    /// `earmark verify` ended with 0.
    pub verified: bool,
    /// What it printed, if it did not.
    pub verify_output: String,
}

impl StockCheck {
    /// True if nothing is wrong.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.verified && self.wrong_skus.is_empty() && self.units_ordered == self.units_reserved
    }
}

impl PlaceReport {
    /// True if every order was placed and is stored.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.placed == self.options.orders && self.stock.is_right()
    }
}

/// Thousandths with a point: milliseconds of microseconds.
struct Thousandths(u64);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

impl fmt::Display for PlaceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes / (1 << 20);
        let ms = Thousandths;
        writeln!(f, "orders placed   {:>12} of {}", self.placed, self.options.orders)?;
        for (what, count) in &self.refused {
            writeln!(f, "  {what:<24} {count}")?;
        }
        if self.resent > 0 {
            writeln!(f, "requests resent {:>12}", self.resent)?;
        }
        writeln!(f, "orders/s        {:>12}", self.orders_per_second)?;
        writeln!(f, "p50             {:>12} ms", ms(self.latency.p50_us))?;
        writeln!(f, "p99             {:>12} ms", ms(self.latency.p99_us))?;
        writeln!(f, "p99.9           {:>12} ms", ms(self.latency.p999_us))?;
        writeln!(f, "max             {:>12} ms", ms(self.latency.max_us))?;
        writeln!(f, "wall            {:>12} s", ms(self.wall_ms))?;
        writeln!(
            f,
            "CPU             {:>12} s server, {} s load",
            ms(self.server.cpu_ms),
            ms(self.client_cpu_ms)
        )?;
        writeln!(
            f,
            "memory          {:>12} MiB, peak {}",
            mib(self.server.rss_bytes),
            mib(self.server.rss_peak_bytes)
        )?;
        if let Some(bytes) = self.database_bytes {
            writeln!(f, "database        {:>12} MiB", mib(bytes))?;
        }
        if self.growth.len() > 1 {
            writeln!(f, "\n{:>12} {:>10} {:>10} {:>8}", "stored", "orders/s", "p99 ms", "MiB")?;
            for point in &self.growth {
                let (p99, rss) = (ms(point.p99_us).to_string(), mib(point.rss_bytes));
                writeln!(
                    f,
                    "{:>12} {:>10} {p99:>10} {rss:>8}",
                    point.stored_orders, point.orders_per_second
                )?;
            }
            writeln!(f)?;
        }
        let stock = &self.stock;
        let result = if stock.is_right() { "right" } else { "WRONG" };
        write!(
            f,
            "books           {result}: {} ordered, {} reserved",
            stock.units_ordered, stock.units_reserved
        )?;
        if !stock.wrong_skus.is_empty() {
            write!(f, "\n  {}", stock.wrong_skus.join("\n  "))?;
        }
        if !stock.verified {
            write!(f, "\n  earmark verify: {}", stock.verify_output.trim_end())?;
        }
        Ok(())
    }
}
