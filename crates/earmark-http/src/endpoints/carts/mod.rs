//! What shoppers want.

pub(crate) mod add_line;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod find;
pub(crate) mod remove_line;
pub(crate) mod set_line;

use earmark_core::{Action, Outcome};

use crate::call::Call;
use crate::dto::carts::CartBody;
use crate::idempotency::Keyed;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};

/// Changes a cart and shows it.
async fn changed(call: &Call, action: Action) -> Answered {
    let answer = call.submit(action, Keyed::Accepted).await?;
    let Outcome::Cart(priced) = &answer.outcome else { return Err(Problem::internal()) };
    let reply = Reply::ok(&CartBody::new(&call.app, priced))?;
    Ok(reply.version(priced.cart.version).replayed(answer.replayed.into()))
}
