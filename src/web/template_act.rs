//! What people and programs do to templates: the engine's command, then who did it, for pages and API alike; and the list
//! that both show.

use std::collections::BTreeMap;

use crate::domain::problem::Problem;
use crate::domain::template::Template;
use crate::domain::template::draft::Draft;
use crate::engine::{TemplateOutcome, Uploaded};
use crate::provider::Sample;
use crate::store::template::own::{self, Own};
use crate::store::template::{self, Told};
use crate::store::variable;

use super::actor::Actor;
use super::error::WebError;
use super::state::WebState;

/// Longest text of a custom variable, in characters.
const LONGEST_VALUE: usize = 1_024;

/// A template of an account with all that is known of it.
pub struct Entry {
    /// The account.
    pub account: String,
    /// What the provider says.
    pub told: Told,
    /// What is our own.
    pub own: Own,
}

/// Which templates; empty texts ask for nothing.
#[derive(Default)]
pub struct Wanted {
    /// Of this account.
    pub account: String,
    /// Part of name or text.
    pub search: String,
    /// The word of the status.
    pub status: String,
    /// The language.
    pub language: String,
    /// In this group.
    pub group: String,
}

impl Wanted {
    fn fits(&self, entry: &Entry) -> bool {
        let template = &entry.told.template;
        let is = |wanted: &str, value: &str| wanted.is_empty() || wanted == value;
        let search = self.search.trim().to_lowercase();
        let found = || template.name.contains(&search) || template.body.to_lowercase().contains(&search);
        is(&self.account, &entry.account)
            && is(&self.status, template.status.word())
            && is(&self.language, &template.language)
            && (self.group.is_empty() || entry.own.groups.contains(&self.group))
            && (search.is_empty() || found())
    }
}

/// Templates by account, name and language; and every one, for the choices of the filters.
pub async fn list(state: &WebState, wanted: &Wanted) -> Result<(Vec<Entry>, Choices), WebError> {
    let (mut entries, mut choices) = (Vec::new(), Choices::default());
    for account in state.config().accounts.keys() {
        let mut owns = own::all(state.store(), account).await?;
        for told in template::told_all(state.store(), account).await? {
            let key = (told.template.name.clone(), told.template.language.clone());
            let entry = Entry { account: account.clone(), own: owns.remove(&key).unwrap_or_default(), told };
            choices.add(&entry);
            if wanted.fits(&entry) {
                entries.push(entry);
            }
        }
    }
    Ok((entries, choices))
}

/// What the filters can be set to.
#[derive(Default)]
pub struct Choices {
    /// Words of statuses.
    pub statuses: std::collections::BTreeSet<String>,
    /// Languages.
    pub languages: std::collections::BTreeSet<String>,
    /// Groups.
    pub groups: std::collections::BTreeSet<String>,
}

impl Choices {
    fn add(&mut self, entry: &Entry) {
        self.statuses.insert(entry.told.template.status.word().to_owned());
        self.languages.insert(entry.told.template.language.clone());
        self.groups.extend(entry.own.groups.iter().cloned());
    }
}

/// One template with all that is known of it.
pub async fn one(state: &WebState, account: &str, name: &str, language: &str) -> Result<Entry, WebError> {
    let told = template::told(state.store(), account, name, language).await?.ok_or(WebError::NotFound)?;
    let own = own::get(state.store(), account, name, language).await?;
    Ok(Entry { account: account.to_owned(), told, own })
}

/// Keeps a draft; its number.
pub async fn save_draft(
    state: &WebState,
    actor: &Actor,
    account: &str,
    id: Option<i64>,
    draft: &Draft,
) -> Result<i64, WebError> {
    let saved = state.engine.save_draft(account, id, draft, &actor.name).await?;
    let id = saved.map_err(WebError::Refused)?;
    let subject = subject(account, &draft.name, &draft.language);
    state.audit(actor, "template.draft", &subject, &format!("draft {id}")).await?;
    Ok(id)
}

/// Submits a draft.
pub async fn submit(state: &WebState, actor: &Actor, id: i64) -> Result<(String, Box<Template>), WebError> {
    let kept = template::draft::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
    let outcome = state.engine.submit_draft(id).await?;
    let template = done(outcome)?;
    let detail = format!("{} {}", template.status.word(), template.category.as_str());
    let subject = subject(&kept.account, &template.name, &template.language);
    state.audit(actor, "template.submit", &subject, &detail).await?;
    Ok((kept.account, template))
}

/// Throws a draft away.
pub async fn throw_away(state: &WebState, actor: &Actor, id: i64) -> Result<(), WebError> {
    if !template::draft::throw_away(state.store(), id).await? {
        return Err(WebError::NotFound);
    }
    Ok(state.audit(actor, "template.draft_drop", &format!("draft {id}"), "").await?)
}

/// Gives a template another text.
pub async fn edit(state: &WebState, actor: &Actor, account: &str, draft: &Draft) -> Result<Box<Template>, WebError> {
    let template = done(state.engine.edit_template(account, draft).await?)?;
    let subject = subject(account, &draft.name, &draft.language);
    state.audit(actor, "template.edit", &subject, template.status.word()).await?;
    Ok(template)
}

/// Gives the provider the sample of a header.
pub async fn sample(state: &WebState, actor: &Actor, account: &str, sample: Sample) -> Result<Uploaded, WebError> {
    let uploaded = state.engine.upload_sample(account, sample).await?.map_err(WebError::Refused)?;
    state.audit(actor, "template.sample", &format!("account {account}"), uploaded.kind).await?;
    Ok(uploaded)
}

/// Deletes a template at the provider.
pub async fn delete(
    state: &WebState,
    actor: &Actor,
    (account, name, language): (&str, &str, &str),
) -> Result<(), WebError> {
    if let TemplateOutcome::Refused(problems) = state.engine.delete_template(account, name, language).await? {
        return Err(WebError::Refused(problems));
    }
    Ok(state.audit(actor, "template.delete", &subject(account, name, language), "").await?)
}

/// Lets a paused template go on.
pub async fn unpause(
    state: &WebState,
    actor: &Actor,
    (account, name, language): (&str, &str, &str),
) -> Result<Box<Template>, WebError> {
    let template = done(state.engine.unpause_template(account, name, language).await?)?;
    state.audit(actor, "template.unpause", &subject(account, name, language), template.status.word()).await?;
    Ok(template)
}

/// Sets groups and default mapping.
pub async fn set_own(
    state: &WebState,
    actor: &Actor,
    key: (&str, &str, &str),
    groups: &[String],
    mapping: &BTreeMap<String, String>,
) -> Result<(), WebError> {
    let problems = state.engine.set_own(key, groups, mapping).await?;
    if !problems.is_empty() {
        return Err(WebError::Refused(problems));
    }
    let detail = format!("groups: {}", groups.join(", "));
    Ok(state.audit(actor, "template.own", &subject(key.0, key.1, key.2), &detail).await?)
}

/// Reads every template again, of one account or of all. How many there are.
pub async fn sync(state: &WebState, actor: &Actor, account: &str) -> Result<usize, WebError> {
    let accounts: Vec<&String> =
        state.config().accounts.keys().filter(|name| account.is_empty() || *name == account).collect();
    if accounts.is_empty() {
        return Err(WebError::NotFound);
    }
    let mut n = 0;
    for name in accounts {
        n += match state.engine.take_over_templates(name).await {
            Ok(n) => n,
            Err(crate::engine::EngineError::Provider(cause)) => {
                let error = &cause as &dyn std::error::Error;
                tracing::warn!(error, account.name = name, "the templates of account {name} could not be read");
                return Err(WebError::Refused(vec![Problem::new("templates_unread", &[("account", name)])]));
            }
            Err(other) => return Err(other.into()),
        };
    }
    state.audit(actor, "template.sync", "templates", &n.to_string()).await?;
    Ok(n)
}

/// Sets a custom variable.
pub async fn set_variable(state: &WebState, actor: &Actor, name: &str, value: &str) -> Result<(), WebError> {
    let (name, value) = (name.trim(), value.trim());
    let first = name.starts_with(|c: char| c.is_ascii_lowercase());
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let taken = ["when", "client_name", "client_phone"].contains(&name) || state.config().vars.contains_key(name);
    let refuse = |code: &str, field: &str| {
        let args = [("field", field), ("name", name)];
        Err(WebError::Refused(vec![Problem::new(code, &args)]))
    };
    if !first || name.len() > 64 || !name.bytes().all(fits) {
        return refuse("variable_name", "name");
    }
    if taken {
        return refuse("variable_taken", "name");
    }
    if value.is_empty() || value.chars().count() > LONGEST_VALUE || value.contains('\0') {
        return refuse("variable_value", "value");
    }
    variable::set(state.store(), name, value, &actor.name, state.now()).await?;
    Ok(state.audit(actor, "variable.set", &format!("variable {name}"), "").await?)
}

/// Removes a custom variable.
pub async fn remove_variable(state: &WebState, actor: &Actor, name: &str) -> Result<(), WebError> {
    if !variable::remove(state.store(), name).await? {
        return Err(WebError::NotFound);
    }
    Ok(state.audit(actor, "variable.remove", &format!("variable {name}"), "").await?)
}

fn done(outcome: TemplateOutcome) -> Result<Box<Template>, WebError> {
    match outcome {
        TemplateOutcome::Done { template, .. } => Ok(template),
        TemplateOutcome::Deleted => Err(WebError::NotFound),
        TemplateOutcome::Refused(problems) => Err(WebError::Refused(problems)),
    }
}

fn subject(account: &str, name: &str, language: &str) -> String {
    format!("template {account}/{name}/{language}")
}
