//! `GET /v1/items/{sku}/movements`: how did the counters of an item become what they are?
//!
//! Movements are computed from events, newest first, so a cursor holds the event that was seen last
//! and the counters right before it.

use earmark_core::movements::Movement;
use earmark_core::text::Sku;
use earmark_store::MovementCursor;

use crate::cursor;
use crate::dto::lists::{self, List, PageParams};
use crate::dto::movements::MovementBody;
use crate::dto::schemas;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

fn list(sku: &Sku) -> String {
    format!("movements/{sku}")
}

fn before(sku: &Sku, text: &str) -> Result<MovementCursor, Problem> {
    let key: [u8; 16] = cursor::decode_exact(&list(sku), text)?;
    let (sequence, counters) = key.split_at(8);
    let (on_hand, reserved) = counters.split_at(4);
    Ok(MovementCursor {
        sequence: u64::from_be_bytes(sequence.try_into().map_err(|_| cursor::garbled())?),
        on_hand: u32::from_be_bytes(on_hand.try_into().map_err(|_| cursor::garbled())?),
        reserved: u32::from_be_bytes(reserved.try_into().map_err(|_| cursor::garbled())?),
    })
}

/// The cursor with which the list goes on after this movement.
fn below(sku: &Sku, movement: &Movement) -> Option<String> {
    let on_hand = u32::try_from(i64::from(movement.on_hand) - movement.delta_on_hand).ok()?;
    let reserved = u32::try_from(i64::from(movement.reserved) - movement.delta_reserved).ok()?;
    let key =
        [&movement.sequence.to_be_bytes()[..], &on_hand.to_be_bytes(), &reserved.to_be_bytes()].concat();
    Some(cursor::encode(&list(sku), &key))
}

/// List the movements of an item
///
/// Every change of `on_hand` or `reserved`, newest first; replaying them gives the two counters.
#[utoipa::path(
    get,
    path = "/v1/items/{sku}/movements",
    tag = "Inventory",
    params(("sku" = schemas::SkuText<'_>, Path), PageParams),
    responses((status = 200, description = "A page of movements.", body = List<MovementBody<'_>>)),
)]
pub(crate) async fn list_movements(request: ApiRequest) -> Answered {
    request.staff()?;
    let sku = request.sku()?;
    let params: PageParams = request.query()?;
    let limit = lists::limit(params.limit.as_deref())?;
    let before = params.cursor.as_deref().map(|text| before(&sku, text)).transpose()?;
    let queries = request.app.store.queries();
    queries.find_item(&sku).await?.ok_or_else(Problem::not_found)?;
    let page = queries.list_movements(&sku, before, limit).await?;
    let last = page.rows.last().filter(|_| page.more);
    let next = last.and_then(|movement| below(&sku, movement));
    Reply::ok(&List::new(page.rows.iter().map(MovementBody::from).collect(), next))
}
