//! How is a body read? Whole, within its limit and its time.
//!
//! What the bytes mean (JSON, a form) is up to the interface.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::refusal::Refusal;

/// The most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// A body that is too large is still read up to here and thrown away: a client that is cut off
/// while it sends never sees the answer.
const DISCARDED_BYTES_MAX: usize = 4 * BODY_BYTES_MAX;

/// Reads the whole body.
pub async fn read(body: Body, timeout: Duration) -> Result<Bytes, Refusal> {
    tokio::time::timeout(timeout, collect(body)).await.unwrap_or(Err(Refusal::BodyTimeout))
}

async fn collect(mut body: Body) -> Result<Bytes, Refusal> {
    // Nearly every body is one piece, which is then not copied.
    let (mut first, mut rest, mut seen) = (Bytes::new(), BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::BodyIncomplete)?;
        let Ok(piece) = frame.into_data() else { continue };
        seen += piece.len();
        if seen > DISCARDED_BYTES_MAX {
            break;
        } else if seen > BODY_BYTES_MAX {
            continue;
        } else if first.is_empty() {
            first = piece;
        } else {
            rest.extend_from_slice(&piece);
        }
    }
    match seen {
        _ if seen > BODY_BYTES_MAX => Err(Refusal::BodyTooLarge { bytes_max: BODY_BYTES_MAX }),
        _ if rest.is_empty() => Ok(first),
        _ => Ok([first, rest.freeze()].concat().into()),
    }
}
