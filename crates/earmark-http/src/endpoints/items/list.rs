//! `GET /v1/items`: the catalogue, in the order of SKUs.

use earmark_core::text::Sku;
use earmark_store::ItemFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::cursor;
use crate::dto::items::ItemBody;
use crate::dto::lists::{self, List};
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

const LIST: &str = "items";
/// The most characters of a search.
const SEARCH_CHARS_MAX: usize = 200;

/// The filters, which hold all at once, and the page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// Those whose SKU or name holds this text; letters are compared without case (ASCII).
    #[param(min_length = 1, max_length = 200)]
    search: Option<String>,
    /// `true`: those with something available.
    #[param(value_type = Option<bool>)]
    in_stock: Option<String>,
    /// Those that are sold, or those that are not.
    #[param(value_type = Option<bool>)]
    active: Option<String>,
    #[doc = "The most rows."]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// A `next_cursor` of this list.
    #[param(min_length = 8, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

impl Params {
    fn filter(&self) -> Result<ItemFilter, Problem> {
        if let Some(search) = &self.search
            && !(1..=SEARCH_CHARS_MAX).contains(&search.chars().count())
        {
            let detail = format!("1 to {SEARCH_CHARS_MAX} characters");
            return Err(Problem::wrong_query("search", detail));
        }
        let after = match &self.cursor {
            Some(text) => Some(sku(&cursor::decode(LIST, text)?).ok_or_else(cursor::garbled)?),
            None => None,
        };
        Ok(ItemFilter {
            search: self.search.clone(),
            in_stock: lists::flag("in_stock", self.in_stock.as_deref())?.unwrap_or(false),
            active: lists::flag("active", self.active.as_deref())?,
            after,
        })
    }
}

fn sku(key: &[u8]) -> Option<Sku> {
    Sku::parse(std::str::from_utf8(key).ok()?).ok()
}

/// List items
///
/// By SKU.
#[utoipa::path(
    get,
    path = "/v1/items",
    tag = "Inventory",
    security((), ("bearer" = [])),
    params(Params),
    responses((status = 200, description = "A page of items.", body = List<ItemBody<'_>>)),
)]
pub(crate) async fn list_items(request: ApiRequest) -> Answered {
    request.catalogue_reader()?;
    let params: Params = request.query()?;
    let (limit, filter) = (lists::limit(params.limit.as_deref())?, params.filter()?);
    let page = request.app.store.queries().list_items(&filter, limit).await?;
    let last = page.rows.last().filter(|_| page.more);
    let next = last.map(|item| cursor::encode(LIST, item.item.sku.as_str().as_bytes()));
    Reply::ok(&List::new(page.rows.iter().map(|item| ItemBody::new(&request.app, item)).collect(), next))
}
