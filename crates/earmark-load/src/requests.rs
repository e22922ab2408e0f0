//! How is a resource read, or a command sent that must succeed? One request, once, whose answer
//! must have the status that the caller names; any other answer is an error that shows it.
//!
//! To send a request again until it is answered is the business of the proofs.

use serde_json::Value;

use crate::client::{Client, Request, Response};
use crate::error::LoadError;

/// Rows a page, the most that the server gives.
const PAGE: u64 = 200;

/// Sends a request that must be answered with `status`.
///
/// # Errors
/// No answer, or another status.
pub async fn expect(client: &Client, request: &Request, status: u16) -> Result<Response, LoadError> {
    expect_one_of(client, request, &[status]).await
}

/// Sends a request that must be answered with one of `statuses`.
///
/// # Errors
/// No answer, or another status.
pub async fn expect_one_of(
    client: &Client,
    request: &Request,
    statuses: &[u16],
) -> Result<Response, LoadError> {
    let response = client.send(request).await.map_err(LoadError::client(request.name()))?;
    if statuses.contains(&response.status) {
        Ok(response)
    } else {
        Err(LoadError::unexpected(request, &response))
    }
}

/// Reads a whole list, page by page; `path` has no `limit` and no `cursor`.
///
/// # Errors
/// No answer, a status other than 200, or an answer that is not a page.
pub async fn list(client: &Client, path: &str) -> Result<Vec<Value>, LoadError> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let first = format!("{path}{joint}limit={PAGE}");
    let mut rows = Vec::new();
    let mut page = first.clone();
    loop {
        let mut answer = read(client, &page).await?;
        let Value::Array(data) = answer["data"].take() else {
            return Err(LoadError::Server(format!("GET {page}: the answer has no list `data`")));
        };
        let empty = data.is_empty();
        rows.extend(data);
        match answer["next_cursor"].as_str() {
            // An empty page with a cursor would never end.
            Some(cursor) if !empty => page = format!("{first}&cursor={cursor}"),
            _ => return Ok(rows),
        }
    }
}

/// `GET`s a resource that must be there.
///
/// # Errors
/// No answer, a status other than 200, or no JSON.
pub async fn read(client: &Client, path: &str) -> Result<Value, LoadError> {
    let response = expect(client, &Request::new("GET", path), 200).await?;
    response.json().map_err(LoadError::client(format!("GET {path}")))
}
