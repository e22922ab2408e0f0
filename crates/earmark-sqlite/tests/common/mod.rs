//! A shop over the embedded engine, driven as the writer drives it.
#![allow(dead_code, clippy::unwrap_used, reason = "tests; each file uses a part of it")]

use std::path::Path;

use earmark_core::idempotency::IdempotencyKey;
use earmark_core::ids::{AdjustmentId, OrderId, RefundId};
use earmark_core::items::{AdjustmentReason, adjust::AdjustStock, adjust::StockChange, put::PutItem};
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{CancelReason, Units, cancel::CancelOrder};
use earmark_core::text::{CustomerId, Metadata, Name, Sku};
use earmark_core::{Action, Caller, Command, Keys, Money, Span, Timestamp, WorkingSet, decide, needs};
use earmark_random::Random;
use earmark_sqlite::{SqliteEngine, SqliteOptions, SqliteQueries, open};
use earmark_store::{Engine, Pace};

/// When everything happens: late in 2026.
pub(crate) const NOW: Timestamp = Timestamp(1_795_000_000_000_000);

/// The id of an order made about now.
pub(crate) fn order_id(random: &mut Random) -> OrderId {
    let millis = u128::try_from(NOW.0 / 1000).unwrap() + u128::from(random.below(5));
    OrderId(millis << 80 | 7 << 76 | 2 << 62 | random.next_u128() >> 68)
}

/// The half that writes and the half that reads.
pub(crate) struct Shop {
    pub(crate) engine: SqliteEngine,
    pub(crate) queries: SqliteQueries,
}

/// Small generations and segments, so that a short test goes through many.
pub(crate) fn small() -> SqliteOptions {
    SqliteOptions {
        generation_entries: 16,
        segment_events: 32,
        checkpoint_pages: 50,
        ..SqliteOptions::default()
    }
}

pub(crate) fn sku(number: u64) -> Sku {
    Sku::parse(&format!("sku-{number}")).unwrap()
}

pub(crate) fn customer(number: u64) -> CustomerId {
    CustomerId::parse(&format!("customer-{number}")).unwrap()
}

pub(crate) fn command(action: impl Into<Action>, key: Option<u128>) -> Command {
    let idempotency = key.map(|key| IdempotencyKey { digest: key.to_be_bytes(), fingerprint: [7; 16] });
    Command { idempotency, ..Command::new(Caller::OPERATOR, action.into()) }
}

pub(crate) fn put_item(number: u64) -> Command {
    let put = PutItem {
        sku: sku(number),
        name: Name::parse("A thing").unwrap(),
        unit_price: Money::parse(1_999).unwrap(),
        description: None,
        active: None,
        image_url: None,
        metadata: None,
    };
    command(Action::PutItem(put), None)
}

pub(crate) fn receive(number: u64, units: i64) -> Command {
    let adjust = AdjustStock {
        id: AdjustmentId(u128::from(number)),
        sku: sku(number),
        change: StockChange::By(units),
        reason: AdjustmentReason::Received,
        note: None,
    };
    command(Action::AdjustStock(adjust), None)
}

pub(crate) fn place(
    id: OrderId,
    lines: &[(u64, u32)],
    customer_id: Option<CustomerId>,
    key: Option<u128>,
) -> Command {
    let lines =
        lines.iter().map(|(number, quantity)| Units { sku: sku(*number), quantity: *quantity }).collect();
    let place = PlaceOrder {
        id,
        source: Source::Lines { lines, customer_id },
        expected_total: None,
        confirm: Confirm::Later,
        reference: None,
        shipping_address: None,
        metadata: Metadata::default(),
        reservation_ttl: Span::from_seconds(1800),
    };
    command(Action::PlaceOrder(place), key)
}

pub(crate) fn cancel(order_id: OrderId) -> Command {
    let (lines, reason, refund_id) = (None, CancelReason::Customer, RefundId(order_id.0));
    command(Action::CancelOrder(CancelOrder { order_id, lines, reason, note: None, refund_id }), None)
}

impl Shop {
    pub(crate) fn open(path: &Path, options: SqliteOptions) -> Self {
        let (engine, queries) = open(path, options).unwrap();
        Self { engine, queries }
    }

    /// So many items, with a million units of each.
    pub(crate) fn stock(&mut self, items: u64) {
        self.run(&(0..items).map(put_item).collect::<Vec<_>>());
        self.run(&(0..items).map(|number| receive(number, 1_000_000)).collect::<Vec<_>>());
    }

    /// Decides, commits, and maintains as under load.
    pub(crate) fn run(&mut self, commands: &[Command]) {
        let changes = self.decide(commands);
        self.engine.commit(&changes, &mut ()).unwrap();
        self.engine.maintain(Pace::Busy).unwrap();
    }

    /// Begins a transaction and decides; nothing is saved yet.
    pub(crate) fn decide(&mut self, commands: &[Command]) -> earmark_core::BatchChanges {
        let mut rows = WorkingSet::default();
        self.engine.begin(&Keys::default(), &mut rows, &mut ()).unwrap();
        for command in commands {
            loop {
                let mut keys = Keys::default();
                needs(command, &rows, &mut keys);
                if keys.is_empty() {
                    break;
                }
                self.engine.load(&keys, &mut rows).unwrap();
            }
            let (_, changes) = decide(&rows, command, NOW).unwrap();
            rows.absorb(changes, &command.caller.actor, NOW);
        }
        rows.take_changes()
    }
}
