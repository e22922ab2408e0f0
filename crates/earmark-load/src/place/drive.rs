//! How are the orders sent? By one task a connection, all on one thread. Each takes the number of
//! the next order, waits for its time if the loop is open, sends it, and counts the answer.
//!
//! In the open loop a latency counts from the intended time of sending, so that a slow server
//! cannot hide behind the orders that it kept from being sent. The runtime's timers are up to 1 ms
//! late, and that is counted, too.
//!
//! Invariant: an order whose connection broke is sent again with the same key until it has an
//! answer, so that what was counted is what the server did.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::options::PlaceOptions;
pub(super) use super::orders::Target;
use super::orders::{Clock, OrderWriter};
use super::report::GrowthPoint;
use crate::client::{Answer, ClientError, Connection, problem_code};
use crate::error::LoadError;
use crate::latency::{Latencies, per_second};
use crate::tasks;

/// What one order may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// How often one order is sent again before the run gives up.
const RESENDS_MAX: u32 = 5;

/// What was counted so far.
#[derive(Debug)]
pub(super) struct Tally {
    /// Orders given out to connections.
    pub(super) issued: u64,
    /// Orders that were answered with 201.
    pub(super) placed: u64,
    /// Other answers by status and code.
    pub(super) refused: BTreeMap<String, u64>,
    pub(super) resent: u64,
    /// Of all orders that were answered with 201.
    pub(super) latencies: Latencies,
    /// Units acknowledged, by index of the SKU.
    pub(super) ordered: Vec<u64>,
    pub(super) growth: Vec<GrowthPoint>,
    recent: Latencies,
    sampled_at: Instant,
    start: Instant,
}

impl Tally {
    fn new(skus: usize) -> Tally {
        let now = Instant::now();
        Tally {
            issued: 0,
            placed: 0,
            refused: BTreeMap::new(),
            resent: 0,
            latencies: Latencies::default(),
            ordered: vec![0; skus],
            growth: Vec::new(),
            recent: Latencies::default(),
            sampled_at: now,
            start: now,
        }
    }

    fn start_at(&mut self, start: Instant) {
        self.start = start;
        self.sampled_at = start;
    }

    fn count_placed(&mut self, lines: &[(u32, u32)], latency: Duration) {
        self.placed += 1;
        self.latencies.record(latency);
        self.recent.record(latency);
        for &(sku, quantity) in lines {
            self.ordered[sku as usize] += u64::from(quantity);
        }
    }

    /// Adds a point to the growth curve.
    fn sample(&mut self, rss_bytes: u64) {
        let counted = self.growth.last().map_or(0, |point| point.stored_orders);
        self.growth.push(GrowthPoint {
            stored_orders: self.placed,
            orders_per_second: per_second(self.placed - counted, self.sampled_at.elapsed()),
            p99_us: self.recent.summary().p99_us,
            rss_bytes,
        });
        self.recent.clear();
        self.sampled_at = Instant::now();
    }
}

/// Everything that the connections share.
pub(super) struct Drive {
    options: PlaceOptions,
    target: Target,
    rss_bytes: RssProbe,
    tally: Mutex<Tally>,
}

/// Reads the server's resident memory, bytes.
pub(super) type RssProbe = Box<dyn Fn() -> u64 + Send + Sync>;

impl Drive {
    /// A load of which nothing is sent yet.
    #[must_use]
    pub(super) fn new(options: &PlaceOptions, target: Target, rss_bytes: RssProbe) -> Drive {
        let tally = Mutex::new(Tally::new(options.skus as usize));
        Drive { options: options.clone(), target, rss_bytes, tally }
    }

    /// Places all orders; returns what was counted and the time that it took.
    ///
    /// # Errors
    /// The server cannot be reached, or does not answer an order although it is sent again and
    /// again.
    pub(super) async fn run(self) -> Result<(Tally, Duration), LoadError> {
        let clock = Clock::start();
        let mut connections = Vec::new();
        for number in 0..self.options.clients {
            let orders = OrderWriter::new(&self.options, &self.target, number, clock);
            let connection = connect(orders.address()).await?;
            connections.push((orders, connection));
        }
        let drive = Arc::new(self);
        let start = Instant::now();
        drive.tally().start_at(start);
        let mut tasks = JoinSet::new();
        for (orders, connection) in connections {
            tasks.spawn(Arc::clone(&drive).keep_placing(orders, connection));
        }
        tasks::join_all(tasks).await?;
        let elapsed = start.elapsed();
        let tally = std::mem::replace(&mut *drive.tally(), Tally::new(0));
        Ok((tally, elapsed))
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep_placing(
        self: Arc<Self>,
        mut orders: OrderWriter,
        mut connection: Connection,
    ) -> Result<(), LoadError> {
        while let Some(due) = self.next_send_time() {
            orders.next_order();
            let sent_at = if self.options.rate.is_none() { Instant::now() } else { due };
            if due > Instant::now() {
                tokio::time::sleep_until(due.into()).await;
            }
            let mut resends = 0;
            while let Err(error) = self.place(&orders, &mut connection, sent_at).await {
                resends += 1;
                self.tally().resent += 1;
                if resends > RESENDS_MAX {
                    return Err(LoadError::client("POST /v1/orders")(error));
                }
                connection = connect(orders.address()).await?;
            }
        }
        Ok(())
    }

    /// When the next order is to be sent; None: all orders are given out. In the closed loop that
    /// is now.
    fn next_send_time(&self) -> Option<Instant> {
        let mut tally = self.tally();
        if tally.issued == self.options.orders {
            return None;
        }
        let number = tally.issued;
        tally.issued += 1;
        let after = |rate: u32| Duration::from_micros(number * 1_000_000 / u64::from(rate));
        Some(self.options.rate.map_or_else(Instant::now, |rate| tally.start + after(rate)))
    }

    async fn place(
        &self,
        orders: &OrderWriter,
        connection: &mut Connection,
        sent_at: Instant,
    ) -> Result<(), ClientError> {
        let answer = connection.exchange(orders.request()).await?;
        let closes = answer.closes;
        self.count(&answer, orders, sent_at.elapsed());
        if closes {
            *connection = Connection::open(orders.address(), DEADLINE).await?;
        }
        Ok(())
    }

    fn count(&self, answer: &Answer<'_>, orders: &OrderWriter, latency: Duration) {
        let mut tally = self.tally();
        if answer.status == 201 {
            tally.count_placed(orders.lines(), latency);
            if tally.placed.is_multiple_of(self.options.sample_every) {
                tally.sample((self.rss_bytes)());
            }
        } else {
            let name = format!("{} {}", answer.status, problem_code(answer.body));
            *tally.refused.entry(name).or_default() += 1;
        }
    }
}

async fn connect(address: SocketAddr) -> Result<Connection, LoadError> {
    Connection::open(address, DEADLINE).await.map_err(LoadError::client("connect"))
}
