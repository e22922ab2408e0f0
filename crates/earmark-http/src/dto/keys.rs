//! How does an API key look to admins? Without its secret, except in the answer that creates it.

use earmark_core::keys::ApiKey;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{KeyIdText, KeyRoleWord, NameText, Version};
use crate::time::Time;

/// An API key without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct KeyBody<'a> {
    id: KeyIdText,
    name: Option<NameText<'a>>,
    role: KeyRoleWord,
    version: Version,
    created_at: Time,
    /// When it stopped being valid; null while it is.
    revoked_at: Option<Time>,
}

/// An API key, this once with its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = NewApiKey)]
pub(crate) struct NewKeyBody<'a> {
    #[serde(flatten)]
    #[schema(inline)]
    public: KeyBody<'a>,
    /// What the holder sends as `Authorization: Bearer <key>`. Shown this once.
    #[schema(pattern = "^em_live_[0-9a-z]{26}_[0-9a-z]{52}$")]
    key: &'a str,
}

impl<'a> From<&'a ApiKey> for KeyBody<'a> {
    fn from(key: &'a ApiKey) -> Self {
        Self {
            id: KeyIdText(key.id),
            name: key.name.as_ref().map(NameText),
            role: KeyRoleWord(key.role),
            version: Version(key.version),
            created_at: Time(key.created_at),
            revoked_at: key.revoked_at.map(Time),
        }
    }
}

impl<'a> NewKeyBody<'a> {
    /// A new key with its token, which holds the secret.
    pub(crate) fn new(key: &'a ApiKey, token: &'a str) -> Self {
        Self { public: KeyBody::from(key), key: token }
    }
}
