//! Appends the events of a batch.

use earmark_core::ids::OrderId;
use earmark_core::text::Sku;
use earmark_core::{Actor, Event};
use earmark_store::codes;
use rusqlite::{Connection, params};

use crate::codec;
use crate::error::Result;

pub(super) fn save(connection: &Connection, events: &[Event]) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (sequence, at, type, actor, order_id, sku, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    // Most events of a batch have the same actor, so its text is made once.
    let mut last: Option<(&Actor, String)> = None;
    for event in events {
        let actor = match last.take() {
            Some(same) if same.0 == &event.actor => same,
            _ => (&event.actor, event.actor.to_string()),
        };
        insert.execute(params![
            codec::integer(event.sequence)?,
            event.at.0,
            codec::limit(event.fact.type_index()),
            actor.1,
            event.order_id.map(OrderId::to_bytes),
            event.sku.as_ref().map(Sku::as_str),
            codes::fact_data(&event.fact)?,
        ])?;
        last = Some(actor);
    }
    Ok(())
}
