//! Does Earmark keep what it promises while servers, databases and networks break? Each proof runs
//! the binary from outside, over its public interface, and ends with a negative control: the same
//! with a protection off, which must be found wrong.
//!
//! [`PROOFS`] is the list of them, for the command line of this crate and for `cargo xtask`. A
//! proof has a module of its own; `report` holds what all of them say in the end. `setup`,
//! `commands`, `sending` and `writers` start nodes and make load; `check` and `placements` compare
//! what was acknowledged with what is stored.

mod api;
mod check;
mod command_line;
mod commands;
mod commit_cuts;
mod contention;
mod crash;
mod event_order;
mod failover;
mod gateway_away;
mod idempotency;
mod oversell_nodes;
mod payment_latency;
mod payments;
mod placements;
mod proofs;
mod report;
mod sending;
mod setup;
mod stalled_node;
mod workers;
mod writers;

pub use command_line::run_command_line;
pub use proofs::PROOFS;
pub use report::{Level, Proof};
