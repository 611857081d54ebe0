//! Every error that can be answered has its title and its sentence in all three languages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use recado::locale::{Language, sentences};
use syn::visit::{self, Visit};
use syn::{Expr, Lit};

/// The words that errors are made with, as the sources have them.
#[derive(Default)]
struct Words {
    said: BTreeSet<String>,
    constants: BTreeMap<String, String>,
    named: BTreeSet<String>,
    /// In the file of the errors themselves,
    is_errors: bool,
    /// within the functions that name words.
    is_naming: bool,
}

fn text(expr: &Expr) -> Option<String> {
    let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = expr else { return None };
    Some(text.value())
}

impl Words {
    fn word(&mut self, expr: &Expr) {
        let named = |path: &syn::ExprPath| path.path.segments.last().unwrap().ident.to_string();
        let (words, word) = match (text(expr), expr) {
            (Some(word), _) => (&mut self.said, word),
            (None, Expr::Path(path)) => (&mut self.named, named(path)),
            _ => panic!("the word of an error is a text or a constant"),
        };
        words.insert(word);
    }
}

impl<'ast> Visit<'ast> for Words {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let of_errors = path.path.segments.first().unwrap().ident == "WebError";
            let name = path.path.segments.last().unwrap().ident.to_string();
            if of_errors && ["Bad", "Conflict", "Unprocessable"].contains(&name.as_str()) {
                self.word(&call.args[0]);
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_struct(&mut self, of: &'ast syn::ExprStruct) {
        if of.path.segments.last().unwrap().ident == "Because" {
            for field in &of.fields {
                if matches!(&field.member, syn::Member::Named(name) if name == "word") {
                    self.word(&field.expr);
                }
            }
        }
        visit::visit_expr_struct(self, of);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if let Some(text) = text(&item.expr) {
            self.constants.insert(item.ident.to_string(), text);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let before = self.is_naming;
        self.is_naming |= self.is_errors && item.sig.ident == "word";
        self.visit_block(&item.block);
        self.is_naming = before;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let before = self.is_naming;
        self.is_naming |= self.is_errors && item.sig.ident == "unread";
        self.visit_block(&item.block);
        self.is_naming = before;
    }

    fn visit_lit_str(&mut self, lit: &'ast syn::LitStr) {
        if self.is_naming {
            self.said.insert(lit.value());
        }
    }
}

fn files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn every_error_that_can_be_answered_has_its_title_and_sentence_in_every_language() {
    let (mut all, mut words) = (Vec::new(), Words::default());
    files(Path::new("src/web"), &mut all);
    for file in all {
        let source = syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap();
        words.is_errors = file.ends_with("web/error.rs");
        words.visit_file(&source);
    }
    for name in std::mem::take(&mut words.named) {
        let word = words.constants.get(&name).unwrap_or_else(|| panic!("{name} is no constant of a text"));
        words.said.insert(word.clone());
    }
    assert!(words.said.len() > 50, "the search finds nothing any more: {:?}", words.said);
    let mut missing = Vec::new();
    for language in Language::ALL {
        let known = sentences(language);
        let keys = words.said.iter().flat_map(|word| [format!("web.error_title.{word}"), format!("web.error.{word}")]);
        missing.extend(keys.filter(|key| !known.contains_key(key)).map(|key| format!("{}: {key}", language.as_str())));
    }
    assert_eq!(missing, Vec::<String>::new());
}
