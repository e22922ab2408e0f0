//! Does the source keep the rules of the house? Each rule is a function from text to findings, so
//! that its tests can feed it a bad sample: a rule that cannot fail is no rule.
//!
//! Invariant: the source of this workspace yields no finding, here and in `cargo test`. The list of
//! rules is in `rules/mod.rs`, and `report.rs` prints what they measure.

mod report;
mod rules;
mod source;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::tidy::source::Sources;
use crate::workspace;

/// What to look at.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Print the figures of the source instead of what breaks a rule.
    #[arg(long)]
    report: bool,
    /// Another checkout than this one.
    #[arg(long, value_name = "PATH")]
    root: Option<PathBuf>,
    /// Print only what is in this file, folder or crate.
    #[arg(long, value_name = "PATH")]
    only: Option<String>,
}

/// Checks the workspace that this package is in.
pub(crate) fn check() -> Result<()> {
    run(&Options { report: false, root: None, only: None })
}

/// Checks or measures a workspace.
pub(crate) fn run(options: &Options) -> Result<()> {
    let root = options.root.clone().unwrap_or_else(workspace::root);
    let sources = Sources::read(&root)?;
    if options.report {
        print!("{}", report::table(&sources));
        return Ok(());
    }
    let mut findings = Vec::new();
    let mut summary = Vec::new();
    for (rule, found) in rules::findings(&sources, &root)? {
        let found = found.into_iter().filter(|finding| is_wanted(finding, options.only.as_deref()));
        let before = findings.len();
        findings.extend(found);
        if findings.len() > before {
            summary.push(format!("{:6}  {rule}", findings.len() - before));
        }
    }
    if findings.is_empty() {
        let files = sources.rust.len() + sources.others.len();
        println!("{files} files keep {} rules", rules::count());
        return Ok(());
    }
    bail!("{} findings:\n{}\n{}", findings.len(), findings.join("\n"), summary.join("\n"))
}

/// Whether the path with which a finding starts is this one or below it. The name of a crate stands
/// for its folder.
fn is_wanted(finding: &str, only: Option<&str>) -> bool {
    let Some(only) = only.map(|only| only.trim_end_matches('/')) else { return true };
    let path = finding.strip_prefix("crates/").filter(|_| !only.starts_with("crates/")).unwrap_or(finding);
    path.strip_prefix(only).is_some_and(|rest| rest.starts_with(['/', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspace_keeps_the_rules() {
        check().unwrap();
    }

    #[test]
    fn findings_are_wanted_by_folder_or_crate() {
        let finding = "crates/earmark-http/src/serve.rs:1: `…`";
        for (only, expect) in [
            (None, true),
            (Some("crates/earmark-http"), true),
            (Some("crates/earmark-http/src/"), true),
            (Some("earmark-http"), true),
            (Some("crates/earmark-http/tests"), false),
            (Some("earmark-core"), false),
            (Some("crates/earmark"), false),
        ] {
            assert_eq!(is_wanted(finding, only), expect, "{only:?}");
        }
    }
}
