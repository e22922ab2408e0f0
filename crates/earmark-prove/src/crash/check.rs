//! What is stored after the restart? Each order that the load touched must be exactly as
//! acknowledged. Each command without an answer must be carried out wholly or not at all, and once
//! after it was sent again.

use std::collections::HashMap;

use earmark_load::{Client, LoadError, Request, requests};
use serde_json::Value;

use super::client::{LoadClient, SKUS};
use super::commands::{Command, InFlight, contradiction, placed_order};
use crate::check::{Breach, BreachKind, ExpectedOrder, ExpectedStock, PaymentStatus};
use crate::sending::{send_until_answered, wait_for_payment};

/// Units of each item: more than all commands can take.
pub(super) const ON_HAND: u64 = 10_000_000;

/// A client of the load whose orders were compared.
pub(super) struct Checked {
    pub(super) load: LoadClient,
    pub(super) breaches: Vec<Breach>,
    /// It had a command without an answer.
    pub(super) unanswered: bool,
    /// The command had been carried out.
    pub(super) unanswered_done: bool,
}

/// Whether a command without an answer was carried out before the kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Done,
    NotDone,
    /// Its effect cannot be seen from outside.
    Unseen,
}

/// Compares what was acknowledged to a client with what is stored, and brings its command without
/// an answer to an end.
pub(super) async fn check_client(client: Client, mut load: LoadClient) -> Result<Checked, LoadError> {
    let mut breaches = std::mem::take(&mut load.breaches);
    let in_flight = load.in_flight.take();
    for number in std::mem::take(&mut load.touched) {
        if in_flight.as_ref().and_then(|in_flight| in_flight.order) == Some(number) {
            continue;
        }
        let order = &mut load.orders[number];
        breaches.extend(check_order(&client, order).await?);
    }
    let mut checked = Checked { load, breaches, unanswered: in_flight.is_some(), unanswered_done: false };
    if let Some(in_flight) = in_flight
        && checked.breaches.is_empty()
    {
        let found = find_effect(&client, &in_flight, &mut checked).await?;
        checked.unanswered_done = found == Found::Done;
        finish(&client, &in_flight, found, &mut checked).await?;
    }
    Ok(checked)
}

/// Compares one order, after its pending payment has ended.
async fn check_order(client: &Client, order: &mut ExpectedOrder) -> Result<Vec<Breach>, LoadError> {
    let Some(seen) = find_order(client, &order.id).await? else {
        let subject = format!("order {} ({})", order.id, order.reference);
        return Ok(vec![Breach::new(BreachKind::Lost, subject, "is not stored")]);
    };
    let breaches = order.compare(&seen);
    if !breaches.is_empty() {
        return Ok(breaches);
    }
    let Some(pending) = order.pending_payment().map(|payment| payment.id.clone()) else {
        return Ok(breaches);
    };
    let ended = wait_for_payment(client, &pending).await?;
    if let Some(status) = PaymentStatus::of(&ended) {
        order.set_payment(&pending, status);
    }
    let seen = find_order(client, &order.id).await?.unwrap_or_default();
    Ok(order.compare(&seen))
}

async fn find_order(client: &Client, id: &str) -> Result<Option<Value>, LoadError> {
    let request = Request::new("GET", format!("/v1/orders/{id}"));
    let response = send_until_answered(client, &request).await?.response;
    match response.status {
        200 => response.json().map(Some).map_err(LoadError::client(request.name())),
        404 => Ok(None),
        _ => Err(LoadError::unexpected(&request, &response)),
    }
}

/// Looks whether a command without an answer was carried out: wholly, or not at all.
async fn find_effect(
    client: &Client,
    in_flight: &InFlight,
    checked: &mut Checked,
) -> Result<Found, LoadError> {
    let breaches = &mut checked.breaches;
    if let Command::Place { reference, .. } = &in_flight.command {
        let shown = requests::list(client, &format!("/v1/orders?reference={reference}")).await?;
        if shown.len() > 1 {
            let detail = format!("{} orders", shown.len());
            breaches.push(Breach::new(BreachKind::Doubled, format!("reference {reference}"), detail));
        }
        let Some(seen) = shown.first() else { return Ok(Found::NotDone) };
        let after = placed_order(seen, &in_flight.command);
        let wrong = after.map(|after| after.compare(seen)).unwrap_or_default();
        breaches.extend(wrong.into_iter().map(|breach| Breach { kind: BreachKind::Half, ..breach }));
        return Ok(Found::Done);
    }
    let Some(before) = in_flight.order.map(|number| &checked.load.orders[number]) else {
        return Ok(Found::Unseen);
    };
    let Some(seen) = find_order(client, &before.id).await? else {
        let subject = format!("order {} ({})", before.id, before.reference);
        breaches.push(Breach::new(BreachKind::Lost, subject, "is not stored"));
        return Ok(Found::NotDone);
    };
    let mut after = before.clone();
    in_flight.apply(&mut after);
    if matches!(in_flight.command, Command::Pay { .. }) {
        add_unknown_payment(&mut after, &seen);
    }
    if after != *before && after.compare(&seen).is_empty() {
        return Ok(Found::Done);
    }
    let wrong = before.compare(&seen);
    if let Some(first) = wrong.first() {
        let detail = format!("neither before nor after {:?}: {}", in_flight.command, first.detail);
        // An order that is older than what was acknowledged of it is a loss, whatever became of the
        // last command.
        let kind = if first.kind == BreachKind::VersionWentBack { first.kind } else { BreachKind::Half };
        breaches.push(Breach::new(kind, &first.subject, detail));
    }
    Ok(Found::NotDone)
}

/// The payment that is shown and was not known is the one without an answer.
fn add_unknown_payment(order: &mut ExpectedOrder, seen: &Value) {
    let shown = seen["payments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known: Vec<_> = order.payments.iter().map(|payment| payment.id.clone()).collect();
    let unknown = shown.iter().find(|payment| !known.iter().any(|id| payment["id"] == id.as_str()));
    if let Some(payment) = unknown {
        let status = PaymentStatus::of(payment).unwrap_or(PaymentStatus::Pending);
        order.set_payment(payment["id"].as_str().unwrap_or("absent"), status);
    }
}

/// Sends the command again with its key: it must be answered, and be there once.
async fn finish(
    client: &Client,
    in_flight: &InFlight,
    found: Found,
    checked: &mut Checked,
) -> Result<(), LoadError> {
    let load = &mut checked.load;
    let request = in_flight.request(in_flight.order.map(|number| &load.orders[number]));
    let answered = send_until_answered(client, &request).await?;
    let (replayed, resent) = (answered.response.replayed(), answered.unanswered > 0);
    if found != Found::Unseen && !resent && replayed != (found == Found::Done) {
        let detail = format!("was found {found:?}, but its answer says replayed = {replayed}");
        checked.breaches.push(Breach::new(BreachKind::ReplayUnmarked, request.name(), detail));
    }
    let known = load.orders.len();
    load.acknowledge(in_flight, &answered.response);
    let number = in_flight.order.or((load.orders.len() > known).then_some(known));
    if let Some(number) = number {
        let order = &mut load.orders[number];
        checked.breaches.extend(check_order(client, order).await?);
        if let (Command::Pay { token }, Some(payment)) = (&in_flight.command, order.payments.last()) {
            checked.breaches.extend(contradiction(order, token, payment.status));
        }
    }
    if let Command::Place { reference, .. } = &in_flight.command {
        let shown = requests::list(client, &format!("/v1/orders?reference={reference}")).await?;
        if shown.len() != 1 {
            let detail = format!("{} orders after it was sent again", shown.len());
            checked.breaches.push(Breach::new(BreachKind::Doubled, format!("reference {reference}"), detail));
        }
    }
    load.touched.clear();
    checked.breaches.append(&mut checked.load.breaches);
    Ok(())
}

/// Compares the counters of all items with what all clients did.
pub(super) async fn check_stock(client: &Client, clients: &[LoadClient]) -> Result<Vec<Breach>, LoadError> {
    let mut stock = ExpectedStock::new(SKUS, ON_HAND);
    for load in clients {
        load.orders.iter().for_each(|order| stock.add_order(order));
        load.adjustments.iter().for_each(|&(sku, delta)| stock.adjust(sku, delta));
    }
    Ok(stock.compare(&requests::list(client, "/v1/items").await?))
}

/// Compares all orders of a database, old and new.
pub(super) async fn check_whole(client: &Client, clients: &[LoadClient]) -> Result<Vec<Breach>, LoadError> {
    let shown = requests::list(client, "/v1/orders").await?;
    let by_id: HashMap<&str, &Value> =
        shown.iter().filter_map(|order| Some((order["id"].as_str()?, order))).collect();
    let mut breaches = Vec::new();
    let mut expected = 0;
    for order in clients.iter().flat_map(|load| &load.orders) {
        expected += 1;
        match by_id.get(order.id.as_str()) {
            Some(seen) => breaches.extend(order.compare(seen)),
            None => {
                breaches.push(Breach::new(BreachKind::Lost, format!("order {}", order.id), "is not listed"));
            }
        }
    }
    if shown.len() != expected {
        let detail = format!("{} orders are shown, {expected} were made", shown.len());
        breaches.push(Breach::new(BreachKind::Doubled, "orders", detail));
    }
    Ok(breaches)
}
