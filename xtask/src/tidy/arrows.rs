//! Which crate may know which? `core ← store ← {sqlite, postgres, http, console, workers} ← earmark`, and tools outside.
//!
//! Invariant: an arrow that is not listed here is an error, and so is a crate that is not listed.

use cargo_metadata::{DependencyKind, Metadata};

const BELOW_ENGINES: &[&str] = &["earmark-core", "earmark-store"];

/// Each crate and those of ours that it may depend on, in whatever kind of dependency.
const ALLOWED: [(&str, &[&str]); 13] = [
    ("earmark-core", &[]),
    ("earmark-store", &["earmark-core"]),
    ("earmark-sqlite", BELOW_ENGINES),
    ("earmark-postgres", &["earmark-core", "earmark-store", "earmark-cluster"]),
    ("earmark-http", BELOW_ENGINES),
    ("earmark-console", BELOW_ENGINES),
    ("earmark-workers", BELOW_ENGINES),
    ("earmark-load", &[]),
    ("earmark-cluster", &[]),
    ("earmark-prove", &["earmark-load", "earmark-cluster"]),
    // Another's gateway: it shares nothing with those that call it, so that the two check each other.
    ("earmark-sandbox", &[]),
    (
        "earmark",
        &[
            "earmark-core",
            "earmark-store",
            "earmark-sqlite",
            "earmark-postgres",
            "earmark-http",
            "earmark-console",
            "earmark-workers",
            "earmark-load",
            "earmark-cluster",
            "earmark-sandbox",
        ],
    ),
    ("xtask", &["earmark-load", "earmark-cluster"]),
];

/// Those of ours that engines and the binary may know in their tests only.
const TESTS_ONLY: (&str, &[&str]) = ("earmark-cluster", &["earmark-postgres", "earmark"]);

/// Outside crates that only one of ours may name: what the others are free of.
const RESERVED: [(&str, &[&str]); 4] = [
    ("rusqlite", &["earmark-sqlite"]),
    ("axum", &["earmark-http", "earmark-console", "earmark-sandbox", "earmark"]),
    // The only outgoing calls of the server.
    ("hyper-rustls", &["earmark-workers"]),
    ("tokio-postgres", &["earmark-postgres"]),
];

/// One arrow between two crates.
struct Arrow<'a> {
    from: &'a str,
    to: &'a str,
    /// False for dependencies of tests alone.
    shipped: bool,
}

/// All arrows of the workspace that should not be there.
pub(crate) fn check(metadata: &Metadata) -> Vec<String> {
    let ours = metadata.workspace_packages();
    let arrows = ours.iter().flat_map(|package| {
        package.dependencies.iter().map(|dependency| Arrow {
            from: package.name.as_str(),
            to: dependency.name.as_str(),
            shipped: dependency.kind != DependencyKind::Development,
        })
    });
    let unknown = ours
        .iter()
        .filter(|package| allowed(package.name.as_str()).is_none())
        .map(|package| format!("{}: a crate without a place in the architecture", package.name));
    arrows.filter_map(|arrow| breach(&arrow)).chain(unknown).collect()
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    ALLOWED.iter().find(|(known, _)| *known == name).map(|(_, to)| *to)
}

fn breach(arrow: &Arrow<'_>) -> Option<String> {
    let Arrow { from, to, shipped } = arrow;
    if allowed(to).is_some() {
        let wanted = allowed(from).is_some_and(|list| list.contains(to));
        let in_tests_only = *shipped && *to == TESTS_ONLY.0 && TESTS_ONLY.1.contains(from);
        return (!wanted || in_tests_only).then(|| format!("{from} may not depend on {to}"));
    }
    let (_, holders) = RESERVED.iter().find(|(name, _)| name == to)?;
    (*shipped && !holders.contains(from))
        .then(|| format!("{from} may not depend on {to}: only {holders:?} may"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_arrow(from: &str, to: &str, is_allowed: bool) {
        let found = breach(&Arrow { from, to, shipped: true });
        assert_eq!(found.is_none(), is_allowed, "{from} -> {to}: {found:?}");
    }

    #[test]
    fn arrows_of_the_architecture_are_allowed() {
        check_arrow("earmark-store", "earmark-core", true);
        check_arrow("earmark-http", "earmark-store", true);
        check_arrow("earmark", "earmark-sqlite", true);
        check_arrow("earmark", "earmark-load", true);
        check_arrow("earmark", "earmark-sandbox", true);
        check_arrow("earmark-core", "serde", true);
        check_arrow("earmark-sqlite", "rusqlite", true);
    }

    #[test]
    fn arrows_against_the_architecture_are_found() {
        check_arrow("earmark-core", "earmark-store", false);
        check_arrow("earmark-http", "earmark-sqlite", false);
        check_arrow("earmark-workers", "earmark-http", false);
        check_arrow("earmark-load", "earmark-core", false);
        check_arrow("earmark-http", "earmark-load", false);
        check_arrow("earmark-sqlite", "earmark", false);
        check_arrow("earmark-http", "rusqlite", false);
        check_arrow("earmark-store", "axum", false);
        check_arrow("earmark-sandbox", "earmark-workers", false);
        check_arrow("earmark-http", "hyper-rustls", false);
    }

    #[test]
    fn arrows_of_tests_are_held_too() {
        let arrow = Arrow { from: "earmark-http", to: "earmark-sqlite", shipped: false };
        assert!(breach(&arrow).is_some());
    }

    #[test]
    fn own_cluster_is_for_tests_and_proofs() {
        let arrow = |from, shipped| Arrow { from, to: "earmark-cluster", shipped };
        assert!(breach(&arrow("earmark-postgres", false)).is_none());
        assert!(breach(&arrow("earmark-prove", true)).is_none());
        assert!(breach(&arrow("earmark-postgres", true)).is_some());
        assert!(breach(&arrow("earmark", true)).is_some());
    }
}
