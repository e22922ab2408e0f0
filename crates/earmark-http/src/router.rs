//! Which calls does the API have? The table of contents: one line for each path, with its methods
//! in the order of the contract.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use bytes::Bytes;
use earmark_door::{Door, Frame, frame};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::HttpConfig;
use crate::endpoints::{
    carts, customer_tokens, events, gateways, items, keys, orders, payments, refunds, server, verify,
};
use crate::openapi;
use crate::problem::Problem;
use crate::problem::render::render;
use crate::state::App;

fn contents() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::head())
        // Inventory
        .routes(routes!(items::list::list_items))
        .routes(routes!(items::put::put_item, items::find::find_item))
        .routes(routes!(items::adjustments::create::adjust_stock))
        .routes(routes!(items::movements::list::list_movements))
        // Carts
        .routes(routes!(carts::create::create_cart))
        .routes(routes!(carts::find::find_cart, carts::delete::delete_cart))
        .routes(routes!(carts::lines::add::add_cart_line))
        .routes(routes!(carts::lines::set::set_cart_line, carts::lines::remove::remove_cart_line))
        // Orders
        .routes(routes!(orders::create::create_order, orders::list::list_orders))
        .routes(routes!(orders::find::find_order))
        .routes(routes!(orders::confirm::confirm_order))
        .routes(routes!(orders::cancel::cancel_order))
        .routes(routes!(orders::shipments::create::create_shipment))
        .routes(routes!(orders::shipments::deliver::deliver_shipment))
        .routes(routes!(orders::events::list::list_order_events))
        // Payments
        .routes(routes!(orders::payments::create::create_payment, orders::payments::list::list_payments))
        .routes(routes!(payments::list::list_all_payments))
        .routes(routes!(payments::find::find_payment))
        .routes(routes!(payments::resolve::resolve_payment))
        .routes(routes!(orders::refunds::create::create_refund))
        .routes(routes!(refunds::list::list_refunds))
        .routes(routes!(gateways::receive_notification::receive_notification))
        // Events
        .routes(routes!(events::list::list_events))
        // Keys
        .routes(routes!(customer_tokens::create::create_customer_token))
        .routes(routes!(keys::create::create_key, keys::list::list_keys))
        .routes(routes!(keys::revoke::revoke_key))
        // Server
        .routes(routes!(verify::verify))
        .routes(routes!(server::health::health))
        .routes(routes!(server::ready::ready))
        .routes(routes!(server::metrics::metrics))
        .routes(routes!(server::openapi::openapi))
        .routes(routes!(server::docs::docs))
}

/// The whole API over the door's store, with the door's frame around it.
pub fn router(door: Arc<Door>, config: HttpConfig) -> Router {
    let store = door.store.clone();
    let document = Bytes::from(openapi_json());
    let app = Arc::new(App { door: Arc::clone(&door), store, config, document });
    let (routes, _) = contents().split_for_parts();
    let is_counted = |path: &str| path.starts_with("/v1/");
    let around = Frame { door, is_counted, render };
    routes
        .route("/docs/start.js", get(server::docs::start))
        .route("/docs/scalar.js", get(server::docs::viewer))
        .fallback(|| async { Problem::not_found() })
        .layer(from_fn_with_state(around, frame))
        .with_state(app)
}

/// The description of the API, OpenAPI 3.1, as `/openapi.json` serves it.
pub fn openapi_json() -> String {
    let (_, document) = contents().split_for_parts();
    let mut text = openapi::finished(document).to_pretty_json().expect("the description is data");
    text.push('\n');
    text
}
