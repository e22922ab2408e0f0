//! How are the parts put together? Engine and read side, writer, workers, HTTP; and how they stop.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use earmark_core::idempotency::IdempotencyKey;
use earmark_core::keys::KeyRole;
use earmark_core::keys::create::CreateKey;
use earmark_core::text::Name;
use earmark_core::{Action, Caller, Command, Outcome};
use earmark_http::secrets::FreshKey;
use earmark_http::{AppState, ServeLimits};
use earmark_postgres::PostgresOptions;
use earmark_sqlite::SqliteOptions;
use earmark_store::{Engine, Queries, Store, StoreError, StoreOptions};
use earmark_workers::gateways::Mortal;
use earmark_workers::{Accepted, CartCleanup, Expiry, Guard, KeyCleanup, Payments, Refunds, Share, Worker};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

use crate::cli::ServeOptions;
use crate::config::{Config, Database};
use crate::faults::Faults;
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
        server.config.http.admin_key.is_none().then(|| tokio::spawn(show_first_key(server.store.clone())));
    let stop = async move {
        stop.await;
        if let Some(task) = first_key {
            task.abort();
        }
    };
    server.serve(stop).await
}

/// Makes an admin key and prints it, if nobody could come in otherwise.
async fn show_first_key(store: Store) {
    let fresh = match FreshKey::draw() {
        Ok(fresh) => fresh,
        Err(error) => return tracing::error!(%error, "no API key could be drawn"),
    };
    loop {
        match is_first_key(&store, &fresh).await {
            Ok(false) => return,
            Ok(true) => {
                let key = fresh.token;
                println!("This database has no API key yet. An admin key, shown once:\n\n  {key}\n");
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "it is not known whether there is an API key");
                tokio::time::sleep(FIRST_KEY_PAUSE).await;
            }
        }
    }
}

/// Whether this key has become the first, now or at an earlier try whose answer was lost. Of nodes that start at once, one makes it.
async fn is_first_key(store: &Store, fresh: &FreshKey) -> anyhow::Result<bool> {
    let keys = store.queries().list_api_keys(None, 2).await?.rows;
    if !keys.is_empty() {
        return Ok(keys.iter().any(|key| key.id == fresh.id));
    }
    let name = Some(Name::parse("first").expect("a short word is a name"));
    let create = CreateKey { id: fresh.id, name, role: KeyRole::Admin, secret_hash: fresh.secret_hash };
    let idempotency = IdempotencyKey { digest: *b"the first apikey", fingerprint: [0; 16] };
    let outcome = carry_out(store, Action::CreateKey(create), Some(idempotency)).await?;
    Ok(matches!(outcome, Outcome::Key(key) if key.id == fresh.id))
}

/// Carries out a command of the operator's own.
pub(crate) async fn submit(store: &Store, action: Action) -> anyhow::Result<()> {
    carry_out(store, action, None).await.map(drop)
}

async fn carry_out(
    store: &Store,
    action: Action,
    idempotency: Option<IdempotencyKey>,
) -> anyhow::Result<Outcome> {
    let command = Command { idempotency, ..Command::new(Caller::OPERATOR, action) };
    match store.submit(command).await? {
        Ok(answer) => Ok(answer.outcome),
        Err(rejection) => anyhow::bail!("refused: {rejection:?}"),
    }
}

/// The two halves of the books, whichever engine keeps them.
type Books = (Box<dyn Engine>, Arc<dyn Queries>);

async fn open(config: &Config, faults: &Faults) -> anyhow::Result<Books> {
    match &config.database {
        Database::Sqlite(path) => {
            anyhow::ensure!(
                faults.postgres.is_none(),
                "EARMARK_FAULT: that fault is of the PostgreSQL engine"
            );
            let (engine, queries) = earmark_sqlite::open(path, SqliteOptions::default())?;
            Ok((Box::new(engine), Arc::new(queries)))
        }
        Database::Postgres(url) => {
            let options = PostgresOptions {
                distributed: config.distributed,
                protections: faults.postgres.unwrap_or_default(),
                ..PostgresOptions::default()
            };
            let url = url.clone();
            let opened = tokio::task::spawn_blocking(move || earmark_postgres::open(&url, options)).await;
            let (engine, queries) = opened??;
            Ok((Box::new(engine), Arc::new(queries)))
        }
    }
}

/// Between two tries to find out whether there is an API key.
const FIRST_KEY_PAUSE: Duration = Duration::from_secs(1);

/// A store with its workers, listening and not serving yet.
pub(crate) struct Server {
    pub(crate) store: Store,
    writer_ended: oneshot::Receiver<Result<(), StoreError>>,
    listener: TcpListener,
    config: Config,
    faults: Faults,
}

impl Server {
    /// Opens the books, starts the writer, takes the address.
    pub(crate) async fn start(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
        let faults = Faults::of_environment()?;
        let (engine, queries) = open(&config, &faults).await?;
        let options = StoreOptions { fault: faults.store, ..StoreOptions::default() };
        let (store, writer_ended) = Store::start(engine, queries, options);
        tracing::info!(database = %config.database, listen = %listener.local_addr()?, "open");
        Ok(Self { store, writer_ended, listener, config, faults })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until `stop` completes or the writer must not go on.
    pub(crate) async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let Self { store, mut writer_ended, listener, config, faults } = self;
        let (stop_workers, stopped) = watch::channel(false);
        let guard = guard(&config, &faults)?;
        let Workers { accepted, all } = workers(&store, &config, (&guard, &faults));
        for worker in all {
            tokio::spawn(earmark_workers::run(worker, stopped.clone()));
        }
        let state = AppState::new(store.clone(), config.http).telling(accepted).at(faults.telling);
        let router = earmark_http::router(state.with_metrics(|registry| guard.register(registry)));
        let serving = earmark_http::serve(listener, router, ServeLimits::default(), stop);
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

/// The way to the gateway, with what stands before it.
fn guard(config: &Config, faults: &Faults) -> anyhow::Result<Arc<Guard>> {
    let mut gateway = config.gateway.open()?;
    if let Some((moment, call)) = faults.fatal_call {
        gateway = Mortal::new(gateway, moment, call);
    }
    Ok(Guard::new(gateway, config.http.currency, config.http.gateway_timeout))
}

/// All workers, and where to tell one of them of payments that were accepted here.
struct Workers {
    accepted: mpsc::Sender<Accepted>,
    all: Vec<Arc<dyn Worker>>,
}

fn workers(store: &Store, config: &Config, (guard, faults): (&Arc<Guard>, &Faults)) -> Workers {
    let share = match config.database {
        Database::Sqlite(_) => Share::All,
        Database::Postgres(_) => Share::one_of_many(config.http.gateway_timeout),
    };
    let mut payments = Payments::new(store.clone(), Arc::clone(guard), share).sabotaged(faults.worker);
    let accepted = payments.told_of_accepted();
    let all: Vec<Arc<dyn Worker>> = vec![
        Arc::new(payments),
        Arc::new(Refunds::new(store.clone(), Arc::clone(guard), share)),
        Arc::new(Expiry::new(store.clone())),
        Arc::new(CartCleanup::new(store.clone())),
        Arc::new(KeyCleanup::new(store.clone(), config.idempotency_ttl)),
    ];
    Workers { accepted, all }
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
