//! The life of a template: written, submitted, followed, edited, retired; and what is Recado's own of it.

pub(super) mod follow;
pub(super) mod keep;
pub mod mapping;
mod stakes;
pub mod watch;

use jiff::tz::TimeZone;
use serde::Serialize;
use tracing::warn;

use super::{Engine, EngineError};
use crate::domain::change::Change;
use crate::domain::problem::Problem;
use crate::domain::template::draft::Draft;
use crate::domain::template::edit::{self, EDIT_PERIOD};
use crate::domain::template::{Category, Template, TemplateStatus, rules};
use crate::locale::{Language, say};
use crate::provider::{Provider, ProviderError, Sample, TemplateAnswer, TemplateDone};
use crate::store::template::draft::Kept;
use crate::store::template::{self, draft, own};

pub use stakes::Stake;

/// What became of a command about a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TemplateOutcome {
    /// The provider took it, and it stands so now.
    Done {
        /// As the provider has it.
        template: Box<Template>,
        /// What it was asked to be billed as, where the provider made something else of it.
        asked: Option<Category>,
    },
    /// It is gone.
    Deleted,
    /// These must be mended first.
    Refused(Vec<Problem>),
}

/// A sample as the provider has it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct Uploaded {
    /// The word of the header it is for: `image`, `video`, `document`.
    pub kind: &'static str,
    /// What the provider calls it: the header's `sample`.
    pub handle: String,
}

impl Engine {
    /// Keeps a draft. Its number, or what stands in the way: only the name and the language must be right by now, and the
    /// provider one that takes templates from programs.
    pub async fn save_draft(
        &self,
        account: &str,
        id: Option<i64>,
        new: &Draft,
        by: &str,
    ) -> Result<Result<i64, Vec<Problem>>, EngineError> {
        self.provider_of(account)?;
        if let Some(problem) = self.not_written_here(account) {
            return Ok(Err(vec![problem]));
        }
        let mut problems = self.rules(account, new);
        problems
            .retain(|p| p.args.iter().any(|(key, value)| key == "field" && (value == "name" || value == "language")));
        if !problems.is_empty() {
            return Ok(Err(problems));
        }
        let (store, now) = (&self.store, self.clock.now());
        let Some(id) = id else { return Ok(Ok(draft::save(store, account, new, by, now).await?)) };
        if draft::get(store, id).await?.is_none() {
            return Err(EngineError::Unknown { what: "draft" });
        }
        let done = draft::replace(store, id, new, now).await?;
        Ok(if done { Ok(id) } else { Err(vec![Problem::new("template_draft_exists", &[("field", "name")])]) })
    }

    /// What a draft may be turned down for, and need not be.
    pub fn draft_warnings(&self, account: &str, new: &Draft) -> Vec<Problem> {
        let for_each = self.config.accounts.get(account).map(|account| account.template_words_per_variable);
        rules::words::warn(new, for_each.unwrap_or(rules::words::USUAL))
    }

    /// What must be mended before a draft is submitted, its name among it where a template has that already.
    pub async fn draft_problems(&self, account: &str, new: &Draft) -> Result<Vec<Problem>, EngineError> {
        let mut problems = self.rules(account, new);
        if template::get(&self.store, account, &new.name, &new.language).await?.is_some() {
            let args = [("field", "name"), ("template", new.name.as_str()), ("language", &new.language)];
            problems.push(Problem::new("template_exists", &args));
        }
        problems.extend(self.unfit(account, new));
        Ok(problems)
    }

    /// What a draft says that templates of the account cannot be.
    fn unfit(&self, account: &str, new: &Draft) -> Option<Problem> {
        let code = self.providers.get(account)?.unfit(new)?;
        Some(Problem::new(code, &[("account", account)]))
    }

    /// Why no template of the account can be written here: its provider lets no program do that.
    pub fn not_written_here(&self, account: &str) -> Option<Problem> {
        let provider = self.providers.get(account)?;
        (!provider.writes_templates()).then(|| Problem::new("template_not_offered", &[("account", account)]))
    }

    /// Submits a draft for approval. What the provider says against it stays with the draft.
    pub async fn submit_draft(&self, id: i64) -> Result<TemplateOutcome, EngineError> {
        let kept = draft::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "draft" })?;
        let Kept { account, draft: new, .. } = kept;
        let provider = self.provider_of(&account)?;
        let problems = self.draft_problems(&account, &new).await?;
        if !problems.is_empty() {
            return Ok(TemplateOutcome::Refused(problems));
        }
        let done = match asked(&account, provider.create_template(&new).await, new.category) {
            Ok(done) => done,
            Err(problem) => {
                let said = problem.args.iter().find(|(key, _)| key == "said").map_or("", |(_, said)| said);
                draft::refused(&self.store, id, said).await?;
                return Ok(TemplateOutcome::Refused(vec![problem]));
            }
        };
        let wanted = new.category;
        let fresh = made(new.template(), done);
        template::save(&self.store, &account, &fresh, self.clock.now()).await?;
        draft::throw_away(&self.store, id).await?;
        self.tell(Change::Templates);
        let asked = (wanted != fresh.category).then_some(wanted);
        Ok(TemplateOutcome::Done { template: Box::new(fresh), asked })
    }

    /// Gives a template another text, within what the provider allows; it is reviewed again where the provider says so.
    pub async fn edit_template(&self, account: &str, new: &Draft) -> Result<TemplateOutcome, EngineError> {
        let provider = self.provider_of(account)?;
        let key = (account, new.name.as_str(), new.language.as_str());
        let Some(old) = self.fresh_template(account, key.1, key.2).await? else {
            return Err(EngineError::Unknown { what: "template" });
        };
        let now = self.clock.now();
        let edits = own::edits(&self.store, key, now.minus(EDIT_PERIOD)).await?;
        let zone = self.config.accounts.get(account).map_or(TimeZone::UTC, |account| account.timezone.clone());
        let mut problems = edit::forbids(&old, new, &edits, (now, &zone));
        problems.extend(self.rules(account, new));
        problems.extend(self.not_written_here(account));
        if !problems.is_empty() {
            return Ok(TemplateOutcome::Refused(problems));
        }
        let done = match asked(account, provider.edit_template(&old, new).await, new.category) {
            Ok(done) => done,
            Err(problem) => return Ok(TemplateOutcome::Refused(vec![problem])),
        };
        if old.status == TemplateStatus::Approved {
            let mut tx = self.store.begin().await?;
            own::edited(&mut tx, key, now).await?;
            tx.commit().await?;
        }
        // How it stands after an edit is the provider's word alone (cloud-api.md 4.5): approved at once, or in review.
        let fresh = match self.fresh_template(account, key.1, key.2).await {
            Ok(Some(fresh)) => fresh,
            Ok(None) => return Err(EngineError::Unknown { what: "template" }),
            Err(EngineError::Provider(cause)) => {
                warn!(error = &cause as &dyn std::error::Error, "an edited template could not be read again yet");
                let fresh = made(Template { status: TemplateStatus::Pending, ..new.template() }, done);
                let fresh = Template { provider_id: old.provider_id, ..fresh };
                keep::keep(self, account, &fresh, now).await?;
                fresh
            }
            Err(other) => return Err(other),
        };
        self.tell(Change::Templates);
        Ok(TemplateOutcome::Done { template: Box::new(fresh), asked: None })
    }

    /// Deletes a template at the provider, unless a run that is open uses it. Its name cannot be used again for 30 days.
    pub async fn delete_template(
        &self,
        account: &str,
        name: &str,
        language: &str,
    ) -> Result<TemplateOutcome, EngineError> {
        let provider = self.provider_of(account)?;
        let known = template::get(&self.store, account, name, language).await?;
        let old = known.ok_or(EngineError::Unknown { what: "template" })?;
        if old.status == TemplateStatus::Disabled {
            return Ok(TemplateOutcome::Refused(vec![Problem::new("template_disabled_stays", &[])]));
        }
        if let Some(run) = self.runs_of_template(account, name, language).await?.first() {
            let run = run.id.to_string();
            return Ok(TemplateOutcome::Refused(vec![Problem::new("template_in_use", &[("run", &run)])]));
        }
        match asked(account, provider.delete_template(&old).await, old.category) {
            Ok(_) => {
                template::forget(&self.store, account, name, language).await?;
                let mut tx = self.store.begin().await?;
                let released = follow::deleted(&mut tx, (account, name, language), self.clock.now()).await?;
                tx.commit().await?;
                if released {
                    self.tell(Change::Holds);
                }
                self.tell(Change::Templates);
                Ok(TemplateOutcome::Deleted)
            }
            Err(problem) => Ok(TemplateOutcome::Refused(vec![problem])),
        }
    }

    /// Lets a paused template go on. What the provider then says of it counts: it may still be paused.
    pub async fn unpause_template(
        &self,
        account: &str,
        name: &str,
        language: &str,
    ) -> Result<TemplateOutcome, EngineError> {
        let provider = self.provider_of(account)?;
        let Some(old) = self.fresh_template(account, name, language).await? else {
            return Err(EngineError::Unknown { what: "template" });
        };
        if old.status != TemplateStatus::Paused {
            return Ok(TemplateOutcome::Refused(vec![Problem::new("template_not_paused", &[])]));
        }
        if let Err(problem) = asked(account, provider.unpause_template(&old).await, old.category) {
            return Ok(TemplateOutcome::Refused(vec![problem]));
        }
        let fresh = self.fresh_template(account, name, language).await?.unwrap_or(old);
        self.tell(Change::Templates);
        self.wake.notify_waiters();
        Ok(TemplateOutcome::Done { template: Box::new(fresh), asked: None })
    }

    /// What is wrong with a draft of `account`, whose configuration may know more languages.
    fn rules(&self, account: &str, new: &Draft) -> Vec<Problem> {
        let mut problems = rules::check(new);
        let more = self.config.accounts.get(account).map(|account| account.template_languages.as_slice());
        if more.unwrap_or_default().contains(&new.language) {
            problems.retain(|p| !p.code.starts_with("template_rule_language"));
        }
        problems
    }

    /// Gives the provider the sample that a header is reviewed with. What it made of it, or what stands in the way.
    pub async fn upload_sample(
        &self,
        account: &str,
        sample: Sample,
    ) -> Result<Result<Uploaded, Vec<Problem>>, EngineError> {
        let provider = self.provider_of(account)?;
        let Some(kind) = sample.kind() else {
            return Ok(Err(vec![Problem::new("template_sample_kind", &[("field", "sample")])]));
        };
        let answer = provider.upload_sample(sample).await;
        Ok(match asked(account, answer, Category::Marketing) {
            Ok(done) => Ok(Uploaded { kind, handle: done.provider_id }),
            Err(problem) => Err(vec![problem]),
        })
    }

    pub(crate) fn provider_of(&self, account: &str) -> Result<&Provider, EngineError> {
        self.providers.get(account).ok_or(EngineError::Unknown { what: "account" })
    }
}

/// What the provider's answer means: done, or a problem for whoever asked.
fn asked(
    account: &str,
    answer: Result<TemplateAnswer, ProviderError>,
    category: Category,
) -> Result<TemplateDone, Problem> {
    Err(match answer {
        Ok(TemplateAnswer::Done(done)) => return Ok(done),
        Ok(TemplateAnswer::Refused { code, said }) => {
            let known = format!("template_refusal.{code}");
            let is_known = say(Language::En, &known, &[]) != known;
            let key = if is_known { known } else { "template_refusal.other".to_owned() };
            let (code, category) = (code.to_string(), format!("category.{}", category.as_str()));
            let args = [("why_key", key.as_str()), ("said", &said), ("code", &code), ("category_key", &category)];
            Problem::new("template_refused", &args)
        }
        Ok(TemplateAnswer::Unfit { code }) => Problem::new(code, &[("account", account)]),
        Err(ProviderError::Later { minutes }) => Problem::new("template_later", &[("n", &minutes.to_string())]),
        Ok(TemplateAnswer::Later { minutes }) => Problem::new("template_later", &[("n", &minutes.max(1).to_string())]),
        Ok(TemplateAnswer::NotOffered) => Problem::new("template_not_offered", &[("account", account)]),
        Err(cause) => {
            let error = &cause as &dyn std::error::Error;
            warn!(error, account.name = account, "a template could not be given to the provider");
            Problem::new("template_unreached", &[])
        }
    })
}

/// `template` as the provider has made it.
fn made(template: Template, done: TemplateDone) -> Template {
    Template {
        provider_id: done.provider_id,
        status: done.status.unwrap_or(TemplateStatus::Pending),
        category: done.category.unwrap_or(template.category),
        ..template
    }
}
