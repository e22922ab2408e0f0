//! What does a Rust file declare? Its functions, what is public and undocumented, which lines are
//! for tests alone, and the names that it declares, imports and mentions.
//!
//! Invariant: this file knows the grammar, by `syn`, and no rule. Lines count from 0. What stands
//! under `#[cfg(test)]` declares and mentions nothing, since rules about imports leave tests out.

use std::collections::{BTreeMap, HashSet};
use std::ops::{Range, RangeInclusive};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, FnArg, ImplItem, Item, ItemConst, ItemEnum, ItemExternCrate, ItemFn, ItemForeignMod,
    ItemImpl, ItemMacro, ItemMod, ItemStatic, ItemStruct, ItemTrait, ItemTraitAlias, ItemType, ItemUnion,
    ItemUse, Macro, Meta, Path, Signature, TraitItem, Type, UseTree, Visibility,
};

/// What one file declares.
#[derive(Default)]
pub(crate) struct Syntax {
    pub(crate) functions: Vec<Function>,
    /// Public items without documentation, as line and name. Fields and variants need none.
    pub(crate) undocumented: Vec<(usize, String)>,
    /// Lines of `#[cfg(test)]` items.
    pub(crate) tests: Vec<RangeInclusive<usize>>,
    /// Names of `#[cfg(test)] mod name;`, whose files are for tests alone.
    pub(crate) test_modules: Vec<String>,
    /// The module that the file is, then those that are written out inside of it.
    pub(crate) modules: Vec<Module>,
}

/// A function or method, or the declaration of one in a trait.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// The lines between its braces; empty without a body.
    pub(crate) body: Range<usize>,
    /// It says why it is long: `#[expect(clippy::too_many_lines, …)]`.
    pub(crate) may_be_long: bool,
    /// `self` included, as clippy counts.
    pub(crate) parameters: usize,
    pub(crate) takes_tuple: bool,
    /// The signature is that of a trait, which is declared elsewhere.
    pub(crate) implements_trait: bool,
}

/// A module and the names in it.
#[derive(Default)]
pub(crate) struct Module {
    /// Below the file's own module, which has none.
    pub(crate) path: Vec<String>,
    /// Without modules, which are found by their paths.
    pub(crate) items: HashSet<String>,
    pub(crate) imports: Vec<Import>,
    /// Each path that its code mentions, with the first line where it does.
    pub(crate) mentions: BTreeMap<Vec<String>, usize>,
}

/// One name of a `use`.
pub(crate) struct Import {
    /// The name in this module; `*` for all of the other.
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
    /// `pub use` of any reach: it hands a name on, and does not need what stands behind it.
    pub(crate) is_reexport: bool,
    pub(crate) line: usize,
}

impl Syntax {
    pub(crate) fn parse(text: &str) -> syn::Result<Self> {
        let file = syn::parse_file(text)?;
        let mut reader = Reader::default();
        reader.syntax.modules.push(Module::default());
        reader.visit_file(&file);
        Ok(reader.syntax)
    }

    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|lines| lines.contains(&line))
    }
}

/// Walks over a file and notes what it meets.
#[derive(Default)]
struct Reader {
    syntax: Syntax,
    /// Index of the module in which the walk is.
    module: usize,
    in_tests: bool,
    in_trait_impl: bool,
}

impl Reader {
    fn current(&mut self) -> &mut Module {
        &mut self.syntax.modules[self.module]
    }

    fn mention(&mut self, path: Vec<String>, span: Span) {
        if !self.in_tests {
            self.current().mentions.entry(path).or_insert_with(|| line(span));
        }
    }

    fn function(&mut self, signature: &Signature, body: Option<&Block>, attributes: &[Attribute]) {
        let takes_tuple = |input: &FnArg| match input {
            FnArg::Typed(typed) => matches!(&*typed.ty, Type::Tuple(tuple) if !tuple.elems.is_empty()),
            FnArg::Receiver(_) => false,
        };
        let braces = body.map(|block| block.brace_token.span);
        self.syntax.functions.push(Function {
            name: signature.ident.to_string(),
            line: line(signature.ident.span()),
            body: braces.map_or(0..0, |braces| line(braces.open()) + 1..line(braces.close())),
            may_be_long: attributes.iter().any(|attribute| {
                let Meta::List(list) = &attribute.meta else { return false };
                list.path.is_ident("expect") && list.tokens.to_string().contains("too_many_lines")
            }),
            parameters: signature.inputs.len(),
            takes_tuple: signature.inputs.iter().any(takes_tuple),
            implements_trait: self.in_trait_impl,
        });
    }

    fn require_doc(&mut self, name: &syn::Ident, attributes: &[Attribute]) {
        if !self.in_tests && !attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
            self.syntax.undocumented.push((line(name.span()), name.to_string()));
        }
    }

    /// Mentions inside of a macro call, whose grammar only the macro knows: whatever looks
    /// like a path. A single name in lower case may be a variable or a field, so it counts as none.
    fn mentions_in(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut start = Span::call_site();
        for token in tokens {
            if let TokenTree::Ident(name) = &token {
                if colons != 2 || path.is_empty() {
                    self.mention_in_macro(std::mem::take(&mut path), start);
                    start = name.span();
                }
                path.push(name.to_string());
            }
            colons = match &token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons + 1,
                _ => 0,
            };
            if let TokenTree::Group(group) = token {
                self.mentions_in(group.stream());
            }
        }
        self.mention_in_macro(path, start);
    }

    fn mention_in_macro(&mut self, path: Vec<String>, span: Span) {
        let is_path = path.len() > 1 || path.first().is_some_and(|name| name.starts_with(char::is_uppercase));
        if is_path {
            self.mention(path, span);
        }
    }

    fn import(&mut self, item: &ItemUse) {
        let mut imports = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut imports);
        let is_reexport = !matches!(item.vis, Visibility::Inherited);
        let line = line(item.use_token.span());
        self.current().imports.extend(imports.into_iter().map(|(name, path)| Import {
            name,
            path,
            is_reexport,
            line,
        }));
    }

    fn inline_module(&mut self, item: &ItemMod) {
        let mut path = self.current().path.clone();
        path.push(item.ident.to_string());
        let outer = self.module;
        self.module = self.syntax.modules.len();
        self.syntax.modules.push(Module { path, ..Module::default() });
        visit::visit_item_mod(self, item);
        self.module = outer;
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name, visibility) = parts(item);
        let was_in_tests = self.in_tests;
        if !self.in_tests && is_for_tests(attributes) {
            self.in_tests = true;
            let first = attributes.first().map_or(item.span(), Spanned::span);
            self.syntax.tests.push(line(first)..=item.span().end().line - 1);
            if let Item::Mod(ItemMod { content: None, ident, .. }) = item {
                self.syntax.test_modules.push(ident.to_string());
            }
        }
        if let (Some(name), false) = (name, self.in_tests) {
            if !matches!(item, Item::Mod(_)) {
                self.current().items.insert(name.to_string());
            }
            // The file of a module opens with its documentation: that is a rule of its own.
            let is_elsewhere = matches!(item, Item::Mod(ItemMod { content: None, .. }));
            if matches!(visibility, Some(Visibility::Public(_))) && !is_elsewhere {
                self.require_doc(name, attributes);
            }
        }
        match item {
            Item::Use(item) if !self.in_tests => self.import(item),
            Item::Mod(item) if item.content.is_some() && !self.in_tests => self.inline_module(item),
            _ => visit::visit_item(self, item),
        }
        self.in_tests = was_in_tests;
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig, Some(&item.block), &item.attrs);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let was = std::mem::replace(&mut self.in_trait_impl, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.in_trait_impl = was;
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if let ImplItem::Fn(item) = item {
            self.function(&item.sig, Some(&item.block), &item.attrs);
            if matches!(item.vis, Visibility::Public(_)) {
                self.require_doc(&item.sig.ident, &item.attrs);
            }
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        for inner in &item.items {
            if let TraitItem::Fn(function) = inner {
                self.function(&function.sig, function.default.as_ref(), &function.attrs);
                if matches!(item.vis, Visibility::Public(_)) {
                    self.require_doc(&function.sig.ident, &function.attrs);
                }
            }
        }
        visit::visit_item_trait(self, item);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.mention(names, path.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.mentions_in(called.tokens.clone());
        visit::visit_macro(self, called);
    }

    /// What attributes mention is expanded by others.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    /// The path in `pub(super)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

fn line(span: Span) -> usize {
    span.start().line.saturating_sub(1)
}

/// `#[cfg(test)]`, or with more beside it; not `#[cfg(not(test))]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        let condition = list.tokens.to_string();
        let mut words = condition.split(|char: char| !char.is_alphanumeric() && char != '_');
        list.path.is_ident("cfg")
            && words.clone().all(|word| word != "not")
            && words.any(|word| word == "test")
    })
}

/// The names of a `use`, each with its whole path.
fn flatten(tree: &UseTree, prefix: &mut Vec<String>, found: &mut Vec<(String, Vec<String>)>) {
    let with = |prefix: &[String], name: &syn::Ident| {
        let mut path = prefix.to_vec();
        if name != "self" || path.is_empty() {
            path.push(name.to_string());
        }
        path
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, found);
            prefix.pop();
        }
        UseTree::Name(name) => {
            let path = with(prefix, &name.ident);
            found.push((path.last().cloned().unwrap_or_default(), path));
        }
        UseTree::Rename(rename) => found.push((rename.rename.to_string(), with(prefix, &rename.ident))),
        UseTree::Glob(_) => found.push(("*".to_owned(), prefix.clone())),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, found);
            }
        }
    }
}

type Parts<'a> = (&'a [Attribute], Option<&'a syn::Ident>, Option<&'a Visibility>);

/// The attributes of an item, the name that it declares, and who sees it.
fn parts(item: &Item) -> Parts<'_> {
    match item {
        Item::Const(ItemConst { attrs, ident, vis, .. })
        | Item::Enum(ItemEnum { attrs, ident, vis, .. })
        | Item::Mod(ItemMod { attrs, ident, vis, .. })
        | Item::Static(ItemStatic { attrs, ident, vis, .. })
        | Item::Struct(ItemStruct { attrs, ident, vis, .. })
        | Item::Trait(ItemTrait { attrs, ident, vis, .. })
        | Item::TraitAlias(ItemTraitAlias { attrs, ident, vis, .. })
        | Item::Type(ItemType { attrs, ident, vis, .. })
        | Item::Union(ItemUnion { attrs, ident, vis, .. }) => (attrs, Some(ident), Some(vis)),
        Item::Fn(ItemFn { attrs, sig, vis, .. }) => (attrs, Some(&sig.ident), Some(vis)),
        Item::Macro(ItemMacro { attrs, ident, .. }) => (attrs, ident.as_ref(), None),
        Item::ExternCrate(ItemExternCrate { attrs, .. })
        | Item::ForeignMod(ItemForeignMod { attrs, .. })
        | Item::Impl(ItemImpl { attrs, .. })
        | Item::Use(ItemUse { attrs, .. }) => (attrs, None, None),
        _ => (&[], None, None),
    }
}
