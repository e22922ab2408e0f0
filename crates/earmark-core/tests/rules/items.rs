//! Do items, adjustments and counters follow their rules?

use earmark_core::items::ON_HAND_MAX;
use earmark_core::items::adjust::StockChange;
use earmark_core::items::put::PutItem;
use earmark_core::text::Description;
use earmark_core::{Outcome, Rejection};

use crate::given::{Expect, World, adjust, cancel, change_stock, check, item, just, order, put, ship};

#[test]
fn a_new_item_has_no_stock() {
    check(
        World::empty(),
        put(item("new", 100)),
        Expect::Done(&["item.created"], |after| {
            let Outcome::Item { item, created } = &after.answer.outcome else { panic!("an item") };
            assert!(*created && item.item.active, "active unless it says otherwise");
            assert_eq!((item.stock.on_hand, item.stock.reserved, item.stock.version), (0, 0, 1));
        }),
    );
}

#[test]
fn putting_again_replaces_the_description_and_leaves_the_stock() {
    let given = World::shop().and(order(1, &[("a", 2)]));
    let described = PutItem { description: Description::parse("").ok(), ..item("a", 1200) };
    check(
        given,
        put(described),
        Expect::Done(&["item.updated"], |after| {
            let Outcome::Item { item, created } = &after.answer.outcome else { panic!("an item") };
            assert_eq!(
                (*created, item.item.unit_price.minor(), &item.item.description),
                (false, 1200, &None)
            );
            assert_eq!(after.world.counters("a"), (10, 2));
            assert_eq!(
                item.item.created_at,
                crate::given::OPENING.after(earmark_core::Span::from_seconds(1))
            );
        }),
    );
}

#[test]
fn a_price_is_not_negative() {
    check(World::empty(), put(item("a", -1)), Expect::Invalid("/unit_price"));
    check(World::empty(), put(item("a", 0)), Expect::Done(&["item.created"], just));
}

#[test]
fn what_is_ordered_keeps_its_price() {
    let given = World::shop().and(order(1, &[("a", 2)])).and(put(item("a", 9999)));
    check(
        given,
        cancel(1),
        Expect::Done(&["order.cancelled"], |after| {
            assert_eq!(after.world.order(1).placed_total.minor(), 2000);
        }),
    );
}

#[test]
fn a_delta_moves_on_hand_and_says_so() {
    check(
        World::shop().and(order(1, &[("a", 4)])),
        adjust("a", -6),
        Expect::Done(&["stock.adjusted"], |after| {
            let Outcome::Adjustment(adjustment) = &after.answer.outcome else { panic!("an adjustment") };
            assert_eq!((adjustment.delta, adjustment.on_hand, adjustment.reserved), (-6, 4, 4));
        }),
    );
    check(World::shop(), adjust("a", 0), Expect::Invalid("/delta"));
}

#[test]
fn an_adjustment_may_not_bring_on_hand_below_reserved() {
    let below = || Expect::Refused(Rejection::StockBelowReserved { on_hand: 10, reserved: 4 });
    let given = || World::shop().and(order(1, &[("a", 4)]));
    check(given(), adjust("a", -7), below());
    check(given(), change_stock("a", StockChange::To { on_hand: 3, expected_on_hand: None }), below());
    check(given(), adjust("a", i64::MIN), below());
    check(
        given(),
        change_stock("a", StockChange::To { on_hand: 4, expected_on_hand: None }),
        Expect::Done(&["stock.adjusted"], just),
    );
}

#[test]
fn an_absolute_count_needs_what_was_expected() {
    let to = |on_hand, expected_on_hand| change_stock("a", StockChange::To { on_hand, expected_on_hand });
    let mismatch = Rejection::StockMismatch { on_hand: 10, reserved: 0 };
    check(World::shop(), to(7, Some(9)), Expect::Refused(mismatch));
    check(
        World::shop(),
        to(7, Some(10)),
        Expect::Done(&["stock.adjusted"], |after| {
            assert_eq!(after.world.counters("a"), (7, 0));
        }),
    );
    check(World::shop(), to(7, None), Expect::Done(&["stock.adjusted"], just));
    // A wrong expectation is checked before what the change would lead to.
    let given = World::shop().and(order(1, &[("a", 4)]));
    let mismatch = Rejection::StockMismatch { on_hand: 10, reserved: 4 };
    check(given, to(1, Some(9)), Expect::Refused(mismatch));
}

#[test]
fn a_count_has_its_largest_number() {
    let most = i64::from(ON_HAND_MAX) - 10;
    check(World::shop(), adjust("a", most), Expect::Done(&["stock.adjusted"], just));
    check(World::shop(), adjust("a", most + 1), Expect::Invalid("/delta"));
    check(World::shop(), adjust("a", i64::MAX), Expect::Invalid("/delta"));
    let to = StockChange::To { on_hand: ON_HAND_MAX + 1, expected_on_hand: None };
    check(World::shop(), change_stock("a", to), Expect::Invalid("/on_hand"));
}

#[test]
fn an_item_that_is_not_there_cannot_be_counted() {
    check(World::shop(), adjust("none", 1), Expect::Refused(Rejection::NotFound));
}

#[test]
fn placing_cancelling_and_shipping_move_the_counters() {
    let given = World::shop().and(order(1, &[("a", 3)]));
    assert_eq!(given.counters("a"), (10, 3));
    check(
        given,
        cancel(1),
        Expect::Done(&["order.cancelled"], |after| {
            assert_eq!(after.world.counters("a"), (10, 0));
        }),
    );
    let given = crate::given::paid(&[("a", 3)]);
    check(
        given,
        ship(1, 1, None),
        Expect::Done(&["shipment.created", "order.shipped"], |after| {
            assert_eq!(after.world.counters("a"), (7, 0), "out of on_hand and reserved together");
        }),
    );
}
