//! Do the server and the gateway agree on the money, whatever fails? Real processes, both
//! protocols, every fault, and kills of either side.

#![expect(clippy::unwrap_used, reason = "tests")]

mod away;
mod controls;
mod faults;
mod kills;
mod lists;
mod processes;
mod reconcile;
mod tls;
