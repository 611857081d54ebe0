//! The environment laid over the file: `RECADO_SERVER__LISTEN` is `server.listen`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Source;

const PREFIX: &str = "RECADO_";
/// Every key of the configuration sits in a section, so that names without it (`RECADO_URL`) are not keys.
const NESTING: &str = "__";

/// Sets or replaces the keys that `environment` names. A variable whose key nobody asks for is refused like any other.
pub(super) fn lay_over<'s>(root: &mut DeTable<'s>, source: &mut Source<'s>, environment: &'s BTreeMap<String, String>) {
    for (name, value) in environment {
        let Some(key) = name.strip_prefix(PREFIX).filter(|key| key.contains(NESTING)) else { continue };
        source.variables.push(name);
        let at = source.text.len() + source.variables.len();
        let path: Vec<&str> = key.split(NESTING).collect();
        set(root, &path, value, at);
    }
}

fn set<'s>(table: &mut DeTable<'s>, path: &[&str], value: &'s str, at: usize) {
    let Some((first, rest)) = path.split_first() else { return };
    // Names in the file are lower case but for those of holiday lists.
    let name = table.keys().map(Spanned::get_ref).find(|k| k.eq_ignore_ascii_case(first));
    let name: Cow<'s, str> = name.cloned().unwrap_or_else(|| Cow::Owned(first.to_lowercase()));
    let here = |inner| Spanned::new(at..at, inner);
    if rest.is_empty() {
        table.insert(Spanned::new(at..at, name), here(DeValue::String(Cow::Borrowed(value))));
        return;
    }
    if !table.get(&*name).is_some_and(|v| v.get_ref().is_table()) {
        table.insert(Spanned::new(at..at, name.clone()), here(DeValue::Table(DeTable::new())));
    }
    if let Some(DeValue::Table(inner)) = table.get_mut(&*name).map(Spanned::get_mut) {
        set(inner, rest, value, at);
    }
}
