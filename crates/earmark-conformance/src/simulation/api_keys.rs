//! Random commands about API keys, and the purge of idempotency keys.

use earmark_core::Span;
use earmark_core::command::Action;
use earmark_core::idempotency::purge::PurgeIdempotencyKeys;
use earmark_core::ids::KeyId;
use earmark_core::keys::KeyRole;
use earmark_core::keys::create::CreateKey;
use earmark_core::keys::revoke::RevokeKey;
use earmark_core::text::Name;

use super::Simulation;

impl Simulation {
    pub(super) fn create_key(&mut self) -> Action {
        let id = KeyId(self.id());
        let name = self.random.percent(50).then(|| Name::parse("storefront").expect("a name"));
        let role = if self.random.percent(50) { KeyRole::Admin } else { KeyRole::Service };
        let mut secret_hash = [0; 32];
        secret_hash[..16].copy_from_slice(&self.random.bytes());
        Action::CreateKey(CreateKey { id, name, role, secret_hash })
    }

    pub(super) fn revoke_key(&mut self) -> Action {
        let id = self.random.pick(&self.known.api_keys).copied();
        Action::RevokeKey(RevokeKey { id: id.unwrap_or(KeyId(self.id())) })
    }

    pub(super) fn purge_keys(&mut self) -> Action {
        let mut digests = self.known.digests.clone();
        digests.truncate(20);
        if self.random.percent(20) {
            digests.push(self.random.bytes());
        }
        Action::PurgeIdempotencyKeys(PurgeIdempotencyKeys { digests, kept: Span::from_seconds(72 * 3600) })
    }
}
