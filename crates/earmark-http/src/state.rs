//! What does an endpoint need besides its request? The door, the store, and the configuration.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use earmark_core::ids::OrderId;
use earmark_core::payments::Payment;
use earmark_door::Door;
use earmark_store::Store;
use tokio::sync::mpsc;

use crate::config::HttpConfig;

/// The state shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<App>);

/// What [`AppState`] shares.
pub struct App {
    pub(crate) door: Arc<Door>,
    pub(crate) store: Store,
    pub(crate) config: HttpConfig,
    /// Who is told of each payment that was accepted here.
    accepted: OnceLock<mpsc::Sender<(OrderId, Payment)>>,
    /// When.
    pub(crate) telling: OnceLock<Telling>,
}

/// When the worker that calls the gateway is told of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Once it is written down.
    AfterCommit,
    /// Before, and the gateway has time for its effect: a mistake that a proof turns on to see that it is caught. Never in earnest.
    BeforeCommit,
}

impl AppState {
    /// The state behind this door, over its store.
    pub fn new(door: Arc<Door>, config: HttpConfig) -> Self {
        Self(Arc::new(App {
            store: door.store.clone(),
            door,
            config,
            accepted: OnceLock::new(),
            telling: OnceLock::new(),
        }))
    }

    /// Tells this receiver of each payment that is accepted here, so that this node calls the gateway for it, and at once.
    pub fn telling(self, accepted: mpsc::Sender<(OrderId, Payment)>) -> Self {
        // A second receiver would be a mistake of the wiring; the first one stays.
        let _ = self.0.accepted.set(accepted);
        self
    }

    /// Says when; without, it is after the commit.
    pub fn at(self, telling: Telling) -> Self {
        let _ = self.0.telling.set(telling);
        self
    }
}

impl App {
    /// Tells of a payment that was written down. Nobody waits: where the receiver is busy, its timer finds the row.
    pub(crate) fn tell_of(&self, order_id: OrderId, payment: &Payment) {
        if let Some(accepted) = self.accepted.get() {
            let _ = accepted.try_send((order_id, payment.clone()));
        }
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
