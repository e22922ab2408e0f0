//! Enough of Stripe's API, under `/stripe/v1`, for a client of PaymentIntents and Refunds. Only
//! test keys (`sk_test_…`) are accepted.

mod answers;
mod create;
mod lists;
pub(crate) mod objects;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::sandbox::Sandbox;

pub(crate) fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/stripe/v1/payment_intents", get(lists::list_intents).post(create::create_intent))
        .route("/stripe/v1/payment_intents/search", get(lists::search_intents))
        .route("/stripe/v1/refunds", get(lists::list_refunds).post(create::create_refund))
}
