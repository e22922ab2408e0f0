//! How does anyone get into a database that has no API key yet? The server makes an admin key and
//! prints it once.
//!
//! Invariant: of nodes that start at once on one database, exactly one makes the key. Read
//! `keys.rs` for how further keys are made.

use std::time::Duration;

use earmark_core::idempotency::IdempotencyKey;
use earmark_core::keys::KeyRole;
use earmark_core::keys::create::CreateKey;
use earmark_core::text::Name;
use earmark_core::{Action, Outcome};
use earmark_door::secrets::FreshKey;
use earmark_store::Store;

use crate::operator::submit;

/// Between two tries to find out whether there is an API key.
const PAUSE: Duration = Duration::from_secs(1);

/// Makes an admin key and prints it, if the database has none. Where the database is away it tries
/// again, so that the key is shown once the database is back.
pub(crate) async fn show(store: Store) {
    let fresh = match FreshKey::draw() {
        Ok(fresh) => fresh,
        Err(error) => return tracing::error!(%error, "no API key could be drawn"),
    };
    loop {
        match has_become_first(&fresh, &store).await {
            Ok(false) => return,
            Ok(true) => {
                let key = fresh.token;
                println!("This database has no API key yet. An admin key, shown once:\n\n  {key}\n");
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "it is not known whether there is an API key");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether this key has become the first, now or at an earlier try whose answer was lost.
async fn has_become_first(fresh: &FreshKey, store: &Store) -> anyhow::Result<bool> {
    let keys = store.queries().list_api_keys(None, 2).await?.rows;
    if !keys.is_empty() {
        return Ok(keys.iter().any(|key| key.id == fresh.id));
    }
    let name = Some(Name::parse("first").expect("a short word is a name"));
    let create = CreateKey { id: fresh.id, name, role: KeyRole::Admin, secret_hash: fresh.secret_hash };
    // All nodes use the same idempotency key, so the second gets the answer to the first.
    let once = IdempotencyKey { digest: *b"the first apikey", fingerprint: [0; 16] };
    let outcome = submit(store, Action::CreateKey(create), Some(once)).await?;
    Ok(matches!(outcome, Outcome::Key(key) if key.id == fresh.id))
}
