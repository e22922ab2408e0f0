//! The row of the stream, which says how far the events go. Its lock is the turn.

use earmark_core::Event;

use super::plan::{Plan, column};
use crate::codec;
use crate::error::Result;
use crate::rows::events::STREAM;

pub(crate) const UPDATE_STREAM: &str = "UPDATE streams t SET last_sequence = u.last_sequence, last_at = u.last_at \
     FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[]) u (id, last_sequence, last_at, was) \
     WHERE t.id = u.id AND t.last_sequence = u.was";

/// Moves the stream on by the events of the batch, from where it was when the turn began.
pub(super) fn save(events: &[Event], plan: &mut Plan<'_>) -> Result<()> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
    let before = codec::integer(first.sequence)? - 1;
    let (sequence, at) = (codec::integer(last.sequence)?, last.at.0);
    plan.add(
        UPDATE_STREAM,
        1,
        vec![
            column([STREAM].into_iter()),
            column([sequence].into_iter()),
            column([at].into_iter()),
            column([before].into_iter()),
        ],
    );
    Ok(())
}
