//! What does one command do to an order? An expectation is changed in the same way before the
//! command is sent, to see whether it was carried out, and after it was acknowledged.

use earmark_load::{Request, Response};
use serde_json::Value;

use crate::check::{Breach, BreachKind, ExpectedOrder, PaymentStatus};
use crate::commands::{self, Lines, PlacedAs, payment_of};

/// A command of the load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Place { reference: String, lines: Lines, placed_as: PlacedAs },
    Confirm,
    Pay { token: &'static str },
    Cancel { lines: Lines },
    Ship { lines: Lines },
    Deliver { shipment: String, lines: Lines },
    Adjust { sku: u32, delta: i64 },
}

/// A command under way: its key, and the order that it is for by its place in the client's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InFlight {
    pub(super) key: String,
    pub(super) command: Command,
    pub(super) order: Option<usize>,
}

impl InFlight {
    /// The request, which has the same bytes each time.
    pub(super) fn request(&self, order: Option<&ExpectedOrder>) -> Request {
        let (key, id) = (self.key.as_str(), order.map_or("", |order| order.id.as_str()));
        match &self.command {
            Command::Place { reference, lines, placed_as } => {
                commands::place(key, reference, lines, *placed_as)
            }
            Command::Confirm => commands::confirm(key, id),
            Command::Pay { token } => commands::pay(key, id, token),
            Command::Cancel { lines } => commands::cancel(key, id, lines),
            Command::Ship { lines } => commands::ship(key, id, lines),
            Command::Deliver { shipment, .. } => commands::deliver(key, id, shipment),
            Command::Adjust { sku, delta } => commands::adjust(key, *sku, *delta),
        }
    }

    /// True if `response` says that the command was carried out; a declined payment was.
    pub(super) fn succeeded(&self, response: &Response) -> bool {
        let declined = matches!(self.command, Command::Pay { .. }) && response.status == 402;
        (200..300).contains(&response.status) || declined
    }

    /// The order after the command; payments are added when they are seen.
    pub(super) fn apply(&self, order: &mut ExpectedOrder) {
        match &self.command {
            Command::Confirm => order.confirmed = true,
            Command::Cancel { lines } => order.cancel(lines),
            Command::Ship { lines } => order.ship(lines),
            Command::Deliver { lines, .. } => order.deliver(lines),
            Command::Place { .. } | Command::Pay { .. } | Command::Adjust { .. } => return,
        }
        // Confirming, cancelling, shipping and delivering each raise the version once at least.
        order.version += 1;
    }

    /// The order after the acknowledged command, with what the answer says; breaches if it
    /// contradicts the command.
    pub(super) fn acknowledge(&self, order: &mut ExpectedOrder, response: &Response) -> Vec<Breach> {
        self.apply(order);
        let body = response.json().unwrap_or_default();
        match &self.command {
            Command::Confirm | Command::Cancel { .. } => {
                order.version = body["version"].as_u64().unwrap_or(order.version);
                order.compare(&body)
            }
            Command::Pay { token } => {
                let payment = payment_of(response).unwrap_or_default();
                let id = payment["id"].as_str().unwrap_or("absent");
                let status = PaymentStatus::of(&payment).unwrap_or(PaymentStatus::Pending);
                order.set_payment(id, status);
                contradiction(order, token, status).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The new order of an acknowledged [`Command::Place`].
pub(super) fn placed_order(seen: &Value, command: &Command) -> Option<ExpectedOrder> {
    let Command::Place { reference, lines, placed_as } = command else { return None };
    let mut order = ExpectedOrder::placed(seen["id"].as_str().unwrap_or("absent"), reference, lines);
    order.confirmed = *placed_as == PlacedAs::Confirmed;
    order.version = seen["version"].as_u64().unwrap_or(1);
    Some(order)
}

/// A payment that ended otherwise than its token says.
pub(super) fn contradiction(order: &ExpectedOrder, token: &str, status: PaymentStatus) -> Option<Breach> {
    let expected = if token == "tok_ok" { PaymentStatus::Succeeded } else { PaymentStatus::Declined };
    let detail = || format!("a payment with {token} ended as {status:?}");
    let wrong = status != PaymentStatus::Pending && status != expected;
    wrong.then(|| Breach::new(BreachKind::PaymentDiffers, format!("order {}", order.id), detail()))
}
