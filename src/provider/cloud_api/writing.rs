//! Creating, editing and deleting templates (cloud-api.md 4.1).

use reqwest::RequestBuilder;
use serde_json::Value;

use super::answer::GraphError;
use super::{CloudApi, QUOTAS, draft, template};
use crate::config::Through;
use crate::domain::template::draft::Draft;
use crate::domain::template::{Template, TemplateStatus};
use crate::provider::http::Reply;
use crate::provider::{ProviderError, TemplateAnswer, TemplateDone, loose};

/// Longest words of Meta that are kept.
const LONGEST: usize = 500;

impl CloudApi {
    /// 360dialog documents no way for accounts of its customers: its hub writes them (gupshup-zenvia.md 3).
    pub(in crate::provider) fn writes_templates(&self) -> bool {
        self.through == Through::Meta
    }

    pub(in crate::provider) async fn create_template(&self, new: &Draft) -> Result<TemplateAnswer, ProviderError> {
        if !self.writes_templates() {
            return Ok(TemplateAnswer::NotOffered);
        }
        let address = self.address(&[&self.waba_id, "message_templates"]);
        self.write(self.client.post(address).json(&draft::creation(new))).await
    }

    pub(in crate::provider) async fn edit_template(
        &self,
        old: &Template,
        new: &Draft,
    ) -> Result<TemplateAnswer, ProviderError> {
        if !self.writes_templates() {
            return Ok(TemplateAnswer::NotOffered);
        }
        let body = draft::edit(new, old.status != TemplateStatus::Approved);
        self.write(self.client.post(self.address(&[&old.provider_id])).json(&body)).await
    }

    /// The id is given beside the name: the name alone would delete every language.
    pub(in crate::provider) async fn delete_template(&self, old: &Template) -> Result<TemplateAnswer, ProviderError> {
        if !self.writes_templates() {
            return Ok(TemplateAnswer::NotOffered);
        }
        let address = self.address(&[&self.waba_id, "message_templates"]);
        let query = [("name", old.name.as_str()), ("hsm_id", old.provider_id.as_str())];
        self.write(self.client.delete(address).query(&query)).await
    }

    /// Lets a template go on that was paused while its first messages were watched (cloud-api.md 4.7).
    pub(in crate::provider) async fn unpause_template(&self, old: &Template) -> Result<TemplateAnswer, ProviderError> {
        if !self.writes_templates() {
            return Ok(TemplateAnswer::NotOffered);
        }
        self.write(self.client.post(self.address(&[&old.provider_id, "unpause"]))).await
    }

    async fn write(&self, request: RequestBuilder) -> Result<TemplateAnswer, ProviderError> {
        let request = request.header(self.authorization.0.clone(), &self.authorization.1).build();
        let request = request.map_err(|e| ProviderError::Unreachable(e.without_url()))?;
        let reply = self.managed(request).await?;
        answer(&reply)
    }
}

/// What the answer to a command about a template means.
fn answer(reply: &Reply) -> Result<TemplateAnswer, ProviderError> {
    let unreadable = ProviderError::Unreadable { what: "answer" };
    let Ok(body) = serde_json::from_slice::<Value>(&reply.body) else { return Err(unreadable) };
    let Some(error) = GraphError::of(&body) else {
        let is_done = body.get("success").and_then(Value::as_bool) != Some(false);
        return match reply.status {
            200..=299 if body.is_object() && is_done => Ok(TemplateAnswer::Done(done(&body))),
            200..=299 if body.is_object() => Ok(TemplateAnswer::Refused { code: 0, said: said(&body, "") }),
            _ => Err(unreadable),
        };
    };
    if QUOTAS.contains(&error.code) {
        return Ok(TemplateAnswer::Later { minutes: reply.usage.wait_minutes });
    }
    // Without a right to it, or with an error of Meta's own, the template itself is not what is wrong.
    if matches!(error.code, 0..=3 | 10 | 190 | 200..=299) {
        return Err(ProviderError::Refused { code: error.code, status: reply.status, trace: error.trace });
    }
    let code = if error.subcode > 0 { error.subcode } else { error.code };
    let words = body.get("error").map(|e| said(e, &error.detail)).unwrap_or_default();
    Ok(TemplateAnswer::Refused { code, said: words })
}

fn done(body: &Value) -> TemplateDone {
    TemplateDone {
        provider_id: loose::text(body, "id").unwrap_or_default(),
        status: loose::some_text(body, "status").map(|word| template::status(&word)),
        category: loose::some_text(body, "category").map(|word| template::category(&word)),
    }
}

/// Meta's words for people where it has some, else those for programs.
fn said(error: &Value, detail: &str) -> String {
    let title = loose::some_text(error, "error_user_title");
    let words = loose::some_text(error, "error_user_msg").or_else(|| loose::some_text(error, "reason"));
    let said = match (title, words) {
        (Some(title), Some(words)) => format!("{title}: {words}"),
        (one, other) => one.or(other).unwrap_or_else(|| detail.to_owned()),
    };
    said.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}
