//! How long are files and functions? At most 700 lines, and 70 lines of code unless the function says why it is longer.
//!
//! Invariant: counted as clippy counts, lines of code between the braces, so the two never disagree.

use crate::tidy::source::SourceFile;

const FILE_LINES_MAX: usize = 700;
const FUNCTION_LINES_MAX: usize = 70;
const EXCUSE: &str = "#[expect(clippy::too_many_lines";

/// Findings about sizes in one Rust file, and about its head.
pub(crate) fn check(file: &SourceFile) -> Vec<String> {
    let mut findings = Vec::new();
    let path = &file.path;
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        findings.push(format!("{path}: {lines} lines, more than {FILE_LINES_MAX}"));
    }
    if !file.text.starts_with("//! ") {
        findings.push(format!("{path}: does not open with `//!`"));
    }
    for function in functions(&file.code()) {
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

    fn file(text: String) -> SourceFile {
        SourceFile { path: "sample.rs".to_owned(), text }
    }

    fn long_function(attribute: &str, lines: usize) -> SourceFile {
        file(format!(
            "//! Sample.\n\n{attribute}fn long(a: [u8; 2]) {{\n{}}}\n",
            "    call();\n\n    // Why.\n".repeat(lines)
        ))
    }

    #[test]
    fn functions_are_found_with_their_code_lines() {
        let sample = file(
            "//! S.\nfn a() {}\ntrait T { fn b(); fn c() {\n  if x {\n    y('{')\n  }\n} }\n".to_owned(),
        );
        let found = functions(&sample.code());
        let shape = found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect::<Vec<_>>();
        assert_eq!(shape, [("a", 1, 0), ("c", 2, 3)]);
    }

    #[test]
    fn long_function_is_found_unless_it_says_why() {
        assert!(check(&long_function("", 70)).is_empty());
        let findings = check(&long_function("", 71));
        assert_eq!(findings, ["sample.rs:3: fn long has 71 lines of code, more than 70"]);
        let excuse = "#[expect(clippy::too_many_lines, reason = \"a straight list\")]\n";
        assert!(check(&long_function(excuse, 71)).is_empty());
    }

    #[test]
    fn long_file_and_missing_head_are_found() {
        assert_eq!(check(&file(format!("//! S.\n{}", "\n".repeat(700)))).len(), 1);
        assert_eq!(check(&file("fn a() {}\n".to_owned())), ["sample.rs: does not open with `//!`"]);
    }
}
