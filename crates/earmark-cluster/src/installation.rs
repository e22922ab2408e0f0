//! Which PostgreSQL is installed on this machine, and as which user does it run?
//!
//! Invariant: the server never runs as root, since it would refuse to start. When this process is
//! root, server and tools run as the user `postgres`, or as `nobody` where there is no `postgres`.
//! Otherwise they run as our own user.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::error::ClusterError;

/// The oldest major version that Earmark runs on.
const MAJOR_MIN: u32 = 15;
/// Where Debian keeps each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one version, and the user to run them as.
#[derive(Debug, Clone)]
pub struct Installation {
    bin: PathBuf,
    major: u32,
    /// Whom to run as; None when we are not root and keep our own user.
    user: Option<User>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Installation {
    /// The newest version in Debian's folders, or else the one on `PATH`.
    ///
    /// # Errors
    /// There is none of version 15 or newer, or we are root and find no ordinary user.
    pub fn find() -> Result<Installation, ClusterError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = debian_folders(Path::new(DEBIAN)).into_iter().chain(std::env::split_paths(&path));
        let found =
            folders.filter_map(|bin| Some((major(&bin)?, bin))).find(|(major, _)| *major >= MAJOR_MIN);
        let looked_in = format!("{DEBIAN}/*/bin or on PATH");
        let (major, bin) = found.ok_or(ClusterError::Missing { looked_in })?;
        let user = if rustix::process::geteuid().is_root() { Some(ordinary_user()?) } else { None };
        Ok(Installation { bin, major, user })
    }

    /// The major version, such as 15 or 16.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The path of one of its programs.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// A command for one of its programs that runs in `folder` as the ordinary user, without the
    /// `PG…` variables of our environment.
    pub(crate) fn command(&self, name: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.program(name));
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PG") {
                command.env_remove(variable);
            }
        }
        // Clients look for certificates in the home folder, and root's is closed to other users.
        command.env("LC_ALL", "C").env("HOME", folder).current_dir(folder).stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    /// Makes the ordinary user the owner of a file or folder that we made.
    pub(crate) fn hand_over(&self, path: &Path) -> Result<(), ClusterError> {
        let Some(user) = self.user else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid)).map_err(ClusterError::file(path))
    }
}

/// Runs a program to its end and returns what it printed; if it fails, that is in the error. The
/// input goes to its standard input, so that it does not show on a command line.
pub(crate) fn run(command: &mut Command, what: &str, input: &str) -> Result<String, ClusterError> {
    let program = PathBuf::from(command.get_program());
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(ClusterError::file(&program))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input has failed, and its output says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let Output { status, stdout, stderr } = child.wait_with_output().map_err(ClusterError::file(&program))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let printed = [stdout, stderr].concat();
    Err(ClusterError::failed(format!("{what} ended with {status}"), String::from_utf8_lossy(&printed).trim()))
}

/// The `bin` folders of all versions that Debian has installed, the newest first.
fn debian_folders(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut versions: Vec<u32> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable_by(|left, right| right.cmp(left));
    versions.iter().map(|version| root.join(version.to_string()).join("bin")).collect()
}

/// The major version of the programs in this folder; None unless all that we need are there.
fn major(bin: &Path) -> Option<u32> {
    let complete =
        ["postgres", "initdb", "psql", "pg_basebackup"].iter().all(|name| bin.join(name).is_file());
    let output = complete.then(|| Command::new(bin.join("postgres")).arg("--version").output().ok())??;
    parse_major(&String::from_utf8_lossy(&output.stdout))
}

/// Reads what `postgres --version` prints: `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn parse_major(printed: &str) -> Option<u32> {
    let version =
        printed.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let digits = version.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn ordinary_user() -> Result<User, ClusterError> {
    let path = "/etc/passwd";
    let users = std::fs::read_to_string(path).map_err(ClusterError::file(path))?;
    let found = ["postgres", "nobody"].iter().find_map(|name| parse_user(&users, name));
    found.ok_or_else(|| {
        ClusterError::failed(path, "neither `postgres` nor `nobody` is a user of this machine")
    })
}

/// Reads `/etc/passwd`, whose lines are `name:password:uid:gid:…`.
fn parse_user(users: &str, name: &str) -> Option<User> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_understood() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 19devel\n"), Some(19));
        assert_eq!(parse_major("command not found"), None);
    }

    #[test]
    fn newest_version_comes_first() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9.6", "15", "17", "16"] {
            std::fs::create_dir(root.path().join(version)).unwrap();
        }
        let folders = debian_folders(root.path());
        let names =
            |folder: &PathBuf| folder.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(folders.iter().map(names).collect::<Vec<_>>(), ["17", "16", "15"]);
    }

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\nnobody2:x:1:2::/:/x\nnobody:x:65534:65533::/:/x\n";
        assert_eq!(parse_user(users, "nobody"), Some(User { uid: 65534, gid: 65533 }));
        assert_eq!(parse_user(users, "postgres"), None);
    }
}
