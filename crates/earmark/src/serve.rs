//! How are the parts put together? Engine and read side, writer, workers, HTTP; and how they stop.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use earmark_core::{Action, Caller, Command};
use earmark_door::{Door, ServeLimits, first_key};
use earmark_postgres::PostgresOptions;
use earmark_sqlite::SqliteOptions;
use earmark_store::{Engine, Queries, Store, StoreError, StoreOptions};
use earmark_workers::gateways::Currency;
use earmark_workers::{CartCleanup, Expiry, Guard, KeyCleanup, Payments, Refunds, Share, Worker};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use crate::cli::ServeOptions;
use crate::config::{Config, Database};
use crate::faults::{EarlyCharges, Faults};
use crate::logging;

/// How long the writer may take to finish what it has, once nobody can ask for more.
const LAST_COMMANDS: Duration = Duration::from_secs(10);

/// `earmark serve`.
pub(crate) fn command(options: ServeOptions) -> anyhow::Result<ExitCode> {
    let config = Config::new(options)?;
    logging::start(config.log_format, &config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run(config));
    // Calls to a gateway may still hang; their rows are PENDING and are asked for after the next start.
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}

async fn run(config: Config) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let server = Server::start(config).await?;
    // The database may be away now; whoever runs this shall see the key once it is back.
    let first_key =
        server.config.door.admin_key.is_none().then(|| tokio::spawn(show_first_key(server.store.clone())));
    let stop = async move {
        stop.await;
        if let Some(task) = first_key {
            task.abort();
        }
    };
    server.serve(stop).await
}

/// Prints an admin key if the database has no key yet.
async fn show_first_key(store: Store) {
    if let Some(key) = first_key::create(&store).await {
        println!("This database has no API key yet. An admin key, shown once:\n\n  {}\n", key.token);
    }
}

/// Runs a command of the operator's own.
pub(crate) async fn submit(store: &Store, action: Action) -> anyhow::Result<()> {
    let command = Command::new(Caller::OPERATOR, action);
    match store.submit(command).await? {
        Ok(_) => Ok(()),
        Err(rejection) => anyhow::bail!("refused: {rejection:?}"),
    }
}

/// The two halves of the books, whichever engine keeps them.
type Books = (Box<dyn Engine>, Arc<dyn Queries>);

async fn open(config: &Config, faults: Faults) -> anyhow::Result<Books> {
    match &config.database {
        Database::Sqlite(path) => {
            anyhow::ensure!(
                faults.postgres().is_none(),
                "EARMARK_FAULT: that fault is of the PostgreSQL engine"
            );
            let (engine, queries) = earmark_sqlite::open(path, SqliteOptions::default())?;
            Ok((Box::new(engine), Arc::new(queries)))
        }
        Database::Postgres(url) => {
            let options = PostgresOptions {
                distributed: config.distributed,
                broken: faults.postgres(),
                ..PostgresOptions::default()
            };
            let url = url.clone();
            let opened = tokio::task::spawn_blocking(move || earmark_postgres::open(&url, options)).await;
            let (engine, queries) = opened??;
            Ok((Box::new(engine), Arc::new(queries)))
        }
    }
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
    /// Opens the books, starts the writer, takes the address.
    pub(crate) async fn start(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
        let faults = Faults::of_environment()?;
        let (gateway, currency) = (config.gateway.open()?, Currency::parse(config.http.currency.as_str())?);
        let (engine, queries) = open(&config, faults).await?;
        let (runtime, timeout) = (Handle::current(), config.http.gateway_timeout);
        let charges = EarlyCharges { gateway: Arc::clone(&gateway), currency, runtime };
        let engine = faults.around_engine(engine, charges);
        let guard = Guard::new(faults.around_gateway(gateway, timeout), currency, timeout);
        let (store, writer_ended) = Store::start(engine, queries, StoreOptions::default());
        tracing::info!(database = %config.database, listen = %listener.local_addr()?, "open");
        Ok(Self { store, writer_ended, listener, guard, config })
    }

    /// Where it listens.
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
            // A worker's call to a gateway may hold a handle; all that was acknowledged is saved.
            Err(_) | Ok(Ok(Ok(()))) => Ok(()),
            Ok(ended) => writer_failed(ended),
        }
    }
}

/// Says why the writer must not go on. What was acknowledged is saved; what was not may have happened.
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
        Arc::new(Expiry::new(store.clone())),
        Arc::new(CartCleanup::new(store.clone())),
        Arc::new(KeyCleanup::new(store.clone(), config.idempotency_ttl)),
    ]
}

/// Completes on SIGTERM or SIGINT.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishes what it has");
    })
}
