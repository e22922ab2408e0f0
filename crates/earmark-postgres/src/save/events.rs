//! Appends the events of a batch.

use earmark_core::Event;
use earmark_core::text::Sku;
use earmark_store::codes;
use uuid::Uuid;

use super::plan::{Plan, column, try_column};
use crate::codec;
use crate::error::Result;
use crate::rows::events::STREAM;

const INSERT: &str = "INSERT INTO events (stream, sequence, at, type, actor, order_id, sku, data) \
     SELECT $1, unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::smallint[]), unnest($5::text[]), unnest($6::uuid[]), unnest($7::text[]), unnest($8::text[])";

pub(super) fn save<'a>(events: &'a [Event], plan: &mut Plan<'a>) -> Result<()> {
    let kind = |event: &Event| i16::try_from(event.fact.type_index()).unwrap_or(i16::MAX);
    plan.add(
        INSERT,
        events.len(),
        vec![
            Box::new(STREAM),
            try_column(events.iter().map(|event| codec::integer(event.sequence)))?,
            column(events.iter().map(|event| event.at.0)),
            column(events.iter().map(kind)),
            column(events.iter().map(|event| event.actor.to_string())),
            column(events.iter().map(|event| event.order_id.map(|id| Uuid::from_u128(id.0)))),
            column(events.iter().map(|event| event.sku.as_ref().map(Sku::as_str))),
            try_column(events.iter().map(|event| codes::fact_data(&event.fact)))?,
        ],
    );
    Ok(())
}
