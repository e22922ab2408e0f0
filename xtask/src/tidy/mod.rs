//! Does the source keep the rules of the house? Each rule is a function from text to findings, so
//! that its tests can feed it a bad sample: a rule that cannot fail is no rule.
//!
//! Invariant: the source of this workspace yields no finding, here and in `cargo test`. The list of
//! rules is `RULES`; what they measure is printed by `report`.

mod arrows;
mod circles;
mod comments;
mod core_purity;
mod faults;
mod feature_heads;
mod functions;
mod homes;
mod imports;
mod markdown;
mod report;
mod scan;
mod signatures;
mod source;
mod sources;
mod syntax;
mod words;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::tidy::source::SourceFile;
use crate::tidy::sources::{RustFile, Sources};
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

/// A rule that reads all files together.
type Rule = fn(&Sources) -> Vec<String>;

/// Every rule by its name, except that of the arrows between crates: those are read from cargo.
const RULES: [(&str, Rule); 20] = [
    ("Rust that parses", |sources| sources.broken.clone()),
    ("purity of the core", |sources| each_source(sources, core_purity::check)),
    ("circles of imports", circles::check),
    ("heads of features", feature_heads::check),
    ("length of files", |sources| each_rust(sources, functions::check_files)),
    ("median of files", functions::check_median),
    ("heads of files", |sources| each_source(sources, functions::check_head)),
    ("length of functions", |sources| each_source(sources, functions::check_functions)),
    ("tuple parameters", |sources| each_rust(sources, signatures::check_tuples)),
    ("number of parameters", |sources| each_rust(sources, signatures::check_parameters)),
    ("public items with a doc", |sources| each_rust(sources, signatures::check_docs)),
    ("docs that say something", |sources| each_source(sources, comments::check_docs)),
    ("width of comments", |sources| each_source(sources, comments::check_width)),
    ("documents not wrapped by hand", |sources| each_other(sources, markdown::check)),
    ("faults outside of production", |sources| each_rust(sources, faults::check)),
    ("one home of proofs", |sources| each_rust(sources, homes::check_proofs)),
    ("one generator of random numbers", |sources| each_rust(sources, homes::check_random)),
    ("unfinished work and paths", |sources| each_text(sources, words::check)),
    ("names that may not come back", |sources| each_source(sources, words::check_identifiers)),
    ("phrases that may not come back", |sources| each_text(sources, words::check_phrases)),
];

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
    for (rule, found) in findings_by_rule(&sources, &root)? {
        let found = found.into_iter().filter(|finding| is_wanted(finding, options.only.as_deref()));
        let before = findings.len();
        findings.extend(found);
        if findings.len() > before {
            summary.push(format!("{:6}  {rule}", findings.len() - before));
        }
    }
    if findings.is_empty() {
        let files = sources.rust.len() + sources.others.len();
        println!("{files} files keep {} rules", RULES.len() + 1);
        return Ok(());
    }
    bail!("{} findings:\n{}\n{}", findings.len(), findings.join("\n"), summary.join("\n"))
}

fn findings_by_rule(sources: &Sources, root: &Path) -> Result<Vec<(&'static str, Vec<String>)>> {
    let mut all = vec![("arrows between crates", arrows::check(&workspace::metadata_of(root)?))];
    all.extend(RULES.iter().map(|(name, rule)| (*name, rule(sources))));
    Ok(all)
}

/// Whether the path with which a finding starts is this one or below it. The name of a crate stands
/// for its folder.
fn is_wanted(finding: &str, only: Option<&str>) -> bool {
    let Some(only) = only.map(|only| only.trim_end_matches('/')) else { return true };
    let path = finding.strip_prefix("crates/").filter(|_| !only.starts_with("crates/")).unwrap_or(finding);
    path.strip_prefix(only).is_some_and(|rest| rest.starts_with(['/', ':']))
}

fn each_rust(sources: &Sources, rule: fn(&RustFile) -> Vec<String>) -> Vec<String> {
    sources.rust.iter().flat_map(rule).collect()
}

fn each_source(sources: &Sources, rule: fn(&SourceFile) -> Vec<String>) -> Vec<String> {
    sources.rust.iter().flat_map(|file| rule(&file.source)).collect()
}

fn each_other(sources: &Sources, rule: fn(&SourceFile) -> Vec<String>) -> Vec<String> {
    sources.others.iter().flat_map(rule).collect()
}

fn each_text(sources: &Sources, rule: fn(&SourceFile) -> Vec<String>) -> Vec<String> {
    let mut findings = each_source(sources, rule);
    findings.extend(each_other(sources, rule));
    findings
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
