//! Which words may not stand in our files? Marks of unfinished work, and paths of somebody's machine.
//!
//! Invariant: the words are put together here from parts, so that this file does not find itself.

use crate::tidy::source::SourceFile;

/// Marks of unfinished work, as whole words.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Text that may stand nowhere.
const FORBIDDEN: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("#[ig", "nore")];

/// Findings about words in one file.
pub(crate) fn check(file: &SourceFile) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let words = || line.split(|char: char| !char.is_alphanumeric() && char != '_');
        let unfinished = UNFINISHED.into_iter().filter(|mark| words().any(|word| word == *mark));
        let forbidden = FORBIDDEN.into_iter().filter(|part| line.contains(part));
        findings.extend(
            unfinished.chain(forbidden).map(|word| format!("{}:{}: `{word}`", file.path, number + 1)),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check(&SourceFile { path: "sample.rs".to_owned(), text: text.to_owned() }).len()
    }

    #[test]
    fn each_forbidden_word_is_found() {
        for word in UNFINISHED.into_iter().chain(FORBIDDEN) {
            assert_eq!(findings(&format!("//! Sample.\n// {word} later\n")), 1, "{word}");
        }
    }

    #[test]
    fn ordinary_words_are_not_found() {
        assert_eq!(findings("//! Work, root, home, XXXL, MASTODON, to do.\n"), 0);
    }
}
