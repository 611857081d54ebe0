//! The floors: a module uses what stands below it and never names a sibling or what stands above.

use std::path::Path;

use syn::visit::Visit;

use crate::support::rust_files;

/// From the ground up. Modules of one floor are siblings and do not name each other.
const FLOORS: [&[&str]; 10] = [
    &["domain"],
    &["clock", "locale"],
    &["config"],
    &["store"],
    &["intake", "provider"],
    &["inbox", "billing"],
    &["preflight"],
    &["engine"],
    &["web", "cli"],
    &["app"],
];

/// The sandbox stands apart, so that one bug cannot hide in both it and the adapters.
const SANDBOX_MAY_USE: [&str; 2] = ["domain", "clock"];

/// Commands start the daemon and the sandbox: `cli` is the way in, `app` what it starts.
const EXCEPTIONS: [(&str, &str); 3] = [("cli", "app"), ("cli", "sandbox"), ("app", "sandbox")];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

fn may_use(user: &str, used: &str) -> bool {
    if user == used || EXCEPTIONS.contains(&(user, used)) {
        return true;
    }
    if user == "sandbox" {
        return SANDBOX_MAY_USE.contains(&used);
    }
    match (floor(user), floor(used)) {
        (Some(user), Some(used)) => used < user,
        _ => false,
    }
}

#[derive(Default)]
struct Uses(Vec<String>);

impl Uses {
    fn path(&mut self, segments: &[String]) {
        if let [root, module, ..] = segments
            && (root == "crate" || root == "recado")
        {
            self.0.push(module.clone());
        }
    }

    fn tree(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| [prefix, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(p) => self.tree(&with(&p.ident), &p.tree),
            syn::UseTree::Name(n) => self.path(&with(&n.ident)),
            syn::UseTree::Rename(r) => self.path(&with(&r.ident)),
            syn::UseTree::Glob(_) => self.path(prefix),
            syn::UseTree::Group(g) => g.items.iter().for_each(|item| self.tree(prefix, item)),
        }
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.path(&segments);
        syn::visit::visit_path(self, path);
    }
}

fn uses_of(source: &str) -> Vec<String> {
    let mut uses = Uses::default();
    uses.visit_file(&syn::parse_file(source).unwrap());
    uses.0
}

fn module_of(file: &Path) -> Option<String> {
    let first = file.strip_prefix("src").unwrap().components().next().unwrap();
    let name = Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned();
    (name != "main" && name != "lib").then_some(name)
}

#[test]
fn a_module_uses_what_stands_below_it_and_never_a_sibling_or_what_stands_above() {
    let files = rust_files(Path::new("src"));
    assert!(files.len() > 30);
    let mut wrong = Vec::new();
    for file in files {
        let Some(module) = module_of(&file) else { continue };
        assert!(module == "sandbox" || floor(&module).is_some(), "{module} stands on no floor");
        for used in uses_of(&std::fs::read_to_string(&file).unwrap()) {
            if !may_use(&module, &used) && (floor(&used).is_some() || used == "sandbox") {
                wrong.push(format!("{} uses {used}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_sandbox_and_the_adapters_share_no_code() {
    assert!(!may_use("sandbox", "provider") && !may_use("provider", "sandbox"));
}

#[test]
fn an_upward_or_sideways_use_is_seen_in_every_form() {
    for (source, used) in [
        ("use crate::engine::Engine;", "engine"),
        ("use crate::{domain::id::RunId, engine::{Engine, planner}};", "engine"),
        ("fn f() { crate::engine::start(); }", "engine"),
        ("fn f(_: &crate::provider::Provider) {}", "provider"),
        ("use crate::web::*;", "web"),
    ] {
        assert!(uses_of(source).iter().any(|u| u == used), "{source}");
    }
    assert!(!may_use("store", "engine") && !may_use("inbox", "billing") && may_use("engine", "inbox"));
}
