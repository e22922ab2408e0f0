//! How does a run own its server? As a child process on a free port of the loopback interface, with
//! a folder for its log. Its database outlives kill -9 and restart: a file in that folder, or a
//! database that several servers share.
//!
//! Invariant: only the child that was started here is ever ended, and it is ended at the latest on
//! drop.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use earmark_random::{Random, fresh_seed};

use crate::client::Client;
use crate::error::LoadError;
use crate::usage::{Usage, usage_of};

/// Ports below the range from which the kernel serves outgoing connections: while the server is
/// down, a client that connects again and again can neither take its port nor be connected to
/// itself.
const PORTS: std::ops::Range<u64> = 12_000..32_000;
/// The pause before a starting server is asked again whether it is ready.
const POLL: Duration = Duration::from_millis(5);
/// How much of the log's end goes into an error message, bytes.
const LOG_TAIL_BYTES: u64 = 2_000;

/// Where a server stores its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// In an SQLite file in its folder.
    File,
    /// In this database, `postgres://…`, which the caller has made and removes.
    Url(String),
}

/// What server to start.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub earmark: PathBuf,
    /// Where the log is kept, and the database if it is a file; the caller removes it.
    pub folder: PathBuf,
    pub database: Database,
    /// The operator's key, 32 characters at least; None: one is drawn.
    pub admin_key: Option<String>,
    /// Further arguments of `serve`.
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
}

impl ServerOptions {
    /// The binary on a database file in `folder`.
    #[must_use]
    pub fn new(earmark: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> ServerOptions {
        ServerOptions {
            earmark: earmark.into(),
            folder: folder.into(),
            database: Database::File,
            admin_key: None,
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// One node of several: the same database and the same key, a folder of its own.
    #[must_use]
    pub fn on(self, database_url: impl Into<String>, admin_key: impl Into<String>) -> ServerOptions {
        let (database, admin_key) = (Database::Url(database_url.into()), Some(admin_key.into()));
        ServerOptions { database, admin_key, ..self }
    }
}

/// A server that this process started.
#[derive(Debug)]
pub struct ServerProcess {
    options: ServerOptions,
    address: SocketAddr,
    admin_key: String,
    child: Option<Child>,
    started: Instant,
}

impl ServerProcess {
    /// Starts the server; it is not ready yet.
    ///
    /// # Errors
    /// The folder, the log or the binary cannot be used, or no port is free.
    pub fn start(options: ServerOptions) -> Result<ServerProcess, LoadError> {
        std::fs::create_dir_all(&options.folder).map_err(LoadError::file(&options.folder))?;
        let mut random = Random::new(fresh_seed());
        let admin_key = options.admin_key.clone().unwrap_or_else(|| draw_admin_key(&mut random));
        let address = free_address(&mut random)?;
        let started = Instant::now();
        let mut server = ServerProcess { options, address, admin_key, child: None, started };
        server.restart()?;
        Ok(server)
    }

    /// Starts the server again on the same database and address, after [`ServerProcess::kill`].
    ///
    /// # Errors
    /// As [`ServerProcess::start`].
    pub fn restart(&mut self) -> Result<(), LoadError> {
        self.kill();
        let log_path = self.log_path();
        let log =
            File::options().create(true).append(true).open(&log_path).map_err(LoadError::file(&log_path))?;
        let errors = log.try_clone().map_err(LoadError::file(&log_path))?;
        let mut command = Command::new(&self.options.earmark);
        command.arg("serve").args(["--database", &self.database_url()]);
        command.args(["--listen", &self.address.to_string(), "--admin-key", &self.admin_key]);
        command.args(&self.options.arguments).envs(self.options.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        self.started = Instant::now();
        self.child = Some(command.spawn().map_err(LoadError::file(&self.options.earmark))?);
        Ok(())
    }

    /// Waits until the server says that it is ready; returns the time since it was started.
    ///
    /// # Errors
    /// The server ended, or is not ready within `limit`; with the end of its log.
    pub async fn wait_ready(&mut self, limit: Duration) -> Result<Duration, LoadError> {
        let client = Client::anonymous(self.address, limit.min(Duration::from_secs(2)));
        loop {
            if let Ok(answer) = client.get("/readyz").await
                && answer.status == 200
            {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
                return Err(LoadError::Server(format!("ended with {status}\n{}", self.log_tail())));
            }
            if self.started.elapsed() > limit {
                let limit_ms = limit.as_millis();
                return Err(LoadError::Server(format!("not ready after {limit_ms} ms\n{}", self.log_tail())));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Ends the server with SIGKILL and waits until it is gone. Nothing happens if it is not
    /// running.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error means that it has ended already; wait collects it either way.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the server to end, with SIGTERM, and waits until it has.
    ///
    /// # Errors
    /// It has not ended within `limit`, or not with exit status 0; with the end of its log.
    pub async fn stop(&mut self, limit: Duration) -> Result<(), LoadError> {
        let Some(child) = &mut self.child else { return Ok(()) };
        let pid = child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().map_err(LoadError::file("kill"))?;
        let asked = Instant::now();
        while asked.elapsed() < limit {
            if let Some(status) = child.try_wait().map_err(LoadError::file(&self.options.earmark))? {
                self.child = None;
                let failed = || LoadError::Server(format!("ended with {status}\n{}", self.log_tail()));
                return if status.success() { Ok(()) } else { Err(failed()) };
            }
            tokio::time::sleep(POLL).await;
        }
        Err(LoadError::Server(format!("did not end within {} s after SIGTERM", limit.as_secs())))
    }

    /// True while the process runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// From the next start on, without this environment variable of its options.
    pub fn forget_environment(&mut self, name: &str) {
        self.options.environment.retain(|(known, _)| known != name);
    }

    /// Its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Waits, without end, until it has ended by itself; None: it was not running.
    pub fn wait_ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.take().and_then(|mut child| child.wait().ok())
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that it was started with.
    #[must_use]
    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// A client with the admin key.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.address, &self.admin_key)
    }

    /// The argument of `--database`.
    #[must_use]
    pub fn database_url(&self) -> String {
        match &self.options.database {
            Database::File => format!("sqlite:{}", self.database_path().display()),
            Database::Url(url) => url.clone(),
        }
    }

    /// The database file, for [`Database::File`].
    #[must_use]
    pub fn database_path(&self) -> PathBuf {
        self.options.folder.join("earmark.db")
    }

    /// Bytes of the database file and of all that lies beside it, but not the log; None: the
    /// database is not a file.
    #[must_use]
    pub fn database_bytes(&self) -> Option<u64> {
        let log_bytes = self.log_path().metadata().map_or(0, |log| log.len());
        let is_here = self.options.database == Database::File;
        is_here.then(|| folder_bytes(&self.options.folder).saturating_sub(log_bytes))
    }

    /// Memory and CPU time of the running process; zeros if it does not run.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.child.as_ref().map(|child| usage_of(&child.id().to_string())).unwrap_or_default()
    }

    /// Reads the resident memory of the process that runs now, bytes, from wherever it is called.
    pub fn rss_probe(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let process = self.child.as_ref().map(|child| child.id().to_string()).unwrap_or_default();
        move || usage_of(&process).rss_bytes
    }

    /// Runs `earmark verify` against the server.
    ///
    /// # Errors
    /// The binary cannot be run, or takes longer than `limit`.
    pub async fn verify(&self, limit: Duration) -> Result<Verified, LoadError> {
        let url = format!("http://{}", self.address);
        run_verify(&self.options.earmark, &["--server", &url, "--key", &self.admin_key], limit).await
    }

    /// The end of what the server wrote.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let Ok(mut log) = File::open(self.log_path()) else { return String::new() };
        let end = log.seek(SeekFrom::End(0)).unwrap_or_default();
        let mut bytes = Vec::new();
        // A log that cannot be read is no reason to hide the error that it would have explained.
        let _ = log.seek(SeekFrom::Start(end.saturating_sub(LOG_TAIL_BYTES)));
        let _ = log.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.options.folder.join("server.log")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What came of `earmark verify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whether it ended with exit status 0.
    pub passed: bool,
    /// Standard output, then standard error.
    pub output: String,
}

async fn run_verify(earmark: &Path, arguments: &[&str], limit: Duration) -> Result<Verified, LoadError> {
    let mut command = tokio::process::Command::new(earmark);
    command.arg("verify").args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(limit, command.output()).await;
    let late = |_| LoadError::Server(format!("`earmark verify` took more than {} s", limit.as_secs()));
    let output = output.map_err(late)?.map_err(LoadError::file(earmark))?;
    let text = [output.stdout, output.stderr].concat();
    Ok(Verified { passed: output.status.success(), output: String::from_utf8_lossy(&text).into_owned() })
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let bytes = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
        Ok(metadata) => metadata.len(),
        // A journal may be gone between the two calls.
        Err(_) => 0,
    };
    entries.flatten().map(bytes).sum()
}

/// A key that a server takes as its operator's.
pub fn draw_admin_key(random: &mut Random) -> String {
    (0..40).map(|_| char::from(b'a' + random.below(26) as u8)).collect()
}

fn free_address(random: &mut Random) -> Result<SocketAddr, LoadError> {
    for _ in 0..200 {
        let port = random.between(PORTS.start, PORTS.end - 1) as u16;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err(LoadError::Server("no free port on 127.0.0.1".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_is_all_files_but_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let options = ServerOptions::new("/bin/true", folder.path());
        let server = ServerProcess::start(options).unwrap();
        std::fs::write(folder.path().join("server.log"), [0; 50]).unwrap();
        std::fs::write(server.database_path(), [0; 100]).unwrap();
        std::fs::create_dir(folder.path().join("segments")).unwrap();
        std::fs::write(folder.path().join("segments/1"), [0; 20]).unwrap();
        assert_eq!(server.database_bytes(), Some(120));
    }

    #[test]
    fn killed_server_is_gone_and_a_dead_one_is_reported_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        // `serve` and what follows are the script's arguments.
        let script = folder.path().join("earmark");
        std::fs::write(&script, "#!/bin/sh\necho \"$@\"\necho cannot start >&2\nexit 3\n").unwrap();
        make_executable(&script);
        let mut server = ServerProcess::start(ServerOptions::new(&script, folder.path())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(server.wait_ready(Duration::from_secs(20))).unwrap_err().to_string();
        assert!(error.contains("cannot start") && error.contains("serve --database sqlite:"), "{error}");

        let key = draw_admin_key(&mut Random::new(1));
        let node = ServerOptions::new(&script, folder.path().join("1")).on("postgres://host/orders", &key);
        let mut node = ServerProcess::start(node).unwrap();
        let error = runtime.block_on(node.wait_ready(Duration::from_secs(20))).unwrap_err().to_string();
        assert!(error.contains("serve --database postgres://host/orders") && error.contains(&key), "{error}");
        assert_eq!(node.database_bytes(), None);

        std::fs::write(&script, "#!/bin/sh\nexec sleep 600\n").unwrap();
        server.restart().unwrap();
        assert!(server.is_running());
        server.kill();
        assert!(!server.is_running());
    }

    fn make_executable(path: &Path) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}
