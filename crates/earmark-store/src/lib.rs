//! How does a command reach the rows, and how do readers see them?
//!
//! The writer takes every command that waits, decides them in order and commits them together
//! through an [`Engine`]. [`Queries`] is the read side, and [`Store`] the handle of both. There is
//! no SQL, no HTTP and no rule here: rules are in `earmark-core`.

pub mod clock;
pub mod codes;
mod engine;
mod error;
mod filters;
pub mod memory;
pub mod migrations;
mod options;
pub mod postings;
mod queries;
mod queue;
mod signal;
mod stats;
mod store;
pub mod verify;
mod writer;

pub use clock::Clock;
pub use engine::{Engine, Overlap, Pace};
pub use error::{Result, StoreError, SubmitError};
pub use filters::MoneyFilter;
pub use options::StoreOptions;
pub use queries::{
    ItemFilter, KeySweep, MovementCursor, OrderFilter, Page, PaymentFilter, Queries, RecordedEvent,
    RefundFilter,
};
pub use signal::{Interest, Subscription};
pub use stats::StoreStats;
pub use store::Store;
pub use verify::VerifyReport;
