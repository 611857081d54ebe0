//! Templates as last read from the provider.

use super::{Result, Store, StoreError, Tx, on, on_tx};
use crate::domain::event::{CategoryNews, TemplateNews};
use crate::domain::template::Template;
use crate::domain::time::UnixMs;

const SAVE: &str = "INSERT INTO template (account, name, language, template, fetched_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (account, name, language) DO UPDATE SET template = excluded.template, fetched_at = excluded.fetched_at";
const GET: &str = "SELECT template FROM template WHERE account = $1 AND name = $2 AND language = $3";
const SET: &str = "UPDATE template SET template = $4 WHERE account = $1 AND name = $2 AND language = $3";
const LIST: &str = "SELECT template FROM template WHERE account = $1 ORDER BY name, language";
const FORGET: &str = "DELETE FROM template WHERE account = $1 AND name = $2 AND language = $3";

/// Keeps `template` as what the provider says now.
pub async fn save(store: &Store, account: &str, template: &Template, at: UnixMs) -> Result<()> {
    let mut tx = store.begin().await?;
    save_in(&mut tx, account, template, at).await?;
    tx.commit().await
}

/// The same, as part of the unit of work that follows from it.
pub async fn save_in(tx: &mut Tx, account: &str, template: &Template, at: UnixMs) -> Result<()> {
    let text = super::json(template);
    on_tx!(tx, |conn| sqlx::query(SAVE)
        .bind(account)
        .bind(&template.name)
        .bind(&template.language)
        .bind(&text)
        .bind(at)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// The provider no longer knows it.
pub async fn forget(store: &Store, account: &str, name: &str, language: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(FORGET)
        .bind(account)
        .bind(name)
        .bind(language)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

/// Keeps what the provider has told of a template, as part of the unit of work that heard it. False when nobody here has
/// read that template.
pub async fn set_status(tx: &mut Tx, account: &str, news: &TemplateNews) -> Result<bool> {
    change(tx, (account, &news.name, &news.language), |template| template.status = news.status.clone()).await
}

/// Keeps what the provider has told of what a template is billed as, likewise. False when nobody here has read it.
pub async fn set_category(tx: &mut Tx, account: &str, news: &CategoryNews) -> Result<bool> {
    change(tx, (account, &news.name, &news.language), |template| template.category = news.category).await
}

async fn change(
    tx: &mut Tx,
    (account, name, language): (&str, &str, &str),
    change: impl FnOnce(&mut Template),
) -> Result<bool> {
    let text: Option<String> =
        on_tx!(tx, |conn| sqlx::query_scalar(GET).bind(account).bind(name).bind(language).fetch_optional(conn).await)?;
    let Some(mut template) = text.map(|t| read(&t)).transpose()? else { return Ok(false) };
    change(&mut template);
    let text = super::json(&template);
    on_tx!(tx, |conn| sqlx::query(SET)
        .bind(account)
        .bind(name)
        .bind(language)
        .bind(&text)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(true)
}

/// A template as last read.
pub async fn get(store: &Store, account: &str, name: &str, language: &str) -> Result<Option<Template>> {
    let text: Option<String> = on!(&store.read, |pool| sqlx::query_scalar(GET)
        .bind(account)
        .bind(name)
        .bind(language)
        .fetch_optional(pool)
        .await)?;
    text.map(|t| read(&t)).transpose()
}

/// Every template of `account` as last read, by name and language.
pub async fn list(store: &Store, account: &str) -> Result<Vec<Template>> {
    let texts: Vec<String> = on!(&store.read, |pool| sqlx::query_scalar(LIST).bind(account).fetch_all(pool).await)?;
    texts.iter().map(|t| read(t)).collect()
}

fn read(text: &str) -> Result<Template> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what: "template.template" })
}
