//! What does an endpoint need besides its request? The door, the store, and the configuration.

use std::ops::Deref;
use std::sync::Arc;

use earmark_door::Door;
use earmark_store::Store;

use crate::config::HttpConfig;

/// The state shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<App>);

/// What all copies of an [`AppState`] share.
pub struct App {
    pub(crate) door: Arc<Door>,
    /// The store behind the door.
    pub(crate) store: Store,
    pub(crate) config: HttpConfig,
}

impl AppState {
    /// The state behind this door, over its store.
    pub fn new(door: Arc<Door>, config: HttpConfig) -> Self {
        let store = door.store.clone();
        Self(Arc::new(App { door, store, config }))
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
