//! Which files have words of ours, and what is each of them: production code, a tool, or a test?
//!
//! Invariant: a file is read and scanned once; all rules look at what is kept here.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::tidy::source::scan::{self, Scanned};

/// Kinds of files whose words are ours. Data, vendored scripts and the lock file are not read.
const EXTENSIONS: [&str; 7] = ["rs", "toml", "md", "sql", "sh", "yml", "html"];

/// The crates that make up the server. All others are tools.
const PRODUCTION: [&str; 9] = [
    "crates/earmark-core/src/",
    "crates/earmark-store/src/",
    "crates/earmark-sqlite/src/",
    "crates/earmark-postgres/src/",
    "crates/earmark-door/src/",
    "crates/earmark-http/src/",
    "crates/earmark-console/src/",
    "crates/earmark-workers/src/",
    "crates/earmark/src/",
];

/// The suite and the simulation stood here before they had a crate of their own: never production.
const NOT_PRODUCTION: [&str; 2] =
    ["crates/earmark-store/src/conformance/", "crates/earmark-store/src/simulation/"];

/// A file of the workspace.
pub(crate) struct SourceFile {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Empty unless it is Rust.
    pub(crate) scanned: Scanned,
}

impl SourceFile {
    pub(crate) fn new(path: &str, text: String) -> Self {
        let scanned = if is_of(path, "rs") { scan::scan(&text) } else { scan::scan("") };
        Self { path: path.to_owned(), text, scanned }
    }

    pub(crate) fn is_rust(&self) -> bool {
        is_of(&self.path, "rs")
    }

    /// Documents for readers: those at the root and in `docs/`.
    pub(crate) fn is_document(&self) -> bool {
        is_of(&self.path, "md") && (!self.path.contains('/') || self.path.starts_with("docs/"))
    }

    /// The folder of its crate: `crates/earmark-core`; empty for files outside of crates.
    pub(crate) fn crate_folder(&self) -> &str {
        let depth = if self.path.starts_with("crates/") { 2 } else { 1 };
        self.path.match_indices('/').nth(depth - 1).map_or("", |(end, _)| &self.path[..end])
    }

    /// Its path below `src/`; None for tests, examples and what is no Rust.
    pub(crate) fn below_src(&self) -> Option<&str> {
        let path = self.path.strip_prefix(self.crate_folder())?.strip_prefix("/src/")?;
        self.is_rust().then_some(path)
    }

    /// Whether it belongs to the server. Its `#[cfg(test)]` modules do not: see `RustFile`.
    pub(crate) fn is_production(&self) -> bool {
        let starts_with = |folders: &[&str]| folders.iter().any(|folder| self.path.starts_with(folder));
        self.is_rust() && starts_with(&PRODUCTION) && !starts_with(&NOT_PRODUCTION)
    }
}

fn is_of(path: &str, wanted: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// All files below the root whose words are ours, in a fixed order.
pub(crate) fn files(root: &Path) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    walk(root, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(root: &Path, below: &str, files: &mut Vec<SourceFile>) -> Result<()> {
    let directory = root.join(below);
    for entry in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !is_skipped(&name) {
                walk(root, &path, files)?;
            }
        } else if kind.is_file() && (is_ours(&name) || path == ".ci/run") {
            let text = fs::read_to_string(entry.path()).with_context(|| path.clone())?;
            files.push(SourceFile::new(&path, text));
        }
    }
    Ok(())
}

/// Build output, vendored scripts, and whatever tools keep in hidden folders.
fn is_skipped(folder: &str) -> bool {
    folder.starts_with("target") || folder == "vendor" || (folder.starts_with('.') && folder != ".ci")
}

fn is_ours(name: &str) -> bool {
    EXTENSIONS.iter().any(|known| is_of(name, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_know_where_they_belong() {
        let file = |path: &str| SourceFile::new(path, String::new());
        let core = file("crates/earmark-core/src/orders/mod.rs");
        assert_eq!(core.crate_folder(), "crates/earmark-core");
        assert_eq!(core.below_src(), Some("orders/mod.rs"));
        assert!(core.is_production());
        let tool = file("xtask/src/main.rs");
        assert_eq!((tool.crate_folder(), tool.below_src()), ("xtask", Some("main.rs")));
        assert!(!tool.is_production());
        let test = file("crates/earmark-core/tests/rules/given.rs");
        assert_eq!(test.below_src(), None);
        assert!(!test.is_production());
        assert!(!file("crates/earmark-store/src/conformance/rows.rs").is_production());
        assert!(file("README.md").is_document());
        assert!(!file("xtask/data/README.md").is_document());
    }
}
