//! Which gateway takes the money? Reads `--gateway` and what belongs to it, and makes its client.
//!
//! Invariant: secrets are parsed into types that are never shown, and no message repeats one.

use std::sync::Arc;

use anyhow::Context;
use earmark_core::Currency;
use earmark_core::text::Name;
use earmark_http::{NotificationKey, SignatureScheme};
use earmark_store::Clock;
use earmark_workers::PaymentGateway;
use earmark_workers::gateways::{
    HttpClient, HttpClientOptions, Sandbox, SharedSecret, SignedGateway, StripeGateway, StripeKey,
};

use crate::usage::WrongUsage;

/// The shortest secret that notifications may be signed with, in bytes.
const WEBHOOK_SECRET_BYTES_MIN: usize = 16;
/// Where Stripe is, unless `--gateway-url` says otherwise.
const STRIPE_URL: &str = "https://api.stripe.com";
/// Currencies whose minor unit is not Stripe's: it counts hundredths where ISO 4217 has none.
const NOT_FOR_STRIPE: [&str; 2] = ["ISK", "UGX"];

/// The options as they were given.
#[derive(Default)]
pub(crate) struct GatewayOptions {
    pub(crate) gateway: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) secret: Option<String>,
    pub(crate) webhook_secret: Option<String>,
}

/// A gateway, checked and not opened yet.
#[derive(Clone, Debug)]
pub(crate) enum GatewayConfig {
    /// A gateway in this process, to try with.
    Sandbox,
    /// A server that speaks the gateway protocol.
    Signed { url: String, secret: SharedSecret },
    /// Stripe, or what stands in for it.
    Stripe { url: String, key: StripeKey },
}

fn wrong(text: &str) -> WrongUsage {
    WrongUsage(text.into())
}

/// What checks the notifications of the gateway. For a gateway of one's own it is by default the
/// secret that its answers are checked with.
pub(crate) fn notification_key(options: &GatewayOptions) -> Result<Option<NotificationKey>, WrongUsage> {
    let secret = options.webhook_secret.as_deref();
    let (scheme, secret) = match options.gateway.as_deref() {
        None | Some("sandbox") if secret.is_some() => {
            return Err(wrong("--gateway-webhook-secret: the sandbox has no webhooks"));
        }
        None | Some("sandbox") => return Ok(None),
        Some("stripe") => (SignatureScheme::Stripe, secret),
        Some(_) => (SignatureScheme::Earmark, secret.or(options.secret.as_deref())),
    };
    match secret {
        Some(secret) if secret.len() < WEBHOOK_SECRET_BYTES_MIN => {
            Err(wrong("--gateway-webhook-secret: too short to be a secret"))
        }
        secret => Ok(secret.map(|secret| NotificationKey { scheme, secret: secret.into() })),
    }
}

impl GatewayConfig {
    /// Checks what was given.
    pub(crate) fn parse(options: GatewayOptions, currency: &Currency) -> Result<Self, WrongUsage> {
        let GatewayOptions { gateway, url, secret, webhook_secret: _ } = options;
        let gateway = gateway.as_deref().unwrap_or("sandbox");
        let secret_needed =
            || wrong("--gateway-secret: this gateway needs one; best set EARMARK_GATEWAY_SECRET");
        match gateway {
            "sandbox" if secret.is_some() || url.is_some() => {
                Err(wrong("--gateway: the sandbox takes no --gateway-secret and no --gateway-url"))
            }
            "sandbox" => Ok(Self::Sandbox),
            "stripe" => {
                if NOT_FOR_STRIPE.contains(&currency.as_str()) {
                    return Err(wrong("--gateway: Stripe counts this currency in another minor unit"));
                }
                let key = StripeKey::parse(&secret.ok_or_else(secret_needed)?);
                let key =
                    key.ok_or_else(|| wrong("--gateway-secret: expected a key that begins with sk_ or rk_"))?;
                Ok(Self::Stripe { url: url.unwrap_or_else(|| STRIPE_URL.into()), key })
            }
            _ if url.is_some() => Err(wrong("--gateway-url: only for --gateway stripe; write http:URL")),
            text if text.starts_with("http:") || text.starts_with("https:") => {
                // `http://host` is what people write who mean `http:http://host`.
                let rest = text.strip_prefix("http:").filter(|rest| !rest.starts_with("//"));
                let secret = SharedSecret::parse(&secret.ok_or_else(secret_needed)?)
                    .map_err(|error| WrongUsage(format!("--gateway-secret: {error}")))?;
                Ok(Self::Signed { url: rest.unwrap_or(text).to_owned(), secret })
            }
            _ => Err(wrong("--gateway: expected sandbox, http:URL or stripe")),
        }
    }

    /// Its name, as payments carry it.
    pub(crate) fn name(&self) -> Name {
        let name = match self {
            Self::Sandbox => "sandbox",
            Self::Signed { .. } => "http",
            Self::Stripe { .. } => "stripe",
        };
        Name::parse(name).expect("a short word is a name")
    }

    /// Opens the way there; nothing is sent yet.
    pub(crate) fn open(&self) -> anyhow::Result<Arc<dyn PaymentGateway>> {
        let outgoing = |url: &str| {
            if url.starts_with("http://") && !is_loopback(url) {
                tracing::warn!(
                    "payment tokens leave this machine in clear text; use an https URL for the gateway"
                );
            }
            let outgoing = HttpClient::new(url, HttpClientOptions::default());
            outgoing.map_err(|error| WrongUsage(error.to_string())).context("the gateway's URL")
        };
        Ok(match self {
            Self::Sandbox => Arc::new(Sandbox::new()),
            Self::Signed { url, secret } => {
                Arc::new(SignedGateway::new(outgoing(url)?, secret.clone(), Clock::system()))
            }
            Self::Stripe { url, key } => {
                Arc::new(StripeGateway::new(outgoing(url)?, key.clone(), Clock::system()))
            }
        })
    }
}

fn is_loopback(url: &str) -> bool {
    ["http://127.", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(gateway: &str, secret: Option<&str>, url: Option<&str>) -> Result<GatewayConfig, String> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let (url, secret, webhook_secret) = (text(url), text(secret), None);
        let options = GatewayOptions { gateway: Some(gateway.into()), url, secret, webhook_secret };
        GatewayConfig::parse(options, &Currency::parse("USD").unwrap()).map_err(|error| error.to_string())
    }

    const SECRET: &str = "a-shared-secret-of-forty-characters-0001";
    const KEY: &str = "sk_test_0123456789abcdef";

    #[test]
    fn each_gateway_is_recognised_with_its_secret() {
        assert_eq!(parse("sandbox", None, None).unwrap().name().as_str(), "sandbox");
        for (text, url) in [
            ("http:https://pay.example.com/x", "https://pay.example.com/x"),
            ("http:http://127.0.0.1:1", "http://127.0.0.1:1"),
            ("http://127.0.0.1:1", "http://127.0.0.1:1"),
            ("https://pay.example.com", "https://pay.example.com"),
        ] {
            let Ok(GatewayConfig::Signed { url: parsed, .. }) = parse(text, Some(SECRET), None) else {
                panic!("{text}")
            };
            assert_eq!(parsed, url);
        }
        assert!(
            matches!(parse("stripe", Some(KEY), None), Ok(GatewayConfig::Stripe { url, .. }) if url == STRIPE_URL)
        );
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_repeated() {
        for (gateway, secret, url) in [
            ("cash", None, None),
            ("sandbox", Some(SECRET), None),
            ("stripe", None, None),
            ("stripe", Some(SECRET), None),
            ("http:http://x", None, None),
            ("http:http://x", Some("short-secret"), None),
            ("http:http://x", Some(SECRET), Some("http://y")),
        ] {
            let error = parse(gateway, secret, url).unwrap_err();
            assert!(error.contains("--gateway"), "{error}");
            assert!(!error.contains("short-secret") && !error.contains(SECRET), "{error}");
        }
        let shown =
            format!("{:?}{:?}", parse("stripe", Some(KEY), None), parse("http:http://x", Some(SECRET), None));
        assert!(!shown.contains(KEY) && !shown.contains(SECRET), "{shown}");
    }
}
