//! Does every change raise the version of its resource, and is `If-Match` obeyed on every command?

use earmark_core::Rejection;
use earmark_core::carts::delete::{DeleteCart, Due};
use earmark_core::ids::{CartId, KeyId};
use earmark_core::keys::KeyRole;
use earmark_core::keys::create::CreateKey;
use earmark_core::keys::revoke::RevokeKey;
use earmark_core::{Action, Command};

use crate::given::{
    Expect, World, add, adjust, cancel, cancel_part, cart, check, command, confirm, deliver, from_cart,
    if_match, item, order, paid, pay, place, put, set, ship, wanted,
};

/// A shop, a command, and the version that its resource has in that shop.
fn table() -> Vec<(World, Command, u64)> {
    let key = CreateKey { id: KeyId(1), name: None, role: KeyRole::Admin, secret_hash: [1; 32] };
    let with_key = || World::empty().and(command(Action::CreateKey(key.clone())));
    let with_cart = || World::shop().and(cart(1, None)).and(add(1, "a", 1));
    let delete = DeleteCart { cart_id: CartId(1), due: Due::Now };
    let placed = || World::shop().and(place(wanted(1, &[("a", 2)])));
    vec![
        (World::shop(), put(item("a", 5)), 2),
        (World::shop().and(order(1, &[("a", 1)])), put(item("a", 5)), 3),
        (World::shop(), adjust("a", 1), 2),
        (with_cart(), add(1, "a", 1), 2),
        (with_cart(), set(1, "b", 1), 2),
        (with_cart(), command(Action::DeleteCart(delete)), 2),
        (with_cart(), from_cart(1, 1, None), 2),
        (placed(), confirm(1), 1),
        (placed(), cancel(1), 1),
        (placed().and(confirm(1)), cancel_part(1, &[("a", 1)]), 2),
        (placed().and(confirm(1)), pay(1, 1), 2),
        (paid(&[("a", 2)]), ship(1, 1, None), 3),
        (paid(&[("a", 2)]).and(ship(1, 1, None)), deliver(1, 1), 1),
        (with_key(), command(Action::RevokeKey(RevokeKey { id: KeyId(1) })), 1),
    ]
}

#[test]
fn the_version_that_is_there_is_accepted() {
    for (mut given, command, version) in table() {
        given = given.and(if_match(version, command));
        drop(given);
    }
}

#[test]
fn any_other_version_is_refused_with_the_one_that_is_there() {
    for (given, command, version) in table() {
        let again = || World { rows: given.rows.clone(), now: given.now };
        for stale in [version - 1, version + 1, u64::MAX] {
            let mismatch = Rejection::VersionMismatch { version };
            check(again(), if_match(stale, command.clone()), Expect::Refused(mismatch));
        }
    }
}

#[test]
fn what_is_not_there_has_no_version() {
    check(
        World::empty(),
        if_match(1, put(item("a", 5))),
        Expect::Refused(Rejection::VersionMismatch { version: 0 }),
    );
    check(
        World::empty(),
        if_match(1, cart(1, None)),
        Expect::Refused(Rejection::VersionMismatch { version: 0 }),
    );
    check(World::empty(), if_match(1, adjust("a", 1)), Expect::Refused(Rejection::NotFound));
    check(World::empty(), if_match(1, confirm(1)), Expect::Refused(Rejection::NotFound));
}

#[test]
fn the_version_is_told_before_what_the_state_says() {
    let mismatch = |version| Expect::Refused(Rejection::VersionMismatch { version });
    check(World::shop(), if_match(9, adjust("a", -99)), mismatch(2));
    check(World::shop(), if_match(9, adjust("a", 0)), mismatch(2));
    check(World::shop().and(order(1, &[("a", 1)])), if_match(9, ship(1, 1, None)), mismatch(1));
    // A version that is right does not hide what else is wrong.
    check(World::shop(), if_match(2, adjust("a", 0)), Expect::Invalid("/delta"));
}
