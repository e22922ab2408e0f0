//! Saves API keys: new ones, and those that were revoked.

use earmark_core::text::Name;
use earmark_core::{ApiKey, Change};
use earmark_store::codes;
use uuid::Uuid;

use super::plan::{Plan, column, try_column};
use super::refusals::never_deleted;
use crate::codec;
use crate::error::Result;

const INSERT: &str = "INSERT INTO api_keys (id, version, name, role, secret_hash, created_at, revoked_at) \
     SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::text[]), unnest($4::smallint[]), unnest($5::bytea[]), \
     unnest($6::bigint[]), unnest($7::bigint[])";
const UPDATE: &str = "UPDATE api_keys t SET version = u.version, revoked_at = u.revoked_at \
     FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) u (id, version, revoked_at, was) \
     WHERE t.id = u.id AND t.version = u.was";

pub(super) fn save<'a>(changes: &'a [Change<ApiKey>], plan: &mut Plan<'a>) -> Result<()> {
    let (mut new, mut old, mut versions) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let Some(key) = &change.after else { return never_deleted("an API key") };
        match &change.before {
            None => new.push(&**key),
            Some(before) => {
                old.push(&**key);
                versions.push(codec::integer(before.version)?);
            }
        }
    }
    plan.add(
        INSERT,
        new.len(),
        vec![
            column(new.iter().map(|key| Uuid::from_u128(key.id.0))),
            try_column(new.iter().map(|key| codec::integer(key.version)))?,
            column(new.iter().map(|key| key.name.as_ref().map(Name::as_str))),
            column(new.iter().map(|key| codes::role_number(key.role))),
            column(new.iter().map(|key| &key.secret_hash[..])),
            column(new.iter().map(|key| key.created_at.0)),
            column(new.iter().map(|key| key.revoked_at.map(|at| at.0))),
        ],
    );
    plan.add(
        UPDATE,
        old.len(),
        vec![
            column(old.iter().map(|key| Uuid::from_u128(key.id.0))),
            try_column(old.iter().map(|key| codec::integer(key.version)))?,
            column(old.iter().map(|key| key.revoked_at.map(|at| at.0))),
            column(versions.into_iter()),
        ],
    );
    Ok(())
}
