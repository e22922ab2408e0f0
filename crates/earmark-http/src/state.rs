//! What does an endpoint need besides its request? The door, the store, and the configuration.

use std::sync::Arc;

use bytes::Bytes;
use earmark_door::Door;
use earmark_store::Store;

use crate::config::HttpConfig;

/// What all requests to the API share.
pub(crate) struct App {
    pub(crate) door: Arc<Door>,
    /// The store behind the door.
    pub(crate) store: Store,
    pub(crate) config: HttpConfig,
    /// The description of the API, as `/openapi.json` serves it.
    pub(crate) document: Bytes,
}
