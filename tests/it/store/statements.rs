//! The stand-in for compile-time checked queries: every SQL constant under `src` is prepared on the databases it is
//! written for, and both migrations end in the same tables and columns.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use recado::store::Db;
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};
use syn::visit::Visit;

use crate::support::{rust_files, stores};

#[derive(Default)]
struct Statements {
    file: PathBuf,
    /// Macros of the file that put columns, written once, before what is given: what they put there.
    columns: BTreeMap<String, String>,
    /// (where, database or "both", text)
    found: Vec<(String, &'static str, String)>,
}

impl Statements {
    fn add(&mut self, name: &str, database: &'static str, expr: &syn::Expr) {
        let text = match expr {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => text.value(),
            syn::Expr::Macro(syn::ExprMacro { mac, .. }) => {
                let columns = mac.path.get_ident().and_then(|name| self.columns.get(&name.to_string()));
                let Some(columns) = columns else { return };
                columns.clone() + &mac.parse_body::<syn::LitStr>().unwrap().value()
            }
            _ => return,
        };
        let first = text.split_whitespace().next().unwrap_or_default();
        if ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&first) {
            self.found.push((format!("{}: {name}", self.file.display()), database, text));
        }
    }
}

/// The first text in a macro's rules.
fn first_text(rules: &str) -> Option<String> {
    let (_, rest) = rules.split_once('"')?;
    let (text, _) = rest.split_once('"')?;
    Some(text.to_owned())
}

impl<'ast> Visit<'ast> for Statements {
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let name = item.ident.as_ref().map(ToString::to_string);
        self.columns.extend(name.zip(first_text(&item.mac.tokens.to_string())));
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        let name = item.ident.to_string();
        let database = match name.split('_').next() {
            Some("SQLITE") => "sqlite",
            Some("POSTGRES") => "postgres",
            _ => "both",
        };
        self.add(&name, database, &item.expr);
        if let syn::Expr::Struct(dialects) = &*item.expr {
            for field in &dialects.fields {
                match &field.member {
                    syn::Member::Named(m) if m == "sqlite" => self.add(&name, "sqlite", &field.expr),
                    syn::Member::Named(m) if m == "postgres" => self.add(&name, "postgres", &field.expr),
                    _ => {}
                }
            }
        }
    }
}

pub(super) fn statements() -> Vec<(String, &'static str, String)> {
    let files = rust_files(Path::new("src"));
    let mut visitor = Statements::default();
    for file in files {
        let source = syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap();
        visitor.file = file;
        visitor.columns.clear();
        visitor.visit_file(&source);
    }
    visitor.found
}

#[tokio::test]
async fn every_statement_prepares() {
    let statements = statements();
    assert!(statements.len() > 2, "the search for SQL constants finds nothing any more");
    for store in stores().await {
        for (place, database, text) in &statements {
            if *database != "both" && *database != store.name() {
                continue;
            }
            let sql = AssertSqlSafe(text.clone()).into_sql_str();
            let prepared = match &store.write {
                Db::Sqlite(pool) => pool.prepare(sql).await.map(|_| ()),
                Db::Postgres(pool) => pool.prepare(sql).await.map(|_| ()),
            };
            assert!(prepared.is_ok(), "{place} on {}: {}", store.name(), prepared.unwrap_err());
        }
    }
}

#[tokio::test]
async fn the_schemas_agree() {
    let mut schemas: Vec<BTreeSet<(String, String)>> = Vec::new();
    for store in stores().await {
        schemas.push(columns(&store.write).await);
    }
    assert!(schemas[0].len() > 100);
    for other in &schemas[1..] {
        assert_eq!(&schemas[0], other);
    }
}

async fn columns(db: &Db) -> BTreeSet<(String, String)> {
    let rows: Vec<(String, String)> = match db {
        Db::Sqlite(pool) => sqlx::query_as(
            "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
        Db::Postgres(pool) => sqlx::query_as(
            "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema()",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
    };
    // What words are found by is each database's own.
    let own = |table: &str| table == "_sqlx_migrations" || table.contains("_words");
    rows.into_iter().filter(|(table, _)| !own(table)).collect()
}
