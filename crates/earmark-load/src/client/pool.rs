//! How do tests and proofs talk to the server? Through [`Client`]: any number of requests at once,
//! each on a connection of its own, which is used again afterwards.
//!
//! Invariant: a request is sent once. A caller that wants it sent again sends it with the same key.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::connection::{Answer, Connection};
use super::error::ClientError;
use super::wire::{RequestHead, write_request};

/// What an exchange may take by default.
const DEADLINE: Duration = Duration::from_secs(30);
/// Headers kept of an answer; the wire reader refuses more.
const HEADERS_MAX: usize = 32;

/// One request; the body is sent as it stands, so that it can be sent again byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: &'static str,
    /// The path with its query.
    pub path: String,
    /// Sent as the header `Idempotency-Key`.
    pub key: Option<String>,
    /// Sent as the header `If-Match`, in quotes.
    pub if_match: Option<String>,
    /// JSON; empty for a request without a body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without key and body.
    #[must_use]
    pub fn new(method: &'static str, path: impl Into<String>) -> Request {
        Request { method, path: path.into(), key: None, if_match: None, body: Vec::new() }
    }

    /// Adds the header `Idempotency-Key`.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Request {
        self.key = Some(key.into());
        self
    }

    /// Adds an `If-Match` of this version.
    #[must_use]
    pub fn with_version(mut self, version: u64) -> Request {
        self.if_match = Some(format!("\"{version}\""));
        self
    }

    /// Adds a JSON body.
    #[must_use]
    pub fn with_body(mut self, body: &Value) -> Request {
        self.body = body.to_string().into_bytes();
        self
    }

    /// Method and path, for messages.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// One answer, with all of its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, chunks joined.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// True if the answer says `Idempotency-Replayed: true`.
    #[must_use]
    pub fn replayed(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`ClientError::Json`].
    pub fn json(&self) -> Result<Value, ClientError> {
        serde_json::from_slice(&self.body).map_err(ClientError::Json)
    }

    /// The `code` of a problem, or an empty text.
    #[must_use]
    pub fn code(&self) -> &str {
        problem_code(&self.body)
    }

    /// The body as text, cut to a length that fits into a message.
    #[must_use]
    pub fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(400).collect()
    }
}

/// Finds `"code":"…"` of a problem document without parsing it; empty if there is none.
#[must_use]
pub fn problem_code(body: &[u8]) -> &str {
    let name = b"\"code\":";
    let Some(at) = body.windows(name.len()).position(|window| window == name) else { return "" };
    let mut parts = body[at + name.len()..].splitn(3, |&byte| byte == b'"');
    let code = parts.nth(1).unwrap_or_default();
    std::str::from_utf8(code).unwrap_or_default()
}

/// A client of one server and one caller; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    pool: Arc<Pool>,
    token: Option<Arc<str>>,
}

#[derive(Debug)]
struct Pool {
    address: SocketAddr,
    host: String,
    deadline: Duration,
    requests: AtomicU64,
    idle: Mutex<Vec<Connection>>,
}

impl Client {
    /// A client that presents `token` with every request.
    #[must_use]
    pub fn new(address: SocketAddr, token: &str) -> Client {
        Client::anonymous(address, DEADLINE).with_token(token)
    }

    /// A client without a token.
    #[must_use]
    pub fn anonymous(address: SocketAddr, deadline: Duration) -> Client {
        let (requests, idle) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        let pool = Pool { address, host: address.to_string(), deadline, requests, idle };
        Client { pool: Arc::new(pool), token: None }
    }

    /// The same server and connections, another caller.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Client {
        Client { pool: Arc::clone(&self.pool), token: Some(Arc::from(token)) }
    }

    /// The address of the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.pool.address
    }

    /// How many requests this client and its clones have sent.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.pool.requests.load(Ordering::Relaxed)
    }

    /// `GET path`.
    ///
    /// # Errors
    /// No usable answer; any status is an answer.
    pub async fn get(&self, path: &str) -> Result<Response, ClientError> {
        self.send(&Request::new("GET", path)).await
    }

    /// `POST path` with a key, if one is given.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Result<Response, ClientError> {
        let mut request = Request::new("POST", path).with_body(body);
        request.key = key.map(str::to_owned);
        self.send(&request).await
    }

    /// `PUT path`.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn put(&self, path: &str, body: &Value) -> Result<Response, ClientError> {
        self.send(&Request::new("PUT", path).with_body(body)).await
    }

    /// `DELETE path`.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn delete(&self, path: &str) -> Result<Response, ClientError> {
        self.send(&Request::new("DELETE", path)).await
    }

    /// Sends one request, once.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn send(&self, request: &Request) -> Result<Response, ClientError> {
        let mut bytes = Vec::with_capacity(512 + request.body.len());
        let head = RequestHead {
            method: request.method,
            path: &request.path,
            host: &self.pool.host,
            token: self.token.as_deref(),
            key: request.key.as_deref().map(str::as_bytes),
            if_match: request.if_match.as_deref(),
        };
        write_request(&mut bytes, &head, &request.body);
        self.pool.requests.fetch_add(1, Ordering::Relaxed);
        let mut connection = match self.pool.take_idle() {
            Some(connection) => connection,
            None => Connection::open(self.pool.address, self.pool.deadline).await?,
        };
        let answer = connection.exchange(&bytes).await?;
        let closes = answer.closes;
        let response = own(&answer)?;
        if !closes {
            self.pool.idle().push(connection);
        }
        Ok(response)
    }

    /// Closes all idle connections, as after the server was killed.
    pub fn forget_connections(&self) {
        self.pool.idle().clear();
    }
}

impl Pool {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        while let Some(connection) = idle.pop() {
            if !connection.is_stale() {
                return Some(connection);
            }
        }
        None
    }
}

fn own(answer: &Answer<'_>) -> Result<Response, ClientError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Response::new(&mut headers);
    head.parse(answer.head).map_err(|_| ClientError::Malformed("not an HTTP/1.1 answer"))?;
    let headers = head.headers.iter();
    let headers = headers
        .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()));
    Ok(Response { status: answer.status, headers: headers.collect(), body: answer.body.to_vec() })
}
