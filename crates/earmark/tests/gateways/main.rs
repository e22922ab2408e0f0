//! Do the books agree with the gateway's, whatever fails? Real processes, both protocols, every fault, and kills of either side.

#![expect(clippy::unwrap_used, reason = "tests")]

mod away;
mod controls;
mod faults;
mod kills;
mod lists;
mod processes;
mod reconcile;
mod tls;
