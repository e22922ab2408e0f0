//! `GET /v1/events`: everything that has happened, in order, for readers that poll.
//!
//! Event numbers have no gaps and follow the order of commits, so a reader that goes on with its
//! cursor misses nothing.

use earmark_core::Fact;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::cursor;
use crate::dto::events::EventBody;
use crate::dto::lists::{self, List};
use crate::dto::schemas;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

const LIST: &str = "events";

/// The filter and the page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    #[doc = "Of this type."]
    #[param(value_type = Option<schemas::EventTypeWord>)]
    r#type: Option<String>,
    #[doc = "The most rows."]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// A `next_cursor` of this list.
    #[param(min_length = 8, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

fn types(name: &str) -> Result<[usize; 1], Problem> {
    let place = Fact::TYPES.iter().position(|known| *known == name);
    place.map(|place| [place]).ok_or_else(|| Problem::wrong_query("type", "not a type of event"))
}

/// List events
///
/// Oldest first. `next_cursor` is never null: a reader polls on with it and misses nothing.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "Events",
    params(Params),
    responses((status = 200, description = "A page of events.", body = List<EventBody<'_>>)),
)]
pub(crate) async fn list_events(request: ApiRequest) -> Answered {
    request.staff()?;
    let params: Params = request.query()?;
    let limit = lists::limit(params.limit.as_deref())?;
    let after = params.cursor.as_deref().map(|text| cursor::decode_exact(LIST, text)).transpose()?;
    let after = after.map_or(0, u64::from_be_bytes);
    let types = params.r#type.as_deref().map(types).transpose()?;
    let page =
        request.app.store.queries().list_events(after, types.as_ref().map(|types| &types[..]), limit).await?;
    let last = page.rows.last().map_or(after, |row| row.event.sequence);
    let next = cursor::encode(LIST, &last.to_be_bytes());
    Reply::ok(&List::new(page.rows.iter().map(EventBody::from).collect(), Some(next)))
}
