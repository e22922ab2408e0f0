//! A payment gateway to try with, as a process of its own.
//!
//! It stays up when the server is killed, so that what happens to a charge then can be seen. The
//! gateway itself is in `earmark-sandbox`.

use std::io::Write;
use std::process::ExitCode;

use earmark_sandbox::{Options, Server};

use crate::cli::SandboxOptions;
use crate::logging;
use crate::stop::{run_server, stop_signal};

/// `earmark sandbox-gateway`: runs until it is stopped.
pub(crate) fn command(options: SandboxOptions) -> anyhow::Result<ExitCode> {
    logging::start(None, &options.log)?;
    // Requests that are never to be answered still hang in the end.
    run_server(run(options))
}

async fn run(options: SandboxOptions) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let ledger = options.ledger.display().to_string();
    let server = Server::start(Options {
        ledger: options.ledger,
        listen: options.listen,
        secret: options.secret,
        rate: options.fault_rate,
        kinds: options.faults,
        seed: options.seed,
        delay: options.delay,
        search_lag: options.search_lag,
        notification_url: options.webhook_url,
    })
    .await?;
    let address = server.address()?;
    let mut out = std::io::stdout();
    // In one piece, since a program may read the first line, which is the address for it, and then
    // close the pipe.
    let greeting = format!(
        "http://{address}\n\nA sandbox gateway, with its ledger in {ledger}. In front of it:\n\n  \
         earmark serve --gateway http:http://{address}                          (EARMARK_GATEWAY_SECRET: the same as here)\n  \
         earmark serve --gateway stripe --gateway-url http://{address}/stripe   (EARMARK_GATEWAY_SECRET: any sk_test_…)\n"
    );
    out.write_all(greeting.as_bytes())?;
    out.flush()?;
    server.serve(stop).await;
    Ok(())
}
