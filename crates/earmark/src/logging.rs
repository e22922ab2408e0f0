//! Where do logs go, and what may not stand in them? To standard error, as text or as JSON.
//!
//! Invariant: what looks like a card number is masked on its way out, wherever it stands in the
//! line.

use std::io::{self, IsTerminal, Write};

use earmark_core::payments::mask_card_numbers;
use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;
use crate::usage::WrongUsage;

/// Starts logging for the whole process. Without a format, a terminal gets text, anything else
/// JSON.
pub(crate) fn start(format: Option<LogFormat>, filter: &str) -> Result<(), WrongUsage> {
    let filter = EnvFilter::try_new(filter).map_err(|error| WrongUsage(format!("--log: {error}")))?;
    let terminal = io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json });
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Masked(io::stderr()))
        .with_ansi(terminal);
    let started = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| WrongUsage(format!("logs cannot be started: {error}")))
}

/// A writer that masks card numbers. Each event comes as one piece, so no number is split.
struct Masked<W>(W);

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(mask_card_numbers(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn card_numbers_are_masked_in_messages_fields_and_spans() {
        for json in [false, true] {
            let out = Shared::default();
            let writer = out.clone();
            let builder = tracing_subscriber::fmt().with_writer(move || Masked(writer.clone()));
            let log = || {
                let span = tracing::info_span!("span", path = "/v1/payments/4242424242424242");
                let _entered = span.enter();
                tracing::info!(
                    key = "4242-4242-4242-4242",
                    amount = 5_555_555_555_554_444_u64,
                    "sent 378282246310005"
                );
                tracing::info!(payment = "pay_01jd3k5v8e9t2m4x7a6b1c0d2f", "kept");
            };
            if json {
                tracing::subscriber::with_default(builder.json().flatten_event(true).finish(), log);
            } else {
                tracing::subscriber::with_default(builder.with_ansi(false).finish(), log);
            }
            let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
            for digits in ["4242", "5555", "378282246310005"] {
                assert!(!text.contains(digits), "{text}");
            }
            assert!(text.contains("sent ***************"), "{text}");
            assert!(text.contains("pay_01jd3k5v8e9t2m4x7a6b1c0d2f"), "{text}");
        }
    }
}
