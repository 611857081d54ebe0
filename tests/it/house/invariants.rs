//! Invariants that are about the source itself.

use std::path::Path;

use syn::visit::Visit;

/// Paths that do I/O or read a clock.
const FORBIDDEN_IN_DOMAIN: [&str; 9] = [
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "tokio",
    "reqwest",
    "std::time::SystemTime",
];

struct Paths(Vec<String>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.push(path.segments.iter().map(|s| s.ident.to_string()).collect::<Vec<_>>().join("::"));
        syn::visit::visit_path(self, path);
    }

    fn visit_use_tree(&mut self, tree: &'ast syn::UseTree) {
        collect(&mut self.0, "", tree);
    }
}

fn collect(into: &mut Vec<String>, prefix: &str, tree: &syn::UseTree) {
    let join = |name: String| if prefix.is_empty() { name } else { format!("{prefix}::{name}") };
    match tree {
        syn::UseTree::Path(p) => collect(into, &join(p.ident.to_string()), &p.tree),
        syn::UseTree::Name(n) => into.push(join(n.ident.to_string())),
        syn::UseTree::Rename(r) => into.push(join(r.ident.to_string())),
        syn::UseTree::Glob(_) => into.push(prefix.to_owned()),
        syn::UseTree::Group(g) => g.items.iter().for_each(|t| collect(into, prefix, t)),
    }
}

fn forbidden(source: &str) -> Vec<String> {
    let mut paths = Paths(Vec::new());
    paths.visit_file(&syn::parse_file(source).unwrap());
    let is = |path: &String| {
        FORBIDDEN_IN_DOMAIN.iter().any(|f| path == f || path.starts_with(&format!("{f}::")))
            || path.ends_with("Timestamp::now")
            || path.ends_with("Zoned::now")
            || path.ends_with("Instant::now")
    };
    paths.0.into_iter().filter(is).collect()
}

#[test]
fn domain_does_no_io_and_reads_no_clock() {
    for entry in std::fs::read_dir(Path::new("src/domain")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|e| e == "rs") {
            let found = forbidden(&std::fs::read_to_string(&file).unwrap());
            assert!(found.is_empty(), "{}: {found:?}", file.display());
        }
    }
    assert!(!forbidden("use std::{fs, time::SystemTime};").is_empty());
    assert!(!forbidden("fn f() { jiff::Timestamp::now(); }").is_empty());
}
