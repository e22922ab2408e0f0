//! `/v1/carts/{id}/lines`: changes of a cart's lines. Each answers with the whole cart.

pub(crate) mod add;
pub(crate) mod remove;
pub(crate) mod set;

use earmark_core::{Action, Outcome};

use crate::dto::carts::CartBody;
use crate::idempotency::Keyed;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

/// Runs a command that changes a cart, and answers with the cart.
async fn changed(request: &ApiRequest, action: Action) -> Answered {
    let answer = request.submit(action, Keyed::Accepted).await?;
    let Outcome::Cart(priced) = &answer.outcome else { return Err(Problem::internal()) };
    let reply = Reply::ok(&CartBody::new(&request.app, priced))?;
    Ok(reply.version(priced.cart.version).replayed(answer.replayed.into()))
}
