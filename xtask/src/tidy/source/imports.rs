//! Which file of a crate imports from which? Paths are followed through re-exports to the file that
//! declares the name.
//!
//! Invariant: a re-export by itself is no import. A file that hands on names of its children does
//! not need them, unless its own code mentions them.

use std::collections::{BTreeMap, HashMap};

use crate::tidy::source::RustFile;
use crate::tidy::source::syntax::Module;

/// Re-exports of re-exports are followed this far, so that a circle among them ends.
const HOPS_MAX: usize = 8;

/// One file needs something that another declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrow {
    /// Index of the file that imports.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The first line that does so, from 0.
    pub(crate) line: usize,
}

/// All arrows between the files of one crate, given with their paths below `src/`.
pub(crate) fn arrows(files: &[&RustFile]) -> Vec<Arrow> {
    let tree = Tree::new(files);
    let mut first_lines: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (index, node) in tree.nodes.iter().enumerate() {
        for (path, line) in needs(node.module) {
            if let Some(to) = tree.file_of(index, path).filter(|to| *to != node.file) {
                let first = first_lines.entry((node.file, to)).or_insert(line);
                *first = line.min(*first);
            }
        }
    }
    first_lines.into_iter().map(|((from, to), line)| Arrow { from, to, line }).collect()
}

/// The paths that a module's code needs.
fn needs(module: &Module) -> impl Iterator<Item = (&[String], usize)> {
    let imports = module.imports.iter().filter(|import| !import.is_reexport);
    let imported = imports.map(|import| (import.path.as_slice(), import.line));
    imported.chain(module.mentions.iter().map(|(path, line)| (path.as_slice(), *line)))
}

/// The modules of a crate by their paths.
struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    by_path: HashMap<Vec<String>, usize>,
}

struct Node<'a> {
    file: usize,
    path: Vec<String>,
    module: &'a Module,
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Target {
    Module(usize),
    /// Something that this file declares.
    Item(usize),
}

impl<'a> Tree<'a> {
    fn new(files: &[&'a RustFile]) -> Self {
        let mut nodes = Vec::new();
        for (file, rust) in files.iter().enumerate() {
            let Some(below) = rust.source.below_src() else { continue };
            for module in &rust.syntax.modules {
                let mut path = module_path(below);
                path.extend(module.path.iter().cloned());
                nodes.push(Node { file, path, module });
            }
        }
        let by_path = nodes.iter().enumerate().map(|(index, node)| (node.path.clone(), index)).collect();
        Self { nodes, by_path }
    }

    /// The file that declares what this path means in this module; None for another crate's. A
    /// module is followed only for what is in it.
    fn file_of(&self, module: usize, path: &[String]) -> Option<usize> {
        match self.resolve(module, path, HOPS_MAX)? {
            Target::Item(file) => Some(file),
            Target::Module(_) => None,
        }
    }

    fn resolve(&self, module: usize, path: &[String], hops: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let mut target = match first.as_str() {
            "crate" => Target::Module(*self.by_path.get(&Vec::new())?),
            "self" => Target::Module(module),
            _ => self.step(module, path, hops)?,
        };
        for at in 0..rest.len() {
            let Target::Module(module) = target else { return Some(target) };
            target = self.step(module, &rest[at..], hops)?;
        }
        Some(target)
    }

    /// What the first name of a path means in a module.
    fn step(&self, module: usize, path: &[String], hops: usize) -> Option<Target> {
        let (name, rest) = path.split_first()?;
        if name == "super" {
            return self.parent(module).map(Target::Module);
        }
        // A function may have the name of the module that it is in: only the last name of a path is
        // that of a function.
        if rest.is_empty() {
            self.item(module, name, hops).or_else(|| self.child(module, name))
        } else {
            self.child(module, name).or_else(|| self.item(module, name, hops))
        }
    }

    fn parent(&self, module: usize) -> Option<usize> {
        let (_, path) = self.nodes[module].path.split_last()?;
        self.by_path.get(path).copied()
    }

    fn child(&self, module: usize, name: &str) -> Option<Target> {
        let mut path = self.nodes[module].path.clone();
        path.push(name.to_owned());
        self.by_path.get(&path).copied().map(Target::Module)
    }

    /// What a name means in a module that declares it or has it from a `use`.
    fn item(&self, module: usize, name: &str, hops: usize) -> Option<Target> {
        let hops = hops.checked_sub(1)?;
        let Node { file, module: declared, .. } = &self.nodes[module];
        if declared.items.contains(name) {
            return Some(Target::Item(*file));
        }
        let named = declared.imports.iter().filter(|import| import.name == name && import.path != [name]);
        let globs = declared.imports.iter().filter(|import| import.name == "*");
        let modules = globs.filter_map(|glob| self.resolve(module, &glob.path, hops));
        let by_name = named.filter_map(|import| self.resolve(module, &import.path, hops));
        by_name.chain(modules.filter_map(|target| self.member(target, name, hops))).next()
    }

    /// What a name means in a module of which everything is imported.
    fn member(&self, target: Target, name: &str, hops: usize) -> Option<Target> {
        let Target::Module(module) = target else { return None };
        self.item(module, name, hops).or_else(|| self.child(module, name))
    }
}

/// `orders/mod.rs` and `orders.rs` are `orders`; the root has no name.
fn module_path(below_src: &str) -> Vec<String> {
    let mut names = below_src.trim_end_matches(".rs").split('/').map(str::to_owned).collect::<Vec<_>>();
    let is_unnamed = match names.last().map(String::as_str) {
        Some("mod") => true,
        Some("lib" | "main") => names.len() == 1,
        _ => false,
    };
    names.truncate(names.len() - usize::from(is_unnamed));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[(&str, &str)], expect: &[(&str, &str, usize)]) {
        let files = texts.iter().map(|(path, text)| RustFile::sample(&format!("crates/a/src/{path}"), text));
        let files = files.collect::<Vec<_>>();
        let found = arrows(&files.iter().collect::<Vec<_>>());
        let name = |index: usize| texts[index].0;
        let found = found.iter().map(|arrow| (name(arrow.from), name(arrow.to), arrow.line));
        assert_eq!(found.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn imports_are_followed_through_re_exports() {
        let texts = [
            ("lib.rs", "mod item; mod order; pub use item::Item; pub use order::*;"),
            ("item.rs", "pub struct Item;"),
            (
                "order/mod.rs",
                "mod place;\nuse crate::Item;\npub(crate) use self::place::place;\npub struct Order;",
            ),
            ("order/place.rs", "use super::{Item as I, Order};\npub fn place() {}"),
            ("use.rs", "fn a() { crate::order::place(); }\nfn b(_: crate::Order) {}"),
        ];
        let expect = [
            ("order/mod.rs", "item.rs", 1),
            ("order/place.rs", "item.rs", 0),
            ("order/place.rs", "order/mod.rs", 0),
            ("use.rs", "order/mod.rs", 1),
            ("use.rs", "order/place.rs", 0),
        ];
        check(&texts, &expect);
    }

    #[test]
    fn paths_in_code_macros_and_globs_count() {
        let texts = [
            ("main.rs", "mod a; mod b; mod c;\nfn main() {\n    println!(\"{}\", a::one() + b::TWO);\n}"),
            ("a.rs", "use super::c::*;\npub fn one() -> Three { 1 }"),
            ("b.rs", "use crate::c;\npub const TWO: c::Three = 2;"),
            ("c.rs", "pub type Three = u8;"),
        ];
        let expect =
            [("main.rs", "a.rs", 2), ("main.rs", "b.rs", 2), ("a.rs", "c.rs", 1), ("b.rs", "c.rs", 1)];
        check(&texts, &expect);
    }

    #[test]
    fn tests_and_bare_re_exports_import_nothing() {
        let texts = [
            ("lib.rs", "mod a;\npub use a::A;\n#[cfg(test)]\nmod tests { use crate::a::A; fn t(_: A) {} }"),
            ("a.rs", "pub struct A;\n#[cfg(test)]\nfn t() { crate::b(); }\npub(crate) fn b() {}"),
        ];
        check(&texts, &[]);
    }

    #[test]
    fn file_that_mentions_what_it_re_exports_needs_it() {
        let texts = [("lib.rs", "mod a;\npub use a::A;\nfn f(_: A) {}"), ("a.rs", "pub struct A;")];
        check(&texts, &[("lib.rs", "a.rs", 2)]);
    }
}
