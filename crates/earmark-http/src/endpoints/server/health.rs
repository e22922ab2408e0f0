//! `GET /healthz`: the process is up and takes requests.

use serde::Serialize;
use utoipa::ToSchema;

use crate::reply::{Answered, Reply};

/// A word about the server.
#[derive(Serialize, ToSchema)]
#[schema(as = ServerStatus)]
pub(crate) struct StatusBody {
    #[doc = "`ok`."]
    pub(crate) status: &'static str,
}

/// Is the process up?
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Server",
    security(()),
    responses((status = 200, description = "It is.", body = StatusBody)),
)]
pub(crate) async fn health() -> Answered {
    Reply::ok(&StatusBody { status: "ok" })
}
