//! How is the server configured? Durable as PostgreSQL is shipped, and small enough for a machine
//! that runs other tests at the same time.
//!
//! Invariant: `postgresql.conf` is always written whole from here, so that no other setting holds.

use std::path::Path;

use crate::error::ClusterError;

/// The settings of a server, before it is started.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// More settings of `postgresql.conf`, as name and value. The last one of a name holds.
    pub settings: Vec<(String, String)>,
    pub tls: Tls,
    pub durability: Durability,
}

/// Whether connections may or must be encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tls {
    #[default]
    Off,
    /// The client decides whether to encrypt.
    Offered,
    /// The server refuses connections that are not encrypted.
    Required,
}

/// Whether what is committed is on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// As PostgreSQL is shipped: each commit is synced.
    #[default]
    Full,
    /// Nothing is synced, for tests that never lose power. A server that was killed can still be
    /// started again, since the page cache is left.
    Unsynced,
}

impl ClusterOptions {
    /// The same with one more setting of `postgresql.conf`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> ClusterOptions {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Options for tests that do not depend on durability: nothing is synced to disk.
    #[must_use]
    pub fn unsynced() -> ClusterOptions {
        ClusterOptions { durability: Durability::Unsynced, ..ClusterOptions::default() }
    }
}

/// What `postgresql.conf` and `pg_hba.conf` of one data folder are made of.
pub(crate) struct Configuration<'a> {
    pub(crate) options: &'a ClusterOptions,
    pub(crate) port: u16,
}

impl Configuration<'_> {
    pub(crate) fn write(&self, data: &Path) -> Result<(), ClusterError> {
        let write = |name: &str, text: &str| {
            let path = data.join(name);
            std::fs::write(&path, text).map_err(ClusterError::file(&path))
        };
        write("postgresql.conf", &self.postgresql_conf())?;
        write("pg_hba.conf", pg_hba_conf(self.options.tls))
    }

    fn postgresql_conf(&self) -> String {
        let port = self.port.to_string();
        let mut settings: Vec<(&str, &str)> = vec![
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            ("unix_socket_directories", ""),
            ("password_encryption", "scram-sha-256"),
            ("max_connections", "200"),
            ("shared_buffers", "128MB"),
            ("max_wal_size", "4GB"),
            ("wal_level", "replica"),
            ("max_wal_senders", "8"),
            // A standby that was away for a moment still finds the segments that it missed.
            ("wal_keep_size", "256MB"),
            ("hot_standby", "on"),
            // In the data folder, so that a killed server leaves nothing in /dev/shm.
            ("dynamic_shared_memory_type", "mmap"),
            ("timezone", "UTC"),
            ("lc_messages", "C"),
            ("log_line_prefix", "%m [%p] %q%u@%d "),
        ];
        if self.options.tls != Tls::Off {
            settings.extend([("ssl", "on"), ("ssl_cert_file", "server.crt"), ("ssl_key_file", "server.key")]);
        }
        if self.options.durability == Durability::Unsynced {
            settings.extend([("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")]);
        }
        settings.extend(self.options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let line = |(name, value): (&str, &str)| format!("{name} = '{}'\n", value.replace('\'', "''"));
        settings.into_iter().map(line).collect()
    }
}

fn pg_hba_conf(tls: Tls) -> &'static str {
    match tls {
        Tls::Off | Tls::Offered => {
            "host all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n"
        }
        Tls::Required => {
            "hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl replication all 127.0.0.1/32 scram-sha-256\n"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_given_come_last_and_are_quoted() {
        let options = ClusterOptions::unsynced().with("fsync", "on").with("application_name", "it's");
        let text = Configuration { options: &options, port: 15_000 }.postgresql_conf();
        let fsync: Vec<_> = text.lines().filter(|line| line.starts_with("fsync")).collect();
        assert_eq!(fsync, ["fsync = 'off'", "fsync = 'on'"]);
        assert!(text.contains("application_name = 'it''s'\n") && text.contains("port = '15000'\n"), "{text}");
    }

    #[test]
    fn commits_are_synced_unless_one_says_otherwise() {
        let text = Configuration { options: &ClusterOptions::default(), port: 1 }.postgresql_conf();
        assert!(!text.contains("fsync") && !text.contains("synchronous_commit"), "{text}");
    }
}
