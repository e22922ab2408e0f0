//! Where do things lie? The workspace, its target directory and the release binaries.
//!
//! Invariant: no path is fixed; all follow from where this package was compiled and from
//! `CARGO_TARGET_DIR`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::process;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Everything that cargo knows about the workspace and its dependencies, by the committed lock
/// file.
pub(crate) fn metadata() -> Result<Metadata> {
    metadata_of(&root())
}

/// The same of the workspace in another folder.
pub(crate) fn metadata_of(root: &Path) -> Result<Metadata> {
    MetadataCommand::new()
        .current_dir(root)
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .context("cargo metadata --locked")
}

/// The target directory in use.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Builds the release binaries of the given packages and of what they need.
pub(crate) fn build_release(packages: &[&str]) -> Result<()> {
    let mut command = process::cargo();
    command.args(["build", "--release", "--locked"]);
    for package in packages {
        command.args(["--package", package]);
    }
    process::run(&mut command)
}

/// The path of a release binary that has been built.
pub(crate) fn release_binary(name: &str) -> Result<PathBuf> {
    let path = target_dir().join("release").join(name);
    anyhow::ensure!(path.is_file(), "{} is missing: run `cargo build --release -p {name}`", path.display());
    Ok(path)
}
