//! What is code in a Rust file, and what is a comment or a literal?
//!
//! Invariant: a blanked text has the same lines and columns as the original, so a position found in
//! one is a position in the other.

/// A Rust text, seen in three ways.
pub(crate) struct Scanned {
    /// Comments and the insides of literals are spaces.
    pub(crate) code: String,
    /// Comments alone are spaces: what counts as lines of code.
    pub(crate) uncommented: String,
    /// In the order of the text.
    pub(crate) comments: Vec<Comment>,
}

/// One `//` comment, or one line of a block comment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// The first line of a file is 0.
    pub(crate) line: usize,
    /// How many characters stand before it on its line.
    pub(crate) column: usize,
    /// As it stands, with its slashes.
    pub(crate) text: String,
    /// Nothing but spaces stands before it.
    pub(crate) is_alone: bool,
}

impl Comment {
    /// The text after `///` or `//!`; None for a comment that is no documentation.
    pub(crate) fn doc(&self) -> Option<&str> {
        let text = self.text.strip_prefix("///").or_else(|| self.text.strip_prefix("//!"))?;
        (!text.starts_with('/')).then_some(text)
    }
}

/// Splits a text into code, literals and comments.
pub(crate) fn scan(text: &str) -> Scanned {
    let chars = text.chars().collect::<Vec<_>>();
    let mut scanned = Scanned {
        code: String::with_capacity(text.len()),
        uncommented: String::with_capacity(text.len()),
        comments: Vec::new(),
    };
    let (mut at, mut line, mut line_start) = (0, 0, 0);
    while at < chars.len() {
        let end = token_end(&chars, at);
        let token = &chars[at..end];
        let is_comment = chars[at] == '/' && token.len() > 1;
        if is_comment {
            let place = Place { line, column: at - line_start };
            let is_alone = chars[line_start..at].iter().all(|char| char.is_whitespace());
            scanned.comments.extend(comments(token, place, is_alone));
        }
        let spaces = token.iter().map(|&char| if char == '\n' { '\n' } else { ' ' });
        if token.len() == 1 {
            scanned.code.push(chars[at]);
        } else {
            scanned.code.extend(spaces.clone());
        }
        if is_comment {
            scanned.uncommented.extend(spaces);
        } else {
            scanned.uncommented.extend(token);
        }
        for (offset, _) in token.iter().enumerate().filter(|(_, char)| **char == '\n') {
            line += 1;
            line_start = at + offset + 1;
        }
        at = end;
    }
    scanned
}

/// Where something stands: both count from 0.
#[derive(Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
}

/// The comments of one token: one, or as many as a block comment has lines.
fn comments(token: &[char], place: Place, is_alone: bool) -> Vec<Comment> {
    let text = token.iter().collect::<String>();
    let lines = text.lines().enumerate();
    lines
        .map(|(offset, text)| Comment {
            line: place.line + offset,
            column: if offset == 0 { place.column } else { 0 },
            text: text.to_owned(),
            is_alone: is_alone || offset > 0,
        })
        .collect()
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

/// Block comments nest, so the first `*/` may not be the end.
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
            let scanned = scan(given);
            assert_eq!(scanned.code, expect, "{given}");
            assert_eq!(scanned.uncommented.lines().count(), given.lines().count());
        }
    }

    #[test]
    fn comments_are_found_where_they_stand() {
        let scanned = scan("/// A.\nfn a() {} // b\nlet c = \"// d\"; /* e\n f */\n");
        let found = scanned.comments.iter().map(|c| (c.line, c.column, c.text.as_str(), c.is_alone));
        let expect =
            [(0, 0, "/// A.", true), (1, 10, "// b", false), (2, 16, "/* e", false), (3, 0, " f */", true)];
        assert_eq!(found.collect::<Vec<_>>(), expect);
        assert_eq!(scanned.uncommented, "      \nfn a() {}     \nlet c = \"// d\";     \n     \n");
    }

    #[test]
    fn documentation_is_told_from_other_comments() {
        let scanned = scan("/// A.\n//! B.\n// C.\n//// D.\n");
        let docs = scanned.comments.iter().map(Comment::doc).collect::<Vec<_>>();
        assert_eq!(docs, [Some(" A."), Some(" B."), None, None]);
    }
}
