//! Which words may not stand in our files? Marks of unfinished work, paths of one machine, and
//! words that gave way to those of the glossary in `ARCHITECTURE.md`.
//!
//! Invariant: marks and paths are put together here from parts, and the other words are literals,
//! so that this file does not find itself.

use crate::tidy::source::SourceFile;

/// Marks of unfinished work, as whole words.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Text that may stand nowhere.
const FORBIDDEN: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("#[ig", "nore")];

/// Identifiers that may not come back, as they are written.
const IDENTIFIERS: [&str; 7] = ["Line", "Ahead", "Said", "Heard", "Wish", "FatalCall", "BrokenOnPurpose"];

/// Words that may not come back as a part of any identifier, in whatever case.
const PARTS: [&str; 10] = [
    "company",
    "meanwhile",
    "courtesy",
    "telling",
    "mortal",
    "sabotage",
    "errand",
    "crew",
    "stretch",
    "whoever",
];

/// Phrases that may not come back in comments and documents.
const PHRASES: [&str; 10] = [
    "whoever",
    "whomever",
    "nobody",
    "in earnest",
    "is told",
    "are told",
    "who asks",
    "courtesy",
    "errand",
    "crew",
];

/// Marks of unfinished work and paths, in one file.
pub(crate) fn check(file: &SourceFile) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let unfinished = UNFINISHED.into_iter().filter(|mark| identifiers(line).any(|word| word == *mark));
        let forbidden = FORBIDDEN.into_iter().filter(|part| line.contains(part));
        findings.extend(
            unfinished.chain(forbidden).map(|word| format!("{}:{}: `{word}`", file.path, number + 1)),
        );
    }
    findings
}

/// Identifiers that may not come back, in one Rust file.
pub(crate) fn check_identifiers(file: &SourceFile) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in file.scanned.code.lines().enumerate() {
        let found = identifiers(line).filter(|name| may_not_come_back(name));
        findings.extend(found.map(|name| format!("{}:{}: the name `{name}`", file.path, number + 1)));
    }
    findings
}

/// Phrases that may not come back, in one file.
pub(crate) fn check_phrases(file: &SourceFile) -> Vec<String> {
    let find = |number: usize, text: &str| {
        let text = without_code(text).to_lowercase();
        let found = PHRASES.into_iter().filter(move |phrase| has_phrase(&text, phrase));
        found.map(move |phrase| format!("{}:{}: the words `{phrase}`", file.path, number + 1))
    };
    if file.is_document() {
        return file.text.lines().enumerate().flat_map(|(number, line)| find(number, line)).collect();
    }
    file.scanned.comments.iter().flat_map(|comment| find(comment.line, &comment.text)).collect()
}

/// The identifiers and numbers of a line of code.
pub(crate) fn identifiers(line: &str) -> impl Iterator<Item = &str> {
    line.split(|char: char| !char.is_alphanumeric() && char != '_').filter(|word| !word.is_empty())
}

/// The text without what stands between backticks, which is a name of something.
fn without_code(text: &str) -> String {
    text.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

fn may_not_come_back(name: &str) -> bool {
    // The company of an address is a field of the API.
    if name == "company" {
        return false;
    }
    let lower = name.to_lowercase();
    IDENTIFIERS.contains(&name)
        // Most names have none of these letters, and need not be taken apart.
        || PARTS.iter().any(|part| lower.contains(part) && parts(name).iter().any(|word| word == part))
}

/// The words of `snake_case`, `CamelCase` and `UPPER_CASE`, in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for char in name.chars() {
        if char == '_' || (char.is_uppercase() && was_lower) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| char != '_') {
            part.extend(char.to_lowercase());
        }
        was_lower = char.is_lowercase() || char.is_numeric();
    }
    parts
}

/// Whether the text, in lower case, has the phrase as whole words.
fn has_phrase(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let is_word = |char: char| char.is_alphanumeric() || char == '_';
        !text[..at].ends_with(is_word) && !text[at + phrase.len()..].starts_with(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile::new("sample.rs", text.to_owned())
    }

    #[test]
    fn each_forbidden_word_is_found() {
        for word in UNFINISHED.into_iter().chain(FORBIDDEN) {
            assert_eq!(check(&file(&format!("//! Sample.\n// {word} later\n"))).len(), 1, "{word}");
        }
    }

    #[test]
    fn ordinary_words_are_not_found() {
        assert!(check(&file("//! Work, root, home, XXXL, MASTODON, to do.\n")).is_empty());
    }

    #[test]
    fn names_that_may_not_come_back_are_found_in_every_spelling() {
        for name in ["Line", "Meanwhile", "dyn_meanwhile", "CrewOfFour", "STRETCH_MAX", "BrokenOnPurpose"] {
            let found = check_identifiers(&file(&format!("let a = {name}::b();")));
            assert_eq!(found, [format!("sample.rs:1: the name `{name}`")]);
        }
    }

    #[test]
    fn names_that_look_alike_are_not_found() {
        let text = "// Meanwhile.\nlet line: OrderLine = screwed(\"Crew\").storytelling().stretched;";
        assert!(check_identifiers(&file(text)).is_empty());
    }

    #[test]
    fn phrases_are_found_in_comments_and_documents() {
        let found = check_phrases(&file("// Who asks is told.\nlet whoever = \"nobody\";"));
        assert_eq!(found, ["sample.rs:1: the words `is told`", "sample.rs:1: the words `who asks`"]);
        let document = SourceFile::new("README.md", "Nobody.\nAntinobody.\nThe user `nobody`.".to_owned());
        assert_eq!(check_phrases(&document), ["README.md:1: the words `nobody`"]);
    }
}
