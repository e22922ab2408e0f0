//! `earmark-prove NAME`: one proof against a binary that is given.

use std::process::ExitCode;

fn main() -> ExitCode {
    earmark_prove::run_command_line()
}
