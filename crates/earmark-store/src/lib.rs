//! How does a command reach the rows, and how do readers see them?
//!
//! The writer takes every command that waits, decides them in order and commits them together through an [`Engine`]; [`Queries`]
//! is the read side; [`Store`] is the handle that everyone else holds. No SQL and no HTTP here, and no rule: rules are in `earmark-core`.

pub mod clock;
pub mod codes;
mod engine;
mod error;
mod filters;
pub mod memory;
pub mod migrations;
pub mod postings;
mod queries;
mod queue;
mod store;
mod writer;

pub use clock::Clock;
pub use engine::{Engine, Meanwhile, Pace};
pub use error::{StoreError, SubmitError};
pub use queries::{
    AuditReport, ItemFilter, KeySweep, MovementCursor, OrderFilter, Page, PaymentFilter, Queries,
    RecordedEvent, RefundFilter,
};
pub use store::{PaymentWatch, Store, StoreOptions, StoreStats};
pub use writer::{Fault, Moment, Step};
