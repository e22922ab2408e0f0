//! What does the next order look like on the wire? It is written into buffers that are used again,
//! without an allocation and without a JSON tree.

use std::net::SocketAddr;
use std::time::Instant;

use earmark_random::{Random, write_uuid_v4, write_uuid_v7};

use super::options::{KeyKind, PlaceOptions, QUANTITY_MAX};
use crate::client::wire::{RequestHead, write_number, write_request};

/// Where orders are sent: to servers that share their database, with a key that each knows.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) token: String,
}

/// Makes the requests of one connection.
#[derive(Debug)]
pub(super) struct OrderWriter {
    random: Random,
    address: SocketAddr,
    host: String,
    token: String,
    hot: bool,
    keys: KeyKind,
    skus: u64,
    customers: u64,
    clock: Clock,
    /// The lines of the current order: index of the SKU, and quantity.
    lines: Vec<(u32, u32)>,
    line_count: usize,
    key: Vec<u8>,
    body: Vec<u8>,
    request: Vec<u8>,
}

/// Wall time, read once and carried on by the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    unix_ms_at_start: u64,
    start: Instant,
}

impl Clock {
    /// Reads the wall time.
    #[must_use]
    pub(super) fn start() -> Clock {
        #[expect(
            clippy::disallowed_methods,
            reason = "a client of the server has its own clock, for its UUIDv7 keys"
        )]
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let unix_ms_at_start = since_epoch.map_or(0, |since| since.as_millis() as u64);
        Clock { unix_ms_at_start, start: Instant::now() }
    }

    fn unix_ms(&self) -> u64 {
        self.unix_ms_at_start + self.start.elapsed().as_millis() as u64
    }
}

impl OrderWriter {
    /// The writer of the `connection`-th connection.
    #[must_use]
    pub(super) fn new(options: &PlaceOptions, target: &Target, connection: u32, clock: Clock) -> OrderWriter {
        let address = target.addresses[connection as usize % target.addresses.len()];
        OrderWriter {
            random: Random::stream(options.seed, u64::from(connection)),
            address,
            host: address.to_string(),
            token: target.token.clone(),
            hot: options.hot,
            keys: options.keys,
            skus: u64::from(options.skus),
            customers: u64::from(options.customers),
            clock,
            lines: Vec::with_capacity(options.lines as usize),
            line_count: options.lines as usize,
            key: Vec::with_capacity(36),
            body: Vec::new(),
            request: Vec::new(),
        }
    }

    /// Writes a new order with a fresh key.
    pub(super) fn next_order(&mut self) {
        self.draw_lines();
        self.key.clear();
        match self.keys {
            KeyKind::UuidV7 => write_uuid_v7(&mut self.key, self.clock.unix_ms(), &mut self.random),
            KeyKind::Random => write_uuid_v4(&mut self.key, &mut self.random),
        }
        self.write_body();
        let head = RequestHead {
            method: "POST",
            path: "/v1/orders",
            host: &self.host,
            token: Some(&self.token),
            key: Some(&self.key),
            if_match: None,
        };
        self.request.clear();
        write_request(&mut self.request, &head, &self.body);
    }

    /// The server of this connection.
    #[must_use]
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bytes of the current order's request.
    #[must_use]
    pub(super) fn request(&self) -> &[u8] {
        &self.request
    }

    /// The lines of the current order: index of the SKU, and quantity.
    #[must_use]
    pub(super) fn lines(&self) -> &[(u32, u32)] {
        &self.lines
    }

    fn draw_lines(&mut self) {
        self.lines.clear();
        while self.lines.len() < self.line_count {
            let first = self.lines.is_empty();
            let sku = if self.hot && first { 0 } else { self.random.below(self.skus) as u32 };
            if self.lines.iter().all(|&(taken, _)| taken != sku) {
                let quantity = self.random.between(1, QUANTITY_MAX) as u32;
                self.lines.push((sku, quantity));
            }
        }
    }

    fn write_body(&mut self) {
        let body = &mut self.body;
        body.clear();
        body.extend_from_slice(b"{\"customer_id\":\"customer-");
        write_number(body, self.random.below(self.customers));
        body.extend_from_slice(b"\",\"lines\":[");
        for (position, &(sku, quantity)) in self.lines.iter().enumerate() {
            body.extend_from_slice(if position == 0 { b"" } else { b"," });
            body.extend_from_slice(b"{\"sku\":\"SKU-");
            write_six_digits(body, sku);
            body.extend_from_slice(b"\",\"quantity\":");
            write_number(body, u64::from(quantity));
            body.push(b'}');
        }
        body.extend_from_slice(b"]}");
    }
}

/// The digits of [`crate::catalogue::sku`].
fn write_six_digits(out: &mut Vec<u8>, number: u32) {
    for divisor in [100_000, 10_000, 1_000, 100, 10, 1] {
        out.push(b'0' + (number / divisor % 10) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn writer(options: &PlaceOptions) -> OrderWriter {
        let addresses = vec![SocketAddr::from(([127, 0, 0, 1], 8080))];
        OrderWriter::new(options, &Target { addresses, token: "secret".to_owned() }, 0, Clock::start())
    }

    fn body_of(writer: &OrderWriter) -> Value {
        let request = String::from_utf8(writer.request().to_vec()).unwrap();
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn orders_have_distinct_lines_of_known_skus() {
        let options = PlaceOptions { skus: 8, lines: 4, ..PlaceOptions::default() };
        let mut writer = writer(&options);
        for _ in 0..200 {
            writer.next_order();
            let body = body_of(&writer);
            let lines = body["lines"].as_array().unwrap();
            let mut skus: Vec<_> = lines.iter().map(|line| line["sku"].as_str().unwrap()).collect();
            for (line, &(sku, quantity)) in lines.iter().zip(writer.lines()) {
                assert_eq!(line["sku"], crate::catalogue::sku(u64::from(sku)));
                assert_eq!(line["quantity"], quantity);
            }
            skus.sort_unstable();
            skus.dedup();
            assert_eq!(skus.len(), 4);
        }
    }

    #[test]
    fn hot_orders_share_their_first_sku_and_keys_are_fresh() {
        for keys in [KeyKind::UuidV7, KeyKind::Random] {
            let mut writer = writer(&PlaceOptions { hot: true, keys, ..PlaceOptions::default() });
            writer.next_order();
            let first = writer.key.clone();
            writer.next_order();
            assert_ne!(first, writer.key);
            assert_eq!(writer.lines()[0].0, 0);
        }
    }
}
