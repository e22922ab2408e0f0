//! The sandbox's clock. It is not the one of `earmark`: a real gateway runs on another machine.

/// The time, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the sandbox is another machine, with a clock of its own")]
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_epoch.map_or(0, |span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}
