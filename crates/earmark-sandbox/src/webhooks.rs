//! Who is told when something has happened? One URL, in the manner of the protocol that asked; twice or late, where a fault wants it so.
//!
//! A hint is worth nothing in itself: whoever gets it should ask. It is tried three times and then forgotten, as the one who asks finds out anyway.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::sync::mpsc;

use crate::ledger::{Entry, Kind};
use crate::sandbox::{Protocol, now_ms};
use crate::{Options, SandboxError, hex, signed, stripe};

/// How long a hint waits for the next one, that it may come after it.
const LATE: Duration = Duration::from_secs(2);
/// How long a delivery may take.
const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;

/// How a hint is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Once,
    Twice,
    /// After the next one.
    Late,
}

/// Where hints go in.
#[derive(Debug)]
pub(crate) struct Webhooks(Option<mpsc::UnboundedSender<(Hint, Delivery)>>);

#[derive(Debug)]
struct Hint {
    entry: Entry,
    protocol: Protocol,
}

struct Deliverer {
    authority: String,
    path: String,
    secret: String,
}

impl Webhooks {
    /// Starts delivering, if there is somebody to deliver to.
    pub(crate) fn start(options: &Options) -> Result<Self, SandboxError> {
        let Some(url) = &options.webhook_url else { return Ok(Self(None)) };
        let uri: Uri = url.parse().map_err(|_| SandboxError::WebhookUrl)?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"));
        let authority = authority.ok_or(SandboxError::WebhookUrl)?.to_string();
        let secret = options.secret.clone().unwrap_or_default();
        let deliverer = Deliverer { authority, path: uri.path().to_owned(), secret };
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(deliverer.run(receiver));
        Ok(Self(Some(sender)))
    }

    /// Tells of something; never waits.
    pub(crate) fn tell(&self, entry: Entry, protocol: Protocol, delivery: Delivery) {
        if let Some(sender) = &self.0 {
            let _ = sender.send((Hint { entry, protocol }, delivery));
        }
    }
}

impl Deliverer {
    async fn run(self, mut hints: mpsc::UnboundedReceiver<(Hint, Delivery)>) {
        while let Some((hint, delivery)) = hints.recv().await {
            if delivery == Delivery::Late
                && let Ok(Some((next, _))) = tokio::time::timeout(LATE, hints.recv()).await
            {
                self.deliver(&next).await;
            }
            self.deliver(&hint).await;
            if delivery == Delivery::Twice {
                self.deliver(&hint).await;
            }
        }
    }

    async fn deliver(&self, hint: &Hint) {
        for again in 0..TRIES {
            match tokio::time::timeout(PATIENCE, self.send(hint)).await {
                Ok(Ok(true)) => return,
                _ => tokio::time::sleep(Duration::from_millis(200 << again)).await,
            }
        }
        tracing::debug!(id = hint.entry.id, "a hint was not taken");
    }

    /// Whether it was taken.
    async fn send(&self, hint: &Hint) -> std::io::Result<bool> {
        let stream = tokio::net::TcpStream::connect(&self.authority).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        let request = self.request(hint).map_err(std::io::Error::other)?;
        let answer = sender.send_request(request).await.map_err(std::io::Error::other)?;
        Ok(answer.status().is_success())
    }

    fn request(&self, hint: &Hint) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let seconds = now_ms().div_euclid(1_000);
        let request = Request::builder().method(Method::POST).uri(&self.path);
        let request = request.header(HOST, &self.authority).header(CONTENT_TYPE, "application/json");
        let Entry { id, kind, reference, .. } = &hint.entry;
        match hint.protocol {
            Protocol::Signed => {
                let kind = if *kind == Kind::Charge { "charge.changed" } else { "refund.changed" };
                let body = json!({"type": kind, "id": id}).to_string();
                let nonce = format!("{:032x}", now_ms());
                let head = [&seconds.to_string()[..], &nonce, "POST", &self.path];
                let signature = signed::request_signature(&self.secret, head, body.as_bytes());
                let request = request.header("earmark-timestamp", seconds).header("earmark-nonce", nonce);
                request.header("earmark-signature", signature).body(Full::new(body.into()))
            }
            Protocol::Stripe => {
                let (kind, object) = match kind {
                    Kind::Charge => ("payment_intent.succeeded", stripe::intent(&hint.entry)),
                    Kind::Refund => ("refund.updated", stripe::refund(&hint.entry)),
                };
                let id = format!("evt_{reference}");
                let event = json!({"id": id, "object": "event", "type": kind, "data": {"object": object}});
                let body = event.to_string();
                let signed = format!("{seconds}.{body}");
                let signature = format!("t={seconds},v1={}", hex::hmac(&self.secret, &[signed.as_bytes()]));
                request.header("stripe-signature", signature).body(Full::new(body.into()))
            }
        }
    }
}
