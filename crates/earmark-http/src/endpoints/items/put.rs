//! `PUT /v1/items/{sku}`: creates an item or replaces its description. [`PutItem`] has the rules.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use earmark_core::items::put::PutItem;
use earmark_core::text::{Description, Name, Sku, Url};
use earmark_core::{Action, Outcome};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::dto::items::ItemBody;
use crate::dto::schemas;
use crate::idempotency::Keyed;
use crate::if_match::Precondition;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

#[doc = "The description of an item. What is absent becomes empty; an item is active unless it says \
    otherwise."]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PutItemRequest)]
pub(crate) struct Body {
    #[doc = "Shown to people."]
    #[schema(value_type = schemas::NameText<'_>)]
    name: String,
    /// The price of one unit.
    #[schema(value_type = schemas::Amount)]
    unit_price: i64,
    #[doc = "Shown to people."]
    #[schema(value_type = Option<schemas::DescriptionText<'_>>)]
    description: Option<String>,
    /// Whether it may be put into carts and ordered; absent means yes.
    active: Option<bool>,
    #[doc = "A picture."]
    #[schema(value_type = Option<schemas::UrlText<'_>>)]
    image_url: Option<String>,
    #[schema(value_type = Option<schemas::MetadataMap<'_>>)]
    metadata: Option<BTreeMap<String, String>>,
}

impl Body {
    fn check(self, sku: Sku) -> Result<PutItem, Problem> {
        let mut checks = Checks::default();
        let name = checks.text("/name", &self.name, Name::parse);
        let unit_price = checks.money("/unit_price", self.unit_price);
        let description = checks.optional("/description", self.description.as_deref(), Description::parse);
        let image_url = checks.optional("/image_url", self.image_url.as_deref(), Url::parse);
        let metadata = checks.metadata(self.metadata);
        let active = self.active;
        checks.all(name.zip(unit_price).map(|(name, unit_price)| PutItem {
            sku,
            name,
            unit_price,
            description,
            active,
            image_url,
            metadata,
        }))
    }
}

/// Create or replace an item
///
/// Its stock is untouched; a new item has none.
#[utoipa::path(
    put,
    path = "/v1/items/{sku}",
    tag = "Inventory",
    params(("sku" = schemas::SkuText<'_>, Path), KeyAccepted, IfMatch),
    request_body = Body,
    responses(
        (status = 201, description = "The item is new.", body = ItemBody<'_>),
        (status = 200, description = "The item was replaced.", body = ItemBody<'_>),
    ),
)]
pub(crate) async fn put_item(mut request: ApiRequest) -> Answered {
    request.staff()?;
    let sku = request.sku()?;
    let body: Body = request.json().await?;
    let action = body.check(sku)?;
    if request.precondition()? == Precondition::Exists {
        // Items are never deleted, so what exists now exists when the command is decided.
        let item = request.app.store.queries().find_item(&action.sku).await?;
        item.ok_or_else(|| Problem::version_mismatch(0))?;
    }
    let answer = request.submit(Action::PutItem(action), Keyed::Accepted).await?;
    let created = matches!(answer.outcome, Outcome::Item { created: true, .. });
    Reply::outcome(&request.app, if created { StatusCode::CREATED } else { StatusCode::OK }, &answer)
}
