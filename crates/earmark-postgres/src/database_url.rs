//! Which database is meant? A URL as libpq takes it.
//!
//! Invariant: the password is shown nowhere, neither by `Debug` and `Display` nor in an error.

use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::open_error::OpenError;
use crate::tls::{Trust, connector};

/// How long one host may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long sent bytes may stay unacknowledged, and how long a connection may be silent before it
/// is probed. After that the other end is gone.
const SILENCE_MAX: Duration = Duration::from_secs(3);

/// A parsed `postgres://` URL. Neither `Debug` nor `Display` shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    config: Config,
    trust: Trust,
}

impl DatabaseUrl {
    /// Reads `postgres://user:password@host:port,host:port/database?parameters`, the URL of libpq.
    /// Of the parameters, `sslmode` and `sslrootcert` are interpreted here; `target_session_attrs`
    /// is always `read-write`.
    ///
    /// # Errors
    /// What is wrong, in a text that repeats no part of the URL.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (plain, parameters) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut others) = (None, None, Vec::new());
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => roots = Some(value.replace("%2F", "/")),
                _ => others.push(parameter),
            }
        }
        let joint = if others.is_empty() { "" } else { "?" };
        let plain = format!("{plain}{joint}{}", others.join("&"));
        // The error of the parser may quote what it could not read.
        let mut config: Config = plain.parse().map_err(|_| {
            "expected postgres://user:password@host:port/database, with parameters as libpq takes them"
                .to_owned()
        })?;
        let (mode, trust) = encryption(mode, roots.as_deref())?;
        config.ssl_mode(mode);
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.connect_timeout(CONNECT_TIMEOUT);
        config.tcp_user_timeout(SILENCE_MAX);
        config.keepalives_idle(SILENCE_MAX).keepalives_interval(Duration::from_secs(1)).keepalives_retries(3);
        if config.get_application_name().is_none() {
            config.application_name("earmark");
        }
        Ok(Self { config, trust })
    }

    /// The same database, on the host that answers first, a standby too.
    #[must_use]
    pub(crate) fn any_host(mut self) -> Self {
        self.config.target_session_attrs(TargetSessionAttrs::Any);
        self
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn tls(&self) -> Result<MakeRustlsConnect, OpenError> {
        connector(&self.trust).map_err(OpenError::Tls)
    }
}

fn encryption(mode: Option<&str>, roots: Option<&str>) -> Result<(SslMode, Trust), String> {
    let trust = match roots {
        None => None,
        Some("system") => Some(Trust::System),
        Some(path) => Some(Trust::File(path.to_owned())),
    };
    match (mode.unwrap_or("prefer"), trust) {
        ("disable", _) => Ok((SslMode::Disable, Trust::Anyone)),
        ("prefer", trust) => Ok((SslMode::Prefer, trust.unwrap_or(Trust::Anyone))),
        // As in libpq: with root certificates given, `require` checks against them.
        ("require", trust) => Ok((SslMode::Require, trust.unwrap_or(Trust::Anyone))),
        ("verify-ca" | "verify-full", Some(trust)) => Ok((SslMode::Require, trust)),
        ("verify-ca" | "verify-full", None) => {
            Err("sslmode=verify-full needs sslrootcert=FILE, or sslrootcert=system".to_owned())
        }
        _ => Err("sslmode is one of disable, prefer, require, verify-ca, verify-full".to_owned()),
    }
}

impl std::fmt::Display for DatabaseUrl {
    /// Hosts and database only, for messages.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let config = &self.config;
        f.write_str("postgres://")?;
        for (place, host) in config.get_hosts().iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let port = config.get_ports().get(place).or(config.get_ports().first()).unwrap_or(&5432);
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}:{port}")?,
                Host::Unix(path) => write!(f, "{comma}{}:{port}", path.display())?,
            }
        }
        write!(f, "/{}", config.get_dbname().or(config.get_user()).unwrap_or_default())
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_nowhere() {
        let url =
            "postgres://shop:hunter2@db1:5432,db2:5433/books?target_session_attrs=read-write&sslmode=require";
        let url = DatabaseUrl::parse(url).unwrap();
        assert_eq!(url.to_string(), "postgres://db1:5432,db2:5433/books");
        assert!(!format!("{url:?} {:?}", url.config()).contains("hunter2"));
        for wrong in
            ["postgres://shop:hunter2@db/books?nonsense=hunter2", "postgres://shop:hunter2@db:port/books"]
        {
            let error = DatabaseUrl::parse(wrong).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn encryption_is_what_the_url_says() {
        let of = |parameters: &str| {
            let url = DatabaseUrl::parse(&format!("postgres://u@h/d?{parameters}"))?;
            Ok::<_, String>((url.config.get_ssl_mode(), url.trust))
        };
        assert_eq!(of(""), Ok((SslMode::Prefer, Trust::Anyone)));
        assert_eq!(of("sslmode=disable"), Ok((SslMode::Disable, Trust::Anyone)));
        assert_eq!(of("sslmode=require"), Ok((SslMode::Require, Trust::Anyone)));
        assert_eq!(of("sslmode=verify-full&sslrootcert=system"), Ok((SslMode::Require, Trust::System)));
        let file = Trust::File("/etc/ca.pem".into());
        assert_eq!(of("sslrootcert=%2Fetc%2Fca.pem&sslmode=verify-ca"), Ok((SslMode::Require, file)));
        assert!(of("sslmode=verify-full").is_err());
        assert!(of("sslmode=maybe").is_err());
    }
}
