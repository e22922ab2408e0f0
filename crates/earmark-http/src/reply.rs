//! How is an answer written? A status, a body of JSON, and the few headers that go with a resource.
//!
//! [`Reply::outcome`] alone knows how the outcome of a command is shown.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use earmark_core::{Answer, Outcome};
use serde::Serialize;

use crate::dto::adjustments::AdjustmentBody;
use crate::dto::carts::CartBody;
use crate::dto::items::ItemBody;
use crate::dto::keys::KeyBody;
use crate::dto::orders::OrderBody;
use crate::dto::payments::PaymentBody;
use crate::dto::refunds::RefundBody;
use crate::dto::shipments::ShipmentBody;
use crate::problem::Problem;
use crate::state::App;

/// Marks an answer that was given before, to the first request under the same key.
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The only value of [`IDEMPOTENCY_REPLAYED`].
pub(crate) const REPLAYED: HeaderValue = HeaderValue::from_static("true");
/// Most resources fit into this many bytes.
const BODY_BYTES_USUAL: usize = 2048;

/// What an endpoint returns.
pub(crate) type Answered = Result<Reply, Problem>;

/// An answer other than a problem.
pub(crate) struct Reply(Response);

impl Reply {
    /// An answer with this status and body.
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Answered {
        let mut bytes = Vec::with_capacity(BODY_BYTES_USUAL);
        serde_json::to_writer(&mut bytes, body).map_err(|error| {
            tracing::error!(%error, "an answer could not be written");
            Problem::internal()
        })?;
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self(response))
    }

    /// 200 with this body.
    pub(crate) fn ok(body: &impl Serialize) -> Answered {
        Self::json(StatusCode::OK, body)
    }

    /// The resource that a command left, with its version. The answer is marked if it was given
    /// before.
    pub(crate) fn outcome(app: &App, status: StatusCode, answer: &Answer) -> Answered {
        let reply = match &answer.outcome {
            Outcome::Item { item, .. } => {
                Self::json(status, &ItemBody::new(app, item))?.version(item.stock.version)
            }
            Outcome::Adjustment(adjustment) => Self::json(status, &AdjustmentBody::from(adjustment))?,
            Outcome::Cart(priced) => Self::json(status, &CartBody::new(app, priced))?
                .version(priced.cart.version)
                .location(&format!("/v1/carts/{}", priced.cart.id)),
            Outcome::Order(order) => Self::json(status, &OrderBody::new(app, order))?
                .version(order.version)
                .location(&format!("/v1/orders/{}", order.id)),
            Outcome::Shipment { order_id, shipment } => {
                Self::json(status, &ShipmentBody::new(*order_id, shipment))?.version(shipment.version)
            }
            Outcome::Payment { order_id, payment } => {
                Self::json(status, &PaymentBody::new(app, *order_id, payment))?
                    .version(payment.version)
                    .location(&format!("/v1/payments/{}", payment.id))
            }
            Outcome::Refund { order_id, refund } => {
                Self::json(status, &RefundBody::new(app, *order_id, refund))?.version(refund.version)
            }
            Outcome::Key(key) => Self::json(status, &KeyBody::from(key))?.version(key.version),
            Outcome::Done => Self::no_content(),
        };
        Ok(if answer.replayed { reply.header(IDEMPOTENCY_REPLAYED, REPLAYED) } else { reply })
    }

    /// 204, which has no body.
    pub(crate) fn no_content() -> Self {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Self(response)
    }

    /// Adds the resource's version as its entity tag.
    pub(crate) fn version(self, version: u64) -> Self {
        let tag = HeaderValue::from_str(&format!("\"{version}\"")).expect("digits in quotes");
        self.header(ETAG, tag)
    }

    /// Adds the path of the resource where the request has made it, so not to a 200.
    fn location(self, path: &str) -> Self {
        match HeaderValue::from_str(path) {
            Ok(path) if self.0.status() != StatusCode::OK => self.header(LOCATION, path),
            _ => self,
        }
    }

    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().insert(name, value);
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        self.0
    }
}
