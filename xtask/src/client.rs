//! How do these commands speak to a server? JSON over HTTP with the admin's key, many requests at once where order does not matter.
//!
//! Invariant: an answer with another status than the one that was foreseen is an error that shows the answer.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;

const TIMEOUT: Duration = Duration::from_secs(60);

/// A client of one server.
pub(crate) struct Api {
    agent: Agent,
    url: String,
    token: String,
    connections: usize,
    requests: AtomicU64,
}

/// One request with the status that must come back.
pub(crate) struct Call<'a> {
    /// GET, PUT, POST.
    pub(crate) method: &'static str,
    /// From `/v1` on.
    pub(crate) path: &'a str,
    /// None where the method has no body.
    pub(crate) body: Option<Value>,
    /// The idempotency key.
    pub(crate) key: Option<String>,
    /// Any of these is right.
    pub(crate) statuses: &'static [u16],
}

impl Api {
    /// A client with as many connections as are worth having.
    pub(crate) fn new(url: &str, token: &str, connections: usize) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .max_idle_connections(connections * 2)
            .max_idle_connections_per_host(connections * 2)
            .build()
            .new_agent();
        Self { agent, url: url.to_owned(), token: token.to_owned(), connections, requests: AtomicU64::new(0) }
    }

    /// How many requests were sent.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Reads a resource.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.call(Call { method: "GET", path, body: None, key: None, statuses: &[200] })
    }

    /// Reads all pages of a list.
    pub(crate) fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut page = format!("{path}?limit=200");
        loop {
            let mut answer = self.get(&page)?;
            match answer["data"].take() {
                Value::Array(data) => rows.extend(data),
                _ => bail!("GET {page}: no data: {answer}"),
            }
            let Some(cursor) = answer["next_cursor"].as_str() else { return Ok(rows) };
            page = format!("{path}?limit=200&cursor={cursor}");
        }
    }

    /// Sends a command.
    pub(crate) fn post(&self, path: &str, body: Value, key: String) -> Result<Value> {
        self.call(Call { method: "POST", path, body: Some(body), key: Some(key), statuses: &[200, 201] })
    }

    /// Sends one request; the answer must have one of the statuses that it names.
    pub(crate) fn call(&self, call: Call<'_>) -> Result<Value> {
        let Call { method, path, body, key, statuses } = call;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let sent = match &body {
            Some(body) => {
                self.agent.run(request.header("content-type", "application/json").body(body.to_string())?)
            }
            None => self.agent.run(request.body(())?),
        };
        let mut response = sent.with_context(|| format!("{method} {path}"))?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string().with_context(|| format!("{method} {path}"))?;
        if !statuses.contains(&status) {
            let body = body.map(|body| body.to_string()).unwrap_or_default();
            bail!("{method} {path} {body}: status {status}, not {statuses:?}: {text}");
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("{method} {path}: no JSON: {text}"))
    }

    /// Does something for each of the given things, several at once; the first error ends it.
    pub(crate) fn each<T: Sync>(&self, things: &[T], act: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
        if let [one] = things {
            return act(one);
        }
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..self.connections.min(things.len()) {
                scope.spawn(|| {
                    while let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(error) = act(thing) {
                            next.store(things.len(), Ordering::Relaxed);
                            failed
                                .lock()
                                .unwrap_or_else(std::sync::PoisonError::into_inner)
                                .get_or_insert(error);
                        }
                    }
                });
            }
        });
        failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).map_or(Ok(()), Err)
    }
}
