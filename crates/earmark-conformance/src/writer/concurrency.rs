//! Do many callers at once get what there is and no more, and do waiting tasks get their signals?

use earmark_core::Rejection;
use earmark_core::ids::OrderId;
use earmark_core::payments::settle::PaymentResult;
use earmark_store::{Clock, Interest, Store, StoreOptions};

use super::Running;
use crate::commands::{adjust, cancel, order, pay, put, settle, sku, units};
use crate::fixture::Fixture;
use crate::harness::runtime;
use crate::simulation::BEGINNING;

pub(crate) fn concurrent_buyers(fixture: Fixture) {
    const STOCK: u32 = 120;
    let clock = Clock::manual(BEGINNING);
    let options = StoreOptions { clock, ..StoreOptions::default() };
    let (store, _ended) = Store::start(fixture.engine, fixture.queries, options);
    let setup = runtime();
    for command in [put("hot"), adjust("hot", STOCK.into())] {
        setup.block_on(store.submit(command)).expect("it is answered").expect("the command is right");
    }
    let buy_fifty = |buyer: u128| {
        let runtime = runtime();
        let buys: Vec<_> = (0..50)
            .map(|number| {
                let store = store.clone();
                let command = order(buyer << 64 | number, vec![units("hot", 1)]);
                runtime.spawn(async move { store.submit(command).await })
            })
            .collect();
        let decided = buys.into_iter().map(|buy| runtime.block_on(buy).expect("the task ends"));
        decided.map(|decided| decided.expect("it is answered")).collect::<Vec<_>>()
    };
    let decided: Vec<_> = std::thread::scope(|scope| {
        let buyers: Vec<_> = (1..=4).map(|buyer| scope.spawn(move || buy_fifty(buyer))).collect();
        buyers.into_iter().flat_map(|buyer| buyer.join().expect("a buyer ends")).collect()
    });
    let sold = decided.iter().filter(|decided| decided.is_ok()).count();
    assert_eq!(sold, STOCK as usize, "sold exactly what there was");
    let short = |rejected: &&Rejection| matches!(rejected, Rejection::InsufficientStock { .. });
    assert_eq!(decided.iter().filter_map(|decided| decided.as_ref().err()).filter(short).count(), 80);
    let item = setup.block_on(store.queries().find_item(&sku("hot"))).expect("it can be read");
    let stock = item.expect("it is there").stock;
    assert_eq!((stock.on_hand, stock.reserved), (STOCK, STOCK));
    let report = setup.block_on(store.queries().verify()).expect("it can be read");
    assert!(report.breaches.is_empty(), "{:?}", report.breaches);
}

pub(crate) fn signals_reach_those_that_wait(fixture: Fixture) {
    let running = Running::start(fixture);
    running.must(put("a"));
    running.must(adjust("a", 5));
    running.must(order(1, vec![units("a", 1)]));
    // What subscribes before the commands misses no signal, however late it waits.
    let subscribe = |interest| running.store.subscribe(interest);
    let (all, payments) = (subscribe(Interest::Everything), subscribe(Interest::PaymentsDue));
    let (refunds, order) = (subscribe(Interest::RefundsDue), subscribe(Interest::Order(OrderId(1))));
    let other = subscribe(Interest::Order(OrderId(2)));
    running.must(pay(1, 900));
    let begun = running.must_come(payments.changed());
    assert_eq!(payments.take_orders().iter().map(|order| order.id).collect::<Vec<_>>(), [OrderId(1)]);
    assert_eq!(running.must_come(order.changed()), begun);
    running.must(settle(1, 900, PaymentResult::Succeeded { reference: None }));
    assert!(running.must_come(order.changed()) > begun);
    running.must(cancel(1, None, 5));
    let refunded = running.must_come(refunds.changed());
    assert_eq!(running.must_come(all.changed()), refunded, "three signals have become one");
    assert!(payments.take_orders().is_empty());
    for subscription in [&payments, &other] {
        let no_signal = running.runtime.block_on(async {
            tokio::select! { biased; _ = subscription.changed() => false, () = std::future::ready(()) => true }
        });
        assert!(no_signal, "no commit was about what it waits for");
    }
}
