//! What does the server run with? A flag goes before the environment, that before the file, and
//! that before the default.
//!
//! Everything is checked before anything starts. No message repeats a secret.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use earmark_core::{Currency, Span};
use earmark_door::DoorConfig;
use earmark_door::secrets::AdminKey;
use earmark_http::HttpConfig;
use earmark_postgres::Distributed;

use crate::cli::{LogFormat, ServeOptions, Spread};
use crate::database::Database;
use crate::gateway::{GatewayConfig, GatewayOptions};
use crate::usage::WrongUsage;

/// Shortest time that idempotency keys are kept: what clients are promised.
const IDEMPOTENCY_TTL_MIN: Duration = Duration::from_secs(72 * 3600);

/// Everything the server needs, checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) database: Database,
    pub(crate) distributed: Option<Distributed>,
    pub(crate) listen: SocketAddr,
    pub(crate) door: DoorConfig,
    pub(crate) http: HttpConfig,
    pub(crate) gateway: GatewayConfig,
    pub(crate) idempotency_ttl: Span,
    pub(crate) log_format: Option<LogFormat>,
    pub(crate) log: String,
}

impl Config {
    /// Puts flags, environment (clap has merged those two), file and defaults together.
    pub(crate) fn new(options: ServeOptions) -> anyhow::Result<Self> {
        let file = options.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let database = options.database.or(file.database).unwrap_or_else(|| "sqlite:earmark.db".into());
        let parsed = Database::parse(&database)?;
        let currency = options.currency.or(file.currency).unwrap_or_else(|| "USD".into());
        let currency =
            Currency::parse(&currency).map_err(|error| WrongUsage(format!("--currency: {error}")))?;
        let gateway = GatewayOptions {
            gateway: options.gateway.or(file.gateway),
            url: options.gateway_url.or(file.gateway_url),
            secret: options.gateway_secret.or(file.gateway_secret),
            webhook_secret: options.gateway_webhook_secret.or(file.gateway_webhook_secret),
        };
        let notification_key = crate::gateway::notification_key(&gateway)?;
        let gateway = GatewayConfig::parse(gateway, &currency)?;
        let mut http = HttpConfig::new(currency, gateway.name());
        http.notification_key = notification_key;
        let mut door = DoorConfig::default();
        if let Some(key) = options.admin_key.or(file.admin_key) {
            door.admin_key =
                Some(AdminKey::parse(&key).map_err(|error| WrongUsage(format!("--admin-key: {error}")))?);
        }
        http.private_catalogue = options.private_catalogue.or(file.private_catalogue).unwrap_or(false);
        if let Some(timeout) = duration("gateway-timeout", options.gateway_timeout.or(file.gateway_timeout))?
        {
            http.gateway_timeout = timeout;
        }
        if let Some(ttl) = duration("reservation-ttl", options.reservation_ttl.or(file.reservation_ttl))? {
            http.reservation_ttl = span("reservation-ttl", ttl)?;
        }
        if let Some(ttl) = duration("cart-ttl", options.cart_ttl.or(file.cart_ttl))? {
            http.cart_ttl = span("cart-ttl", ttl)?;
        }
        let kept = duration("idempotency-ttl", options.idempotency_ttl.or(file.idempotency_ttl))?;
        let kept = kept.unwrap_or(IDEMPOTENCY_TTL_MIN);
        if kept < IDEMPOTENCY_TTL_MIN {
            return Err(WrongUsage("--idempotency-ttl: clients are promised at least 72h".into()).into());
        }
        Ok(Self {
            distributed: distributed(options.distributed.or(file.distributed), &parsed)?,
            database: parsed,
            listen: options.listen.or(file.listen).unwrap_or_else(|| ([127, 0, 0, 1], 8080).into()),
            door,
            http,
            gateway,
            idempotency_ttl: span("idempotency-ttl", kept)?,
            log_format: options.log_format.or(file.log_format),
            log: options.log.or(file.log).unwrap_or_else(|| "info".into()),
        })
    }
}

fn distributed(spread: Option<Spread>, database: &Database) -> Result<Option<Distributed>, WrongUsage> {
    match (spread, database) {
        (None, _) => Ok(None),
        (Some(Spread::Citus), Database::Postgres(_)) => Ok(Some(Distributed::Citus)),
        (Some(_), Database::Sqlite(_)) => Err(WrongUsage(
            "--distributed: an SQLite file is on one machine; it goes with postgres://…".into(),
        )),
    }
}

/// A file has the same keys as there are flags, without `config`.
fn read_file(path: &Path) -> anyhow::Result<ServeOptions> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).map_err(|error| {
        // The message shows the line; a secret may stand in it, so only the position is repeated.
        let line = error.span().map_or(0, |span| text[..span.start].lines().count().max(1));
        WrongUsage(format!("{}, line {line}: {}", path.display(), error.message())).into()
    })
}

fn duration(name: &str, text: Option<String>) -> Result<Option<Duration>, WrongUsage> {
    let parse = |text: String| match humantime::parse_duration(&text) {
        Ok(time) if time > Duration::ZERO => Ok(time),
        _ => Err(WrongUsage(format!(
            "--{name}: expected a time such as 10s, 30m, 72h or 30days, not {text:?}"
        ))),
    };
    text.map(parse).transpose()
}

/// Whole seconds, at least one and at most ten years.
fn span(name: &str, time: Duration) -> Result<Span, WrongUsage> {
    const SECONDS_MAX: u64 = 10 * 366 * 24 * 3600;
    match u32::try_from(time.as_secs()) {
        Ok(seconds) if seconds >= 1 && u64::from(seconds) <= SECONDS_MAX => Ok(Span::from_seconds(seconds)),
        _ => Err(WrongUsage(format!("--{name}: at least one second and at most ten years"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> (tempfile::NamedTempFile, ServeOptions) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let config = Some(file.path().to_owned());
        (file, ServeOptions { config, ..ServeOptions::default() })
    }

    #[test]
    fn a_flag_is_over_the_file_and_the_file_over_the_default() {
        let (_file, mut options) =
            options("listen = \"127.0.0.1:1\"\ncurrency = \"GBP\"\nreservation-ttl = \"5m\"");
        options.listen = Some(([127, 0, 0, 1], 2).into());
        let config = Config::new(options).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.http.currency.as_str(), "GBP");
        assert_eq!(config.http.reservation_ttl, Span::from_seconds(300));
        assert_eq!(config.http.cart_ttl, Span::from_seconds(30 * 24 * 3600));
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (text, named) in [
            ("curency = \"GBP\"", "line 1: unknown field `curency`"),
            ("currency = \"pounds\"", "--currency"),
            ("admin-key = \"short\"", "--admin-key"),
            ("idempotency-ttl = \"1h\"", "at least 72h"),
            ("gateway = \"cash\"", "--gateway"),
            ("database = \"postgres://user:hunter2@host:port/db\"", "--database"),
            ("database = \"postgres://user:hunter2@host/db?sslmode=maybe\"", "sslmode"),
            ("distributed = \"citus\"", "--distributed"),
            ("cart-ttl = \"0s\"", "--cart-ttl"),
        ] {
            let error = {
                let (_file, options) = options(text);
                Config::new(options).unwrap_err()
            };
            assert!(error.to_string().contains(named), "{text}: {error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
