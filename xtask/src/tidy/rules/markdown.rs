//! Is each paragraph of a document one line? Prose that is wrapped by hand is wrapped anew with
//! each change, and then a change of one word shows as one of ten lines.
//!
//! Invariant: tables, code and headings are not prose; a list item is one line as a paragraph is.

use crate::tidy::source::SourceFile;

/// What a line of a document is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing that the next line could go on with: blank, heading, table, markup, code.
    Other,
    Prose,
    Item,
    Quote,
}

/// Lines of a document for readers that go on with the paragraph of the line before.
pub(crate) fn check(file: &SourceFile) -> Vec<String> {
    if !file.is_document() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut before = Kind::Other;
    let mut in_fence = false;
    for (number, line) in file.text.lines().enumerate() {
        let is_fence = line.trim_start().starts_with("```");
        in_fence ^= is_fence;
        let kind = if in_fence || is_fence { Kind::Other } else { kind(line, before) };
        let goes_on = match kind {
            Kind::Prose => before != Kind::Other,
            Kind::Quote => before == Kind::Quote,
            Kind::Item | Kind::Other => false,
        };
        if goes_on {
            findings.push(format!("{}:{}: a paragraph that is wrapped by hand", file.path, number + 1));
        }
        // Two spaces or a backslash at the end of a line break it on purpose.
        before = if line.ends_with("  ") || line.ends_with('\\') { Kind::Other } else { kind };
    }
    findings
}

/// The number of paragraphs that are wrapped, where a finding is a line.
pub(crate) fn paragraphs(findings: &[String]) -> usize {
    let line = |finding: &str| {
        let mut parts = finding.split(':');
        (parts.next().map(str::to_owned), parts.next().and_then(|number| number.parse::<usize>().ok()))
    };
    let places = findings.iter().map(|finding| line(finding)).collect::<Vec<_>>();
    let goes_on = |pair: &&[(Option<String>, Option<usize>)]| {
        pair[0].0 == pair[1].0 && pair[0].1.map(|number| number + 1) == pair[1].1
    };
    places.len() - places.windows(2).filter(goes_on).count()
}

fn kind(line: &str, before: Kind) -> Kind {
    let text = line.trim_start();
    let is_code = line.starts_with("    ") && before == Kind::Other;
    if text.is_empty() || is_code || text.starts_with(['#', '|', '<']) || is_link_target(text) {
        Kind::Other
    } else if text.starts_with('>') {
        Kind::Quote
    } else if is_item(text) {
        Kind::Item
    } else {
        Kind::Prose
    }
}

/// Whether the line says where links of a name lead: `[name]: address`.
fn is_link_target(text: &str) -> bool {
    text.starts_with('[') && text.contains("]: ")
}

/// Whether the line starts an item of a list: `- a`, `* a`, `+ a` or `1. a`.
fn is_item(text: &str) -> bool {
    let after_number = text.trim_start_matches(|char: char| char.is_ascii_digit());
    let is_numbered = after_number.len() < text.len() && after_number.starts_with(". ");
    is_numbered || ["- ", "* ", "+ "].iter().any(|mark| text.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        check(&SourceFile::new("docs/sample.md", text.to_owned()))
    }

    #[test]
    fn wrapped_paragraphs_items_and_quotes_are_found() {
        for text in ["One\ntwo.\n", "- One\n  two.\n", "1. One\n   two.\n", "> One\n> two.\n", "*One*\ntwo."]
        {
            assert_eq!(findings(text), ["docs/sample.md:2: a paragraph that is wrapped by hand"], "{text}");
        }
        let found = findings("One\ntwo\nthree.\n\nFour\nfive.\n");
        assert_eq!((found.len(), paragraphs(&found)), (3, 2));
    }

    #[test]
    fn tables_code_lists_and_headings_are_not_found() {
        let text = "# One\nTwo.\n\n- three\n- four\n  - five\n\n| a | b |\n|---|---|\n| c | d |\n\n\
                    ```\nsix\nseven\n```\n\n    eight\n    nine\n\n> ten\n\n[a]: b\n[c]: d\n";
        assert!(findings(text).is_empty());
    }

    #[test]
    fn other_files_are_not_read() {
        assert!(check(&SourceFile::new("xtask/data/README.md", "One\ntwo.\n".to_owned())).is_empty());
    }
}
