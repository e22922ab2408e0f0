//! What must hold of the source before any test runs? Format, lints, documentation, dependencies, the rules of the house.
//!
//! Invariant: nothing here needs the network once the dependencies are fetched.

use anyhow::{Context, Result};

use crate::steps::Steps;
use crate::{licences, process, tidy};

/// Runs all checks as a run of its own.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new();
    add(&mut steps)?;
    steps.finish("cargo xtask check");
    Ok(())
}

/// Runs all checks as steps of a longer run; the cheap ones first.
pub(crate) fn add(steps: &mut Steps) -> Result<()> {
    steps.run("components", install_components)?;
    steps.run("fmt", || process::run(process::cargo().args(["fmt", "--all", "--check"])))?;
    steps.run("tidy", tidy::run)?;
    steps.run("dependencies", dependencies)?;
    steps.run("clippy", || {
        let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        process::run(process::cargo().args(arguments))
    })?;
    steps.run("rustdoc", || {
        let arguments = ["doc", "--workspace", "--no-deps", "--locked"];
        process::run(process::cargo().args(arguments).env("RUSTDOCFLAGS", "-D warnings"))
    })
}

/// rustfmt and clippy are parts of a toolchain, but not of the minimal one.
fn install_components() -> Result<()> {
    if process::cargo_has("fmt") && process::cargo_has("clippy") {
        return Ok(());
    }
    process::run(std::process::Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]))
        .context("rustfmt or clippy is missing, and rustup could not add it")
}

/// cargo-deny takes minutes to compile, so it is used where it is installed and its three offline rules are
/// applied by our own code elsewhere.
fn dependencies() -> Result<()> {
    if process::cargo_has("deny") {
        return process::run(process::cargo().args([
            "deny",
            "--offline",
            "check",
            "bans",
            "licenses",
            "sources",
        ]));
    }
    licences::run()
}
