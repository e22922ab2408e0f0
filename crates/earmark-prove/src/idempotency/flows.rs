//! Which commands are sent? Short flows of one order, one cart or one adjustment. Each command is
//! sent only after the one before it has succeeded, so that every one of them must succeed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use earmark_load::{LoadError, Request, Response};
use earmark_random::{Random, key};
use serde_json::Value;

use super::copies::{ExpectedCart, Run, SKUS};
use crate::check::{Breach, BreachKind, ExpectedOrder, PaymentStatus};
use crate::commands::{self, PlacedAs, payment_of};
use crate::sending::wait_for_payment;

/// Runs one flow after the other until enough commands have begun.
pub(super) async fn keep_flowing(run: Arc<Run>, mut random: Random) -> Result<(), LoadError> {
    while run.begun.load(Ordering::Relaxed) < run.requests && !run.is_hopeless() {
        match random.below(10) {
            0 => adjust(&run, &mut random).await?,
            1 | 2 => fill_cart(&run, &mut random).await?,
            _ => order(&run, &mut random).await?,
        }
    }
    Ok(())
}

async fn adjust(run: &Arc<Run>, random: &mut Random) -> Result<(), LoadError> {
    let (sku, delta) = (random.below(u64::from(SKUS)) as u32, random.between(1, 20) as i64 - 8);
    let delta = if delta == 0 { 1 } else { delta };
    if run.perform(commands::adjust(&key(random), sku, delta), random).await?.is_some() {
        run.adjustments().push((sku, delta));
    }
    Ok(())
}

async fn fill_cart(run: &Arc<Run>, random: &mut Random) -> Result<(), LoadError> {
    let Some(made) = run.perform(commands::create_cart(&key(random)), random).await? else { return Ok(()) };
    let mut cart = ExpectedCart { id: id_in(&made)?, ..ExpectedCart::default() };
    for _ in 0..random.between(1, 4) {
        // Of few SKUs, so that a line is added to more than once.
        let (sku, quantity) = (random.below(3) as u32, random.between(1, 5) as u32);
        let request = commands::add_to_cart(&key(random), &cart.id, sku, quantity);
        if run.perform(request, random).await?.is_some() {
            *cart.lines.entry(sku).or_default() += quantity;
        }
    }
    if random.percent(50) {
        let reference = key(random);
        let request = commands::place_cart(&key(random), &reference, &cart.id);
        if let Some(placed) = run.perform(request, random).await? {
            let lines: Vec<_> = std::mem::take(&mut cart.lines).into_iter().collect();
            let mut order = ExpectedOrder::placed(&id_in(&placed)?, &reference, &lines);
            order.confirmed = true;
            continue_order(run, order, random).await?;
        }
    }
    run.carts().push(cart);
    Ok(())
}

async fn order(run: &Arc<Run>, random: &mut Random) -> Result<(), LoadError> {
    let mut lines = Vec::new();
    for _ in 0..random.between(1, 3) {
        let sku = random.below(u64::from(SKUS)) as u32;
        if lines.iter().all(|&(taken, _)| taken != sku) {
            lines.push((sku, random.between(1, 4) as u32));
        }
    }
    let reference = key(random);
    let request = commands::place(&key(random), &reference, &lines, PlacedAs::Confirmed);
    let Some(placed) = run.perform(request, random).await? else { return Ok(()) };
    let mut order = ExpectedOrder::placed(&id_in(&placed)?, &reference, &lines);
    order.confirmed = true;
    continue_order(run, order, random).await
}

/// Pays and cancels a confirmed order, or leaves it as it is.
async fn continue_order(
    run: &Arc<Run>,
    mut order: ExpectedOrder,
    random: &mut Random,
) -> Result<(), LoadError> {
    if random.percent(25) {
        pay(run, &mut order, "tok_declined", random).await?;
    }
    if random.percent(75) {
        pay(run, &mut order, "tok_ok", random).await?;
    }
    if random.percent(20) {
        let lines = if random.percent(50) { Vec::new() } else { one_unit(&order) };
        let request = commands::cancel(&key(random), &order.id, &lines);
        if let Some(answer) = run.perform(request, random).await? {
            order.cancel(&lines);
            order.version = json(&answer)?["version"].as_u64().unwrap_or_default();
        }
    }
    run.orders().push(order);
    Ok(())
}

async fn pay(
    run: &Arc<Run>,
    order: &mut ExpectedOrder,
    token: &str,
    random: &mut Random,
) -> Result<(), LoadError> {
    let request = commands::pay(&key(random), &order.id, token);
    let Some(answer) = run.perform(request, random).await? else { return Ok(()) };
    let payment = payment_of(&answer).unwrap_or_default();
    let id = payment["id"].as_str().unwrap_or_default();
    let ended = wait_for_payment(run.client(), id).await?;
    let expected = if token == "tok_ok" { PaymentStatus::Succeeded } else { PaymentStatus::Declined };
    if PaymentStatus::of(&ended) != Some(expected) {
        let detail = format!("{} with {token}, must be {expected:?}", ended["status"]);
        run.report([Breach::new(
            BreachKind::PaymentDiffers,
            format!("payment {id} of {}", order.id),
            detail,
        )]);
    }
    order.set_payment(id, expected);
    Ok(())
}

/// One unit of the first line.
fn one_unit(order: &ExpectedOrder) -> commands::Lines {
    order.lines.keys().take(1).map(|&sku| (sku, 1)).collect()
}

fn json(answer: &Response) -> Result<Value, LoadError> {
    answer.json().map_err(LoadError::client("answer"))
}

fn id_in(answer: &Response) -> Result<String, LoadError> {
    let id = json(answer)?["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| LoadError::unexpected(&Request::new("POST", ""), answer))
}
