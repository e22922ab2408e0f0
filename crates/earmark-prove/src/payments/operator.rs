//! What does an operator do by hand in a run? Refund, resolve payments whose end only the gateway's
//! ledger holds, and refund again what a gateway has refused.

use earmark_load::{Client, LoadError, Request, requests};
use earmark_random::{Random, key};
use serde_json::{Value, json};

use super::gateway::Gateway;
use crate::sending::send_to_any;

/// Refunds so much of an order, minor units.
pub(super) fn refund(key: &str, order: &str, amount: i64) -> Request {
    let body = json!({ "amount": amount, "reason": "customer" });
    Request::new("POST", format!("/v1/orders/{order}/refunds")).with_key(key).with_body(&body)
}

/// The token of a charge whose amount the gateway always reports wrongly: only an operator can end
/// the payment.
pub(super) const NEVER_RIGHT: &str = "tok_wrong_amount";

/// The most payments that are resolved in one round of [`Resolve::Any`].
const ANY_MAX: u64 = 2;

/// Which payments an operator resolves by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolve {
    /// Any, at the same time as the server may; few, so that most are left to the server.
    Any,
    /// Those that only an operator can end.
    OnlyByHand,
}

/// Resolves payments that are still PENDING although the gateway's ledger holds their end; returns
/// how many of these commands were accepted.
pub(super) async fn resolve_by_hand(
    clients: &[Client],
    gateway: &Gateway,
    which: Resolve,
    random: &mut Random,
) -> Result<u64, LoadError> {
    let pending = Request::new("GET", "/v1/payments?status=PENDING&limit=200");
    let answer = send_to_any(clients, 0, &pending).await?.response;
    let rows = answer.json().map_err(LoadError::client(pending.name()))?;
    let entries = gateway.entries().await?;
    let mut resolved = 0;
    for row in rows["data"].as_array().into_iter().flatten() {
        if which == Resolve::Any && resolved >= ANY_MAX {
            break;
        }
        if which == Resolve::OnlyByHand && row["method"]["token"] != NEVER_RIGHT {
            continue;
        }
        let is_it = |entry: &&Value| entry["kind"] == "charge" && entry["id"] == row["id"];
        // A charge that the gateway does not know may still be on its way; it is left for later.
        let Some(entry) = entries.iter().find(is_it) else { continue };
        let id = row["id"].as_str().unwrap_or_default();
        let note = "seen in the gateway's ledger";
        let body = match entry["status"].as_str() {
            Some("done") => {
                json!({ "status": "SUCCEEDED", "note": note, "gateway_reference": entry["reference"] })
            }
            _ => json!({ "status": "FAILED", "note": note }),
        };
        let request = Request::new("POST", format!("/v1/payments/{id}/resolve"));
        let request = request.with_key(key(random)).with_body(&body);
        let answer = send_to_any(clients, 0, &request).await?.response;
        match (answer.status, answer.code()) {
            (200, _) => resolved += 1,
            // The server has looked it up meanwhile.
            (409, "payment_settled") => {}
            _ => return Err(LoadError::unexpected(&request, &answer)),
        }
    }
    Ok(resolved)
}

/// Refunds what customers are owed because a gateway refused their refund, under a new id. Returns
/// how many refunds that took.
pub(super) async fn refund_again(client: &Client, random: &mut Random) -> Result<u64, LoadError> {
    let mut made = 0;
    for order in requests::list(client, "/v1/orders").await? {
        let owed = -order["balance_due"].as_i64().unwrap_or_default();
        if owed > 0 {
            let id = order["id"].as_str().unwrap_or_default();
            let request = refund(&key(random), id, owed);
            requests::expect(client, &request, 201).await?;
            made += 1;
        }
    }
    Ok(made)
}
