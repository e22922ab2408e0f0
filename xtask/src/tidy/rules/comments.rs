//! Can comments be read beside the code, and do they say something?
//!
//! Invariant: a doc of three words or fewer repeats the name below it, so it is a finding. A field
//! or variant whose name says all has no doc.

use crate::tidy::source::{Comment, SourceFile};

const COLUMNS_MAX: usize = 100;
const DOC_WORDS_MIN: usize = 4;

/// Comment lines that are too wide. One long word, such as an address, cannot be broken.
pub(crate) fn check_width(file: &SourceFile) -> Vec<String> {
    let lines = file.scanned.comments.iter().filter(|comment| comment.is_alone);
    lines
        .filter_map(|comment| {
            let columns = comment.column + comment.text.chars().count();
            let is_too_wide = columns > COLUMNS_MAX && words(&comment.text) > 1;
            let place = format!("{}:{}", file.path, comment.line + 1);
            is_too_wide.then(|| format!("{place}: a comment of {columns} columns, more than {COLUMNS_MAX}"))
        })
        .collect()
}

/// Docs that are too short.
pub(crate) fn check_docs(file: &SourceFile) -> Vec<String> {
    let docs = docs(file).into_iter().filter(|doc| doc.words < DOC_WORDS_MIN);
    docs.map(|doc| format!("{}:{}: a doc of {} words: `{}`", file.path, doc.line + 1, doc.words, doc.first))
        .collect()
}

/// One doc comment, of as many lines as follow each other.
pub(crate) struct Doc {
    /// Its first line, from 0.
    line: usize,
    first: String,
    words: usize,
}

/// All doc comments of a file.
pub(crate) fn docs(file: &SourceFile) -> Vec<Doc> {
    let mut docs: Vec<Doc> = Vec::new();
    let mut before: Option<&Comment> = None;
    for comment in &file.scanned.comments {
        let Some(text) = comment.doc().filter(|_| comment.is_alone) else {
            before = None;
            continue;
        };
        let goes_on = before.is_some_and(|before| {
            before.line + 1 == comment.line && before.text.as_bytes()[2] == comment.text.as_bytes()[2]
        });
        match docs.last_mut() {
            Some(doc) if goes_on => doc.words += words(text),
            _ => docs.push(Doc { line: comment.line, first: text.trim().to_owned(), words: words(text) }),
        }
        before = Some(comment);
    }
    docs
}

fn words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile::new("sample.rs", text.to_owned())
    }

    #[test]
    fn wide_comment_is_found() {
        let at_the_bar = format!("    // {}ab\n", "abcd ".repeat(18) + "x");
        assert_eq!(at_the_bar.trim_end().len(), 100);
        assert!(check_width(&file(&at_the_bar)).is_empty());
        let found = check_width(&file(&at_the_bar.replace("ab\n", "abc\n")));
        assert_eq!(found, ["sample.rs:1: a comment of 101 columns, more than 100"]);
    }

    #[test]
    fn code_literals_and_addresses_may_be_wide() {
        let address = format!("/// <https://{}>\n", "a/".repeat(60));
        let literal = format!("let a = \"\n// {}\";\n", "abcd ".repeat(30));
        assert!(check_width(&file(&(address + &literal))).is_empty());
    }

    #[test]
    fn short_docs_are_found() {
        let found = check_docs(&file("//! One two three.\n\n/// Which.\n/// - when\nfn a() {}\n"));
        let expect =
            ["sample.rs:1: a doc of 3 words: `One two three.`", "sample.rs:3: a doc of 2 words: `Which.`"];
        assert_eq!(found, expect);
    }

    #[test]
    fn docs_that_say_something_are_not_found() {
        let text = "/// In whole minor\n/// units.\nfn a() {}\n// Why.\nfn b() {}\n\"\n/// No doc.\n\"";
        assert!(check_docs(&file(text)).is_empty());
    }
}
