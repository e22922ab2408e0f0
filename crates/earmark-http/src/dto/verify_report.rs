//! What does a verification of the stored data show to admins?

use earmark_store::VerifyReport;
use serde::Serialize;
use utoipa::ToSchema;

/// What a check of the books found.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditReport)]
pub(crate) struct VerifyReportBody<'a> {
    #[doc = "Items read."]
    #[schema(minimum = 0)]
    items: u64,
    #[doc = "Orders read."]
    #[schema(minimum = 0)]
    orders: u64,
    #[doc = "Events read."]
    #[schema(minimum = 0)]
    events: u64,
    /// What is wrong, in words; empty when the books are right.
    breaches: &'a [String],
}

impl<'a> From<&'a VerifyReport> for VerifyReportBody<'a> {
    fn from(report: &'a VerifyReport) -> Self {
        Self { items: report.items, orders: report.orders, events: report.events, breaches: &report.breaches }
    }
}
