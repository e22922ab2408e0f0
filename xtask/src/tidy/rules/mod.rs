//! Which rules does tidy hold? This list names them all; each has a module of its own with the
//! others of its kind.
//!
//! Invariant: a rule is a function from text to findings, and each finding starts with its path.

mod arrows;
pub(super) mod circles;
pub(super) mod comments;
mod core_purity;
pub(super) mod faults;
mod feature_heads;
pub(super) mod homes;
pub(super) mod markdown;
pub(super) mod signatures;
pub(super) mod sizes;
pub(super) mod words;

use std::path::Path;

use anyhow::Result;

use crate::tidy::source::{RustFile, SourceFile, Sources};
use crate::workspace;

/// A rule that reads all files together.
type Rule = fn(&Sources) -> Vec<String>;

/// Every rule by its name, except that of the arrows between crates: those are read from cargo.
const RULES: [(&str, Rule); 21] = [
    ("Rust that parses", |sources| sources.broken.clone()),
    ("purity of the core", |sources| each_source(sources, core_purity::check)),
    ("circles of imports", circles::check),
    ("heads of features", feature_heads::check),
    ("length of files", |sources| each_rust(sources, sizes::check_files)),
    ("median of files", sizes::check_median),
    ("heads of files", |sources| each_source(sources, sizes::check_head)),
    ("length of functions", |sources| each_rust(sources, sizes::check_functions)),
    ("tuple parameters", |sources| each_rust(sources, signatures::check_tuples)),
    ("number of parameters", |sources| each_rust(sources, signatures::check_parameters)),
    ("public items with a doc", |sources| each_rust(sources, signatures::check_docs)),
    ("docs that say something", |sources| each_source(sources, comments::check_docs)),
    ("width of comments", |sources| each_source(sources, comments::check_width)),
    ("documents not wrapped by hand", |sources| each_other(sources, markdown::check)),
    ("faults outside of production", |sources| each_rust(sources, faults::check)),
    ("one home of proofs", |sources| each_rust(sources, homes::check_proofs)),
    ("one client and one server of tools", |sources| each_rust(sources, homes::check_harness)),
    ("one generator of random numbers", |sources| each_rust(sources, homes::check_random)),
    ("unfinished work and paths", |sources| each_text(sources, words::check)),
    ("names that may not come back", |sources| each_source(sources, words::check_identifiers)),
    ("phrases that may not come back", |sources| each_text(sources, words::check_phrases)),
];

/// How many rules there are.
pub(super) fn count() -> usize {
    // The arrows between crates are not in the list.
    RULES.len() + 1
}

/// The findings of every rule, with its name.
pub(super) fn findings(sources: &Sources, root: &Path) -> Result<Vec<(&'static str, Vec<String>)>> {
    let mut all = vec![("arrows between crates", arrows::check(&workspace::metadata_of(root)?))];
    all.extend(RULES.iter().map(|(name, rule)| (*name, rule(sources))));
    Ok(all)
}

pub(super) fn each_rust(sources: &Sources, rule: fn(&RustFile) -> Vec<String>) -> Vec<String> {
    sources.rust.iter().flat_map(rule).collect()
}

pub(super) fn each_source(sources: &Sources, rule: fn(&SourceFile) -> Vec<String>) -> Vec<String> {
    sources.rust.iter().flat_map(|file| rule(&file.source)).collect()
}

pub(super) fn each_other(sources: &Sources, rule: fn(&SourceFile) -> Vec<String>) -> Vec<String> {
    sources.others.iter().flat_map(rule).collect()
}

pub(super) fn each_text(sources: &Sources, rule: fn(&SourceFile) -> Vec<String>) -> Vec<String> {
    let mut findings = each_source(sources, rule);
    findings.extend(each_other(sources, rule));
    findings
}
