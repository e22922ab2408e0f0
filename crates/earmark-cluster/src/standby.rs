//! How is a primary followed by a standby? By streaming, and every commit waits until the standby has it on disk.
//!
//! Invariant: when [`Cluster::standby`] returns, whatever the primary acknowledges from then on is on the standby's disk
//! as well. A promoted standby waits for nobody until it gets a standby of its own.

use std::time::Instant;

use crate::cluster::{ADMIN, Cluster, LIMIT, new_folder};
use crate::error::ClusterError;
use crate::installation::run;
use crate::process::POLL;

/// Whether the primary waits for the standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    InStep,
    Behind,
}

impl Cluster {
    /// Makes a standby; from then on each commit of this cluster waits until the standby has it on disk.
    ///
    /// # Errors
    /// The copy fails, or the standby does not start or is not in step within a minute.
    pub fn standby(&mut self) -> Result<Cluster, ClusterError> {
        let standby = self.follow(Follows::InStep)?;
        self.set("synchronous_standby_names", "*")?;
        self.wait_for("sync_state IN ('sync', 'quorum')")?;
        Ok(standby)
    }

    /// Makes a standby that nobody waits for: what it has not received dies with the primary.
    ///
    /// # Errors
    /// As [`Cluster::standby`].
    pub fn asynchronous_standby(&mut self) -> Result<Cluster, ClusterError> {
        let standby = self.follow(Follows::Behind)?;
        self.wait_for("state = 'streaming'")?;
        Ok(standby)
    }

    /// Makes this standby a primary: returns when it takes writes.
    ///
    /// # Errors
    /// It is no standby, or is not through within a minute.
    pub fn promote(&mut self) -> Result<(), ClusterError> {
        let promoted = self.query("SELECT pg_promote(true, 60)")?;
        if promoted == "t" {
            return Ok(());
        }
        Err(ClusterError::failed("the standby was not promoted", self.log_tail()))
    }

    fn follow(&mut self, follows: Follows) -> Result<Cluster, ClusterError> {
        let folder = new_folder(&self.installation)?;
        let primary = format!(
            "host=127.0.0.1 port={} user={ADMIN} password={} application_name=standby",
            self.port, self.password
        );
        let mut copy = self.installation.command("pg_basebackup", folder.path());
        copy.args(["--no-sync", "--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf"]);
        copy.arg("--pgdata").arg(folder.path().join("data")).args(["--dbname", &primary]);
        run(&mut copy, "pg_basebackup", "")?;

        let mut options = self.options.clone();
        options.settings.retain(|(name, _)| name != "synchronous_standby_names");
        if follows == Follows::Behind {
            self.set("synchronous_standby_names", "")?;
        }
        let mut standby = Cluster::new(self.installation.clone(), folder, options, self.password.clone());
        standby.start_on_a_free_port()?;
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
