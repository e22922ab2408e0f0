//! `GET /v1/verify`: compares all stored data with itself. It reads every row, so it is for admins.

use crate::dto::verify_report::VerifyReportBody;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

#[utoipa::path(
    get,
    path = "/v1/verify",
    summary = "Verify the books",
    description = "Counters against movements and open order lines, money in against captured and \
        refunded, every status against its lines.",
    tag = "Server",
    responses((status = 200, description = "What was found; no breaches when the books are right.", body = VerifyReportBody<'_>)),
)]
pub(crate) async fn verify(request: ApiRequest) -> Answered {
    request.admin()?;
    let report = request.app.store.queries().verify().await?;
    Reply::ok(&VerifyReportBody::from(&report))
}
