//! How are the parts put together, and how do they stop? Engine and read side, writer, workers,
//! HTTP.
//!
//! Everything is wired here and nowhere else: what opens the database is in `database.rs`, what
//! opens the way to the gateway in `gateway.rs`, the faults of proofs in `faults/`.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use earmark_core::Currency;
use earmark_door::{Door, ServeLimits};
use earmark_store::{Store, StoreError, StoreOptions};
use earmark_workers::{CartCleanup, Expiry, Guard, KeyCleanup, Payments, Refunds, Share, Worker};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use crate::cli::ServeOptions;
use crate::config::Config;
use crate::database::Database;
use crate::faults::{EarlyCharges, Faults};
use crate::stop::{run_server, stop_signal};
use crate::{first_key, logging};

/// How long the writer may take to finish what it has, once no request can come any more.
const LAST_COMMANDS: Duration = Duration::from_secs(10);

/// `earmark serve`: runs until it is stopped.
pub(crate) fn command(options: ServeOptions) -> anyhow::Result<ExitCode> {
    let config = Config::new(options)?;
    logging::start(config.log_format, &config.log)?;
    // Calls to a gateway may still hang in the end. Their rows are PENDING, and are looked up after
    // the next start.
    run_server(run(config))
}

async fn run(config: Config) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let server = Server::start(config).await?;
    let has_admin_key = server.config.door.admin_key.is_some();
    let first_key = (!has_admin_key).then(|| tokio::spawn(first_key::show(server.store.clone())));
    let stop = async move {
        stop.await;
        if let Some(task) = first_key {
            // It holds a handle of the store, and may wait for the database for ever.
            task.abort();
        }
    };
    server.serve(stop).await
}

/// A store with its workers, listening and not serving yet.
pub(crate) struct Server {
    pub(crate) store: Store,
    writer_ended: oneshot::Receiver<Result<(), StoreError>>,
    listener: TcpListener,
    guard: Arc<Guard>,
    config: Config,
}

impl Server {
    /// Takes the address, opens the database and starts the writer. Nothing is answered yet.
    pub(crate) async fn start(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
        let faults = Faults::of_environment()?;
        let (gateway, currency) = (config.gateway.open()?, Currency::parse(config.http.currency.as_str())?);
        let (engine, queries) = config.database.open(config.distributed, faults).await?;
        let (runtime, timeout) = (Handle::current(), config.http.gateway_timeout);
        let charges = EarlyCharges { gateway: Arc::clone(&gateway), currency, runtime };
        let engine = faults.around_engine(engine, charges);
        let guard = Guard::new(faults.around_gateway(gateway, timeout), currency, timeout);
        let (store, writer_ended) = Store::start(engine, queries, StoreOptions::default());
        tracing::info!(database = %config.database, listen = %listener.local_addr()?, "open");
        Ok(Self { store, writer_ended, listener, guard, config })
    }

    /// The address that it listens on, with the port that was taken.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until `stop` completes or the writer must not go on.
    pub(crate) async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let Self { store, mut writer_ended, listener, guard, config } = self;
        let (stop_workers, stopped) = watch::channel(false);
        for worker in workers(&store, &guard, &config) {
            tokio::spawn(earmark_workers::run(worker, stopped.clone()));
        }
        let door = Door::new(store.clone(), config.door);
        door.metrics.register(|registry| guard.register(registry));
        let router = earmark_http::router(door, config.http);
        let serving = earmark_door::serve(listener, router, ServeLimits::default(), stop);
        tokio::select! {
            () = serving => {}
            ended = &mut writer_ended => return writer_failed(ended),
        }
        let _ = stop_workers.send(true);
        drop(store);
        match tokio::time::timeout(LAST_COMMANDS, writer_ended).await {
            // A worker that waits for a gateway holds a handle; all that was acknowledged is saved.
            Err(_) | Ok(Ok(Ok(()))) => Ok(()),
            Ok(ended) => writer_failed(ended),
        }
    }
}

/// Why the writer must not go on. What was acknowledged is saved; what was not may have happened.
fn writer_failed(ended: Result<Result<(), StoreError>, oneshot::error::RecvError>) -> anyhow::Result<()> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            Err(error).context("the writer stopped, so that nothing unsaved is acknowledged; start again")
        }
        Err(_) => anyhow::bail!("the writer broke on a bug and was stopped; what was acknowledged is saved"),
    }
}

fn workers(store: &Store, guard: &Arc<Guard>, config: &Config) -> Vec<Arc<dyn Worker>> {
    let share = match config.database {
        Database::Sqlite(_) => Share::All,
        Database::Postgres(_) => Share::one_of_many(config.http.gateway_timeout),
    };
    vec![
        Arc::new(Payments::new(store.clone(), Arc::clone(guard), share)),
        Arc::new(Refunds::new(store.clone(), Arc::clone(guard), share)),
        Arc::new(Expiry { store: store.clone() }),
        Arc::new(CartCleanup { store: store.clone() }),
        Arc::new(KeyCleanup { store: store.clone(), kept: config.idempotency_ttl }),
    ]
}
