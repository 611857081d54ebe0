//! Creating, editing and deleting templates, and samples of their headers (gupshup-zenvia.md 1.9).

use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::credentials::Refused;
use super::{FORM, Gupshup, answer, template};
use crate::domain::template::code::CodeTerms;
use crate::domain::template::draft::{Draft, DraftButton, DraftHeader};
use crate::domain::template::{ParameterFormat, Template, fill_in, parameters};
use crate::provider::http::{self, Reply};
use crate::provider::{ProviderError, Sample, TemplateAnswer, TemplateDone, loose};

/// Longest name that Gupshup takes; WhatsApp's own limit is longer.
const LONGEST_NAME: usize = 180;

/// Longest words of Gupshup's that are kept.
const LONGEST: usize = 500;

/// Files that are uploaded once are retried with another token; larger ones are not kept twice.
const OVER: u16 = 429;

impl Gupshup {
    /// Asks for a review.
    pub(in crate::provider) async fn create_template(&self, new: &Draft) -> Result<TemplateAnswer, ProviderError> {
        if let Some(code) = unfit(new) {
            return Ok(TemplateAnswer::Unfit { code });
        }
        let address = self.address(&self.app.wire.templates_path);
        self.command(|| self.client.post(address.clone()).header(CONTENT_TYPE, FORM).body(form(new, &self.app.id)))
            .await
    }

    /// Asks to take `new` in place of what `old` says.
    pub(in crate::provider) async fn edit_template(
        &self,
        old: &Template,
        new: &Draft,
    ) -> Result<TemplateAnswer, ProviderError> {
        if let Some(code) = unfit(new) {
            return Ok(TemplateAnswer::Unfit { code });
        }
        let address = self.address(&format!("{}/{}", self.app.wire.templates_path, old.provider_id));
        let body = form(new, &self.app.id);
        self.command(|| self.client.request(Method::PUT, address.clone()).header(CONTENT_TYPE, FORM).body(body.clone()))
            .await
    }

    /// Deletes one language. The self-serve surface deletes a name in every language: there the last one alone is.
    pub(in crate::provider) async fn delete_template(&self, old: &Template) -> Result<TemplateAnswer, ProviderError> {
        let path = &self.app.wire.delete_path;
        if !path.contains("{id}") {
            let all = self.templates().await?;
            if all.iter().any(|t| t.name == old.name && t.language != old.language) {
                return Ok(TemplateAnswer::Unfit { code: "template_gupshup_languages" });
            }
        }
        let path = path.replace("{name}", &old.name).replace("{id}", &old.provider_id);
        let address = self.address(&path);
        self.command(|| self.client.delete(address.clone())).await
    }

    /// Uploads a sample. Done: what Gupshup calls it.
    pub(in crate::provider) async fn upload_sample(&self, sample: Sample) -> Result<TemplateAnswer, ProviderError> {
        let Some(media_type) = sample.media_type() else {
            return Ok(TemplateAnswer::Unfit { code: "template_sample_kind" });
        };
        let address = self.address(&self.app.wire.upload_path);
        let part = || Part::bytes(sample.bytes.clone()).file_name(sample.name.clone()).mime_str(media_type);
        let unreachable = |e: reqwest::Error| ProviderError::Unreachable(e.without_url());
        // Read once here, so that a wrong type is found before anything is asked.
        part().map_err(unreachable)?;
        let answered = self
            .answered(|| {
                let form = Form::new().text("file_type", media_type);
                let form = match part() {
                    Ok(part) => form.part("file", part),
                    Err(_) => form,
                };
                self.client.post(address.clone()).multipart(form)
            })
            .await?;
        let (reply, body) = answered;
        if let Some(no) = refused(&reply, &body)? {
            return Ok(no);
        }
        // `{"handleId":{"message":"…"}}` of partners, `{"media":{"id","url"}}` of the self-serve surface.
        let partner = body.get("handleId").and_then(|h| loose::some_text(h, "message"));
        let own = || body.get("media").and_then(|m| loose::some_text(m, "id"));
        let handle = partner.or_else(own).ok_or(ProviderError::Unreadable { what: "answer" })?;
        Ok(TemplateAnswer::Done(TemplateDone { provider_id: handle, ..TemplateDone::default() }))
    }

    async fn command(&self, request: impl Fn() -> RequestBuilder) -> Result<TemplateAnswer, ProviderError> {
        let (reply, body) = self.answered(request).await?;
        if let Some(no) = refused(&reply, &body)? {
            return Ok(no);
        }
        let made = body.get("template").unwrap_or(&Value::Null);
        Ok(TemplateAnswer::Done(TemplateDone {
            provider_id: loose::text(made, "id").unwrap_or_default(),
            status: loose::some_text(made, "status").map(|word| template::status(&word)),
            category: loose::some_text(made, "category").map(|word| template::category(&word)),
        }))
    }

    /// The answer to a request; one that a token is too old for is asked once more, with the next.
    async fn answered(&self, request: impl Fn() -> RequestBuilder) -> Result<(Reply, Value), ProviderError> {
        for is_last in [!self.keys.renews(), true] {
            let (signed, token) = self.keys.sign(request()).await.map_err(|refused| match refused {
                Refused::Credentials(failure) => {
                    ProviderError::Refused { code: failure.code, status: 401, trace: String::new() }
                }
                Refused::Unreachable(_) => ProviderError::Unreadable { what: "token" },
            })?;
            let signed = signed.build().map_err(|e| ProviderError::Unreachable(e.without_url()))?;
            let reply = http::call(&self.client, signed).await.map_err(http::Broken::into_error)?;
            if reply.status == 401 {
                self.keys.expired(token.as_ref());
                if !is_last {
                    continue;
                }
            }
            let body = serde_json::from_slice(&reply.body).unwrap_or_default();
            return Ok((reply, body));
        }
        Err(ProviderError::Unreadable { what: "token" })
    }
}

/// A no of the provider's; some come with a good HTTP status.
fn refused(reply: &Reply, body: &Value) -> Result<Option<TemplateAnswer>, ProviderError> {
    let is_error = loose::text(body, "status").is_some_and(|s| s.eq_ignore_ascii_case("error"));
    match reply.status {
        200..=299 if !is_error && body.is_object() => Ok(None),
        OVER => Ok(Some(TemplateAnswer::Later { minutes: reply.retry_after_s.unwrap_or_default().div_ceil(60) })),
        status @ (401 | 403 | 500..) => {
            Err(ProviderError::Refused { code: i64::from(status), status, trace: String::new() })
        }
        status if is_error || (400..=499).contains(&status) => {
            let said = answer::detail(body).chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            Ok(Some(TemplateAnswer::Refused { code: i64::from(status), said }))
        }
        _ => Err(ProviderError::Unreadable { what: "answer" }),
    }
}

/// What Gupshup's templates cannot be.
fn unfit(draft: &Draft) -> Option<&'static str> {
    if draft.is_special() {
        return Some("template_written_elsewhere");
    }
    if draft.name.len() > LONGEST_NAME {
        return Some("template_gupshup_name");
    }
    if draft.code.as_ref().is_some_and(|terms| !terms.apps.is_empty()) {
        return Some("template_gupshup_code");
    }
    match (draft.format, draft.time_to_live_s) {
        (ParameterFormat::Named, _) => Some("template_gupshup_named"),
        (_, Some(_)) => Some("template_gupshup_life"),
        _ => None,
    }
}

/// The form of a creation and of an edit.
fn form(draft: &Draft, app_id: &str) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("elementName", &draft.name)
        .append_pair("languageCode", &draft.language)
        .append_pair("category", &draft.category.as_str().to_ascii_uppercase())
        // A label that Gupshup asks for and nobody reads.
        .append_pair("vertical", &draft.name)
        .append_pair("enableSample", "true")
        .append_pair("appId", app_id);
    if let Some(terms) = &draft.code {
        code(&mut form, draft, terms);
        return form.finish();
    }
    header(&mut form, draft);
    form.append_pair("content", &draft.body).append_pair("example", &filled(draft, &draft.body));
    if let Some(footer) = &draft.footer {
        form.append_pair("footer", footer);
    }
    if !draft.buttons.is_empty() {
        let buttons: Vec<Value> = draft.buttons.iter().map(button).collect();
        form.append_pair("buttons", &Value::Array(buttons).to_string());
    }
    form.finish()
}

/// A one-time code: the text is WhatsApp's own, and is written here as Gupshup asks for it.
fn code(form: &mut Serializer<'_, String>, draft: &Draft, terms: &CodeTerms) {
    let (text, _, label) = terms.text(&draft.language);
    let button = json!([{ "type": "OTP", "otp_type": terms.way.on_the_wire(), "text": label }]);
    form.append_pair("templateType", "TEXT")
        .append_pair("content", &text)
        .append_pair("example", &fill_in(&text, |_| Some("123456".to_owned())))
        .append_pair("buttons", &button.to_string())
        .append_pair("addSecurityRecommendation", if terms.security_advice { "true" } else { "false" });
    if let Some(minutes) = terms.good_for_minutes {
        form.append_pair("codeExpirationMinutes", &minutes.to_string());
    }
}

fn header(form: &mut Serializer<'_, String>, draft: &Draft) {
    let (kind, sample) = match &draft.header {
        Some(DraftHeader::Image { sample }) => ("IMAGE", sample.as_str()),
        Some(DraftHeader::Video { sample }) => ("VIDEO", sample.as_str()),
        Some(DraftHeader::Document { sample }) => ("DOCUMENT", sample.as_str()),
        Some(DraftHeader::Location) => ("LOCATION", ""),
        Some(DraftHeader::Text { .. }) | None => ("TEXT", ""),
    };
    form.append_pair("templateType", kind);
    if !sample.is_empty() {
        form.append_pair("exampleMedia", sample);
    }
    if let Some(DraftHeader::Text { text }) = &draft.header {
        form.append_pair("header", text).append_pair("exampleHeader", &filled(draft, text));
    }
}

/// `text` with its examples in place of its variables.
fn filled(draft: &Draft, text: &str) -> String {
    fill_in(text, |name| draft.examples.get(name).cloned())
}

fn button(button: &DraftButton) -> Value {
    match button {
        DraftButton::QuickReply { text } => json!({ "type": "QUICK_REPLY", "text": text }),
        DraftButton::Url { text, url, example } => {
            let mut told = json!({ "type": "URL", "text": text, "url": url });
            if !parameters(url).is_empty() {
                told["example"] = json!([example]);
            }
            told
        }
        DraftButton::PhoneNumber { text, phone_number } => {
            json!({ "type": "PHONE_NUMBER", "text": text, "phone_number": phone_number })
        }
        DraftButton::CopyCode { example } => json!({ "type": "COPY_CODE", "example": example }),
        // Refused before it gets here: the form that they are asked for in is not documented.
        DraftButton::Catalog | DraftButton::Products => Value::Null,
    }
}
