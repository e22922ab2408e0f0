//! What do functions take, and is what others may use documented?
//!
//! Invariant: a tuple is no way below the limit on parameters. Fields and variants may stand
//! without a doc. rustc's `missing_docs` cannot leave them out, so this rule stands in its place.

use crate::tidy::source::{Function, RustFile};

const PARAMETERS_MAX: usize = 4;

/// Functions that take a tuple.
pub(crate) fn check_tuples(file: &RustFile) -> Vec<String> {
    let functions = own(file).filter(|function| function.takes_tuple);
    functions
        .map(|function| {
            format!("{}:{}: fn {} takes a tuple", file.source.path, function.line + 1, function.name)
        })
        .collect()
}

/// Functions that take too much.
pub(crate) fn check_parameters(file: &RustFile) -> Vec<String> {
    let functions = own(file).filter(|function| function.parameters > PARAMETERS_MAX);
    functions
        .map(|Function { name, line, parameters, .. }| {
            let place = format!("{}:{}", file.source.path, line + 1);
            format!("{place}: fn {name} has {parameters} parameters, more than {PARAMETERS_MAX}")
        })
        .collect()
}

/// Public items of a crate that have no doc.
pub(crate) fn check_docs(file: &RustFile) -> Vec<String> {
    let items = file.syntax.undocumented.iter().filter(|_| !file.is_test);
    items.map(|(line, name)| format!("{}:{}: {name} has no doc", file.source.path, line + 1)).collect()
}

/// Functions whose signature is not given by a trait.
fn own(file: &RustFile) -> impl Iterator<Item = &Function> {
    file.syntax.functions.iter().filter(|function| !function.implements_trait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> RustFile {
        RustFile::sample("crates/earmark-http/src/sample.rs", text)
    }

    #[test]
    fn tuple_parameters_are_found() {
        let text = "fn a((b, c): (u8, u8)) {}\nimpl A {\n fn d(&self, e: (u8, u8)) {}\n}\n\
                    trait T { fn f(g: (u8, u8)); }\n#[cfg(test)]\nmod tests { fn h((i, j): (u8, u8)) {} }";
        let found = check_tuples(&file(text));
        let names = found.iter().filter_map(|finding| finding.split(' ').nth(2)).collect::<Vec<_>>();
        assert_eq!(names, ["a", "d", "f", "h"]);
    }

    #[test]
    fn closures_units_and_implemented_traits_are_not_found() {
        let text = "fn a(b: (), c: &[(u8, u8)]) { c.iter().map(|(d, e)| d + e); }\n\
                    impl From<(u8, u8)> for A { fn from((f, g): (u8, u8)) -> A { A } }";
        assert!(check_tuples(&file(text)).is_empty());
    }

    #[test]
    fn fifth_parameter_is_found() {
        let found = check_parameters(&file(
            "fn a(b: u8, c: u8, d: u8, e: u8) {}\nfn f(&self, b: u8, c: u8, d: u8, e: u8) {}",
        ));
        assert_eq!(found, ["crates/earmark-http/src/sample.rs:2: fn f has 5 parameters, more than 4"]);
    }

    #[test]
    fn public_items_without_doc_are_found() {
        let text = "pub struct A { pub field: u8 }\nimpl A { pub fn b() {} fn c() {} }\n\
                    pub trait T { fn d(); }\npub(crate) fn e() {}\npub use f::G;\npub mod h;";
        let found = check_docs(&file(text));
        let names = found.iter().filter_map(|finding| finding.split(' ').nth(1)).collect::<Vec<_>>();
        assert_eq!(names, ["A", "b", "T", "d"]);
    }

    #[test]
    fn fields_and_variants_need_no_doc() {
        assert!(check_docs(&file("/// One of two.\npub enum A { B { c: u8 }, D }")).is_empty());
    }
}
