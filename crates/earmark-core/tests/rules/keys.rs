//! Can API keys be created and revoked?

use earmark_core::ids::KeyId;
use earmark_core::keys::create::CreateKey;
use earmark_core::keys::revoke::RevokeKey;
use earmark_core::keys::{ApiKey, KeyRole};
use earmark_core::{Action, Command, Outcome, Rejection};

use crate::given::{Expect, World, check, command};

fn create() -> Command {
    command(Action::CreateKey(CreateKey {
        id: KeyId(1),
        name: None,
        role: KeyRole::Service,
        secret_hash: [9; 32],
    }))
}

fn revoke(id: u128) -> Command {
    command(Action::RevokeKey(RevokeKey { id: KeyId(id) }))
}

#[test]
fn a_key_is_valid_until_it_is_revoked() {
    check(
        World::empty(),
        create(),
        Expect::Done(&[], |after| {
            let Outcome::Key(key) = &after.answer.outcome else { panic!("a key") };
            assert_eq!((key.version, key.revoked_at, key.role), (1, None, KeyRole::Service));
        }),
    );
    check(
        World::empty().and(create()),
        revoke(1),
        Expect::Done(&[], |after| {
            let Outcome::Key(key) = &after.answer.outcome else { panic!("a key") };
            assert_eq!((key.version, key.revoked_at), (2, Some(after.world.now)));
        }),
    );
}

#[test]
fn revoking_again_changes_nothing() {
    check(World::empty().and(create()).and(revoke(1)), revoke(1), Expect::Unchanged);
    check(World::empty(), revoke(1), Expect::Refused(Rejection::NotFound));
}

#[test]
fn the_hash_of_a_secret_is_never_shown() {
    check(
        World::empty(),
        create(),
        Expect::Done(&[], |after| {
            let key: &ApiKey = &after.changes.api_keys[0];
            assert!(!format!("{key:?}").contains('9'), "customer tokens are signed with it");
        }),
    );
}
