//! `GET /v1/verify`: proves the books. Reads everything, so it is for admins.

use crate::call::Call;
use crate::dto::audits::AuditBody;
use crate::reply::{Answered, Reply};

/// Verify the books
///
/// Counters against movements and open order lines, money in against captured and refunded, every status against its lines.
#[utoipa::path(
    get,
    path = "/v1/verify",
    tag = "Server",
    responses((status = 200, description = "What was found; no breaches when the books are right.", body = AuditBody<'_>)),
)]
pub(crate) async fn verify(call: Call) -> Answered {
    call.admin()?;
    let report = call.app.store.queries().verify().await?;
    Reply::ok(&AuditBody::from(&report))
}
