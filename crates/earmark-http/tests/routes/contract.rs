//! Do routes, description and contract agree?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::Shop;

/// Whether a call takes an `Idempotency-Key`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Must,
    May,
    No,
}
use Key::{May, Must, No};

/// The contract: method, path, whether it takes a key, and the statuses of success.
const CONTRACT: [(&str, &str, Key, &[u16]); 38] = [
    ("PUT", "/v1/items/{sku}", May, &[200, 201]),
    ("GET", "/v1/items", No, &[200]),
    ("GET", "/v1/items/{sku}", No, &[200]),
    ("POST", "/v1/items/{sku}/adjustments", Must, &[201]),
    ("GET", "/v1/items/{sku}/movements", No, &[200]),
    ("POST", "/v1/carts", May, &[201]),
    ("GET", "/v1/carts/{id}", No, &[200]),
    ("POST", "/v1/carts/{id}/lines", May, &[200]),
    ("PUT", "/v1/carts/{id}/lines/{sku}", May, &[200]),
    ("DELETE", "/v1/carts/{id}/lines/{sku}", May, &[200]),
    ("DELETE", "/v1/carts/{id}", May, &[204]),
    ("POST", "/v1/orders", Must, &[201]),
    ("GET", "/v1/orders", No, &[200]),
    ("GET", "/v1/orders/{id}", No, &[200]),
    ("POST", "/v1/orders/{id}/confirm", May, &[200]),
    // A key is required here too, except for a dry run, and the description cannot say so.
    ("POST", "/v1/orders/{id}/cancel", May, &[200]),
    ("POST", "/v1/orders/{id}/shipments", Must, &[201]),
    ("POST", "/v1/orders/{id}/shipments/{shipment_id}/deliver", May, &[200]),
    ("GET", "/v1/orders/{id}/events", No, &[200]),
    ("POST", "/v1/orders/{id}/payments", Must, &[201, 202]),
    ("GET", "/v1/payments/{id}", No, &[200]),
    ("GET", "/v1/orders/{id}/payments", No, &[200]),
    ("POST", "/v1/orders/{id}/refunds", Must, &[201]),
    ("GET", "/v1/payments", No, &[200]),
    ("POST", "/v1/payments/{id}/resolve", May, &[200]),
    ("POST", "/v1/gateways/{name}/webhook", No, &[204]),
    ("GET", "/v1/events", No, &[200]),
    ("POST", "/v1/customer-tokens", No, &[201]),
    ("POST", "/v1/keys", No, &[201]),
    // Beyond the contract: what a reconciliation with the gateway needs.
    ("GET", "/v1/refunds", No, &[200]),
    // Beyond the contract: what `earmark keys` and `earmark verify` need.
    ("GET", "/v1/keys", No, &[200]),
    ("DELETE", "/v1/keys/{id}", May, &[200]),
    ("GET", "/v1/verify", No, &[200]),
    ("GET", "/healthz", No, &[200]),
    ("GET", "/readyz", No, &[200]),
    ("GET", "/metrics", No, &[200]),
    ("GET", "/openapi.json", No, &[200]),
    ("GET", "/docs", No, &[200]),
];

fn document() -> Value {
    serde_json::from_str(&earmark_http::openapi_json()).unwrap()
}

fn operations(document: &Value) -> BTreeMap<(String, String), Value> {
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.insert((method.to_uppercase(), path.clone()), operation.clone());
        }
    }
    operations
}

#[test]
fn the_description_has_the_contracts_calls_and_no_other() {
    let described: BTreeSet<_> = operations(&document()).into_keys().collect();
    let contract = CONTRACT.iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(described, contract.collect());
}

#[test]
fn keys_and_statuses_are_the_contracts() {
    let operations = operations(&document());
    for (method, path, key, statuses) in CONTRACT {
        let operation = &operations[&(method.to_owned(), path.to_owned())];
        let none = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&none);
        let header = parameters.iter().find(|parameter| parameter["name"] == "Idempotency-Key");
        let found = match header {
            Some(header) if header["required"] == true => Must,
            Some(_) => May,
            None => No,
        };
        assert_eq!(found, key, "{method} {path}");
        let described = operation["responses"].as_object().unwrap().keys();
        let successes: Vec<u16> =
            described.map(|status| status.parse().unwrap()).filter(|status| *status < 400).collect();
        assert_eq!(
            BTreeSet::from_iter(successes),
            BTreeSet::from_iter(statuses.iter().copied()),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn every_described_call_has_a_route_and_its_neighbours_have_none() {
    let shop = Shop::open().await;
    for (method, path, ..) in CONTRACT {
        let path = path
            .replace("{sku}", "none")
            .replace("{name}", "none")
            .replace("{shipment_id}", "shp_00000000000000000000000001")
            .replace("{id}", "ord_00000000000000000000000001");
        let got = shop.operator(method, &path).send().await;
        assert_ne!(got.status, 405, "{method} {path}");
        assert!(got.status != 404 || path.contains("none") || path.contains("_0000"), "{method} {path}");
        let wrong = shop.operator("PATCH", &path).send().await;
        assert_eq!((wrong.status, wrong.code().as_str()), (405, "method_not_allowed"), "PATCH {path}");
        assert!(
            wrong.header("allow").is_some_and(|allow| allow.contains(method)),
            "{method} {path} {wrong:?}"
        );
        let beyond = shop.operator(method, &format!("{path}/beyond/it")).send().await;
        assert_eq!((beyond.status, beyond.code().as_str()), (404, "not_found"), "{method} {path}");
    }
}

/// Every object schema reachable from a request's body.
fn request_schemas(document: &Value) -> Vec<(String, Value)> {
    let schemas = document["components"]["schemas"].as_object().unwrap();
    schemas
        .iter()
        .filter(|(name, _)| name.ends_with("Request"))
        .map(|(name, row)| (name.clone(), row.clone()))
        .collect()
}

#[test]
fn write_bodies_are_closed_and_every_problem_is_described() {
    let document = document();
    assert_eq!(document["openapi"].as_str().unwrap().split('.').take(2).collect::<Vec<_>>(), ["3", "1"]);
    let requests = request_schemas(&document);
    assert!(requests.len() >= 10, "the filter finds them");
    for (name, schema) in requests {
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
    for ((method, path), operation) in operations(&document) {
        if path.starts_with("/v1/") {
            for status in ["400", "401", "403", "404", "500", "503"] {
                let content = &operation["responses"][status]["content"]["application/problem+json"];
                assert_eq!(
                    content["schema"]["$ref"], "#/components/schemas/Problem",
                    "{method} {path} {status}"
                );
            }
        }
    }
}

/// Collects references that lead nowhere.
fn dangling<'a>(value: &'a Value, document: &Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get("$ref")
                && document.pointer(target.trim_start_matches('#')).is_none()
            {
                found.push(target);
            }
            members.values().for_each(|value| dangling(value, document, found));
        }
        Value::Array(rows) => rows.iter().for_each(|value| dangling(value, document, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = Vec::new();
    dangling(&document, &document, &mut found);
    assert_eq!(found, Vec::<&str>::new());
    let broken = serde_json::json!({ "a": [{ "$ref": "#/components/schemas/Nowhere" }] });
    dangling(&broken, &document, &mut found);
    assert_eq!(found, ["#/components/schemas/Nowhere"], "a broken one is found");
}

#[test]
fn the_committed_description_is_the_served_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let served = earmark_http::openapi_json();
    if std::env::var_os("EARMARK_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &served).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == served, "run this test with EARMARK_WRITE_OPENAPI=1 and commit openapi.json");
}

#[tokio::test]
async fn the_server_serves_its_description() {
    let shop = Shop::open().await;
    let got = shop.request("GET", "/openapi.json").send().await;
    assert_eq!((got.status, got.json()), (200, document()));
}
