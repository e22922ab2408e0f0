//! Which crate may know which? `core ← store ← {sqlite, postgres, door, workers}` and
//! `{store, door} ← {http, console} ← earmark`; tools stand outside.
//!
//! Invariant: an arrow that is not listed here is an error, and so is a crate that is not listed.

use cargo_metadata::{DependencyKind, Metadata};

/// What one crate may know of ours.
struct Place {
    name: &'static str,
    knows: &'static [&'static str],
    /// In its tests and examples, beside the others.
    in_tests: &'static [&'static str],
}

const BELOW_ENGINES: &[&str] = &["earmark-core", "earmark-store"];
const BELOW_PAGES: &[&str] = &["earmark-core", "earmark-store", "earmark-door"];

const PLACES: [Place; 16] = [
    Place { name: "earmark-core", knows: &[], in_tests: &[] },
    Place { name: "earmark-store", knows: &["earmark-core"], in_tests: &["earmark-conformance"] },
    Place {
        name: "earmark-sqlite",
        knows: BELOW_ENGINES,
        in_tests: &["earmark-conformance", "earmark-random"],
    },
    Place {
        name: "earmark-postgres",
        knows: BELOW_ENGINES,
        in_tests: &["earmark-conformance", "earmark-random", "earmark-cluster"],
    },
    Place { name: "earmark-door", knows: BELOW_ENGINES, in_tests: &[] },
    Place { name: "earmark-http", knows: BELOW_PAGES, in_tests: &[] },
    Place { name: "earmark-console", knows: BELOW_PAGES, in_tests: &[] },
    Place { name: "earmark-workers", knows: BELOW_ENGINES, in_tests: &[] },
    Place {
        name: "earmark",
        knows: &[
            "earmark-core",
            "earmark-store",
            "earmark-sqlite",
            "earmark-postgres",
            "earmark-door",
            "earmark-http",
            "earmark-console",
            "earmark-workers",
            "earmark-load",
            "earmark-sandbox",
        ],
        in_tests: &["earmark-conformance", "earmark-cluster"],
    },
    Place { name: "earmark-random", knows: &[], in_tests: &[] },
    Place {
        name: "earmark-conformance",
        knows: &["earmark-core", "earmark-store", "earmark-random"],
        in_tests: &[],
    },
    Place { name: "earmark-load", knows: &["earmark-random"], in_tests: &[] },
    Place { name: "earmark-cluster", knows: &[], in_tests: &[] },
    // The gateway of somebody else: it shares nothing with the crates that call it, so that the two
    // check each other.
    Place { name: "earmark-sandbox", knows: &["earmark-random"], in_tests: &[] },
    Place {
        name: "earmark-prove",
        knows: &["earmark-load", "earmark-cluster", "earmark-random"],
        in_tests: &[],
    },
    // It starts the proofs by the list of them, and measures with the same client and servers.
    Place {
        name: "xtask",
        knows: &["earmark-prove", "earmark-load", "earmark-cluster", "earmark-random"],
        in_tests: &[],
    },
];

/// Outside crates that only some of ours may name: what the others are free of.
const RESERVED: [(&str, &[&str]); 4] = [
    ("rusqlite", &["earmark-sqlite"]),
    ("axum", &["earmark-door", "earmark-http", "earmark-console", "earmark-sandbox", "earmark"]),
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
        .filter(|package| place(package.name.as_str()).is_none())
        .map(|package| format!("{}: a crate without a place in the architecture", package.name));
    arrows.filter_map(|arrow| breach(&arrow)).chain(unknown).collect()
}

fn place(name: &str) -> Option<&'static Place> {
    PLACES.iter().find(|place| place.name == name)
}

fn breach(arrow: &Arrow<'_>) -> Option<String> {
    let Arrow { from, to, shipped } = arrow;
    if place(to).is_some() {
        let may_know = place(from)
            .is_some_and(|place| place.knows.contains(to) || (!shipped && place.in_tests.contains(to)));
        return (!may_know).then(|| format!("{from} may not depend on {to}"));
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
        check_arrow("earmark-door", "earmark-store", true);
        check_arrow("earmark-http", "earmark-door", true);
        check_arrow("earmark", "earmark-sqlite", true);
        check_arrow("earmark", "earmark-load", true);
        check_arrow("earmark", "earmark-sandbox", true);
        check_arrow("earmark-conformance", "earmark-random", true);
        check_arrow("xtask", "earmark-prove", true);
        check_arrow("earmark-core", "serde", true);
        check_arrow("earmark-sqlite", "rusqlite", true);
        check_arrow("earmark-door", "axum", true);
    }

    #[test]
    fn arrows_against_the_architecture_are_found() {
        check_arrow("earmark-core", "earmark-store", false);
        check_arrow("earmark-door", "earmark-http", false);
        check_arrow("earmark-http", "earmark-console", false);
        check_arrow("earmark-http", "earmark-sqlite", false);
        check_arrow("earmark-workers", "earmark-door", false);
        check_arrow("earmark-load", "earmark-core", false);
        check_arrow("earmark-http", "earmark-load", false);
        check_arrow("earmark-sqlite", "earmark", false);
        check_arrow("earmark-door", "rusqlite", false);
        check_arrow("earmark-store", "axum", false);
        check_arrow("earmark-sandbox", "earmark-workers", false);
        check_arrow("earmark-door", "hyper-rustls", false);
        check_arrow("earmark", "earmark-prove", false);
        check_arrow("earmark-workers", "earmark-random", false);
    }

    #[test]
    fn arrows_of_tests_are_held_too() {
        let arrow = Arrow { from: "earmark-http", to: "earmark-sqlite", shipped: false };
        assert!(breach(&arrow).is_some());
    }

    #[test]
    fn what_is_for_tests_is_not_shipped() {
        for (from, to) in [
            ("earmark-store", "earmark-conformance"),
            ("earmark-sqlite", "earmark-random"),
            ("earmark-postgres", "earmark-cluster"),
            ("earmark", "earmark-conformance"),
            ("earmark", "earmark-cluster"),
        ] {
            assert!(breach(&Arrow { from, to, shipped: false }).is_none(), "{from} -> {to}");
            assert!(breach(&Arrow { from, to, shipped: true }).is_some(), "{from} -> {to}");
        }
    }
}
