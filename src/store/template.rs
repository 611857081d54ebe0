//! Templates as last read from the provider; what is Recado's own of them is in [`own`], what is not submitted yet in
//! [`draft`].

pub mod draft;
pub mod own;

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::{Dialects, Result, Store, StoreError, Tx, on, on_tx};
use crate::domain::event::{CategoryNews, TemplateNews, TemplateNote};
use crate::domain::snapshot::Billed;
use crate::domain::template::{Category, Template, TemplateQuality, TemplateStatus};
use crate::domain::time::UnixMs;

const SAVE: &str = "INSERT INTO template (account, name, language, template, fetched_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (account, name, language) DO UPDATE SET template = excluded.template, fetched_at = excluded.fetched_at";
const GET: &str = "SELECT template FROM template WHERE account = $1 AND name = $2 AND language = $3";
const SET: &str = "UPDATE template SET template = $4 WHERE account = $1 AND name = $2 AND language = $3";
const LIST: &str = "SELECT template FROM template WHERE account = $1 ORDER BY name, language";
const FORGET: &str = "DELETE FROM template WHERE account = $1 AND name = $2 AND language = $3";
const TELL: &str = "UPDATE template SET reason = $4, advice = $5, quality = $6
    WHERE account = $1 AND name = $2 AND language = $3";
const TOLD: &str = "SELECT template, fetched_at, reason, advice, quality FROM template
    WHERE account = $1 AND name = $2 AND language = $3";
const TOLD_ALL: &str = "SELECT template, fetched_at, reason, advice, quality FROM template
    WHERE account = $1 ORDER BY name, language";
/// One that is to be read again: its text has changed at the provider.
const STALE: &str = "UPDATE template SET fetched_at = 0 WHERE account = $1 AND name = $2 AND language = $3";
const READ_AT: &str = "SELECT fetched_at FROM template WHERE account = $1 AND name = $2 AND language = $3";
const CATEGORIES: Dialects = Dialects {
    sqlite: "SELECT t.name, t.language, t.template ->> 'category' FROM json_each($2) AS r
        JOIN template AS t ON t.account = $1 AND t.name = r.value ->> 0 AND t.language = r.value ->> 1",
    postgres:
        "SELECT t.name, t.language, t.template::json ->> 'category' FROM json_array_elements($2::json) AS r (value)
        JOIN template AS t ON t.account = $1 AND t.name = r.value ->> 0 AND t.language = r.value ->> 1",
};
const HAS_STALE: &str = "SELECT COUNT(*) FROM template WHERE account = $1 AND fetched_at = 0";

/// A template with what the provider says of it besides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The template.
    pub template: Template,
    /// When it was read.
    pub read_at: UnixMs,
    /// Why it was refused, in the provider's word; empty when it was not.
    pub reason: String,
    /// What the provider advises then.
    pub advice: String,
    /// `green`, `yellow`, `red`; empty when not known.
    pub quality: String,
}

#[derive(FromRow)]
struct Row {
    template: String,
    fetched_at: UnixMs,
    reason: String,
    advice: String,
    quality: String,
}

impl Row {
    fn told(self) -> Result<Told> {
        let Self { template, fetched_at, reason, advice, quality } = self;
        Ok(Told { template: read(&template)?, read_at: fetched_at, reason, advice, quality })
    }
}

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

/// Keeps what the provider has told of a template, as part of the unit of work that heard it. How it stood before; `None`
/// when nobody here has read that template.
pub async fn set_status(tx: &mut Tx, account: &str, news: &TemplateNews) -> Result<Option<TemplateStatus>> {
    let mut before = None;
    let set = |template: &mut Template| before = Some(std::mem::replace(&mut template.status, news.status.clone()));
    change(tx, (account, &news.name, &news.language), set).await?;
    Ok(before)
}

/// Keeps what the provider has told of what a template is billed as, likewise. False when nobody here has read it.
pub async fn set_category(tx: &mut Tx, account: &str, news: &CategoryNews) -> Result<bool> {
    let set = |template: &mut Template| {
        template.category = news.category;
        template.announced = template.announced.filter(|announced| *announced != news.category);
    };
    change(tx, (account, &news.name, &news.language), set).await
}

/// Keeps what the provider has announced that a template will be billed as, likewise. False when that was known, or when
/// nobody here has read it.
pub async fn set_announced(tx: &mut Tx, account: &str, news: &CategoryNews) -> Result<bool> {
    let mut is_news = false;
    let set = |template: &mut Template| {
        let announced: Option<Category> = Some(news.category).filter(|category| *category != template.category);
        is_news = announced.is_some() && template.announced != announced;
        template.announced = announced;
    };
    change(tx, (account, &news.name, &news.language), set).await?;
    Ok(is_news)
}

/// Keeps what the provider says of a template besides; `None` leaves what is known.
pub async fn note(tx: &mut Tx, account: &str, note: &TemplateNote) -> Result<()> {
    let (name, language) = (&note.name, &note.language);
    let known: Option<Row> =
        on_tx!(tx, |conn| sqlx::query_as(TOLD).bind(account).bind(name).bind(language).fetch_optional(conn).await)?;
    let Some(known) = known else { return Ok(()) };
    let or = |told: &Option<String>, known: String| told.clone().unwrap_or(known);
    let (reason, advice) = (or(&note.reason, known.reason), or(&note.advice, known.advice));
    let quality = or(&note.quality, known.quality);
    if let Some(word) = &note.quality {
        let quality = TemplateQuality::of(word);
        change(tx, (account, name, language), |template| template.quality = quality).await?;
    }
    on_tx!(tx, |conn| sqlx::query(TELL)
        .bind(account)
        .bind(name)
        .bind(language)
        .bind(&reason)
        .bind(&advice)
        .bind(&quality)
        .execute(conn)
        .await
        .map(drop))?;
    if note.text_changed {
        on_tx!(tx, |conn| sqlx::query(STALE).bind(account).bind(name).bind(language).execute(conn).await.map(drop))?;
    }
    Ok(())
}

/// Whether a template of `account` is to be read again.
pub async fn has_stale(store: &Store, account: &str) -> Result<bool> {
    let n: i64 = on!(&store.read, |pool| sqlx::query_scalar(HAS_STALE).bind(account).fetch_one(pool).await)?;
    Ok(n > 0)
}

/// When the provider was last asked for it; `None` when nobody here has read it.
pub async fn read_at(tx: &mut Tx, account: &str, name: &str, language: &str) -> Result<Option<UnixMs>> {
    Ok(on_tx!(tx, |conn| sqlx::query_scalar(READ_AT)
        .bind(account)
        .bind(name)
        .bind(language)
        .fetch_optional(conn)
        .await)?)
}

/// What those of `names` (and languages) that are known are billed as now.
pub async fn categories(store: &Store, account: &str, names: &BTreeSet<(String, String)>) -> Result<Billed> {
    if names.is_empty() {
        return Ok(Billed::new());
    }
    let (sql, names) = (CATEGORIES.of(&store.read), super::json(names));
    let found: Vec<(String, String, Category)> =
        on!(&store.read, |pool| sqlx::query_as(sql).bind(account).bind(&names).fetch_all(pool).await)?;
    Ok(found.into_iter().map(|(name, language, category)| ((name, language), category)).collect())
}

/// A template with all that is known of it.
pub async fn told(store: &Store, account: &str, name: &str, language: &str) -> Result<Option<Told>> {
    let row: Option<Row> = on!(&store.read, |pool| sqlx::query_as(TOLD)
        .bind(account)
        .bind(name)
        .bind(language)
        .fetch_optional(pool)
        .await)?;
    row.map(Row::told).transpose()
}

/// Every template of `account` with all that is known of it, by name and language.
pub async fn told_all(store: &Store, account: &str) -> Result<Vec<Told>> {
    let rows: Vec<Row> = on!(&store.read, |pool| sqlx::query_as(TOLD_ALL).bind(account).fetch_all(pool).await)?;
    rows.into_iter().map(Row::told).collect()
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
