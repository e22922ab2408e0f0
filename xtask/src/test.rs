//! What does CI run? Checks, all tests, the release build, the proofs of the level `Test`, and the
//! replay of real sales.
//!
//! Invariant: passes on a fresh Debian with Rust and a C compiler alone; what else is needed is
//! installed by the step that needs it. The closing lines of the test runs are repeated at the end.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result};
use earmark_prove::{Level, PROOFS};

use crate::steps::Steps;
use crate::{check, process, prove, replay, workspace};

/// Runs everything that CI runs.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new();
    check::add(&mut steps)?;

    // The tour of the README runs it.
    if !process::succeeds("curl", &["--version"]) {
        steps.run("install curl", || process::install(&["curl"]))?;
    }

    if earmark_cluster::Installation::find().is_err() {
        steps.run("install PostgreSQL", install_postgresql)?;
    }

    let mut closing = Vec::new();
    closing.extend(steps.run("tests", || tee(&mut test_command()))?);
    closing.extend(
        steps
            .run("doc tests", || tee(process::cargo().args(["test", "--workspace", "--doc", "--locked"])))?,
    );

    steps.run("release build", || workspace::build_release(&["earmark", "earmark-prove"]))?;
    for proof in &PROOFS {
        if let Level::Test(arguments) = proof.level {
            steps.run(&format!("prove {}", proof.name), || prove::run_with(proof, arguments))?;
        }
    }
    let sales = replay::sales_at_hand();
    let name = sales.file_name().unwrap_or_default().to_string_lossy();
    steps.run(&format!("replay {name}"), || replay::run(&replay::Options::of(sales.clone())))?;

    println!("\nClosing lines of the test runs:");
    for line in closing {
        println!("{line}");
    }
    steps.finish("cargo xtask test");
    Ok(())
}

/// Installs the programs of the server alone: tests start their own clusters, so Debian need not
/// make one and run it.
fn install_postgresql() -> Result<()> {
    let folder = Path::new("/etc/postgresql-common");
    let settings = folder.join("createcluster.conf");
    // Where the file is there or cannot be written, one idle cluster more does no harm.
    if !settings.exists() && std::fs::create_dir_all(folder).is_ok() {
        let _ = std::fs::write(settings, "create_main_cluster = false\n");
    }
    process::install(&["postgresql"])?;
    earmark_cluster::Installation::find().context("after its installation")?;
    Ok(())
}

/// nextest where it is installed: the same tests, side by side. It leaves doc tests to cargo.
fn test_command() -> Command {
    let mut command = process::cargo();
    if process::cargo_has("nextest") {
        command.args(["nextest", "run", "--workspace", "--locked"]);
    } else {
        command.args(["test", "--workspace", "--lib", "--bins", "--tests", "--locked"]);
    }
    command
}

/// Runs a test command, shows its output as it comes, and returns the lines that close a run of
/// tests.
fn tee(command: &mut Command) -> Result<Vec<String>> {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("cannot start the tests")?;
    let closing = Mutex::new(Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        scope.spawn(|| stdout.map(|from| pass_on(from, std::io::stdout(), &closing)));
        scope.spawn(|| stderr.map(|from| pass_on(from, std::io::stderr(), &closing)));
    });
    let status = child.wait()?;
    anyhow::ensure!(status.success(), "the tests ended with {status}");
    Ok(closing.into_inner().unwrap_or_default())
}

fn pass_on(from: impl Read, mut to: impl Write, closing: &Mutex<Vec<String>>) {
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        // A reader that went away does not stop the tests.
        let _ = writeln!(to, "{line}");
        if closes_a_run(&line)
            && let Ok(mut closing) = closing.lock()
        {
            closing.push(line);
        }
    }
}

/// `test result: ok. 3 passed; …` of cargo, when it is about any test, and `Summary [ 1.2s] 3 tests
/// run: …` of nextest.
fn closes_a_run(line: &str) -> bool {
    let line = line.trim_start();
    (line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed"))
        || line.starts_with("Summary [")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_recognised() {
        assert!(closes_a_run("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out"));
        assert!(closes_a_run("     Summary [   4.1s] 31 tests run: 31 passed, 0 skipped"));
        assert!(!closes_a_run("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out"));
        assert!(!closes_a_run("test orders::total ... ok"));
    }

    #[test]
    fn output_is_passed_on_and_closing_lines_are_kept() {
        let closing = Mutex::new(Vec::new());
        let mut shown = Vec::new();
        pass_on(&b"running 2 tests\n  Summary [ 1s] 2 tests run\n"[..], &mut shown, &closing);
        assert_eq!(String::from_utf8(shown).unwrap(), "running 2 tests\n  Summary [ 1s] 2 tests run\n");
        assert_eq!(closing.into_inner().unwrap(), ["  Summary [ 1s] 2 tests run"]);
    }

    #[test]
    fn failing_run_is_an_error() {
        assert!(tee(&mut Command::new("false")).is_err());
        assert!(tee(&mut Command::new("true")).is_ok());
    }
}
