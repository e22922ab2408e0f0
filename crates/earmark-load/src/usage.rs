//! What does a process take of the machine? Its memory and its CPU time, read from `/proc`.

use serde::Serialize;

/// Clock ticks a second in `/proc`, fixed for Linux user space.
const TICKS_PER_SECOND: u64 = 100;

/// What the server holds of the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Resident memory now, bytes.
    pub rss_bytes: u64,
    /// The most resident memory so far, bytes.
    pub rss_peak_bytes: u64,
    /// CPU time of all its threads, milliseconds.
    pub cpu_ms: u64,
}

/// CPU time of this process so far, milliseconds.
#[must_use]
pub fn own_cpu_ms() -> u64 {
    usage_of("self").cpu_ms
}

/// Of the process with this id, or of `self`; zeros if it does not run.
pub(crate) fn usage_of(process: &str) -> Usage {
    let read = |file| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
    let status = read("status");
    let stat = read("stat");
    Usage {
        rss_bytes: status_kib(&status, "VmRSS:") * 1_024,
        rss_peak_bytes: status_kib(&status, "VmHWM:") * 1_024,
        cpu_ms: cpu_ticks(&stat) * 1_000 / TICKS_PER_SECOND,
    }
}

fn status_kib(status: &str, field: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

/// User and system time: fields 14 and 15 of `/proc/<pid>/stat`, counted behind the name, which may
/// hold anything.
fn cpu_ticks(stat: &str) -> u64 {
    let Some((_, fields)) = stat.rsplit_once(')') else { return 0 };
    fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_from_proc() {
        let usage = usage_of("self");
        assert!(usage.rss_bytes > 100_000 && usage.rss_peak_bytes >= usage.rss_bytes, "{usage:?}");
        let stat = "12 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(cpu_ticks(stat), 300);
        assert_eq!(usage_of("no-such-process"), Usage::default());
    }
}
