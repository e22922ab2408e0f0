//! What has been shipped?
//!
//! A shipment is a list of units that left together. The counters `shipped` and `delivered` of the
//! order's lines are the sums over its shipments.

pub mod deliver;
pub mod ship;

use serde::{Deserialize, Serialize};

use crate::ids::ShipmentId;
use crate::text::{Name, Url};
use crate::time::Timestamp;
use crate::units::Units;

/// The most partial shipments of one order; the whole rest can always be shipped.
pub const SHIPMENTS_MAX: usize = 200;

/// Units of an order that left together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    pub id: ShipmentId,
    pub lines: Vec<Units>,
    pub carrier: Option<Name>,
    /// The carrier's own number of the shipment.
    pub tracking_number: Option<Name>,
    pub tracking_url: Option<Url>,
    /// 1, and 2 once delivered.
    pub version: u64,
    pub created_at: Timestamp,
    pub delivered_at: Option<Timestamp>,
}
