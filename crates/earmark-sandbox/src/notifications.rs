//! Sends notifications, as gateways do: to one URL, in the form of the protocol of the request that
//! caused them. A fault may have one sent twice, or after the next one.
//!
//! A notification proves nothing; its receiver is expected to ask the gateway. It is sent up to
//! [`TRIES_MAX`] times and then dropped, since a receiver that misses it finds out by asking.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::sync::mpsc;

use crate::clock::now_ms;
use crate::ledger::{Entry, Kind};
use crate::options::{Options, SandboxError};
use crate::requests::Protocol;
use crate::signature::hmac;
use crate::signed::signature::{self, RequestHead};
use crate::stripe::objects;

/// How long a notification that should be late waits for the next one.
const LATE: Duration = Duration::from_secs(2);
/// How long one try may take.
const TRY_TIMEOUT: Duration = Duration::from_secs(5);
const TRIES_MAX: u32 = 3;

/// What is done to the delivery of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Once,
    Twice,
    /// Only after the next notification, if one comes within [`LATE`].
    Late,
}

/// Takes notifications for delivery in the background. Without a URL they are dropped.
#[derive(Debug)]
pub(crate) struct Notifications(Option<mpsc::UnboundedSender<Notification>>);

#[derive(Debug)]
pub(crate) struct Notification {
    pub(crate) entry: Entry,
    pub(crate) protocol: Protocol,
    pub(crate) delivery: Delivery,
}

struct Sender {
    authority: String,
    path: String,
    secret: String,
}

impl Notifications {
    /// Starts the background task, if the options name a URL.
    pub(crate) fn start(options: &Options) -> Result<Self, SandboxError> {
        let Some(url) = &options.notification_url else { return Ok(Self(None)) };
        let uri: Uri = url.parse().map_err(|_| SandboxError::NotificationUrl)?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"));
        let authority = authority.ok_or(SandboxError::NotificationUrl)?.to_string();
        let secret = options.secret.clone().unwrap_or_default();
        let sender = Sender { authority, path: uri.path().to_owned(), secret };
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(sender.run(waiting));
        Ok(Self(Some(queue)))
    }

    /// Queues a notification; never waits.
    pub(crate) fn send(&self, notification: Notification) {
        if let Some(queue) = &self.0 {
            let _ = queue.send(notification);
        }
    }
}

impl Sender {
    async fn run(self, mut waiting: mpsc::UnboundedReceiver<Notification>) {
        while let Some(notification) = waiting.recv().await {
            if notification.delivery == Delivery::Late
                && let Ok(Some(next)) = tokio::time::timeout(LATE, waiting.recv()).await
            {
                // The next one's own fault is ignored: it is sent once.
                self.deliver(&next).await;
            }
            self.deliver(&notification).await;
            if notification.delivery == Delivery::Twice {
                self.deliver(&notification).await;
            }
        }
    }

    async fn deliver(&self, notification: &Notification) {
        for failed_tries in 0..TRIES_MAX {
            match tokio::time::timeout(TRY_TIMEOUT, self.send(notification)).await {
                Ok(Ok(true)) => return,
                _ => tokio::time::sleep(Duration::from_millis(200 << failed_tries)).await,
            }
        }
        tracing::debug!(id = notification.entry.id, "a notification was not delivered");
    }

    /// Sends it once; true if the receiver answered with a status of success.
    async fn send(&self, notification: &Notification) -> std::io::Result<bool> {
        let stream = tokio::net::TcpStream::connect(&self.authority).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        let request = self.request(notification).map_err(std::io::Error::other)?;
        let answer = sender.send_request(request).await.map_err(std::io::Error::other)?;
        Ok(answer.status().is_success())
    }

    fn request(&self, notification: &Notification) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let request = Request::builder().method(Method::POST).uri(&self.path);
        let request = request.header(HOST, &self.authority).header(CONTENT_TYPE, "application/json");
        let Entry { id, kind, reference, .. } = &notification.entry;
        let seconds = now_ms().div_euclid(1_000);
        match notification.protocol {
            Protocol::Signed => {
                let kind = if *kind == Kind::Charge { "charge.changed" } else { "refund.changed" };
                let body = json!({"type": kind, "id": id}).to_string();
                let (timestamp, nonce) = (seconds.to_string(), format!("{:032x}", now_ms()));
                let head =
                    RequestHead { timestamp: &timestamp, nonce: &nonce, method: "POST", path: &self.path };
                let signature = signature::of_request(&self.secret, head, body.as_bytes());
                let request = request.header("earmark-timestamp", seconds).header("earmark-nonce", nonce);
                request.header("earmark-signature", signature).body(Full::new(body.into()))
            }
            Protocol::Stripe => {
                let (kind, object) = match kind {
                    Kind::Charge => {
                        ("payment_intent.succeeded", objects::payment_intent(&notification.entry))
                    }
                    Kind::Refund => ("refund.updated", objects::refund(&notification.entry)),
                };
                let id = format!("evt_{reference}");
                let event = json!({"id": id, "object": "event", "type": kind, "data": {"object": object}});
                let body = event.to_string();
                let signed = format!("{seconds}.{body}");
                let signature = format!("t={seconds},v1={}", hmac(&self.secret, &[signed.as_bytes()]));
                request.header("stripe-signature", signature).body(Full::new(body.into()))
            }
        }
    }
}
