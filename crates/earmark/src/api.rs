//! How do the commands of the binary reach a running server? Over its API, as any client does.
//!
//! Nothing is sent again and no redirect is followed: what an answer means is the command's to
//! decide.

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use ureq::Body;
use ureq::http::Response;

use crate::cli::ServerOptions;
use crate::usage::WrongUsage;

/// A running server, called with one key.
pub(crate) struct Api {
    agent: ureq::Agent,
    server: String,
    key: String,
}

/// What the server answered; the body is null where it was not JSON.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Api {
    /// A server at `http://…`, called with this key. Nothing is sent yet.
    pub(crate) fn new(server: &str, key: &str) -> anyhow::Result<Self> {
        ensure!(
            server.starts_with("http://"),
            WrongUsage(format!(
                "--server: expected http://HOST:PORT, not {server:?}; reach a server behind TLS through a tunnel to its own machine"
            ))
        );
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(std::time::Duration::from_secs(600)))
            .max_redirects(0)
            .build();
        let (server, key) = (server.trim_end_matches('/').to_owned(), key.to_owned());
        Ok(Self { agent: config.into(), server, key })
    }

    /// The server that these options name.
    pub(crate) fn of(options: &ServerOptions) -> anyhow::Result<Self> {
        Self::new(&options.server, &options.key)
    }

    fn answer(&self, response: Result<Response<Body>, ureq::Error>) -> anyhow::Result<Answer> {
        let mut response = response.with_context(|| format!("no answer from {}", self.server))?;
        let status = response.status().as_u16();
        let body = response.body_mut().read_json().unwrap_or(Value::Null);
        Ok(Answer { status, body })
    }

    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self.agent.get(format!("{}{path}", self.server));
        self.answer(request.header("Authorization", format!("Bearer {}", self.key)).call())
    }

    pub(crate) fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self.agent.delete(format!("{}{path}", self.server));
        self.answer(request.header("Authorization", format!("Bearer {}", self.key)).call())
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = self.agent.put(format!("{}{path}", self.server));
        self.answer(request.header("Authorization", format!("Bearer {}", self.key)).send_json(body))
    }

    /// Sends a POST, under an idempotency key where one is given.
    pub(crate) fn post(&self, path: &str, key: Option<&str>, body: &Value) -> anyhow::Result<Answer> {
        let request = self.agent.post(format!("{}{path}", self.server));
        let mut request = request.header("Authorization", format!("Bearer {}", self.key));
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.answer(request.send_json(body))
    }
}

impl Answer {
    /// The body of a success. An error repeats the server's own words.
    pub(crate) fn ok(self) -> anyhow::Result<Value> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let text = |name: &str| self.body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        bail!("the server answered {} {}: {}", self.status, text("code"), text("detail"))
    }
}
