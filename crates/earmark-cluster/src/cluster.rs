//! What can a test do with its PostgreSQL server? Start it, query it, change its settings, stop it,
//! kill it and start it again. What starts and ends the processes is in `process.rs`, what makes a
//! standby in `standby.rs`.
//!
//! Invariant: a server keeps its port from start to drop, through kills and restarts. The port lies
//! below the range that the kernel uses for outgoing connections, so that a client that reconnects
//! again and again cannot take it.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::configuration::{ClusterOptions, Configuration, Tls};
use crate::error::ClusterError;
use crate::installation::{Installation, run};
use crate::process::{POLL, Postmaster, open_log};
use crate::psql::Psql;
use crate::tls;

/// Below the range of outgoing connections, and apart from the ports that `earmark-load` uses.
const PORTS: std::ops::Range<u64> = 5_500..12_000;
/// How long a server may take to start, to recover or to stop.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// How many bytes of the log's end an error shows.
const LOG_TAIL_BYTES: u64 = 4_000;
/// The user in [`Cluster::url`]. It owns its databases and has no other rights.
const USER: &str = "earmark";
/// The superuser, in [`Cluster::admin_url`].
pub(crate) const ADMIN: &str = "admin";

/// A PostgreSQL server that this process started. Dropping it stops the server at once and removes
/// its folder.
#[derive(Debug)]
pub struct Cluster {
    // Fields are dropped in this order: the server has to end before its folder goes.
    pub(crate) postmaster: Option<Postmaster>,
    pub(crate) folder: TempDir,
    pub(crate) installation: Installation,
    pub(crate) options: ClusterOptions,
    pub(crate) port: u16,
    /// Of both users. Tests check that it does not show up in logs.
    pub(crate) password: String,
    databases: AtomicU32,
}

impl Cluster {
    /// Starts a server that syncs each commit to disk.
    ///
    /// # Errors
    /// There is no PostgreSQL 15 or newer on this machine, or the server does not start. The error
    /// shows the end of its log.
    pub fn start() -> Result<Cluster, ClusterError> {
        Cluster::start_with(ClusterOptions::default())
    }

    /// Starts a server with other options.
    ///
    /// # Errors
    /// See [`Cluster::start`].
    pub fn start_with(options: ClusterOptions) -> Result<Cluster, ClusterError> {
        let installation = Installation::find()?;
        let folder = new_folder(&installation)?;
        let password = format!("secret-{:016x}", random());
        let password_file = folder.path().join("password");
        std::fs::write(&password_file, &password).map_err(ClusterError::file(&password_file))?;
        installation.hand_over(&password_file)?;
        let mut initdb = installation.command("initdb", folder.path());
        initdb.args([
            "--no-sync",
            "--auth=scram-sha-256",
            "--locale=C",
            "--encoding=UTF8",
            "--username",
            ADMIN,
        ]);
        initdb.args([
            Path::new("--pwfile"),
            &password_file,
            Path::new("--pgdata"),
            &folder.path().join("data"),
        ]);
        run(&mut initdb, "initdb", "")?;
        if options.tls != Tls::Off {
            tls::write(&folder.path().join("data"), &installation)?;
        }
        let mut cluster = Cluster::new(installation, folder, options, password);
        cluster.start_on_a_free_port()?;
        let role = format!("CREATE ROLE {USER} LOGIN CREATEDB PASSWORD '{}'", cluster.password);
        cluster.query(&role)?;
        Ok(cluster)
    }

    pub(crate) fn new(
        installation: Installation,
        folder: TempDir,
        options: ClusterOptions,
        password: String,
    ) -> Cluster {
        let databases = AtomicU32::new(0);
        Cluster { postmaster: None, folder, installation, options, port: 0, password, databases }
    }

    /// The `postgres://` URL of a database, for the ordinary user `earmark`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_at(&format!("127.0.0.1:{}", self.port), database)
    }

    /// The same through other hosts: the address of a proxy, or several `host:port` with commas.
    #[must_use]
    pub fn url_at(&self, hosts: &str, database: &str) -> String {
        format!("postgres://{USER}:{}@{hosts}/{database}", self.password)
    }

    /// The `postgres://` URL of a database, for the superuser.
    #[must_use]
    pub fn admin_url(&self, database: &str) -> String {
        format!("postgres://{ADMIN}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Makes an empty database with a new name that `earmark` owns, and returns its URL. Tests that
    /// each take a database can share one server.
    ///
    /// # Errors
    /// The server does not run, or refuses.
    pub fn create_database(&self) -> Result<String, ClusterError> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("earmark_{number}");
        self.query(&format!("CREATE DATABASE {name} OWNER {USER}"))?;
        Ok(self.url(&name))
    }

    /// What psql prints for a statement that the superuser runs in the database `postgres`: columns
    /// are divided by `|`, and there is no header.
    ///
    /// # Errors
    /// The server does not run, or refuses. The error shows what psql printed.
    pub fn query(&self, sql: &str) -> Result<String, ClusterError> {
        self.query_in("postgres", sql)
    }

    /// [`Cluster::query`] in another database.
    ///
    /// # Errors
    /// See there.
    pub fn query_in(&self, database: &str, sql: &str) -> Result<String, ClusterError> {
        self.psql().query(database, sql)
    }

    /// A psql of this server that another thread can use.
    #[must_use]
    pub fn psql(&self) -> Psql {
        Psql {
            installation: self.installation.clone(),
            folder: self.folder.path().to_owned(),
            port: self.port,
            password: self.password.clone(),
        }
    }

    /// The port on 127.0.0.1 where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The password of both users.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The process id of the postmaster. None while the server is stopped.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.postmaster.as_ref().map(Postmaster::pid)
    }

    /// The folder of data and log, which is removed when the cluster is dropped.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The certificate of the authority that signed the server's, for clients that verify it. There
    /// is none with [`Tls::Off`].
    #[must_use]
    pub fn authority_file(&self) -> PathBuf {
        self.data().join(tls::AUTHORITY_FILE)
    }

    /// Everything that the server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(self.log_path())
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// The last 4,000 bytes of the server's log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let Ok(mut log) = std::fs::File::open(self.log_path()) else { return String::new() };
        let end = log.seek(SeekFrom::End(0)).unwrap_or_default();
        let mut bytes = Vec::new();
        // This text explains another error, which must not be lost because the log cannot be read.
        let _ = log.seek(SeekFrom::Start(end.saturating_sub(LOG_TAIL_BYTES)));
        let _ = log.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends SIGKILL to all its processes at once. Returns when the last has ended and the port is
    /// free.
    pub fn kill(&mut self) {
        if let Some(mut postmaster) = self.postmaster.take() {
            postmaster.kill();
        }
    }

    /// Sends SIGINT: the server rolls open transactions back, writes everything to disk and ends.
    ///
    /// # Errors
    /// It does not end within a minute.
    pub fn stop_fast(&mut self) -> Result<(), ClusterError> {
        let Some(mut postmaster) = self.postmaster.take() else { return Ok(()) };
        postmaster.signal(Signal::INT);
        if postmaster.wait(LIMIT) {
            return Ok(());
        }
        Err(ClusterError::failed("PostgreSQL did not stop", self.log_tail()))
    }

    /// Starts it again on the same port and data. A server that still runs is stopped first.
    ///
    /// # Errors
    /// It does not start. The error shows the end of its log.
    pub fn restart(&mut self) -> Result<(), ClusterError> {
        self.stop_fast()?;
        let start = Instant::now();
        loop {
            match self.try_start() {
                // Another process that looks for a free port may hold ours for a moment.
                Err(_) if self.port_was_taken() && start.elapsed() < LIMIT => std::thread::sleep(POLL * 10),
                result => return result,
            }
        }
    }

    /// Changes a setting of the running server without a restart. The value has to be spelled as
    /// SHOW prints it.
    ///
    /// # Errors
    /// The server does not show the value within a minute.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ClusterError> {
        self.options.settings.push((name.to_owned(), value.to_owned()));
        self.configure()?;
        self.query("SELECT pg_reload_conf()")?;
        let start = Instant::now();
        loop {
            // Each query is a new connection, which starts with what the postmaster has read by
            // then.
            let shown = self.query(&format!("SHOW {name}"))?;
            if shown == value {
                return Ok(());
            }
            if start.elapsed() > LIMIT {
                return Err(ClusterError::failed(format!("{name} is {shown}, not {value}"), self.log_tail()));
            }
        }
    }

    pub(crate) fn start_on_a_free_port(&mut self) -> Result<(), ClusterError> {
        for _ in 0..100 {
            let span = PORTS.end - PORTS.start;
            self.port = u16::try_from(PORTS.start + random() % span).unwrap_or_default();
            if !is_free(self.port) {
                continue;
            }
            match self.try_start() {
                // Another process took the port between our check and the server's start.
                Err(_) if self.port_was_taken() => {}
                result => return result,
            }
        }
        Err(ClusterError::failed("PostgreSQL", "no free port on 127.0.0.1"))
    }

    fn try_start(&mut self) -> Result<(), ClusterError> {
        self.configure()?;
        let log = open_log(&self.log_path())?;
        let errors = log.try_clone().map_err(ClusterError::file(self.log_path()))?;
        let mut command = self.server_command();
        command.stdout(log).stderr(errors);
        let mut postmaster = Postmaster::start(&mut command, &self.data(), self.folder.path())?;
        let start = Instant::now();
        while !self.is_ready(postmaster.pid()) {
            if let Some(status) = postmaster.ended() {
                return Err(ClusterError::failed(format!("PostgreSQL ended with {status}"), self.log_tail()));
            }
            if start.elapsed() > LIMIT {
                return Err(ClusterError::failed("PostgreSQL is not ready after a minute", self.log_tail()));
            }
            std::thread::sleep(POLL);
        }
        self.postmaster = Some(postmaster);
        Ok(())
    }

    fn server_command(&self) -> Command {
        let mut command = self.installation.command("postgres", self.folder.path());
        command.arg("-D").arg(self.data());
        command
    }

    fn configure(&self) -> Result<(), ClusterError> {
        Configuration { options: &self.options, port: self.port }.write(&self.data())
    }

    /// Reads `postmaster.pid`: its first line is the process id, and its eighth says `ready` once
    /// the server takes connections.
    fn is_ready(&self, pid: u32) -> bool {
        let text = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines();
        lines.next() == Some(&pid.to_string()) && lines.nth(6).is_some_and(|status| status.trim() == "ready")
    }

    fn port_was_taken(&self) -> bool {
        self.log_tail().lines().rev().take(6).any(|line| line.contains("could not create any TCP/IP sockets"))
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("postgresql.log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.postmaster.take().is_some() {
            return;
        }
        // A killed server leaves its segment of shared memory behind. That is a few bytes, but the
        // kernel's table of segments can fill up.
        let text = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        if let Some(segment) = text.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
            let _ = Command::new("ipcrm").args(["-m", segment]).output();
        }
    }
}

pub(crate) fn new_folder(installation: &Installation) -> Result<TempDir, ClusterError> {
    let folder = tempfile::Builder::new().prefix("earmark-cluster-").tempdir();
    let folder = folder.map_err(ClusterError::file(std::env::temp_dir()))?;
    installation.hand_over(folder.path())?;
    Ok(folder)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
