//! `GET /v1/items/{sku}`: an item with its stock.

use crate::dto::items::ItemBody;
use crate::dto::schemas;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

#[utoipa::path(
    get,
    path = "/v1/items/{sku}",
    summary = "Read an item",
    tag = "Inventory",
    security((), ("bearer" = [])),
    params(("sku" = schemas::SkuText<'_>, Path)),
    responses((status = 200, description = "The item.", body = ItemBody<'_>)),
)]
pub(crate) async fn find_item(request: ApiRequest) -> Answered {
    request.catalogue_reader()?;
    let item =
        request.app.store.queries().find_item(&request.sku()?).await?.ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(&ItemBody::new(&request.app, &item))?.version(item.stock.version))
}
