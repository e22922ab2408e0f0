//! What may the head of a feature in the core know? The `mod.rs` of a feature holds its rows and
//! states; commands import rows, never the other way round.
//!
//! Invariant: no `mod.rs` below `crates/earmark-core/src` imports a command, the changes of a batch
//! or the working set, directly or through a re-export.

use crate::tidy::source::Sources;
use crate::tidy::source::imports;

const CORE: &str = "crates/earmark-core";

/// What commands are made of.
const NOT_FOR_HEADS: [&str; 3] = ["command", "changes", "working_set"];

/// Imports that a head should not have.
pub(crate) fn check(sources: &Sources) -> Vec<String> {
    let files = sources.modules_of(CORE);
    let below = |index: usize| files[index].source.below_src().unwrap_or_default();
    let is_of = |path: &str, module: &str| {
        path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    };
    let arrows = imports::arrows(&files).into_iter().filter(|arrow| below(arrow.from).ends_with("/mod.rs"));
    arrows
        .filter(|arrow| NOT_FOR_HEADS.iter().any(|module| is_of(below(arrow.to), module)))
        // A folder of these names is no feature.
        .filter(|arrow| !NOT_FOR_HEADS.iter().any(|module| is_of(below(arrow.from), module)))
        .map(|arrow| {
            let path = &files[arrow.from].source.path;
            format!("{path}:{}: the head of a feature imports {}", arrow.line + 1, below(arrow.to))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(head: &str) -> Vec<String> {
        check(&Sources::sample(&[
            (
                "crates/earmark-core/src/lib.rs",
                "mod changes; mod orders; mod units;\npub use changes::Changes;",
            ),
            ("crates/earmark-core/src/changes.rs", "pub struct Changes;"),
            ("crates/earmark-core/src/units.rs", "pub struct Units;"),
            ("crates/earmark-core/src/orders/mod.rs", head),
            ("crates/earmark-core/src/orders/place.rs", "use crate::Changes;"),
        ]))
    }

    #[test]
    fn head_that_imports_changes_is_found() {
        let expect = ["crates/earmark-core/src/orders/mod.rs:2: the head of a feature imports changes.rs"];
        assert_eq!(findings("mod place;\nuse crate::Changes;"), expect);
        assert_eq!(findings("\nfn a(_: crate::changes::Changes) {}"), expect);
    }

    #[test]
    fn head_that_imports_words_is_not_found() {
        assert!(findings("mod place;\nuse crate::units::Units;").is_empty());
    }
}
