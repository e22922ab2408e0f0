//! Are API keys listed in the order of their ids?

use earmark_core::BatchChanges;
use earmark_core::keys::ApiKey;

use super::pages::{LIMITS, assert_same, pages};
use crate::changes::{inserted, key_row};
use crate::harness::Harness;

pub(crate) fn are_listed(harness: &mut Harness) {
    let api_keys = [9, 3, 1 << 127, 5, 4, 200, 7, 8, 6].map(|id| inserted(key_row(id))).into();
    harness.begin();
    let changes = BatchChanges { api_keys, ..BatchChanges::default() };
    harness.try_commit(&changes).expect("keys can be saved");
    let wanted: Vec<_> = harness.model.api_keys.values().map(|key| key.as_ref().clone()).collect();
    for limit in LIMITS {
        let read = |after: &Option<_>| harness.read(|queries| queries.list_api_keys(*after, limit));
        let found = pages(limit, None, |key: &ApiKey| Some(key.id), read);
        assert_same(&format!("API keys, limit {limit}"), &found, &wanted);
    }
}
