//! Does each thing that tools need have one home? Proofs are in `earmark-prove`, the generator of
//! random numbers is in `earmark-random`, and the client of our API and the server under test are
//! in `earmark-load`.
//!
//! Invariant: a function `prove` or `prove_…` is a proof; the constants of SplitMix64, however they
//! are spelled, are a generator; `ureq` or `httparse` make a client.

use crate::tidy::rules::words::identifiers;
use crate::tidy::source::RustFile;

const PROOFS: &str = "crates/earmark-prove";
const RANDOM: &str = "crates/earmark-random";
const LOAD: &str = "crates/earmark-load";
const TOOLS: [&str; 3] = ["crates/earmark-load", "crates/earmark-prove", "xtask"];

/// Crates with which clients are made.
const CLIENTS: [&str; 2] = ["ureq", "httparse"];
/// Types that start the binary and end it again.
const SERVERS: [&str; 3] = ["Server", "ServerProcess", "TestServer"];

/// The increment and the first factor of SplitMix64.
const SPLIT_MIX: [&str; 2] = ["0x9e3779b97f4a7c15", "0xbf58476d1ce4e5b9"];

/// Proofs that are elsewhere.
pub(crate) fn check_proofs(file: &RustFile) -> Vec<String> {
    let path = &file.source.path;
    let elsewhere = proof(file).filter(|_| file.source.crate_folder() != PROOFS);
    elsewhere.map(|line| format!("{path}:{}: a proof outside of {PROOFS}", line + 1)).into_iter().collect()
}

/// Generators that are elsewhere.
pub(crate) fn check_random(file: &RustFile) -> Vec<String> {
    let path = &file.source.path;
    let elsewhere = split_mix(file).filter(|_| file.source.crate_folder() != RANDOM);
    elsewhere
        .map(|line| format!("{path}:{}: SplitMix64 written out outside of {RANDOM}", line + 1))
        .into_iter()
        .collect()
}

/// Clients of our API in tools, and servers under test, that are elsewhere.
pub(crate) fn check_harness(file: &RustFile) -> Vec<String> {
    let folder = file.source.crate_folder();
    if folder == LOAD || !TOOLS.contains(&folder) {
        return Vec::new();
    }
    let found = [(client(file), "a client of our API"), (server(file), "a server under test")];
    found
        .into_iter()
        .filter_map(|(line, what)| {
            Some(format!("{}:{}: {what} outside of {LOAD}", file.source.path, line? + 1))
        })
        .collect()
}

/// The first line that names a crate with which clients are made, from 0.
pub(crate) fn client(file: &RustFile) -> Option<usize> {
    let names = |line: &str| identifiers(line).any(|name| CLIENTS.contains(&name));
    file.production_code().find(|(_, line)| names(line)).map(|(line, _)| line)
}

/// The line of the first server under test in a tool, from 0.
pub(crate) fn server(file: &RustFile) -> Option<usize> {
    let declares = |line: &str| {
        let mut names = identifiers(line).skip_while(|name| *name != "struct").skip(1);
        names.next().is_some_and(|name| SERVERS.contains(&name))
    };
    let mut lines = file.production_code().filter(|_| TOOLS.contains(&file.source.crate_folder()));
    lines.find(|(_, line)| declares(line)).map(|(line, _)| line)
}

/// The line of the first proof in a file, from 0.
pub(crate) fn proof(file: &RustFile) -> Option<usize> {
    let is_proof = |name: &str| name == "prove" || name.starts_with("prove_");
    let functions = file.syntax.functions.iter().filter(|_| !file.is_test);
    functions.filter(|function| is_proof(&function.name)).map(|function| function.line).next()
}

/// The line of the first constant of SplitMix64, from 0.
pub(crate) fn split_mix(file: &RustFile) -> Option<usize> {
    let spelled = |line: &str| line.replace('_', "").to_lowercase();
    let has = |line: &str| {
        let line = spelled(line);
        SPLIT_MIX.iter().any(|constant| line.contains(constant))
    };
    file.source.scanned.code.lines().position(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proof_outside_of_its_home_is_found() {
        let found = |path| check_proofs(&RustFile::sample(path, "\npub fn prove() {}\nfn prove_nodes() {}"));
        let expect = ["xtask/src/prove/api.rs:2: a proof outside of crates/earmark-prove"];
        assert_eq!(found("xtask/src/prove/api.rs"), expect);
        assert!(found("crates/earmark-prove/src/crash.rs").is_empty());
        assert!(
            check_proofs(&RustFile::sample("xtask/src/main.rs", "fn improve() {}\nfn run() {}")).is_empty()
        );
    }

    #[test]
    fn clients_and_servers_of_tools_have_one_home() {
        let text = "pub(crate) struct Server;\nfn get() { ureq::get(\"/\"); }";
        let found = |path| check_harness(&RustFile::sample(path, text)).len();
        assert_eq!(found("xtask/src/server.rs"), 2);
        assert_eq!(found("crates/earmark-load/src/server.rs"), 0);
        assert_eq!(found("crates/earmark/src/api.rs"), 0);
        let text = "// ureq\npub(crate) struct ServerOptions;";
        assert!(check_harness(&RustFile::sample("xtask/src/server.rs", text)).is_empty());
    }

    #[test]
    fn generator_outside_of_its_home_is_found_however_it_is_spelled() {
        for constant in ["0x9E37_79B9_7F4A_7C15", "0x9e3779b97f4a7c15u64", "0xBF58_476D_1CE4_E5B9"] {
            let text = format!("fn next(state: u64) -> u64 {{ state.wrapping_add({constant}) }}");
            let found = |path| check_random(&RustFile::sample(path, &text));
            assert_eq!(found("crates/earmark-load/tests/client.rs").len(), 1, "{constant}");
            assert!(found("crates/earmark-random/src/lib.rs").is_empty());
        }
        let text = "// 0x9e3779b97f4a7c15\nfn hash() -> u64 { 0x9e37_79b9 }";
        assert!(check_random(&RustFile::sample("xtask/src/main.rs", text)).is_empty());
    }
}
