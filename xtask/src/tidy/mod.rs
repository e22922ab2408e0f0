//! Does the source keep the rules of the house? Dependency arrows, sizes, words, and what the core may not name.
//!
//! Each rule is a function from text to findings, so that a bad sample can be fed to it: a rule that cannot fail is
//! no rule. Invariant: the source of this workspace yields no finding, here and in `cargo test`.

mod arrows;
mod core_purity;
mod functions;
mod source;
mod words;

use anyhow::{Result, bail};

use crate::workspace;

/// Checks the whole workspace.
pub(crate) fn run() -> Result<()> {
    let mut findings = arrows::check(&workspace::metadata()?);
    let files = source::files(&workspace::root())?;
    for file in &files {
        findings.extend(words::check(file));
        if file.is_rust() {
            findings.extend(functions::check(file));
            findings.extend(core_purity::check(file));
        }
    }
    if findings.is_empty() {
        println!("{} files: arrows, sizes, words and the core are in order", files.len());
        return Ok(());
    }
    bail!("{} findings:\n{}", findings.len(), findings.join("\n"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn workspace_keeps_the_rules() {
        super::run().unwrap();
    }
}
