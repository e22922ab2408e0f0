//! The files of a workspace as the rules see them: texts, and for Rust the syntax.
//!
//! Invariant: whether a Rust file is for tests alone is decided here, once: it lies outside of
//! `src/`, or below a module that is declared under `#[cfg(test)]`.

mod file;
pub(super) mod imports;
mod scan;
mod syntax;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

pub(super) use self::file::SourceFile;
pub(super) use self::scan::Comment;
pub(super) use self::syntax::Function;

use self::syntax::Syntax;

/// All files of a workspace.
pub(crate) struct Sources {
    pub(crate) rust: Vec<RustFile>,
    pub(crate) others: Vec<SourceFile>,
    /// Files that are not Rust although they are called so, with the place of the error.
    pub(crate) broken: Vec<String>,
}

/// A Rust file with what it declares.
pub(crate) struct RustFile {
    pub(crate) source: SourceFile,
    pub(crate) syntax: Syntax,
    /// It is for tests, examples or benches alone.
    pub(crate) is_test: bool,
}

impl Sources {
    /// Reads all files below the root.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        Ok(Self::parse(file::files(root)?))
    }

    fn parse(files: Vec<SourceFile>) -> Self {
        let (rust, others): (Vec<_>, Vec<_>) = files.into_iter().partition(SourceFile::is_rust);
        let mut broken = Vec::new();
        let mut rust = rust
            .into_iter()
            .map(|source| {
                let syntax = Syntax::parse(&source.text).unwrap_or_else(|error| {
                    let line = error.span().start().line;
                    broken.push(format!("{}:{line}: does not parse: {error}", source.path));
                    Syntax::default()
                });
                let is_test = source.below_src().is_none();
                RustFile { source, syntax, is_test }
            })
            .collect::<Vec<_>>();
        mark_test_modules(&mut rust);
        Self { rust, others, broken }
    }

    /// The folders of all crates that have Rust.
    pub(crate) fn crates(&self) -> BTreeSet<&str> {
        self.rust.iter().map(|file| file.source.crate_folder()).filter(|folder| !folder.is_empty()).collect()
    }

    /// The files of a crate that are modules of one tree: without its tests, and without a
    /// `main.rs` beside a `lib.rs`, which is another crate that nothing imports.
    pub(crate) fn modules_of(&self, crate_folder: &str) -> Vec<&RustFile> {
        let is_module = |file: &&RustFile| file.source.crate_folder() == crate_folder && !file.is_test;
        let files = self.rust.iter().filter(is_module).collect::<Vec<_>>();
        let is_at = |file: &RustFile, path| file.source.below_src() == Some(path);
        let has_library = files.iter().any(|file| is_at(file, "lib.rs"));
        files.into_iter().filter(|file| !(has_library && is_at(file, "main.rs"))).collect()
    }

    /// Files of the server, without its tests.
    pub(crate) fn production(&self) -> impl Iterator<Item = &RustFile> {
        self.rust.iter().filter(|file| file.is_production())
    }
}

impl RustFile {
    pub(crate) fn is_production(&self) -> bool {
        self.source.is_production() && !self.is_test
    }

    /// Lines of code that are not for tests, with their numbers from 0; comments and the insides of
    /// literals are blank.
    pub(crate) fn production_code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.source.scanned.code.lines().enumerate();
        lines.filter(|(line, _)| !self.is_test && !self.syntax.is_test(*line))
    }

    /// How many lines hold code that is not for tests.
    pub(crate) fn lines_of_code(&self) -> usize {
        let lines = self.source.scanned.uncommented.lines().enumerate();
        lines
            .filter(|(line, text)| !self.is_test && !self.syntax.is_test(*line) && !text.trim().is_empty())
            .count()
    }
}

/// Marks the files of `#[cfg(test)] mod name;` and all below them.
fn mark_test_modules(files: &mut [RustFile]) {
    let mut roots = Vec::new();
    for file in &*files {
        let path = &file.source.path;
        let folder = match path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder,
            _ => path.trim_end_matches(".rs"),
        };
        roots.extend(file.syntax.test_modules.iter().map(|name| format!("{folder}/{name}")));
    }
    for file in files {
        let path = &file.source.path;
        let is_below = |root: &String| {
            path.strip_prefix(root.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        file.is_test |= roots.iter().any(is_below);
    }
}

#[cfg(test)]
impl Sources {
    /// Files that are not on disk.
    pub(crate) fn sample(texts: &[(&str, &str)]) -> Self {
        Self::parse(texts.iter().map(|(path, text)| SourceFile::new(path, (*text).to_owned())).collect())
    }
}

#[cfg(test)]
impl RustFile {
    /// A file that is not on disk.
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        Sources::sample(&[(path, text)]).rust.remove(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_test_modules_are_tests() {
        let sources = Sources::sample(&[
            ("crates/earmark-core/src/a.rs", "#[cfg(test)]\nmod tests;\nmod other;\nfn a() {}\n"),
            ("crates/earmark-core/src/a/other.rs", ""),
            ("crates/earmark-core/src/a/tests.rs", "mod deep;"),
            ("crates/earmark-core/src/a/tests/deep.rs", ""),
            ("crates/earmark-core/tests/b.rs", ""),
        ]);
        let tests = sources.rust.iter().map(|file| file.is_test).collect::<Vec<_>>();
        assert_eq!(tests, [false, false, true, true, true]);
    }

    #[test]
    fn lines_of_code_are_without_comments_blanks_and_tests() {
        let text = "//! A.\n\nfn a() {\n    // Why.\n    \"\n    sql\"\n}\n\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(RustFile::sample("crates/earmark-core/src/a.rs", text).lines_of_code(), 4);
    }

    #[test]
    fn file_that_does_not_parse_is_named() {
        let sources = Sources::sample(&[("crates/earmark-core/src/a.rs", "fn a() {}\nfn fn\n")]);
        assert!(sources.broken[0].starts_with("crates/earmark-core/src/a.rs:2: does not parse"));
    }
}
