//! What is code in a Rust file, and what is text? A scanner that blanks comments and literals, and the list of files.
//!
//! Invariant: the blanked text has the same lines as the original, so that a position found in one is a position in
//! the other.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Kinds of files whose words are ours. Others (data, vendored scripts, the lock file) are not read.
const EXTENSIONS: [&str; 7] = ["rs", "toml", "md", "sql", "sh", "yml", "html"];

/// A file of the workspace.
pub(crate) struct SourceFile {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// The text as it stands.
    pub(crate) text: String,
}

impl SourceFile {
    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }

    /// The code alone: comments and the insides of literals are spaces.
    pub(crate) fn code(&self) -> String {
        blank(&self.text)
    }
}

/// All files of the workspace whose words are ours, in a fixed order.
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
            files.push(SourceFile { path, text });
        }
    }
    Ok(())
}

/// Build output, vendored scripts, and whatever tools keep in hidden folders.
fn is_skipped(folder: &str) -> bool {
    folder.starts_with("target") || folder == "vendor" || (folder.starts_with('.') && folder != ".ci")
}

fn is_ours(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| EXTENSIONS.iter().any(|&known| extension.eq_ignore_ascii_case(known)))
}

/// Replaces comments and the insides of string and character literals by spaces.
pub(crate) fn blank(text: &str) -> String {
    let chars = text.chars().collect::<Vec<_>>();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = token_end(&chars, at);
        if end == at + 1 {
            code.push(chars[at]);
        } else {
            code.extend(chars[at..end].iter().map(|&char| if char == '\n' { '\n' } else { ' ' }));
        }
        at = end;
    }
    code
}

/// Where the comment or literal that starts here ends; one further when none starts here.
fn token_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied().unwrap_or_default();
    match chars[at] {
        '/' if next == '/' => find(chars, at, |char| char == '\n'),
        '/' if next == '*' => block_comment_end(chars, at),
        '"' => string_end(chars, at + 1),
        'r' | 'b' | 'c' if !preceded_by_word(chars, at) => raw_string_end(chars, at).unwrap_or(at + 1),
        '\'' if next == '\\' => find(chars, at + 3, |char| char == '\'') + 1,
        '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at + 1,
    }
    .min(chars.len())
}

fn preceded_by_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|&at| wanted(chars[at])).unwrap_or(chars.len())
}

/// Block comments nest.
fn block_comment_end(chars: &[char], from: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = from;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// `r"…"`, `r#"…"#`, `br#"…"#`; None when it is a mere identifier.
fn raw_string_end(chars: &[char], from: usize) -> Option<usize> {
    let raw = find(chars, from, |char| char != 'b' && char != 'c');
    if chars.get(raw) != Some(&'r') {
        return None;
    }
    let quote = find(chars, raw + 1, |char| char != '#');
    if chars.get(quote) != Some(&'"') {
        return None;
    }
    let hashes = quote - raw - 1;
    let closes =
        |at: usize| chars[at] == '"' && chars[at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
    (quote + 1..chars.len()).find(|&at| closes(at)).map(|at| at + 1 + hashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_kept() {
        for (given, expect) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x{y\"z", 'q')"#, r"f(        ,    )"),
            (r##"r#"a"b"# + r"c""##, "         +     "),
            ("'a: loop {}", "'a: loop {}"),
            (r"'\'' x '\u{41}'", "     x         "),
            ("\"a\nb\" c", "  \n   c"),
            ("for x in bar {}", "for x in bar {}"),
        ] {
            assert_eq!(blank(given), expect, "{given}");
            assert_eq!(blank(given).lines().count(), given.lines().count());
        }
    }
}
