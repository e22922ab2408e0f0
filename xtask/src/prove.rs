//! How is a proof run from here? By the release binary `earmark-prove`, against the release binary
//! of the server. The list of proofs is that of the crate `earmark-prove`.

use std::process::Command;

use anyhow::{Context, Result};
use clap::builder::{PossibleValue, PossibleValuesParser};
use earmark_prove::{PROOFS, Proof};

use crate::{process, workspace};

/// The names that can be given on the command line.
pub(crate) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(PROOFS.map(|proof| PossibleValue::new(proof.name).help(proof.proves)))
}

/// Builds what is needed, then runs the proof of this name.
pub(crate) fn run(name: &str) -> Result<()> {
    workspace::build_release(&["earmark", "earmark-prove"])?;
    run_built(name)
}

/// Runs the proof of this name with the binaries that are there.
pub(crate) fn run_built(name: &str) -> Result<()> {
    let proof = PROOFS.iter().find(|proof| proof.name == name).context("no such proof")?;
    run_with(proof, &[])
}

/// Runs a proof with the binaries that are there and with further arguments.
pub(crate) fn run_with(proof: &Proof, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(workspace::release_binary("earmark-prove")?);
    command.arg(proof.name).arg("--earmark").arg(workspace::release_binary("earmark")?).args(arguments);
    if proof.name == "api" {
        install_python()?;
        command.arg("--folder").arg(workspace::target_dir());
    }
    process::run(&mut command)
}

/// Schemathesis is installed in a virtual environment.
fn install_python() -> Result<()> {
    if process::succeeds("python3", &["-c", "import ensurepip, venv"]) {
        return Ok(());
    }
    process::install(&["python3", "python3-venv"])
}
