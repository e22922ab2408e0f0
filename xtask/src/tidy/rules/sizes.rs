//! How long are files and functions? A function has at most 70 lines of code, unless it says why it
//! is longer.
//!
//! Invariant: functions are counted as clippy counts, lines of code between the braces, so the two
//! never disagree. Files are counted whole.

use crate::tidy::source::{RustFile, SourceFile, Sources};

const FILE_LINES_MAX: usize = 400;
const TEST_LINES_MAX: usize = 700;
const MEDIAN_LINES_MAX: usize = 90;
const FUNCTION_LINES_MAX: usize = 70;

/// A file that is too long.
pub(crate) fn check_files(file: &RustFile) -> Vec<String> {
    let lines = file.source.text.lines().count();
    let lines_max = if file.is_test { TEST_LINES_MAX } else { FILE_LINES_MAX };
    let path = &file.source.path;
    if lines > lines_max { vec![format!("{path}: {lines} lines, more than {lines_max}")] } else { Vec::new() }
}

/// Whether the files of the server are short on the whole.
pub(crate) fn check_median(sources: &Sources) -> Vec<String> {
    let median = median(sources);
    let text = || {
        format!(
            "crates: half of all production files have more than {median} lines: the median may be {MEDIAN_LINES_MAX}"
        )
    };
    if median > MEDIAN_LINES_MAX { vec![text()] } else { Vec::new() }
}

/// The median of the lines of all production files; 0 when there are none.
pub(crate) fn median(sources: &Sources) -> usize {
    let mut lines = sources.production().map(|file| file.source.text.lines().count()).collect::<Vec<_>>();
    lines.sort_unstable();
    lines.get(lines.len() / 2).copied().unwrap_or_default()
}

/// A file without a head.
pub(crate) fn check_head(file: &SourceFile) -> Vec<String> {
    let has_head = file.text.starts_with("//! ");
    if has_head { Vec::new() } else { vec![format!("{}: does not open with `//!`", file.path)] }
}

/// Functions that are too long.
pub(crate) fn check_functions(file: &RustFile) -> Vec<String> {
    let code = file.source.scanned.code.lines().collect::<Vec<_>>();
    let mut findings = Vec::new();
    for function in file.syntax.functions.iter().filter(|function| !function.may_be_long) {
        let body = code.get(function.body.clone()).unwrap_or_default();
        let lines = body.iter().filter(|line| !line.trim().is_empty()).count();
        if lines > FUNCTION_LINES_MAX {
            let place = format!("{}:{}", file.source.path, function.line + 1);
            let name = &function.name;
            findings.push(format!(
                "{place}: fn {name} has {lines} lines of code, more than {FUNCTION_LINES_MAX}"
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_function(attribute: &str, lines: usize) -> RustFile {
        let body = "    call();\n\n    // Why.\n".repeat(lines);
        let text = format!("//! Sample.\n\n{attribute}fn long(a: [u8; 2]) {{\n{body}}}\n");
        RustFile::sample("sample.rs", &text)
    }

    #[test]
    fn long_function_is_found_unless_it_says_why() {
        assert!(check_functions(&long_function("", 70)).is_empty());
        let findings = check_functions(&long_function("", 71));
        assert_eq!(findings, ["sample.rs:3: fn long has 71 lines of code, more than 70"]);
        let excuse = "#[expect(clippy::too_many_lines, reason = \"a straight list\")]\n";
        assert!(check_functions(&long_function(excuse, 71)).is_empty());
    }

    #[test]
    fn long_methods_are_found() {
        let body = "        call();\n".repeat(71);
        let text = format!("impl A {{\n    fn a() {{\n{body}    }}\n}}\ntrait T {{ fn b(); fn c() {{}} }}\n");
        assert_eq!(check_functions(&RustFile::sample("sample.rs", &text)).len(), 1);
    }

    #[test]
    fn long_file_is_found() {
        let findings = |path, lines| check_files(&RustFile::sample(path, &"\n".repeat(lines))).len();
        assert_eq!(findings("crates/earmark-http/src/a.rs", 400), 0);
        assert_eq!(findings("crates/earmark-http/src/a.rs", 401), 1);
        assert_eq!(findings("crates/earmark-http/tests/a.rs", 700), 0);
        assert_eq!(findings("crates/earmark-http/tests/a.rs", 701), 1);
    }

    #[test]
    fn median_of_long_files_is_found() {
        let findings = |middle: usize| {
            let texts = [10, middle, 300].map(|lines| "\n".repeat(lines));
            let paths = ["crates/earmark/src/a.rs", "crates/earmark/src/b.rs", "crates/earmark/src/c.rs"];
            let files = paths.into_iter().zip(texts.iter().map(String::as_str)).collect::<Vec<_>>();
            check_median(&Sources::sample(&files)).len()
        };
        assert_eq!((findings(90), findings(91)), (0, 1));
    }

    #[test]
    fn missing_head_is_found() {
        assert_eq!(
            check_head(&SourceFile::new("sample.rs", "fn a() {}\n".to_owned())),
            ["sample.rs: does not open with `//!`"]
        );
        assert!(check_head(&SourceFile::new("sample.rs", "//! A.\n".to_owned())).is_empty());
    }
}
