//! Do carts follow their rules, and do they reserve nothing?

use earmark_core::carts::delete::{DeleteCart, Due};
use earmark_core::carts::{LINES_MAX, LineProblem, QUANTITY_MAX};
use earmark_core::ids::CartId;
use earmark_core::money::MINOR_MAX;
use earmark_core::{Action, Command, Outcome, Rejection, Shortage};

use crate::given::{
    After, Expect, World, add, adjust, by, cart, check, command, item, just, order, put, remove, set, sku,
};

fn shop_with_cart() -> World {
    World::shop().and(cart(1, Some("ann"))).and(add(1, "a", 2))
}

fn lines(after: &After) -> Vec<(&str, u32)> {
    let Outcome::Cart(priced) = &after.answer.outcome else { panic!("a cart") };
    priced.cart.lines.iter().map(|line| (line.sku.as_str(), line.quantity)).collect()
}

fn delete(id: u128, due: Due) -> Command {
    command(Action::DeleteCart(DeleteCart { cart_id: CartId(id), due }))
}

#[test]
fn a_cart_is_its_customers_and_nobody_elses() {
    check(
        World::empty(),
        by("ann", cart(1, None)),
        Expect::Done(&[], |after| {
            let Outcome::Cart(priced) = &after.answer.outcome else { panic!("a cart") };
            assert_eq!(priced.cart.customer_id, Some(crate::given::customer("ann")), "taken from the token");
        }),
    );
    check(World::empty(), by("ann", cart(1, Some("ann"))), Expect::Done(&[], just));
    check(World::empty(), by("ann", cart(1, Some("bob"))), Expect::Invalid("/customer_id"));
    for asked in [add(1, "a", 1), set(1, "a", 1), remove(1, "a"), delete(1, Due::Now)] {
        check(shop_with_cart(), by("bob", asked.clone()), Expect::Refused(Rejection::NotFound));
        check(shop_with_cart(), by("ann", asked), Expect::Done(&[], just));
    }
}

#[test]
fn adding_adds_setting_sets_removing_removes() {
    check(shop_with_cart(), add(1, "a", 3), Expect::Done(&[], |after| assert_eq!(lines(after), [("a", 5)])));
    check(
        shop_with_cart(),
        add(1, "b", 1),
        Expect::Done(&[], |after| assert_eq!(lines(after), [("a", 2), ("b", 1)])),
    );
    check(shop_with_cart(), set(1, "a", 7), Expect::Done(&[], |after| assert_eq!(lines(after), [("a", 7)])));
    check(shop_with_cart(), set(1, "b", 4), Expect::Done(&[], |after| assert_eq!(lines(after).len(), 2)));
    check(shop_with_cart(), remove(1, "a"), Expect::Done(&[], |after| assert!(lines(after).is_empty())));
    check(shop_with_cart(), remove(1, "b"), Expect::Refused(Rejection::NotFound));
    check(shop_with_cart(), add(9, "a", 1), Expect::Refused(Rejection::NotFound));
}

#[test]
fn a_cart_holds_nothing_back() {
    let given = shop_with_cart();
    assert_eq!(given.counters("a"), (10, 0));
}

#[test]
fn raising_beyond_what_is_available_is_refused() {
    let short = |requested, available| {
        let shortages = vec![Shortage { sku: sku("a"), requested, available }];
        Expect::Refused(Rejection::InsufficientStock { shortages })
    };
    check(shop_with_cart(), add(1, "a", 9), short(11, 10));
    check(shop_with_cart(), set(1, "a", 11), short(11, 10));
    check(shop_with_cart().and(order(7, &[("a", 6)])), add(1, "a", 3), short(5, 4));
}

#[test]
fn lowering_and_removing_always_work() {
    let sold_out = || shop_with_cart().and(set(1, "a", 8)).and(order(7, &[("a", 10)]));
    check(
        sold_out(),
        set(1, "a", 5),
        Expect::Done(&[], |after| {
            let Outcome::Cart(priced) = &after.answer.outcome else { panic!("a cart") };
            assert_eq!(priced.problem(0), Some(LineProblem::InsufficientStock));
        }),
    );
    check(sold_out(), remove(1, "a"), Expect::Done(&[], just));
    let inactive = earmark_core::items::put::PutItem { active: Some(false), ..item("a", 1000) };
    let not_sold = || shop_with_cart().and(put(inactive.clone()));
    check(
        not_sold(),
        set(1, "a", 1),
        Expect::Done(&[], |after| {
            let Outcome::Cart(priced) = &after.answer.outcome else { panic!("a cart") };
            assert_eq!(priced.problem(0), Some(LineProblem::Inactive));
        }),
    );
    check(not_sold(), add(1, "a", 1), Expect::Refused(Rejection::ItemInactive { skus: vec![sku("a")] }));
}

#[test]
fn lowering_works_even_if_the_cart_has_become_too_dear_to_add_up() {
    let given =
        shop_with_cart().and(add(1, "b", 3)).and(put(item("a", MINOR_MAX))).and(put(item("b", MINOR_MAX)));
    check(given, set(1, "a", 1), Expect::Done(&[], just));
}

#[test]
fn a_line_has_its_limits() {
    for wrong in [
        add(1, "a", 0),
        set(1, "a", 0),
        add(1, "a", QUANTITY_MAX),
        set(1, "a", QUANTITY_MAX + 1),
        add(1, "a", u32::MAX),
    ] {
        check(shop_with_cart(), wrong, Expect::Invalid("/quantity"));
    }
    check(shop_with_cart(), add(1, "none", 1), Expect::Invalid("/sku"));
    check(
        shop_with_cart(),
        add(1, "gone", 1),
        Expect::Refused(Rejection::ItemInactive { skus: vec![sku("gone")] }),
    );
}

#[test]
fn a_cart_has_at_most_500_lines() {
    let mut given = World::empty().and(cart(1, None));
    for number in 0..LINES_MAX {
        let text = format!("i{number}");
        given = given.and(put(item(&text, 1))).and(adjust(&text, 5)).and(add(1, &text, 1));
    }
    given = given.and(put(item("x", 1))).and(adjust("x", 5));
    check(given, add(1, "x", 1), Expect::Invalid("/sku"));
}

#[test]
fn a_total_that_overflows_is_refused() {
    let given = shop_with_cart().and(put(item("b", MINOR_MAX)));
    check(given, add(1, "b", 1), Expect::Invalid("/quantity"));
}

#[test]
fn each_change_raises_the_version_and_begins_its_life_anew() {
    check(
        shop_with_cart().later(600),
        add(1, "a", 1),
        Expect::Done(&[], |after| {
            let cart = &after.changes.carts[0];
            assert_eq!((cart.version, cart.updated_at), (3, after.world.now));
            assert_eq!(cart.expires_at, after.world.now.after(earmark_core::Span::from_seconds(3600)));
        }),
    );
}

#[test]
fn an_untouched_cart_is_deleted_when_its_time_has_come() {
    check(shop_with_cart(), delete(1, Due::IfExpired), Expect::Unchanged);
    check(shop_with_cart().later(3_598), delete(1, Due::IfExpired), Expect::Unchanged);
    check(
        shop_with_cart().later(3_599),
        delete(1, Due::IfExpired),
        Expect::Done(&[], |after| {
            assert_eq!(after.changes.deleted_carts, [CartId(1)]);
        }),
    );
    check(shop_with_cart(), delete(9, Due::Now), Expect::Refused(Rejection::NotFound));
}
