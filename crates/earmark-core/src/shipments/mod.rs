//! What has left the house? A shipment is lines that left together; the counters of the order's lines are their sum.

pub mod deliver;
pub mod ship;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::ids::ShipmentId;
use crate::orders::Units;
use crate::text::{Name, Url};

/// The most shipments in part of one order; the whole rest can always be shipped.
pub const SHIPMENTS_MAX: usize = 200;

/// Lines that left together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// Its id.
    pub id: ShipmentId,
    /// What is in it.
    pub lines: Vec<Units>,
    /// Who carries it.
    pub carrier: Option<Name>,
    /// The carrier's own number of it.
    pub tracking_number: Option<Name>,
    /// Where to follow it.
    pub tracking_url: Option<Url>,
    /// 1, and 2 once delivered.
    pub version: u64,
    /// When it left.
    pub created_at: Timestamp,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
}
