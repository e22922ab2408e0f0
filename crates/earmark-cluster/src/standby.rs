//! How does a standby follow a primary? It receives the primary's write-ahead log as a stream, and
//! each commit on the primary waits until the standby has it on disk.
//!
//! Invariant: after [`Cluster::standby`] has returned, each commit that the primary acknowledges is
//! on the disk of the standby as well. A promoted standby waits for no other server until it gets a
//! standby of its own.

use std::time::Instant;

use crate::cluster::{ADMIN, Cluster, LIMIT, new_folder};
use crate::error::ClusterError;
use crate::installation::run;
use crate::process::POLL;

impl Cluster {
    /// Makes a standby. From then on each commit of this cluster waits until the standby has it on
    /// disk.
    ///
    /// # Errors
    /// The copy fails, or the standby does not start, or it has not caught up within a minute.
    pub fn standby(&mut self) -> Result<Cluster, ClusterError> {
        self.synchronous_standby(None)
    }

    /// [`Cluster::standby`] on the port of a server that has ended, so that clients which are given
    /// two hosts find the new one under the address of the old.
    ///
    /// # Errors
    /// See there.
    pub fn standby_on(&mut self, port: u16) -> Result<Cluster, ClusterError> {
        self.synchronous_standby(Some(port))
    }

    fn synchronous_standby(&mut self, port: Option<u16>) -> Result<Cluster, ClusterError> {
        let standby = self.follow(port)?;
        self.set("synchronous_standby_names", "*")?;
        self.wait_for("sync_state IN ('sync', 'quorum')")?;
        Ok(standby)
    }

    /// Makes a standby for which commits do not wait. What it has not received yet is lost with the
    /// primary.
    ///
    /// # Errors
    /// See [`Cluster::standby`].
    pub fn asynchronous_standby(&mut self) -> Result<Cluster, ClusterError> {
        self.set("synchronous_standby_names", "")?;
        let standby = self.follow(None)?;
        self.wait_for("state = 'streaming'")?;
        Ok(standby)
    }

    /// Makes this standby a primary, and returns when it takes writes.
    ///
    /// # Errors
    /// It is no standby, or it is not promoted within a minute.
    pub fn promote(&mut self) -> Result<(), ClusterError> {
        let promoted = self.query("SELECT pg_promote(true, 60)")?;
        if promoted == "t" {
            return Ok(());
        }
        Err(ClusterError::failed("the standby was not promoted", self.log_tail()))
    }

    /// Cuts this standby off from its primary. What it has not received by then is lost with the
    /// primary.
    ///
    /// # Errors
    /// It is no standby, or it still receives after a minute.
    pub fn stop_following(&mut self) -> Result<(), ClusterError> {
        self.set("primary_conninfo", "")?;
        let start = Instant::now();
        while self.query("SELECT count(*) FROM pg_stat_wal_receiver")? != "0" {
            if start.elapsed() > LIMIT {
                return Err(ClusterError::failed("the standby still receives", self.log_tail()));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    fn follow(&self, port: Option<u16>) -> Result<Cluster, ClusterError> {
        let folder = new_folder(&self.installation)?;
        let primary = format!(
            "host=127.0.0.1 port={} user={ADMIN} password={} application_name=standby",
            self.port, self.password
        );
        let data = folder.path().join("data");
        let mut copy = self.installation.command("pg_basebackup", folder.path());
        copy.args(["--no-sync", "--checkpoint=fast", "--wal-method=stream", "--dbname", &primary]);
        run(copy.arg("--pgdata").arg(&data), "pg_basebackup", "")?;
        let signal = data.join("standby.signal");
        std::fs::write(&signal, "").map_err(ClusterError::file(&signal))?;
        self.installation.hand_over(&signal)?;

        let mut options = self.options.clone();
        options
            .settings
            .retain(|(name, _)| name != "synchronous_standby_names" && name != "primary_conninfo");
        let options = options.with("primary_conninfo", &primary);
        let mut standby = Cluster::new(self.installation.clone(), folder, options, self.password.clone());
        match port {
            None => standby.start_on_a_free_port()?,
            Some(port) => {
                standby.port = port;
                standby.restart()?;
            }
        }
        Ok(standby)
    }

    fn wait_for(&self, state: &str) -> Result<(), ClusterError> {
        let start = Instant::now();
        while self.query(&format!("SELECT count(*) FROM pg_stat_replication WHERE {state}"))? == "0" {
            if start.elapsed() > LIMIT {
                return Err(ClusterError::failed("the standby does not follow", self.log_tail()));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}
