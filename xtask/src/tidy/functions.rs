//! How long are files and functions? A function has at most 70 lines of code, unless it says why it
//! is longer.
//!
//! Invariant: functions are counted as clippy counts, lines of code between the braces, so the two
//! never disagree. Files are counted whole.

use crate::tidy::source::SourceFile;
use crate::tidy::sources::{RustFile, Sources};

const FILE_LINES_MAX: usize = 400;
const TEST_LINES_MAX: usize = 700;
const MEDIAN_LINES_MAX: usize = 90;
const FUNCTION_LINES_MAX: usize = 70;
const EXCUSE: &str = "#[expect(clippy::too_many_lines";

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
pub(crate) fn check_functions(file: &SourceFile) -> Vec<String> {
    let mut findings = Vec::new();
    let path = &file.path;
    for function in functions(&file.scanned.code) {
        if function.lines > FUNCTION_LINES_MAX && !is_excused(&file.text, function.line) {
            findings.push(format!(
                "{path}:{}: fn {} has {} lines of code, more than {FUNCTION_LINES_MAX}",
                function.line + 1,
                function.name,
                function.lines
            ));
        }
    }
    findings
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    /// The line of `fn`, from 0.
    line: usize,
    /// Lines of code between the braces.
    lines: usize,
}

/// All functions with a body in code whose comments and literals are blank.
fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let starts_word = !code[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_');
        let name = code[at + 3..]
            .split(|char: char| !char.is_alphanumeric() && char != '_')
            .next()
            .unwrap_or_default();
        if !starts_word || name.is_empty() {
            continue;
        }
        let Some(body) = body(&code[at..]) else { continue };
        found.push(Function {
            name: name.to_owned(),
            line: code[..at].matches('\n').count(),
            lines: body.lines().filter(|line| !line.trim().is_empty()).count(),
        });
    }
    found
}

/// The text between the braces of the function that starts here; None for a declaration.
fn body(code: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut open = None;
    // Brackets and parentheses hide the `;` of an array type in the signature.
    let mut hidden = 0_usize;
    for (at, char) in code.char_indices() {
        match char {
            '(' | '[' => hidden += 1,
            ')' | ']' => hidden = hidden.saturating_sub(1),
            ';' if open.is_none() && hidden == 0 => return None,
            '{' => {
                open.get_or_insert(at + 1);
                depth += 1;
            }
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(&code[open?..at]);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether the attributes above the function carry the excuse.
fn is_excused(text: &str, line: usize) -> bool {
    let lines = text.lines().take(line).collect::<Vec<_>>();
    lines
        .iter()
        .rev()
        .map(|line| line.trim())
        .take_while(|line| !line.is_empty() && !line.ends_with('}') && !line.ends_with(';'))
        .any(|line| line.starts_with(EXCUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile::new("sample.rs", text.to_owned())
    }

    fn long_function(attribute: &str, lines: usize) -> SourceFile {
        file(&format!(
            "//! Sample.\n\n{attribute}fn long(a: [u8; 2]) {{\n{}}}\n",
            "    call();\n\n    // Why.\n".repeat(lines)
        ))
    }

    #[test]
    fn functions_are_found_with_their_code_lines() {
        let sample = file("//! S.\nfn a() {}\ntrait T { fn b(); fn c() {\n  if x {\n    y('{')\n  }\n} }\n");
        let found = functions(&sample.scanned.code);
        let shape = found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect::<Vec<_>>();
        assert_eq!(shape, [("a", 1, 0), ("c", 2, 3)]);
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
        assert_eq!(check_head(&file("fn a() {}\n")), ["sample.rs: does not open with `//!`"]);
        assert!(check_head(&file("//! A.\n")).is_empty());
    }
}
