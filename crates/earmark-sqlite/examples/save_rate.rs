//! How many orders does the writer's thread save, and does it slow down as the file grows?
//!
//! `cargo run --release -p earmark-sqlite --example save_rate -- [orders] [uuid7|random] [readers]`
//! places orders of 3 lines over 10,000 items and 100,000 customers, in batches of 256, decided and
//! committed on one thread as the writer does. It prints one row for each hundred thousand orders,
//! or for each tenth of them. The file is deleted afterwards.
#![expect(clippy::float_arithmetic, clippy::unwrap_used, reason = "a measuring program")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_core::idempotency::IdempotencyKey;
use earmark_core::ids::{AdjustmentId, OrderId};
use earmark_core::items::{AdjustmentReason, adjust::AdjustStock, adjust::StockChange, put::PutItem};
use earmark_core::orders::Units;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::text::{CustomerId, Metadata, Name, Sku};
use earmark_core::{
    Access, Action, Actor, Caller, Command, Keys, Money, Span, Timestamp, WorkingSet, decide, needs,
};
use earmark_random::Random;
use earmark_sqlite::{SqliteOptions, SqliteQueries, open};
use earmark_store::{Clock, Engine, OrderFilter, Pace, Queries};

const BATCH: usize = 256;
const ITEMS: u64 = 10_000;
const CUSTOMERS: u64 = 100_000;

fn sku(number: u64) -> Sku {
    Sku::parse(&format!("SKU-{number:05}")).unwrap()
}

fn command(action: Action, idempotency: Option<IdempotencyKey>) -> Command {
    let actor = "key_01jd3000000000000000000000".parse().unwrap();
    let caller = Caller { actor: Actor::Key(actor), access: Access::All };
    Command { idempotency, ..Command::new(caller, action) }
}

fn place(random: &mut Random, now: Timestamp, time_ordered: bool) -> Command {
    let stamp = u128::try_from(now.0 / 1000).unwrap() << 80;
    let mut lines: Vec<Units> = Vec::new();
    while lines.len() < 3 {
        let sku = sku(random.next_u64() % ITEMS);
        if lines.iter().all(|line| line.sku != sku) {
            lines.push(Units { sku, quantity: 1 });
        }
    }
    let customer_id =
        Some(CustomerId::parse(&format!("customer-{}", random.next_u64() % CUSTOMERS)).unwrap());
    let digest = if time_ordered { stamp | random.next_u128() >> 48 } else { random.next_u128() };
    let key = IdempotencyKey { digest: digest.to_be_bytes(), fingerprint: random.next_u128().to_be_bytes() };
    let place = PlaceOrder {
        id: OrderId(stamp | 7 << 76 | 2 << 62 | random.next_u128() >> 68),
        source: Source::Lines { lines, customer_id },
        expected_total: None,
        confirm: Confirm::Later,
        reference: None,
        shipping_address: None,
        metadata: Metadata::default(),
        reservation_ttl: Span::from_seconds(1800),
    };
    command(Action::PlaceOrder(place), Some(key))
}

/// How long each step of a batch took, in sum.
#[derive(Default)]
struct Took {
    load: Duration,
    decide: Duration,
    commit: Duration,
    maintain: Duration,
    slowest: Duration,
}

fn run_batch(engine: &mut dyn Engine, commands: &[Command], now: Timestamp, took: &mut Took) {
    let begin = Instant::now();
    let mut rows = WorkingSet::default();
    engine.begin(&Keys::default(), &mut rows, &mut ()).unwrap();
    loop {
        let mut keys = Keys::default();
        commands.iter().for_each(|command| needs(command, &rows, &mut keys));
        if keys.is_empty() {
            break;
        }
        engine.load(&keys, &mut rows).unwrap();
    }
    let loaded = Instant::now();
    for command in commands {
        let (_, changes) = decide(&rows, command, now).unwrap();
        rows.absorb(changes, &command.caller.actor, now);
    }
    let changes = rows.take_changes();
    let decided = Instant::now();
    engine.commit(&changes, &mut ()).unwrap();
    let committed = Instant::now();
    engine.maintain(Pace::Busy).unwrap();
    took.load += loaded - begin;
    took.decide += decided - loaded;
    took.commit += committed - decided;
    took.maintain += committed.elapsed();
    took.slowest = took.slowest.max(begin.elapsed());
}

fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn rss_mib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn fill_catalogue(engine: &mut dyn Engine, clock: &Clock) {
    for first in (0..ITEMS).step_by(BATCH) {
        let numbers = first..ITEMS.min(first + BATCH as u64);
        let items = numbers.clone().map(|number| {
            let put = PutItem {
                sku: sku(number),
                name: Name::parse(&format!("Item number {number}")).unwrap(),
                unit_price: Money::parse(1_999).unwrap(),
                description: None,
                active: None,
                image_url: None,
                metadata: None,
            };
            command(Action::PutItem(put), None)
        });
        let stock = numbers.map(|number| {
            let adjust = AdjustStock {
                id: AdjustmentId(u128::from(number)),
                sku: sku(number),
                change: StockChange::By(1_000_000),
                reason: AdjustmentReason::Received,
                note: None,
            };
            command(Action::AdjustStock(adjust), None)
        });
        run_batch(engine, &items.collect::<Vec<_>>(), clock.now(), &mut Took::default());
        run_batch(engine, &stock.collect::<Vec<_>>(), clock.now(), &mut Took::default());
    }
}

/// The defaults, except for what the environment sets.
fn options() -> SqliteOptions {
    let mut options = SqliteOptions::default();
    for (name, value) in [
        ("GENERATION_ENTRIES", &mut options.generation_entries),
        ("SEGMENT_EVENTS", &mut options.segment_events),
    ] {
        *value = std::env::var(name).map_or(*value, |text| text.parse().unwrap());
    }
    for (name, value) in [
        ("CHECKPOINT_PAGES", &mut options.checkpoint_pages),
        ("WRITER_CACHE_KIB", &mut options.writer_cache_kib),
    ] {
        *value = std::env::var(name).map_or(*value, |text| text.parse().unwrap());
    }
    options
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let orders: usize = arguments.next().map_or(1_000_000, |text| text.parse().unwrap());
    let time_ordered = arguments.next().is_none_or(|word| word == "uuid7");
    let readers: usize = arguments.next().map_or(0, |text| text.parse().unwrap());
    let options = options();
    let keys = if time_ordered { "uuid7" } else { "random" };
    println!("{orders} orders, {keys} keys, {readers} readers, {options:?}");
    let folder = tempfile::tempdir_in(".").unwrap();
    let path = folder.path().join("rate.db");
    let (mut engine, queries) = open(&path, options).unwrap();
    let (clock, mut random) = (Clock::system(), Random::new(1));
    fill_catalogue(&mut engine, &clock);
    let queries = Arc::new(queries);
    let runtime = read_all_the_time(&queries, readers);
    println!(
        "  stored  orders/s  cpu us  load  decide  commit  maintain us/order  slowest ms  rss MiB  file MiB  wal MiB"
    );
    let step = (orders / 10).max(BATCH);
    let mut stored = 0;
    while stored < orders {
        let (mut took, cpu, begin, mut making) =
            (Took::default(), cpu_seconds(), Instant::now(), Duration::ZERO);
        let mut cpu_making = 0.0;
        let mut placed = 0;
        while placed < step {
            let (made, cpu_before) = (Instant::now(), cpu_seconds());
            let now = clock.now();
            let batch: Vec<_> = (0..BATCH).map(|_| place(&mut random, now, time_ordered)).collect();
            making += made.elapsed();
            cpu_making += cpu_seconds() - cpu_before;
            run_batch(&mut engine, &batch, now, &mut took);
            placed += batch.len();
        }
        stored += placed;
        let count = placed as f64;
        let micros = |span: Duration| span.as_secs_f64() * 1e6 / count;
        let size =
            |name: &str| std::fs::metadata(folder.path().join(name)).map_or(0, |data| data.len() >> 20);
        println!(
            "{stored:8}  {:8.0}  {:6.1}  {:4.1}  {:6.1}  {:6.1}  {:8.1}           {:10.1}  {:7}  {:8}  {:7}",
            count / (begin.elapsed() - making).as_secs_f64(),
            (cpu_seconds() - cpu - cpu_making) * 1e6 / count,
            micros(took.load),
            micros(took.decide),
            micros(took.commit),
            micros(took.maintain),
            took.slowest.as_secs_f64() * 1e3,
            rss_mib(),
            size("rate.db"),
            size("rate.db-wal"),
        );
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    read_back(&*queries);
    drop((engine, queries));
    let begin = Instant::now();
    let reopened = open(&path, options).unwrap();
    println!("opened again: {:?}", begin.elapsed());
    drop(reopened);
}

/// Readers that list the orders of customers, one after the other.
fn read_all_the_time(queries: &Arc<SqliteQueries>, readers: usize) -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    for reader in 0..readers {
        let (queries, mut random) = (Arc::clone(queries), Random::new(reader as u64));
        runtime.spawn(async move {
            loop {
                let id = CustomerId::parse(&format!("customer-{}", random.next_u64() % CUSTOMERS)).unwrap();
                let filter = OrderFilter { customer_id: Some(id), ..OrderFilter::default() };
                queries.list_orders(&filter, 50).await.unwrap();
            }
        });
    }
    runtime
}

/// How long a customer's orders and an item's movements take with everything stored.
fn read_back(queries: &impl Queries) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut random = Random::new(2);
    runtime.block_on(async {
        let begin = Instant::now();
        for _ in 0..100 {
            let id = CustomerId::parse(&format!("customer-{}", random.next_u64() % CUSTOMERS)).unwrap();
            let filter = OrderFilter { customer_id: Some(id), ..OrderFilter::default() };
            queries.list_orders(&filter, 50).await.unwrap();
        }
        println!("orders of a customer: {:?}", begin.elapsed() / 100);
        let begin = Instant::now();
        for _ in 0..20 {
            queries.list_movements(&sku(random.next_u64() % ITEMS), None, 50).await.unwrap();
        }
        println!("movements of an item: {:?}", begin.elapsed() / 20);
        let begin = Instant::now();
        for _ in 0..20 {
            let filter = OrderFilter { sku: Some(sku(random.next_u64() % ITEMS)), ..OrderFilter::default() };
            queries.list_orders(&filter, 50).await.unwrap();
        }
        println!("orders of an item: {:?}", begin.elapsed() / 20);
        let begin = Instant::now();
        let report = queries.verify().await.unwrap();
        println!("verify: {:?}, {} breaches, {} MiB", begin.elapsed(), report.breaches.len(), rss_mib());
    });
}
