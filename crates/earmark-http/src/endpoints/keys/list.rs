//! `GET /v1/keys`: the API keys, without their secrets.

use earmark_core::ids::KeyId;

use crate::cursor;
use crate::dto::keys::KeyBody;
use crate::dto::lists::{self, List, PageParams};
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

const LIST: &str = "keys";

/// List API keys
///
/// Oldest first, revoked ones included.
#[utoipa::path(
    get,
    path = "/v1/keys",
    tag = "Keys",
    params(PageParams),
    responses((status = 200, description = "A page of keys.", body = List<KeyBody<'_>>)),
)]
pub(crate) async fn list_keys(request: ApiRequest) -> Answered {
    request.admin()?;
    let params: PageParams = request.query()?;
    let limit = lists::limit(params.limit.as_deref())?;
    let after = params.cursor.as_deref().map(|text| cursor::decode_exact(LIST, text)).transpose()?;
    let page = request.app.store.queries().list_api_keys(after.map(KeyId::from_bytes), limit).await?;
    let last = page.rows.last().filter(|_| page.more);
    let next = last.map(|key| cursor::encode(LIST, &key.id.to_bytes()));
    Reply::ok(&List::new(page.rows.iter().map(KeyBody::from).collect(), next))
}
