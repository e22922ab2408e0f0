//! Does each thing that there should be once have one home? Proofs are in `earmark-prove`, and the
//! generator of random numbers is in `earmark-random`.
//!
//! Invariant: a function `prove` or `prove_…` is a proof; the constants of SplitMix64, however they
//! are spelled, are a generator.

use crate::tidy::sources::RustFile;

const PROOFS: &str = "crates/earmark-prove";
const RANDOM: &str = "crates/earmark-random";

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
