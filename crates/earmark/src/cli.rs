//! What can be typed? Commands and flags, with the help that `--help` shows.
//!
//! A flag of `serve` is also read from the environment as `EARMARK_<OPTION>`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// An order management system that never oversells, never loses or doubles an acknowledged command,
/// and never charges twice.
#[derive(Parser)]
#[command(name = "earmark", version, about, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the binary can be told to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the order management server.
    Serve(Box<ServeOptions>),
    /// Run a server to try: a throw-away database, a catalogue of real products, a sandbox gateway.
    Demo(DemoOptions),
    /// Run a payment gateway to try with. It remembers what it did, and fails on demand.
    SandboxGateway(Box<SandboxOptions>),
    /// Make, list and revoke API keys of a running server.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Bring data into a running server.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Verify what is stored: counters = movements = open order lines; money in = captured -
    /// refunded; states follow from lines.
    Verify(VerifyOptions),
    /// Compare payments and refunds with the gateway's own list, and print each difference with its
    /// cause.
    Reconcile(ReconcileOptions),
    /// Measure how fast the server is.
    #[command(subcommand)]
    Bench(BenchCommand),
}

/// How the server runs. `config.rs` says which of flag, environment and file goes first.
#[derive(Args, Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ServeOptions {
    /// TOML file with the same options as keys (`database = "sqlite:shop.db"`).
    #[arg(long, env = "EARMARK_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
    /// The database: sqlite:PATH, or postgres://user:password@host:port,host:port/database, shared
    /// by any number of nodes [default: sqlite:earmark.db].
    #[arg(long, env = "EARMARK_DATABASE", value_name = "URL", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// What spreads the tables over machines, on PostgreSQL.
    #[arg(long, env = "EARMARK_DISTRIBUTED", value_enum)]
    pub(crate) distributed: Option<Spread>,
    /// Address to listen on [default: 127.0.0.1:8080].
    #[arg(long, env = "EARMARK_LISTEN", value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// The one currency, ISO 4217 [default: USD].
    #[arg(long, env = "EARMARK_CURRENCY", value_name = "CODE")]
    pub(crate) currency: Option<String>,
    /// The payment gateway: sandbox, stripe, or http:URL for a server that speaks the gateway
    /// protocol [default: sandbox].
    #[arg(long, env = "EARMARK_GATEWAY", value_name = "GATEWAY")]
    pub(crate) gateway: Option<String>,
    /// The secret of the gateway: Stripe's secret key, or the one shared with the server at
    /// http:URL. Better in the environment than here.
    #[arg(long, env = "EARMARK_GATEWAY_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub(crate) gateway_secret: Option<String>,
    /// What the gateway signs its webhooks with, which go to /v1/gateways/NAME/webhook (NAME:
    /// `stripe` or `http`) [default: none for Stripe; for http:URL the gateway secret].
    #[arg(long, env = "EARMARK_GATEWAY_WEBHOOK_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub(crate) gateway_webhook_secret: Option<String>,
    /// Where Stripe is, for something that stands in for it [default: Stripe's own].
    #[arg(long, env = "EARMARK_GATEWAY_URL", value_name = "URL")]
    pub(crate) gateway_url: Option<String>,
    /// How long the gateway may take. After that the payment is PENDING and looked up later
    /// [default: 10s].
    #[arg(long, env = "EARMARK_GATEWAY_TIMEOUT", value_name = "TIME")]
    pub(crate) gateway_timeout: Option<String>,
    /// The operator's key, 32 or more characters; without it and without any key in the database
    /// one is made and printed once.
    #[arg(long, env = "EARMARK_ADMIN_KEY", value_name = "KEY", hide_env_values = true)]
    pub(crate) admin_key: Option<String>,
    /// How long an unpaid order holds its stock [default: 30m].
    #[arg(long, env = "EARMARK_RESERVATION_TTL", value_name = "TIME")]
    pub(crate) reservation_ttl: Option<String>,
    /// How long an untouched cart lives [default: 30days].
    #[arg(long, env = "EARMARK_CART_TTL", value_name = "TIME")]
    pub(crate) cart_ttl: Option<String>,
    /// How long idempotency keys are kept, at least 72h [default: 72h].
    #[arg(long, env = "EARMARK_IDEMPOTENCY_TTL", value_name = "TIME")]
    pub(crate) idempotency_ttl: Option<String>,
    /// Reading the catalogue needs a token.
    #[arg(long, env = "EARMARK_PRIVATE_CATALOGUE", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) private_catalogue: Option<bool>,
    /// Form of the logs [default: text on a terminal, json elsewhere].
    #[arg(long, env = "EARMARK_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,
    /// What is logged, as `level` or `target=level,…` [default: info].
    #[arg(long, env = "EARMARK_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

/// Extensions of PostgreSQL that spread tables over machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Spread {
    Citus,
}

/// In which form logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    /// One JSON object a line.
    Json,
}

/// How the demo runs.
#[derive(Args, Debug)]
pub(crate) struct DemoOptions {
    /// Address to listen on; of this machine only.
    #[arg(long, env = "EARMARK_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// What is logged, as for `serve`.
    #[arg(long, env = "EARMARK_LOG", default_value = "warn", value_name = "FILTER")]
    pub(crate) log: String,
}

/// How the sandbox gateway runs. Its tokens are those of the sandbox in process, and
/// `tok_fault_FAULT` and `tok_refund_fault_FAULT`.
///
/// Faults: decline, delay, silent_before, silent_after, error_before, error_after, reset_before,
/// reset_after, garbage, wrong_amount, webhook_twice, webhook_late; before or after the money has
/// moved.
#[derive(Args, Clone, Debug)]
pub(crate) struct SandboxOptions {
    /// Address to listen on. Anything that can reach it can change its faults.
    #[arg(long, default_value = "127.0.0.1:9090", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// What it believes it did, appended and synced.
    #[arg(long, default_value = "sandbox-gateway.jsonl", value_name = "FILE")]
    pub(crate) ledger: PathBuf,
    /// The secret shared with `earmark serve --gateway http:URL`; the Stripe part takes any key
    /// `sk_test_…`.
    #[arg(long, env = "EARMARK_GATEWAY_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub(crate) secret: Option<String>,
    /// How often a request fails by chance, 0 to 1.
    #[arg(long, default_value = "0", value_name = "RATE")]
    pub(crate) fault_rate: earmark_sandbox::Rate,
    /// Which faults happen by chance [default: all].
    #[arg(long, value_delimiter = ',', value_name = "FAULT,…")]
    pub(crate) faults: Vec<earmark_sandbox::Fault>,
    /// What chance begins with.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How long a delayed answer takes.
    #[arg(long, default_value = "500ms", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) delay: std::time::Duration,
    /// How far the search of the Stripe part lags behind.
    #[arg(long, default_value = "0s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) search_lag: std::time::Duration,
    /// Where notifications go when something has happened.
    #[arg(long, value_name = "URL")]
    pub(crate) webhook_url: Option<String>,
    /// What is logged, as for `serve`.
    #[arg(long, env = "EARMARK_LOG", default_value = "info", value_name = "FILTER")]
    pub(crate) log: String,
}

/// The running server that a command talks to.
#[derive(Args, Clone, Debug)]
pub(crate) struct ServerOptions {
    /// The address of the running server.
    #[arg(long, env = "EARMARK_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub(crate) server: String,
    /// An admin key of that server.
    #[arg(long, env = "EARMARK_KEY", value_name = "KEY", hide_env_values = true)]
    pub(crate) key: String,
    /// Print JSON, for machines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What can be done with API keys.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key and print it, once.
    Create {
        #[command(flatten)]
        server: ServerOptions,
        /// What its holder may do.
        #[arg(long, value_enum)]
        role: Role,
        /// What it is for.
        #[arg(long)]
        name: Option<String>,
    },
    /// List the keys, without their secrets.
    List {
        #[command(flatten)]
        server: ServerOptions,
    },
    /// End a key, and every customer token that it has signed.
    Revoke {
        #[command(flatten)]
        server: ServerOptions,
        /// The key's id, `key_…`.
        id: String,
    },
}

/// What the holder of a key may do.
#[derive(Clone, Copy, Debug, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// All that the API can do.
    Admin,
    /// Catalogue, and carts, orders and payments of any customer.
    Service,
}

/// What can be imported.
#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    /// Catalogue and stock, from a CSV file with the columns sku, name, unit_price (minor units),
    /// on_hand and, if there, description, active, image_url.
    Items(ImportOptions),
}

/// How items are imported.
#[derive(Args)]
pub(crate) struct ImportOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// The CSV file to read.
    pub(crate) file: PathBuf,
    /// Import the good rows even if there are bad ones.
    #[arg(long)]
    pub(crate) skip_bad: bool,
}

/// What is verified: a running server, or a database.
#[derive(Args, Debug)]
pub(crate) struct VerifyOptions {
    /// The address of a running server.
    #[arg(long, env = "EARMARK_SERVER", value_name = "URL", conflicts_with = "database")]
    pub(crate) server: Option<String>,
    /// An admin key of that server.
    #[arg(long, env = "EARMARK_KEY", value_name = "KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
    /// The database: an SQLite file that no server holds, or PostgreSQL at any time, a standby too.
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Print JSON, for machines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which server is compared with which gateway, and for which time.
#[derive(Args, Debug)]
pub(crate) struct ReconcileOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// The gateway, as `earmark serve` has it: http:URL or stripe.
    #[arg(long, env = "EARMARK_GATEWAY", value_name = "GATEWAY")]
    pub(crate) gateway: String,
    /// The secret of the gateway.
    #[arg(long, env = "EARMARK_GATEWAY_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub(crate) gateway_secret: Option<String>,
    /// Where Stripe is, for something that stands in for it.
    #[arg(long, env = "EARMARK_GATEWAY_URL", value_name = "URL")]
    pub(crate) gateway_url: Option<String>,
    /// The one currency, ISO 4217.
    #[arg(long, env = "EARMARK_CURRENCY", default_value = "USD", value_name = "CODE")]
    pub(crate) currency: String,
    /// The first day (2026-11-23) or moment (2026-11-23T12:00:00Z), UTC.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: String,
    /// The day or moment before which it ends.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: String,
}

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum BenchCommand {
    /// Place orders over HTTP on a throw-away database, then verify what is stored.
    Place(BenchPlaceOptions),
}

/// The load that places orders.
#[derive(Args, Debug)]
pub(crate) struct BenchPlaceOptions {
    /// Connections to the server, each with one request at a time.
    #[arg(long, default_value_t = 256)]
    pub(crate) clients: u32,
    /// Orders to place in all.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) orders: u64,
    /// Every order holds the same first SKU.
    #[arg(long)]
    pub(crate) hot: bool,
    /// Kind of the idempotency keys.
    #[arg(long, value_enum, default_value_t = KeyKind::Uuidv7)]
    pub(crate) keys: KeyKind,
    /// Orders a second, answered or not (open loop, latency from the intended time). Without it
    /// each connection waits for its answers.
    #[arg(long)]
    pub(crate) rate: Option<u32>,
    /// Items for sale, of which each order holds some.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) skus: u32,
    /// Lines of each order.
    #[arg(long, default_value_t = 3)]
    pub(crate) lines: u32,
    /// Customers, from whom each order's is drawn.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) customers: u32,
    /// Orders between two points of the growth curve.
    #[arg(long, default_value_t = 50_000)]
    pub(crate) sample_every: u64,
    /// The database: sqlite:FOLDER, in which a file is made and removed, or an empty database,
    /// postgres://… [default: a temporary file].
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Servers on the database; the connections are spread over them.
    #[arg(long, default_value_t = 1)]
    pub(crate) nodes: u32,
    /// Print JSON, for machines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Kind of the idempotency keys.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KeyKind {
    /// Keys whose order is that of time.
    Uuidv7,
    /// Keys without an order.
    Random,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
