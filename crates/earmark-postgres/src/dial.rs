//! Which of several hosts is used? Each is tried by itself; the next one as soon as one has failed
//! or has been silent for a moment.
//!
//! The driver would try one after the other, and gives a host no time limit once it has taken the
//! connection. A server that hangs would hide all that come after it in the URL. Invariant: no host
//! is waited for longer than [`HEAD_START`] while another has not been tried.

use std::time::Duration;

use deadpool_postgres::Connect;
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::describe;

/// How long a host may be silent before the next one is tried as well.
const HEAD_START: Duration = Duration::from_millis(500);

/// A connection, and the task that carries its bytes.
pub(crate) type Dialed = (Client, JoinHandle<()>);

/// Connects to the first host that answers as the configuration wants it. The error is that of the
/// host that failed last.
pub(crate) async fn dial(config: &Config, tls: &MakeRustlsConnect) -> Result<Dialed, Error> {
    let mut hosts = each_host(config).into_iter();
    let mut tried = JoinSet::new();
    let mut failed = None;
    loop {
        let next = hosts.next();
        let is_last = next.is_none();
        if let Some(host) = next {
            let tls = tls.clone();
            tried.spawn(async move { host.connect(tls).await });
        }
        let answered = if is_last {
            tried.join_next().await
        } else {
            // It is silent: the next one is tried as well.
            let Ok(answered) = tokio::time::timeout(HEAD_START, tried.join_next()).await else { continue };
            answered
        };
        match answered {
            Some(Ok(Ok((client, connection)))) => {
                return Ok((client, tokio::spawn(carry(connection))));
            }
            Some(Ok(Err(error))) => failed = Some(error),
            // These tasks are never cancelled, so one that ended without a result has panicked in
            // the driver.
            Some(Err(broken)) => std::panic::resume_unwind(broken.into_panic()),
            None => return Err(failed.expect("all have been tried, and one at least has failed")),
        }
    }
}

async fn carry(connection: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(error = describe(&error), "a connection to the database ended");
    }
}

/// Makes the connections of a pool in the same way.
pub(crate) struct Dialer(pub(crate) MakeRustlsConnect);

impl Connect for Dialer {
    fn connect(
        &self,
        config: &Config,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Dialed, Error>> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move { dial(&config, &self.0).await })
    }
}

/// One configuration for each host, the same in everything else.
fn each_host(config: &Config) -> Vec<Config> {
    let count = config.get_hosts().len().max(config.get_hostaddrs().len());
    if count < 2 {
        return vec![config.clone()];
    }
    (0..count).map(|place| only_host(config, place)).collect()
}

fn only_host(config: &Config, place: usize) -> Config {
    let mut only = Config::new();
    match config.get_hosts().get(place) {
        Some(Host::Tcp(name)) => only.host(name),
        Some(Host::Unix(path)) => only.host_path(path),
        None => &mut only,
    };
    if let Some(address) = config.get_hostaddrs().get(place) {
        only.hostaddr(*address);
    }
    // As in libpq: a single port counts for all hosts.
    if let Some(port) = config.get_ports().get(place).or(config.get_ports().first()) {
        only.port(*port);
    }
    if let Some(user) = config.get_user() {
        only.user(user);
    }
    if let Some(password) = config.get_password() {
        only.password(password);
    }
    if let Some(dbname) = config.get_dbname() {
        only.dbname(dbname);
    }
    if let Some(options) = config.get_options() {
        only.options(options);
    }
    if let Some(name) = config.get_application_name() {
        only.application_name(name);
    }
    if let Some(timeout) = config.get_connect_timeout() {
        only.connect_timeout(*timeout);
    }
    if let Some(timeout) = config.get_tcp_user_timeout() {
        only.tcp_user_timeout(*timeout);
    }
    if let Some(interval) = config.get_keepalives_interval() {
        only.keepalives_interval(interval);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        only.keepalives_retries(retries);
    }
    only.keepalives(config.get_keepalives()).keepalives_idle(config.get_keepalives_idle());
    only.ssl_mode(config.get_ssl_mode()).ssl_negotiation(config.get_ssl_negotiation());
    only.channel_binding(config.get_channel_binding());
    only.target_session_attrs(config.get_target_session_attrs());
    only
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_its_port_and_everything_else_is_shared() {
        let url = "postgres://shop:secret@a:1,b:2/books?target_session_attrs=read-write&application_name=x\
            &options=-c%20jit%3Doff&connect_timeout=3&keepalives_idle=7&sslmode=require&channel_binding=require";
        let config: Config = url.parse().unwrap();
        let hosts = each_host(&config);
        assert_eq!(hosts.len(), 2);
        for (host, name, port) in [(&hosts[0], "a", 1), (&hosts[1], "b", 2)] {
            assert_eq!(
                *host,
                format!("postgres://shop:secret@{name}:{port}/{}", &url[url.find("books").unwrap()..])
                    .parse()
                    .unwrap()
            );
        }
        let shared: Config = "postgres://a,b:7/books".parse().unwrap();
        assert_eq!(each_host(&shared)[0].get_ports(), [5432]);
    }

    #[test]
    fn one_host_is_tried_as_it_stands() {
        let config: Config = "postgres://shop@a/books?load_balance_hosts=random".parse().unwrap();
        assert_eq!(each_host(&config), [config]);
    }
}
