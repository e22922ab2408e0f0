//! How does the source measure up? One row for each figure, with the bar beside it, so that two
//! checkouts can be compared: `cargo xtask tidy --report --root PATH`.
//!
//! Invariant: a figure is counted by the rule that holds it, where there is one.

use std::collections::BTreeSet;
use std::fmt::{Display, Write};

use crate::tidy::rules::circles::{self, Circle};
use crate::tidy::rules::{
    comments, each_other, each_rust, each_source, each_text, faults, homes, markdown, signatures, sizes,
    words,
};
use crate::tidy::source::{RustFile, Sources};

/// A figure, what it is now and what it shall be.
struct Row {
    figure: String,
    now: String,
    bar: &'static str,
}

fn row(figure: &str, now: impl Display, bar: &'static str) -> Row {
    Row { figure: figure.to_owned(), now: format!("{now}"), bar }
}

/// The whole table in Markdown, and below it the files of circles that are too large.
pub(crate) fn table(sources: &Sources) -> String {
    let crates = sources.crates();
    let circles = crates.iter().flat_map(|folder| circles::circles(sources, folder)).collect::<Vec<_>>();
    let mut rows = circle_rows(&crates, &circles);
    rows.extend(home_rows(sources));
    rows.extend(prose_rows(sources));
    rows.extend(size_rows(sources));
    let mut text = "| figure | now | shall be |\n|---|---|---|\n".to_owned();
    for Row { figure, now, bar } in rows {
        let _ = writeln!(text, "| {figure} | {now} | {bar} |");
    }
    for circle in circles.iter().filter(|circle| circle.is_too_large()) {
        let files = circle.names().join(", ");
        let _ = writeln!(text, "\n{}: {} files: {files}", circle.crate_folder, circle.files.len());
    }
    text
}

/// The largest circle of each crate that has one.
fn circle_rows(crates: &BTreeSet<&str>, circles: &[Circle<'_>]) -> Vec<Row> {
    let mut rows = Vec::new();
    for folder in crates {
        let name = folder.trim_start_matches("crates/");
        let bar = if name == "earmark-core" { "none" } else { "none above 2 files" };
        let largest = circles.iter().find(|circle| circle.crate_folder == **folder);
        let now = largest.map_or("none".to_owned(), |circle| {
            format!("{} files, {} arrows", circle.files.len(), circle.arrows.len())
        });
        rows.push(row(&format!("largest circle of imports in `{name}`"), now, bar));
    }
    rows
}

fn home_rows(sources: &Sources) -> Vec<Row> {
    let mentions = sources.rust.iter().flat_map(faults::mentions).collect::<Vec<_>>();
    let files = mentions.iter().map(|mention| &mention.path).collect::<BTreeSet<_>>().len();
    let lines = mentions.iter().map(|mention| (&mention.path, mention.line)).collect::<BTreeSet<_>>().len();
    let vocabularies = mentions.iter().map(|mention| mention.vocabulary).collect::<BTreeSet<_>>().len();
    let with = |wanted: fn(&RustFile) -> Option<usize>| {
        sources.rust.iter().filter(move |file| wanted(file).is_some())
    };
    let proofs = with(homes::proof).map(|file| file.source.crate_folder()).collect::<BTreeSet<_>>();
    let clients = with(homes::client).map(|file| file.source.crate_folder()).collect::<BTreeSet<_>>();
    vec![
        row(
            "vocabularies for faults on purpose in production code",
            format!("{vocabularies} ({files} files, {lines} lines)"),
            "0",
        ),
        row("homes of proofs", format!("{} ({})", proofs.len(), join(&proofs)), "1"),
        row("copies of SplitMix64", with(homes::split_mix).count(), "1"),
        row("clients of our API", format!("{} ({})", clients.len(), join(&clients)), "1"),
        row("servers under test", with(homes::server).count(), "1"),
    ]
}

fn join(names: &BTreeSet<&str>) -> String {
    names.iter().map(|name| name.trim_start_matches("crates/")).collect::<Vec<_>>().join(", ")
}

fn prose_rows(sources: &Sources) -> Vec<Row> {
    let docs = sources.rust.iter().map(|file| comments::docs(&file.source).len()).sum::<usize>();
    let short = each_source(sources, comments::check_docs).len();
    let wrapped = each_other(sources, markdown::check);
    let plain = |files: &mut dyn Iterator<Item = &RustFile>| {
        let (mut comments, mut lines) = (0, 0);
        for file in files {
            let alone = file.source.scanned.comments.iter().filter(|comment| comment.is_alone);
            comments += alone.filter(|comment| comment.doc().is_none()).count();
            lines += file.source.text.lines().count();
        }
        // In tenths of a percent, rounded.
        let share = (comments * 1000 + lines / 2).checked_div(lines).unwrap_or_default();
        format!("{}.{} % ({comments} of {lines})", share / 10, share % 10)
    };
    vec![
        row("doc comments of one to three words", format!("{short} of {docs}"), "0"),
        row("comment lines wider than 100 columns", each_source(sources, comments::check_width).len(), "0"),
        row(
            "paragraphs of documents wrapped by hand",
            format!("{} ({} lines)", markdown::paragraphs(&wrapped), wrapped.len()),
            "0",
        ),
        row("public items without a doc", each_rust(sources, signatures::check_docs).len(), "0"),
        row("names that may not come back", each_source(sources, words::check_identifiers).len(), "0"),
        row("phrases that may not come back", each_text(sources, words::check_phrases).len(), "0"),
        row(
            "`//` at the step that needs it, of lines of production files",
            plain(&mut sources.production()),
            "where a reader would stop",
        ),
        row("the same of lines of all files", plain(&mut sources.rust.iter()), "where a reader would stop"),
    ]
}

fn size_rows(sources: &Sources) -> Vec<Row> {
    let lines = |file: &RustFile| file.source.text.lines().count();
    let largest = sources.production().max_by_key(|file| lines(file));
    let name = |file: &RustFile| format!("{} ({})", lines(file), file.source.path);
    let is_fault = |file: &&RustFile| file.source.path.starts_with(faults::FAULTS);
    let code = sources.production().map(RustFile::lines_of_code).sum::<usize>();
    let of_faults = sources.production().filter(is_fault).map(RustFile::lines_of_code).sum::<usize>();
    vec![
        row("functions that take a tuple", each_rust(sources, signatures::check_tuples).len(), "0"),
        row(
            "functions of more than 4 parameters",
            each_rust(sources, signatures::check_parameters).len(),
            "0",
        ),
        row("lines of production code, without faults on purpose", code - of_faults, "fewer than before"),
        row("lines of faults on purpose, in their one place", of_faults, ""),
        row("production files", sources.production().count(), ""),
        row("median of the lines of a production file", sizes::median(sources), "at most 90"),
        row("largest production file", largest.map_or(String::new(), name), "at most 400"),
        row("files above 400 lines, tests above 700", each_rust(sources, sizes::check_files).len(), "0"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_a_row_for_each_figure() {
        let text = table(&Sources::sample(&[
            ("README.md", "One\ntwo.\n"),
            ("crates/earmark-core/src/lib.rs", "//! What is it?\nmod a; mod b;\n"),
            ("crates/earmark-core/src/a.rs", "use crate::b::B;\n// Why.\npub struct A;\n"),
            ("crates/earmark-core/src/b.rs", "fn b((c, d): (crate::a::A, u8)) {}\n/// B.\npub struct B;\n"),
            ("crates/earmark/src/faults/mod.rs", "//! Which fault?\npub struct Fault;\n"),
        ]));
        for line in [
            "| largest circle of imports in `earmark-core` | 2 files, 2 arrows | none |",
            "| doc comments of one to three words | 3 of 3 | 0 |",
            "| paragraphs of documents wrapped by hand | 1 (1 lines) | 0 |",
            "| `//` at the step that needs it, of lines of production files | 10.0 % (1 of 10) | where a reader would stop |",
            "| functions that take a tuple | 1 | 0 |",
            "| lines of production code, without faults on purpose | 5 | fewer than before |",
            "| lines of faults on purpose, in their one place | 1 |  |",
            "crates/earmark-core: 2 files: a.rs, b.rs",
        ] {
            assert!(text.lines().any(|row| row == line), "{line} is not in\n{text}");
        }
    }
}
