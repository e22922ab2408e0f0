//! Which proofs are there? This list is the only one, in the order in which `cargo xtask test` runs
//! them.

use crate::report::{Level, Proof};
use crate::{
    api, commit_cuts, contention, crash, event_order, failover, gateway_away, idempotency, oversell_nodes,
    payment_latency, payments, stalled_node, workers,
};

const TEST: Level = Level::Test(&[]);

/// All proofs, in the order in which they are run.
pub const PROOFS: [Proof; 15] = [
    Proof::new::<idempotency::Options>(
        "idempotency",
        "Each command sent two to five times, some across kill -9, has one effect",
        TEST,
    ),
    Proof::new::<crash::Options>(
        "crash",
        "kill -9 under full load, again and again: nothing acknowledged is lost, doubled or half there",
        TEST,
    ),
    Proof::new::<idempotency::Options>(
        "idempotency-nodes",
        "The same as idempotency over four nodes on one PostgreSQL, a command sent to several of them at once",
        TEST,
    )
    .with_defaults(&[("nodes", "4")]),
    Proof::new::<crash::Options>(
        "crash-nodes",
        "kill -9 of one of four nodes on one PostgreSQL at a time, while the others go on",
        TEST,
    )
    .with_defaults(&[("nodes", "4"), ("clients", "256"), ("cycles", "20"), ("control_cycles", "10")]),
    Proof::new::<workers::Options>(
        "workers",
        "The workers of four nodes on one PostgreSQL carry out each expiry, settlement and refund once",
        TEST,
    ),
    Proof::new::<commit_cuts::Options>(
        "commit-cuts",
        "Connections to PostgreSQL cut between COMMIT and its answer: every client gets the true answer",
        TEST,
    ),
    Proof::new::<failover::Options>(
        "failover",
        "The primary killed and its standby promoted, again and again: nothing acknowledged is lost",
        TEST,
    ),
    Proof::new::<event_order::Options>(
        "event-order",
        "Readers of events beside four nodes, delayed commits and kills see each event once, in order",
        TEST,
    ),
    Proof::new::<contention::Options>(
        "contention",
        "Many writers on few SKUs at four nodes: no deadlock, and no conflict that a client sees",
        TEST,
    ),
    Proof::new::<stalled_node::Options>(
        "stalled-node",
        "A node stopped in the middle of its batch: the others go on, and it must not write",
        TEST,
    ),
    Proof::new::<oversell_nodes::Options>(
        "oversell-nodes",
        "Four nodes sell scarce items: exactly what is there",
        TEST,
    ),
    Proof::new::<payments::Options>(
        "payments",
        "Payments while the gateway fails in every way and servers are killed at every step: both ledgers are the same",
        TEST,
    ),
    Proof::new::<gateway_away::Options>(
        "gateway-away",
        "A gateway that is away, in three ways: orders are taken, it is hardly called, all is settled soon after",
        Level::Test(&["--away-seconds", "40"]),
    ),
    Proof::new::<api::Options>(
        "api",
        "Thousands of hostile requests derived from the OpenAPI document: no server error, no answer against it",
        TEST,
    ),
    Proof::new::<payment_latency::Options>(
        "payment-latency",
        "A payment takes at most 10 ms longer than its gateway, at 100 a second",
        Level::ByHand,
    ),
];
