//! Do the modules of a crate import each other in a circle? To understand one file of a circle, a
//! reader has to know them all.
//!
//! Invariant: a circle is a largest set of files in which each reaches each other by imports
//! (a strongly connected component). Tests are left out.

use crate::tidy::source::imports::{self, Arrow};
use crate::tidy::source::{RustFile, Sources};

const CORE: &str = "crates/earmark-core";
/// In a circle of one file there is no circle.
const CORE_FILES_MAX: usize = 1;
const FILES_MAX: usize = 2;

/// The files of a circle and all arrows between them.
pub(crate) struct Circle<'a> {
    pub(crate) crate_folder: String,
    pub(crate) files: Vec<&'a RustFile>,
    /// Each as `from:line -> to`.
    pub(crate) arrows: Vec<String>,
}

impl Circle<'_> {
    pub(crate) fn is_too_large(&self) -> bool {
        let files_max = if self.crate_folder == CORE { CORE_FILES_MAX } else { FILES_MAX };
        self.files.len() > files_max
    }

    /// The paths of its files in the crate.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.files.iter().filter_map(|file| file.source.below_src()).collect()
    }
}

/// One finding for each circle that is too large, with all of its arrows.
pub(crate) fn check(sources: &Sources) -> Vec<String> {
    let crates = sources.crates();
    let circles = crates.iter().flat_map(|name| circles(sources, name)).filter(Circle::is_too_large);
    circles
        .map(|circle| {
            let Circle { crate_folder, files, arrows } = circle;
            let arrows = arrows.join("\n    ");
            format!("{crate_folder}/src: a circle of {} files:\n    {arrows}", files.len())
        })
        .collect()
}

/// The circles of a crate, the largest first.
pub(crate) fn circles<'a>(sources: &'a Sources, crate_folder: &str) -> Vec<Circle<'a>> {
    let files = sources.modules_of(crate_folder);
    let arrows = imports::arrows(&files);
    let mut circles = Vec::new();
    for members in components(files.len(), &arrows) {
        let inside =
            arrows.iter().filter(|arrow| members.contains(&arrow.from) && members.contains(&arrow.to));
        let name = |index: usize| files[index].source.below_src().unwrap_or_default();
        circles.push(Circle {
            crate_folder: crate_folder.to_owned(),
            files: members.iter().map(|index| files[*index]).collect(),
            arrows: inside
                .map(|arrow| format!("{}:{} -> {}", name(arrow.from), arrow.line + 1, name(arrow.to)))
                .collect(),
        });
    }
    circles.sort_by_key(|circle| std::cmp::Reverse(circle.files.len()));
    circles
}

/// Sets of more than one file in which each reaches each other.
fn components(files: usize, arrows: &[Arrow]) -> Vec<Vec<usize>> {
    let reached = (0..files).map(|from| reach(from, files, arrows)).collect::<Vec<_>>();
    let mut found: Vec<Vec<usize>> = Vec::new();
    for (file, reached_from_it) in reached.iter().enumerate() {
        if found.iter().any(|component| component.contains(&file)) {
            continue;
        }
        let others = (file..files).filter(|&other| reached_from_it[other] && reached[other][file]);
        found.push(others.collect());
    }
    found.retain(|component| component.len() > 1);
    found
}

/// Which files a file reaches by one arrow or more.
fn reach(from: usize, files: usize, arrows: &[Arrow]) -> Vec<bool> {
    let mut reached = vec![false; files];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for arrow in arrows.iter().filter(|arrow| arrow.from == at) {
            if !std::mem::replace(&mut reached[arrow.to], true) {
                open.push(arrow.to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIRCLE: [(&str, &str); 4] = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B;\npub struct A;"),
        ("b.rs", "use crate::c::C;\npub struct B;"),
        ("c.rs", "use crate::a::A;\npub struct C;"),
    ];

    fn sources(folder: &str, texts: &[(&str, &str)]) -> Sources {
        let texts = texts.iter().map(|(path, text)| (format!("{folder}/src/{path}"), *text));
        let texts = texts.collect::<Vec<_>>();
        Sources::sample(&texts.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>())
    }

    #[test]
    fn circle_of_three_is_found_with_its_arrows() {
        let found = check(&sources("crates/earmark-http", &CIRCLE));
        let expect = "crates/earmark-http/src: a circle of 3 files:\n    \
                      a.rs:1 -> b.rs\n    b.rs:1 -> c.rs\n    c.rs:1 -> a.rs";
        assert_eq!(found, [expect]);
    }

    #[test]
    fn two_files_may_know_each_other_except_in_the_core() {
        let texts = [
            ("a.rs", "use crate::b::B;\npub struct A;"),
            ("b.rs", "use crate::a::A;\npub struct B;"),
            ("lib.rs", "mod a; mod b;"),
        ];
        assert!(check(&sources("crates/earmark-http", &texts)).is_empty());
        assert_eq!(check(&sources("crates/earmark-core", &texts)).len(), 1);
    }

    #[test]
    fn arrows_one_way_are_no_circle() {
        assert!(check(&sources("crates/earmark-core", &CIRCLE[..3])).is_empty());
    }
}
