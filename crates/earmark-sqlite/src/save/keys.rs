//! Saves API keys: new ones, and those that were revoked.

use earmark_core::text::Name;
use earmark_core::{ApiKey, Change};
use earmark_store::codes;
use rusqlite::{Connection, params};

use super::refusals::{expect_one, never_deleted};
use crate::codec;
use crate::error::Result;

pub(super) fn save(connection: &Connection, changes: &[Change<ApiKey>]) -> Result<()> {
    for change in changes {
        let Some(key) = &change.after else { return never_deleted("an API key") };
        let version = codec::integer(key.version)?;
        let changed = match &change.before {
            None => connection
                .prepare_cached(
                    "INSERT INTO api_keys (id, version, name, role, secret_hash, created_at, revoked_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    key.id.to_bytes(),
                    version,
                    key.name.as_ref().map(Name::as_str),
                    codes::role_number(key.role),
                    key.secret_hash,
                    key.created_at.0,
                    key.revoked_at.map(|at| at.0),
                ])?,
            Some(before) => connection
                .prepare_cached(
                    "UPDATE api_keys SET version = ?2, revoked_at = ?3 WHERE id = ?1 AND version = ?4",
                )?
                .execute(params![
                    key.id.to_bytes(),
                    version,
                    key.revoked_at.map(|at| at.0),
                    codec::integer(before.version)?,
                ])?,
        };
        expect_one(changed, key.id)?;
    }
    Ok(())
}
