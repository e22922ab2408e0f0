//! What a check of the books found, as admins see it.

use earmark_store::VerifyReport;
use serde::Serialize;
use utoipa::ToSchema;

/// What a check of the books found.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditReport)]
pub(crate) struct AuditBody<'a> {
    /// Items read.
    #[schema(minimum = 0)]
    items: u64,
    /// Orders read.
    #[schema(minimum = 0)]
    orders: u64,
    /// Events read.
    #[schema(minimum = 0)]
    events: u64,
    /// What is wrong, in words; empty when the books are right.
    breaches: &'a [String],
}

impl<'a> From<&'a VerifyReport> for AuditBody<'a> {
    fn from(report: &'a VerifyReport) -> Self {
        Self { items: report.items, orders: report.orders, events: report.events, breaches: &report.breaches }
    }
}
