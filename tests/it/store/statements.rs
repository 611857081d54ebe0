//! The stand-in for compile-time checked queries: every SQL constant under `src` is prepared on the databases it is
//! written for, and both migrations end in the same tables and columns.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use recado::store::Db;
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};
use syn::Token;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::visit::Visit;

use crate::support::{rust_files, stores};

/// What a macro of a file makes: texts of its own, and what it is given.
struct Rule(Vec<Piece>);

enum Piece {
    Own(String),
    Given(usize),
}

impl Parse for Rule {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (given, body, list);
        syn::parenthesized!(given in input);
        let mut names: Vec<syn::Ident> = Vec::new();
        while !given.is_empty() {
            given.parse::<Token![$]>()?;
            names.push(given.parse()?);
            given.parse::<Token![:]>()?;
            given.parse::<syn::Ident>()?;
            given.parse::<Option<Token![,]>>()?;
        }
        input.parse::<Token![=>]>()?;
        syn::braced!(body in input);
        input.parse::<Option<Token![;]>>()?;
        if body.peek(syn::LitStr) {
            return Ok(Self(vec![Piece::Own(body.parse::<syn::LitStr>()?.value())]));
        }
        body.parse::<syn::Ident>()?;
        body.parse::<Token![!]>()?;
        syn::parenthesized!(list in body);
        let mut pieces = Vec::new();
        while !list.is_empty() {
            pieces.push(if list.parse::<Option<Token![$]>>()?.is_some() {
                let name: syn::Ident = list.parse()?;
                let place = names.iter().position(|known| *known == name);
                Piece::Given(place.ok_or_else(|| list.error("given to nobody"))?)
            } else {
                Piece::Own(list.parse::<syn::LitStr>()?.value())
            });
            list.parse::<Option<Token![,]>>()?;
        }
        Ok(Self(pieces))
    }
}

#[derive(Default)]
struct Statements {
    file: PathBuf,
    /// Macros of the file by which parts of statements are written once.
    rules: BTreeMap<String, Rule>,
    /// (where, database or "both", text)
    found: Vec<(String, &'static str, String)>,
}

impl Statements {
    fn add(&mut self, name: &str, database: &'static str, expr: &syn::Expr) {
        let Some(text) = self.text(expr) else { return };
        let first = text.split_whitespace().next().unwrap_or_default();
        if ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&first) {
            self.found.push((format!("{}: {name}", self.file.display()), database, text));
        }
    }

    /// The text of a constant; `None`: it is none.
    fn text(&self, expr: &syn::Expr) -> Option<String> {
        let mac = match expr {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => return Some(text.value()),
            syn::Expr::Macro(syn::ExprMacro { mac, .. }) => mac,
            _ => return None,
        };
        let given = mac.parse_body_with(Punctuated::<syn::Expr, Token![,]>::parse_terminated).ok()?;
        let given: Vec<String> = given.iter().map(|expr| self.text(expr)).collect::<Option<_>>()?;
        let name = mac.path.get_ident()?.to_string();
        if name == "concat" {
            return Some(given.concat());
        }
        let piece = |piece: &Piece| match piece {
            Piece::Own(text) => text.clone(),
            Piece::Given(place) => given[*place].clone(),
        };
        Some(self.rules.get(&name)?.0.iter().map(piece).collect())
    }
}

impl<'ast> Visit<'ast> for Statements {
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let name = item.ident.as_ref().map(ToString::to_string);
        self.rules.extend(name.zip(item.mac.parse_body::<Rule>().ok()));
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
        visitor.rules.clear();
        visitor.visit_file(&source);
    }
    visitor.found
}

#[tokio::test]
async fn every_statement_prepares() {
    let statements = statements();
    assert!(statements.len() > 2, "the search for SQL constants finds nothing any more");
    for written_in_parts in
        ["store/candidate.rs: RECENT", "store/message/earlier.rs: PAGE", "store/message/standing.rs: BY_ID"]
    {
        assert!(statements.iter().any(|(place, ..)| place.ends_with(written_in_parts)), "{written_in_parts}");
    }
    for store in stores().await {
        let webhooks = store.webhooks().await;
        for (place, database, text) in &statements {
            if *database != "both" && *database != store.name() {
                continue;
            }
            let sql = AssertSqlSafe(text.clone()).into_sql_str();
            let prepared = match (&store.write, &webhooks) {
                (Db::Sqlite(pool), Db::Sqlite(webhooks)) => match pool.prepare(sql.clone()).await {
                    Ok(_) => Ok(()),
                    Err(why) => webhooks.prepare(sql).await.map(drop).map_err(|_| why),
                },
                (Db::Postgres(pool), _) => pool.prepare(sql).await.map(|_| ()),
                (Db::Sqlite(_), Db::Postgres(_)) => panic!("webhooks of another database"),
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
    // What words are found by is each database's own, and so is where the bodies of webhooks lie.
    let own =
        |table: &str| ["_sqlx_migrations", "webhook", "webhook_read"].contains(&table) || table.contains("_words");
    rows.into_iter().filter(|(table, _)| !own(table)).collect()
}
