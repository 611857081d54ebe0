//! The template of a campaign, in every language that its rows may name: as it was read last, and as the provider has it
//! now.

use std::collections::BTreeSet;

use super::template::keep;
use super::{Engine, EngineError};
use crate::config::Account;
use crate::domain::problem::Problem;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::{Template, TemplateStatus};
use crate::intake::campaign_file::CampaignFile;
use crate::store::template;

impl Engine {
    /// The template as it was read last, or as the provider says it when it was never read.
    pub(super) async fn known_templates(
        &self,
        account: &Account,
        file: &CampaignFile,
    ) -> Result<Option<Snapshot>, EngineError> {
        let seen = self.seen_templates(account, file).await?;
        if seen.is_some() {
            return Ok(seen);
        }
        // A provider that cannot be asked is told as a template that is not known: a blocker, not an error.
        Ok(self.fresh_templates(&account.name, file).await.unwrap_or_default())
    }

    async fn seen_templates(&self, account: &Account, file: &CampaignFile) -> Result<Option<Snapshot>, EngineError> {
        let wanted = &file.template;
        let main = template::get(&self.store, &account.name, &wanted.name, &wanted.language).await?;
        let Some(main) = main else { return Ok(None) };
        if wanted.language_column.is_none() {
            return Ok(Some(main.into()));
        }
        let all = template::list(&self.store, &account.name).await?;
        Ok(Some(with_translations(main, all)))
    }

    /// Reads the template from the provider, with its translations where rows may name them, and keeps what it says.
    pub(super) async fn fresh_templates(
        &self,
        account: &str,
        file: &CampaignFile,
    ) -> Result<Option<Snapshot>, EngineError> {
        let (name, language) = (&file.template.name, &file.template.language);
        if file.template.language_column.is_none() {
            return Ok(self.fresh_template(account, name, language).await?.map(Snapshot::from));
        }
        let provider = self.providers.get(account).ok_or(EngineError::Unknown { what: "account" })?;
        let all = provider.translations(name).await?;
        let there: BTreeSet<&str> = all.iter().map(|t| t.language.as_str()).collect();
        for known in template::list(&self.store, account).await? {
            if known.name == *name && known.language != *language && !there.contains(known.language.as_str()) {
                template::forget(&self.store, account, name, &known.language).await?;
            }
        }
        for fresh in all.iter().filter(|t| t.language != *language) {
            keep::keep(self, account, fresh, self.clock.now()).await?;
        }
        // Asked for by its language, so that what is kept of it is told as always.
        let main = self.fresh_template(account, name, language).await?;
        Ok(main.map(|main| with_translations(main, all)))
    }

    /// Reads the template in one language from the provider and keeps what it says, also that there is none.
    pub(super) async fn fresh_template(
        &self,
        account: &str,
        name: &str,
        language: &str,
    ) -> Result<Option<Template>, EngineError> {
        let provider = self.providers.get(account).ok_or(EngineError::Unknown { what: "account" })?;
        let fresh = provider.template(name, language).await?;
        match &fresh {
            Some(fresh) => keep::keep(self, account, fresh, self.clock.now()).await?,
            None => template::forget(&self.store, account, name, language).await?,
        }
        Ok(fresh)
    }

    /// The template as the provider has it now, if it is still the one that was looked at, in the same languages.
    pub(super) async fn approved_templates(
        &self,
        account: &Account,
        file: &CampaignFile,
    ) -> Result<Result<Snapshot, Problem>, EngineError> {
        let (name, language) = (file.template.name.as_str(), file.template.language.as_str());
        let problem = |code: &str, language: &str| Problem::new(code, &[("template", name), ("language", language)]);
        let seen = self.seen_templates(account, file).await?;
        let fresh = match self.fresh_templates(&account.name, file).await {
            Ok(fresh) => fresh,
            Err(EngineError::Provider(cause)) => {
                let error = &cause as &dyn std::error::Error;
                tracing::warn!(error, account.name = account.name, "a template could not be read for a start");
                return Ok(Err(problem("template_unread", language)));
            }
            Err(other) => return Err(other),
        };
        let Some(fresh) = fresh else { return Ok(Err(problem("template_unknown", language))) };
        let changed = seen.as_ref().and_then(|seen| first_change(seen, &fresh));
        Ok(match changed {
            Some(language) => Err(problem("template_changed", language)),
            None => Ok(fresh),
        })
    }
}

/// `main` with what is approved of the same name among `all`.
fn with_translations(main: Template, all: Vec<Template>) -> Snapshot {
    let fits = |t: &Template| {
        t.name == main.name
            && t.language != main.language
            && t.status == TemplateStatus::Approved
            && !t.parameters_unknown
    };
    let mut translations: Vec<Template> = all.into_iter().filter(fits).collect();
    translations.sort_by(|a, b| a.language.cmp(&b.language));
    translations.dedup_by(|a, b| a.language == b.language);
    Snapshot { translations, ..Snapshot::from(main) }
}

/// The first language in which a person would read another text, or pay another price, than was looked at; or that came
/// or went since.
fn first_change<'a>(seen: &'a Snapshot, fresh: &'a Snapshot) -> Option<&'a str> {
    if differs(&seen.main, &fresh.main) {
        return Some(&fresh.main.language);
    }
    let other = |of: &'a Snapshot, language: &str| of.translations.iter().find(|t| t.language == language);
    let gone = seen.translations.iter().find(|t| other(fresh, &t.language).is_none());
    let came = || fresh.translations.iter().find(|t| other(seen, &t.language).is_none_or(|seen| differs(seen, t)));
    gone.or_else(came).map(|t| t.language.as_str())
}

/// Whether in any language a person would read another text, or pay another price.
pub(super) fn reads_otherwise(seen: &Snapshot, fresh: &Snapshot) -> bool {
    first_change(seen, fresh).is_some()
}

/// Whether a person would read another text, or pay another price. Status and id are judged by the pre-flight; what it was
/// approved with is nothing that a person reads.
fn differs(seen: &Template, fresh: &Template) -> bool {
    let same = Template {
        provider_id: fresh.provider_id.clone(),
        status: fresh.status.clone(),
        quality: fresh.quality,
        announced: fresh.announced,
        examples: fresh.examples.clone(),
        ..seen.clone()
    };
    same != *fresh
}
