//! Which dependencies may be in the lock file? Those with a permissive licence, from crates.io,
//! that are not on the list of banned ones.
//!
//! The three offline rules of `deny.toml`, for machines without cargo-deny; both lists are read
//! from that file, so that there is one place for them. Invariant: a package without a licence
//! expression is an error.

use anyhow::{Context, Result, bail};

use crate::workspace;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

struct Rules {
    allowed: Vec<String>,
    banned: Vec<String>,
}

/// What the rules look at in a package.
struct Package<'a> {
    name: &'a str,
    licence: Option<&'a str>,
    /// None for a package of this workspace.
    source: Option<&'a str>,
}

/// Checks all packages of the lock file.
pub(crate) fn run() -> Result<()> {
    let text = std::fs::read_to_string(workspace::root().join("deny.toml")).context("deny.toml")?;
    let rules = Rules::parse(&text)?;
    let metadata = workspace::metadata()?;
    let mut breaches = Vec::new();
    for package in &metadata.packages {
        let package = Package {
            name: package.name.as_str(),
            licence: package.license.as_deref(),
            source: package.source.as_ref().map(|source| source.repr.as_str()),
        };
        breaches.extend(rules.breaches_of(&package));
    }
    if !breaches.is_empty() {
        bail!("{}", breaches.join("\n"));
    }
    println!("{} packages: licences, sources and names are in order", metadata.packages.len());
    Ok(())
}

impl Rules {
    /// Reads the two lists; `deny.toml` keeps one entry a line.
    fn parse(text: &str) -> Result<Self> {
        let list = |start: &str| -> Result<Vec<&str>> {
            let (_, after) = text.split_once(start).with_context(|| format!("deny.toml has no `{start}`"))?;
            let (inside, _) = after.split_once("\n]").context("deny.toml: a list without its end")?;
            Ok(inside.lines().map(str::trim).filter(|line| !line.is_empty()).collect())
        };
        let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
        let allowed = list("\nallow = [")?.into_iter().filter_map(quoted).collect::<Vec<_>>();
        let banned = list("\ndeny = [")?.into_iter().filter_map(quoted).collect::<Vec<_>>();
        anyhow::ensure!(!allowed.is_empty() && !banned.is_empty(), "deny.toml has an empty list");
        Ok(Self { allowed, banned })
    }

    fn breaches_of(&self, package: &Package<'_>) -> Vec<String> {
        let mut breaches = Vec::new();
        let name = package.name;
        if self.banned.iter().any(|banned| banned == name) {
            breaches.push(format!("{name} is banned: see deny.toml"));
        }
        let Some(source) = package.source else { return breaches };
        if source != CRATES_IO {
            breaches.push(format!("{name} comes from {source}, not from crates.io"));
        }
        match package.licence {
            None => breaches.push(format!("{name} names no licence")),
            Some(expression) if !self.allows(expression) => {
                breaches
                    .push(format!("{name} has the licence `{expression}`, which deny.toml does not allow"));
            }
            Some(_) => {}
        }
        breaches
    }

    /// An SPDX expression: OR binds weaker than AND, and `/` is the old way to write OR.
    fn allows(&self, expression: &str) -> bool {
        let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let tokens = spaced.split_whitespace().collect::<Vec<_>>();
        let mut position = 0;
        let allowed = self.any_of(&tokens, &mut position);
        allowed && position == tokens.len()
    }

    fn any_of(&self, tokens: &[&str], position: &mut usize) -> bool {
        let mut allowed = self.all_of(tokens, position);
        while tokens.get(*position) == Some(&"OR") {
            *position += 1;
            allowed |= self.all_of(tokens, position);
        }
        allowed
    }

    fn all_of(&self, tokens: &[&str], position: &mut usize) -> bool {
        let mut allowed = self.one(tokens, position);
        while tokens.get(*position) == Some(&"AND") {
            *position += 1;
            allowed &= self.one(tokens, position);
        }
        allowed
    }

    fn one(&self, tokens: &[&str], position: &mut usize) -> bool {
        let Some(&token) = tokens.get(*position) else { return false };
        *position += 1;
        if token == "(" {
            let allowed = self.any_of(tokens, position);
            let closed = tokens.get(*position) == Some(&")");
            *position += 1;
            return allowed && closed;
        }
        let mut licence = token.to_owned();
        if tokens.get(*position) == Some(&"WITH") {
            let exception = tokens.get(*position + 1).copied().unwrap_or_default();
            licence = format!("{licence} WITH {exception}");
            *position += 2;
        }
        self.allowed.contains(&licence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules::parse(&std::fs::read_to_string(workspace::root().join("deny.toml")).unwrap()).unwrap()
    }

    #[test]
    fn licence_expressions_are_read_as_spdx_means_them() {
        let rules = rules();
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(rules.allows(good), "{good}");
        }
        for bad in
            ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-2.0", "MIT WITH Some-exception", "", "(MIT"]
        {
            assert!(!rules.allows(bad), "{bad}");
        }
    }

    #[test]
    fn banned_and_foreign_packages_are_found() {
        let rules = rules();
        let breaches = |name, licence, source| rules.breaches_of(&Package { name, licence, source });
        assert!(breaches("serde", Some("MIT"), Some(CRATES_IO)).is_empty());
        assert!(breaches("earmark", None, None).is_empty());
        assert_eq!(breaches("openssl-sys", Some("MIT"), Some(CRATES_IO)).len(), 1);
        assert_eq!(breaches("serde", Some("MIT"), Some("git+https://example.org/serde")).len(), 1);
        assert_eq!(breaches("serde", None, Some(CRATES_IO)).len(), 1);
    }

    #[test]
    fn dependencies_of_this_workspace_are_allowed() {
        run().unwrap();
    }
}
