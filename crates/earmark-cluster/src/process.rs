//! How are the processes of a server started and ended, and how do they end with us? A watchdog
//! process reads from a pipe that only we can write to. When our process ends, for whatever reason,
//! the kernel closes the pipe. The watchdog then stops the server and removes its folder.
//!
//! `PR_SET_PDEATHSIG` would not do: it fires when the *thread* that started the child ends, and the
//! thread of a test ends long before a server that several tests share.
//!
//! Invariant: only processes that were started here get signals. Watchdog and server lead process
//! groups of their own, so that a signal to our group does not end the watchdog before the server.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::ClusterError;

/// The pause between two checks of something that is waited for.
pub(crate) const POLL: Duration = Duration::from_millis(5);

/// `$1` is the server's process id, `$2` its data folder and `$3` the folder to remove. The data
/// folder is on the server's command line, which tells it from a later process with the same id.
const WATCHDOG: &str = r#"
read -r _
alive() { grep -aqsF -- "$2" "/proc/$1/cmdline"; }
if alive "$@"; then
    kill -QUIT "$1"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        alive "$@" || break
        sleep 0.25
    done
    if alive "$@"; then kill -KILL "$1"; fi
fi
rm -rf -- "$3"
"#;

/// A running postmaster with its watchdog.
#[derive(Debug)]
pub(crate) struct Postmaster {
    child: Child,
    watchdog: Child,
    /// The watchdog acts when this is closed.
    _pipe: Option<ChildStdin>,
}

impl Postmaster {
    /// Starts `command`, whose arguments name the folder `data`. If we end without stopping the
    /// server, the watchdog removes `folder`.
    pub(crate) fn start(
        command: &mut Command,
        data: &Path,
        folder: &Path,
    ) -> Result<Postmaster, ClusterError> {
        let program = command.get_program().to_owned();
        let mut child = command.process_group(0).spawn().map_err(ClusterError::file(program))?;
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCHDOG, "sh", &child.id().to_string()]).arg(data).arg(folder);
        watchdog.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = watchdog.current_dir("/").spawn();
        match started {
            Ok(mut watchdog) => {
                let pipe = watchdog.stdin.take();
                Ok(Postmaster { child, watchdog, _pipe: pipe })
            }
            Err(error) => {
                // A server without a watchdog could outlive us.
                let _ = child.kill();
                let _ = child.wait();
                Err(ClusterError::file("sh")(error))
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The exit status; None while it runs.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        signal_process(self.pid(), signal);
    }

    /// Waits until it has ended. False if it still runs after `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) -> bool {
        let start = Instant::now();
        while self.ended().is_none() {
            if start.elapsed() > limit {
                return false;
            }
            std::thread::sleep(POLL);
        }
        true
    }

    /// Sends SIGKILL to the postmaster and all its children, and waits until the last has ended. To
    /// the database that is like a loss of power, except that the page cache is left.
    pub(crate) fn kill(&mut self) {
        // A stopped postmaster cannot start a child after the list of children was read.
        self.signal(Signal::STOP);
        let children = children(self.pid());
        let _ = self.child.kill();
        let _ = self.child.wait();
        for child in &children {
            if child.is_alive() {
                signal_process(child.pid, Signal::KILL);
            }
        }
        while children.iter().any(Process::is_alive) {
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.signal(Signal::QUIT);
            if !self.wait(Duration::from_secs(5)) {
                self.kill();
            }
        }
        // The watchdog ends last, so that the server is watched at every moment.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
    }
}

/// One process. Its id may be given to another process later, so the start time is compared too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    parent: u32,
    state: char,
    started: u64,
}

impl Process {
    /// Reads `/proc/PID/stat`. None if there is no such process.
    #[must_use]
    pub fn read(pid: u32) -> Option<Process> {
        parse_stat(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Whether it has not ended. A zombie, whose status is still to be collected, has ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        Process::read(self.pid)
            .is_some_and(|now| now.started == self.started && !matches!(now.state, 'Z' | 'X'))
    }

    /// Whether a signal has stopped it, so that it waits to be resumed.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        Process::read(self.pid).is_some_and(|now| now.started == self.started && now.state == 'T')
    }
}

/// The name of the process stands in parentheses and may itself hold parentheses and spaces, so the
/// fields are counted from the last one.
fn parse_stat(pid: u32, stat: &str) -> Option<Process> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    Some(Process {
        pid,
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// The processes whose parent is `pid`.
#[must_use]
pub fn children(pid: u32) -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(Process::read).filter(|process| process.parent == pid).collect()
}

/// Stops a process that the caller started, as Ctrl-Z would. [`resume`] lets it go on.
pub fn stop(pid: u32) {
    signal_process(pid, Signal::STOP);
}

/// Lets a process go on after [`stop`].
pub fn resume(pid: u32) {
    signal_process(pid, Signal::CONT);
}

fn signal_process(pid: u32, signal: Signal) {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    // An error means that the process has ended, which callers find out by themselves.
    let _ = kill_process(pid, signal);
}

/// Opens a log for appending.
pub(crate) fn open_log(path: &Path) -> Result<File, ClusterError> {
    File::options().create(true).append(true).open(path).map_err(ClusterError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_behind_a_name_that_holds_anything() {
        let stat = "12 (a) b) T 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        let process = parse_stat(12, stat).unwrap();
        assert_eq!((process.pid, process.parent, process.state, process.started), (12, 1, 'T', 4711));
    }

    #[test]
    fn own_children_are_seen_until_they_end() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let found = children(std::process::id()).into_iter().find(|found| found.pid == child.id()).unwrap();
        assert!(found.is_alive());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!found.is_alive());
    }
}
