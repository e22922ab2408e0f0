//! What shoppers want.

pub(crate) mod add_line;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod find;
pub(crate) mod remove_line;
pub(crate) mod set_line;

use earmark_core::{Action, Outcome};

use crate::dto::carts::CartBody;
use crate::idempotency::Keyed;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

/// Changes a cart and shows it.
async fn changed(request: &ApiRequest, action: Action) -> Answered {
    let answer = request.submit(action, Keyed::Accepted).await?;
    let Outcome::Cart(priced) = &answer.outcome else { return Err(Problem::internal()) };
    let reply = Reply::ok(&CartBody::new(&request.app, priced))?;
    Ok(reply.version(priced.cart.version).replayed(answer.replayed.into()))
}
