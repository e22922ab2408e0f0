//! What may the core not name? Floats, the clock, files, sockets, logs, a runtime.
//!
//! Invariant: the domain gives the same answer for the same input, anywhere.

use crate::tidy::source::SourceFile;

const CORE: &str = "crates/earmark-core/";

/// Names that may not stand in the code of the core. Comments may speak of them.
const FORBIDDEN: [&str; 12] = [
    "f32",
    "f64",
    "SystemTime",
    "Instant",
    "std::fs",
    "std::net",
    "std::io",
    "std::thread",
    "std::env",
    "tracing",
    "tokio",
    "async",
];

/// Findings about one Rust file, if it is of the core and not one of its tests.
pub(crate) fn check(file: &SourceFile) -> Vec<String> {
    if !file.path.starts_with(&format!("{CORE}src/")) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in file.scanned.code.lines().enumerate() {
        let found = FORBIDDEN.into_iter().filter(|name| names(line, name));
        findings.extend(found.map(|name| format!("{}:{}: the core names `{name}`", file.path, number + 1)));
    }
    findings
}

/// Whether the line holds this name as a whole, not as a part of a longer one.
fn names(line: &str, name: &str) -> bool {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    line.match_indices(name)
        .any(|(at, _)| !line[..at].ends_with(is_word) && !line[at + name.len()..].starts_with(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&SourceFile::new(path, text.to_owned())).len()
    }

    #[test]
    fn impure_code_in_the_core_is_found() {
        let path = "crates/earmark-core/src/money.rs";
        for code in [
            "let half: f64 = 0.5;",
            "let half = 5f32;\nlet half: f32 = half;",
            "std::time::SystemTime::now()",
            "use std::fs;",
            "std::net::TcpStream::connect(a)",
            "tracing::info!(a)",
            "async fn load() {}",
        ] {
            assert_eq!(findings(path, code), 1, "{code}");
        }
    }

    #[test]
    fn comments_and_other_crates_may_speak_of_them() {
        assert_eq!(
            findings("crates/earmark-core/src/money.rs", "// Never an f64.\nlet f64x = \"tokio\";"),
            0
        );
        assert_eq!(findings("crates/earmark-store/src/writer.rs", "use tokio::sync::mpsc;"), 0);
    }
}
