//! Does the server know anything of the faults that proofs put into it? They decorate its ports
//! from one place beside the wiring, `crates/earmark/src/faults`.
//!
//! Invariant: no other production file names a fault on purpose. What PostgreSQL has to switch
//! inside are its `Protections`, which is the one exception.

use std::collections::BTreeSet;

use crate::tidy::rules::words::identifiers;
use crate::tidy::source::RustFile;

/// The names of faults on purpose, each row one vocabulary.
const VOCABULARIES: [&[&str]; 6] = [
    &["Fault", "Moment"],
    &["BrokenOnPurpose"],
    &["Sabotage"],
    &["Telling"],
    &["Mortal", "FatalCall"],
    &["EngineFault", "GatewayFault", "FaultyEngine", "FaultyGateway", "CrashPoint"],
];

/// Where the faults are made, and the wiring beside it.
const HOME: &str = "crates/earmark/src/";
/// Where the faults themselves are written.
pub(crate) const FAULTS: &str = "crates/earmark/src/faults";

/// The errors of both databases had this name, so it is no fault on purpose there.
const ERRORS: (&str, [&str; 2]) = ("Fault", ["crates/earmark-sqlite/", "crates/earmark-postgres/"]);

/// A line of production code that names faults on purpose.
pub(crate) struct Mention {
    pub(crate) path: String,
    /// The first line of a file is 0.
    pub(crate) line: usize,
    /// Index of the vocabulary.
    pub(crate) vocabulary: usize,
    name: String,
}

/// Lines that name what they should not know.
pub(crate) fn check(file: &RustFile) -> Vec<String> {
    mentions(file)
        .into_iter()
        .map(|Mention { path, line, name, .. }| {
            format!("{path}:{}: production code names the fault `{name}`", line + 1)
        })
        .collect()
}

/// All mentions in one file.
pub(crate) fn mentions(file: &RustFile) -> Vec<Mention> {
    let path = &file.source.path;
    if !file.is_production() || path.starts_with(HOME) {
        return Vec::new();
    }
    let is_error = |name: &str| name == ERRORS.0 && ERRORS.1.iter().any(|folder| path.starts_with(folder));
    let mut found = Vec::new();
    for (line, code) in file.production_code() {
        for name in identifiers(code).collect::<BTreeSet<_>>() {
            let vocabulary = VOCABULARIES.iter().position(|names| names.contains(&name));
            if let Some(vocabulary) = vocabulary.filter(|_| !is_error(name)) {
                found.push(Mention { path: path.clone(), line, vocabulary, name: name.to_owned() });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&RustFile::sample(path, text))
    }

    #[test]
    fn fault_in_production_code_is_found() {
        let path = "crates/earmark-workers/src/payments.rs";
        let found = findings(path, "fn pay(sabotage: Option<Sabotage>) {}");
        assert_eq!(found, [format!("{path}:1: production code names the fault `Sabotage`")]);
    }

    #[test]
    fn tests_tools_the_home_and_errors_of_databases_are_not_found() {
        for (path, text) in [
            ("crates/earmark-store/src/writer.rs", "#[cfg(test)]\nmod tests { use super::Fault; }"),
            ("crates/earmark-sandbox/src/faults.rs", "pub enum Fault {}"),
            ("crates/earmark/src/faults/engine.rs", "struct FaultyEngine;"),
            ("crates/earmark-sqlite/src/fault.rs", "enum Fault {}"),
            ("crates/earmark-http/src/state.rs", "// A Fault.\nlet faults = \"Fault\";"),
        ] {
            assert!(findings(path, text).is_empty(), "{path}");
        }
    }
}
