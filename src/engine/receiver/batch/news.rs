//! What concerns no person: news of templates and accounts, in the order in which they came.

use super::{Told, account};
use crate::domain::event::{AccountNews, CategoryNews, TemplateNews, TemplateNote, WebhookEvent};
use crate::domain::time::UnixMs;
use crate::engine::template::follow;
use crate::engine::{Engine, EngineError, category};
use crate::inbox::reply::not_ahead;
use crate::store::Tx;

/// News to apply together, each with the account whose webhook told it.
#[derive(Default)]
pub(super) struct News {
    templates: Vec<(String, TemplateNews)>,
    notes: Vec<(String, TemplateNote)>,
    categories: Vec<(String, CategoryNews)>,
    accounts: Vec<AccountNews>,
}

impl News {
    /// Adds what came in at `received_at`; what concerns people is none of it.
    pub(super) fn add(&mut self, (account, received_at): (&str, UnixMs), event: WebhookEvent) {
        let (account, at) = (account.to_owned(), |told| not_ahead(told, received_at));
        match event {
            WebhookEvent::Template(news) => self.templates.push((account, TemplateNews { at: at(news.at), ..news })),
            WebhookEvent::TemplateNote(note) => self.notes.push((account, TemplateNote { at: at(note.at), ..note })),
            WebhookEvent::Category(news) => self.categories.push((account, CategoryNews { at: at(news.at), ..news })),
            WebhookEvent::Account(news) => self.accounts.push(AccountNews { at: at(news.at), ..news }),
            _ => {}
        }
    }

    /// Applies all of it; what it changed goes into `told`.
    pub(super) async fn apply(
        &self,
        tx: &mut Tx,
        engine: &Engine,
        told: &mut Told,
        now: UnixMs,
    ) -> Result<(), EngineError> {
        for (account, news) in &self.templates {
            told.holds |= follow::told(tx, account, news, now).await?;
            told.templates += 1;
        }
        for (account, note) in &self.notes {
            follow::note(tx, account, note).await?;
            told.templates += 1;
        }
        for (account, news) in &self.categories {
            let changed = category::told(tx, engine, (account, news), now).await?;
            told.runs.extend(&changed);
            told.repriced.extend(changed);
        }
        for news in &self.accounts {
            let followed = account::follow(tx, engine, news, now).await?;
            told.holds |= followed.holds;
            told.limits |= followed.limits;
        }
        Ok(())
    }
}
