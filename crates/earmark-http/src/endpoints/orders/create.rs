//! `POST /v1/orders`: places an order from a cart or from lines, all of it or nothing.
//!
//! Only the form of the body is checked here. Stock, prices and the rest are decided by
//! [`PlaceOrder`], in the writer.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::carts::LINES_MAX;
use earmark_core::ids::CartId;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::text::{CustomerId, Reference, Sku};
use earmark_core::time::Span;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::dto::address::AddressInput;
use crate::dto::orders::OrderBody;
use crate::dto::schemas;
use crate::dto::units::UnitsInput;
use crate::fresh_ids;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyRequired};
use crate::problem::Problem;
use crate::reply::Answered;
use crate::request::ApiRequest;

/// What is ordered: either `cart_id`, or `lines`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateOrderRequest)]
pub(crate) struct Body {
    /// The cart whose lines are ordered; they leave it.
    #[schema(value_type = Option<schemas::CartIdText>)]
    cart_id: Option<String>,
    /// Those lines of the cart that are ordered; all of them if absent.
    #[schema(value_type = Option<Vec<schemas::SkuText<'_>>>, min_items = 1, max_items = 500)]
    skus: Option<Vec<String>>,
    /// What is ordered; lines of one SKU are added up.
    #[schema(min_items = 1, max_items = 500)]
    lines: Option<Vec<UnitsInput>>,
    /// Whose it is; goes with `lines`. A cart has its own.
    #[schema(value_type = Option<schemas::CustomerIdText<'_>>)]
    customer_id: Option<String>,
    /// The total that the customer has seen; refused if it is another by now.
    #[schema(value_type = Option<schemas::Amount>)]
    expected_total: Option<i64>,
    /// Whether to confirm it too.
    confirm: Option<bool>,
    /// The merchant's own id of it, unique for ever.
    #[schema(value_type = Option<schemas::ReferenceText<'_>>)]
    reference: Option<String>,
    shipping_address: Option<AddressInput>,
    #[schema(value_type = Option<schemas::MetadataMap<'_>>)]
    metadata: Option<BTreeMap<String, String>>,
}

impl Body {
    fn source(&self, checks: &mut Checks) -> Option<Source> {
        match (&self.cart_id, &self.lines) {
            (Some(cart_id), None) => {
                if self.customer_id.is_some() {
                    checks.wrong("/customer_id", "goes with lines; a cart has its own");
                }
                let skus = self.skus.as_ref().map(|skus| parse_skus(skus, checks));
                match cart_id.parse::<CartId>() {
                    Ok(cart_id) => Some(Source::Cart { cart_id, skus }),
                    Err(_) => {
                        checks.wrong("/cart_id", "not the id of a cart");
                        None
                    }
                }
            }
            (None, Some(lines)) => {
                if self.skus.is_some() {
                    checks.wrong("/skus", "goes with cart_id");
                }
                let lines = checks.units("/lines", lines);
                let customer_id =
                    checks.optional("/customer_id", self.customer_id.as_deref(), CustomerId::parse);
                Some(Source::Lines { lines, customer_id })
            }
            _ => {
                checks.wrong("", "either cart_id or lines");
                None
            }
        }
    }

    fn check(self, reservation_ttl: Span) -> Result<PlaceOrder, Problem> {
        let mut checks = Checks::default();
        let source = self.source(&mut checks);
        let expected_total = self.expected_total.and_then(|minor| checks.money("/expected_total", minor));
        let reference = checks.optional("/reference", self.reference.as_deref(), Reference::parse);
        let shipping_address = self.shipping_address.as_ref().map(|address| address.check(&mut checks));
        let metadata = checks.metadata(self.metadata).unwrap_or_default();
        let confirm = if self.confirm.unwrap_or(false) { Confirm::Now } else { Confirm::Later };
        checks.all(source.map(|source| PlaceOrder {
            id: fresh_ids::order(),
            source,
            expected_total,
            confirm,
            reference,
            shipping_address,
            metadata,
            reservation_ttl,
        }))
    }
}

fn parse_skus(skus: &[String], checks: &mut Checks) -> Vec<Sku> {
    if skus.is_empty() || skus.len() > LINES_MAX {
        checks.wrong("/skus", format!("1 to {LINES_MAX} SKUs"));
        return Vec::new();
    }
    let parsed =
        skus.iter().enumerate().map(|(index, sku)| checks.text(format!("/skus/{index}"), sku, Sku::parse));
    parsed.collect::<Option<_>>().unwrap_or_default()
}

#[utoipa::path(
    post,
    path = "/v1/orders",
    summary = "Create an order",
    description = "All or nothing, in one transaction: availability is checked, stock reserved, \
        prices fixed, and the ordered lines leave the cart.",
    tag = "Orders",
    params(KeyRequired, IfMatch),
    request_body(content = Body, example = json!({
        "lines": [{ "sku": "85123A", "quantity": 1 }],
        "customer_id": "customer-17850",
        "confirm": true,
    })),
    responses((status = 201, description = "The order.", body = OrderBody<'_>)),
)]
pub(crate) async fn create_order(mut request: ApiRequest) -> Answered {
    request.identity()?;
    let body: Body = request.json().await?;
    let action = body.check(request.app.config.reservation_ttl)?;
    request.run(Action::PlaceOrder(action), Keyed::Required, StatusCode::CREATED).await
}
