//! A payment gateway to try with and to test against. It runs as a server of its own, so it
//! outlives `earmark`; it remembers what it did, and it fails in the ways in which gateways fail.
//!
//! It speaks two protocols over one ledger: that of `docs/gateway-protocol.md`, and, under
//! `/stripe`, enough of Stripe's. It shares no code with the clients in `earmark-workers`, so the
//! two check each other. Invariant: what an answer says was written to the ledger's file and synced
//! before the answer went out, and one idempotency key has one effect. Start reading at
//! `sandbox.rs`.

mod admin;
mod clock;
mod connections;
mod effects;
mod faults;
mod form;
mod ledger;
mod notifications;
mod options;
mod requests;
mod sandbox;
mod server;
mod signature;
mod signed;
mod stripe;
mod tokens;

pub use faults::{Fault, InvalidFault, Rate};
pub use ledger::{Entry, Kind, LedgerError, Status};
pub use options::{Options, SandboxError};
pub use server::Server;
