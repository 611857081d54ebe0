//! Creating, editing and deleting templates (gupshup-zenvia.md 2.6).

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Zenvia, answer, template};
use crate::domain::template::code::{CodeTerms, CodeWay};
use crate::domain::template::draft::{Draft, DraftButton, DraftHeader};
use crate::domain::template::{Category, Template, parameters};
use crate::provider::http;
use crate::provider::{ProviderError, TemplateAnswer, TemplateDone, loose};

/// Longest words of Zenvia's that are kept.
const LONGEST: usize = 500;

impl Zenvia {
    /// Asks for a review: first Zenvia's own, then Meta's. A template belongs to a sender; the account's first is taken.
    pub(in crate::provider) async fn create_template(&self, new: &Draft) -> Result<TemplateAnswer, ProviderError> {
        if let Some(code) = unfit(new) {
            return Ok(TemplateAnswer::Unfit { code });
        }
        let Some(sender) = self.senders.first() else { return Ok(TemplateAnswer::NotOffered) };
        let mut wish = changed(new);
        wish["name"] = json!(new.name);
        wish["channel"] = json!("WHATSAPP");
        wish["senderId"] = json!(sender);
        self.command(&Method::POST, &["templates"], Some(&wish)).await
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
        self.command(&Method::PATCH, &["templates", &old.provider_id], Some(&changed(new))).await
    }

    pub(in crate::provider) async fn delete_template(&self, old: &Template) -> Result<TemplateAnswer, ProviderError> {
        self.command(&Method::DELETE, &["templates", &old.provider_id], None).await
    }

    async fn command(
        &self,
        method: &Method,
        path: &[&str],
        wish: Option<&Value>,
    ) -> Result<TemplateAnswer, ProviderError> {
        let request = self.request(method, path, &[], wish).map_err(|e| ProviderError::Unreachable(e.without_url()))?;
        let reply = http::call(&self.client, request).await.map_err(http::Broken::into_error)?;
        let body = serde_json::from_slice::<Value>(&reply.body).unwrap_or_default();
        match reply.status {
            200..=299 => Ok(TemplateAnswer::Done(done(&body))),
            429 => {
                let minutes = reply.retry_after_s.unwrap_or_default().div_ceil(60);
                Ok(TemplateAnswer::Later { minutes })
            }
            status @ 400..=499 => {
                let said: String = answer::detail(&body).chars().take(LONGEST).collect();
                Ok(TemplateAnswer::Refused { code: i64::from(status), said })
            }
            status => Err(ProviderError::Refused { code: i64::from(status), status, trace: String::new() }),
        }
    }
}

/// What Zenvia's templates cannot be (gupshup-zenvia.md 2.6).
fn unfit(draft: &Draft) -> Option<&'static str> {
    if draft.is_special() {
        return Some("template_written_elsewhere");
    }
    let way = draft.code.as_ref().map(|terms| (terms.way, terms.apps.len()));
    match (&draft.header, way) {
        (Some(DraftHeader::Location), _) => Some("template_zenvia_location"),
        (_, Some((CodeWay::ZeroTap, _))) => Some("template_zenvia_zero_tap"),
        (_, Some((_, 2..))) => Some("template_zenvia_one_app"),
        (Some(DraftHeader::Image { sample } | DraftHeader::Video { sample } | DraftHeader::Document { sample }), _)
            if !sample.starts_with("https://") =>
        {
            Some("template_zenvia_sample")
        }
        _ => draft.time_to_live_s.map(|_| "template_zenvia_life"),
    }
}

fn done(body: &Value) -> TemplateDone {
    TemplateDone {
        provider_id: loose::text(body, "id").unwrap_or_default(),
        status: loose::some_text(body, "status").map(|word| template::status(&word)),
        category: loose::some_text(body, "category").map(|word| template::category(&word)),
    }
}

/// What creation and edits have in common.
fn changed(draft: &Draft) -> Value {
    let category = match draft.category {
        Category::Utility => "UTILITY",
        Category::Authentication => "AUTHENTICATION",
        Category::Marketing | Category::Service => "MARKETING",
    };
    json!({
        "locale": draft.language, "category": category, "components": components(draft), "examples": examples(draft),
    })
}

fn text(text: &str) -> Value {
    let kind = if parameters(text).is_empty() { "TEXT_FIXED" } else { "TEXT_TEMPLATE" };
    json!({ "type": kind, "text": text })
}

fn components(draft: &Draft) -> Value {
    let mut components = json!({});
    match &draft.header {
        Some(DraftHeader::Text { text: header }) => components["header"] = text(header),
        Some(DraftHeader::Image { .. }) => components["header"] = json!({ "type": "MEDIA_IMAGE" }),
        Some(DraftHeader::Video { .. }) => components["header"] = json!({ "type": "MEDIA_VIDEO" }),
        Some(DraftHeader::Document { .. }) => components["header"] = json!({ "type": "MEDIA_DOCUMENT" }),
        // Zenvia has no such header: it is refused before it gets here.
        Some(DraftHeader::Location) | None => {}
    }
    if let Some(terms) = &draft.code {
        components["otp"] = code(terms);
    } else {
        components["body"] = text(&draft.body);
    }
    if let Some(footer) = &draft.footer {
        components["footer"] = json!({ "type": "TEXT_FIXED", "text": footer });
    }
    if !draft.buttons.is_empty() {
        let items: Vec<Value> = draft.buttons.iter().enumerate().map(|(at, b)| button(at, b)).collect();
        components["buttons"] = json!({ "type": "MIXED", "items": items });
    }
    components
}

/// The text is Zenvia's and WhatsApp's own.
fn code(terms: &CodeTerms) -> Value {
    let mut otp = json!({ "type": terms.way.on_the_wire(), "addSecurityRecommendation": terms.security_advice });
    if !terms.label.is_empty() {
        otp["copyButtonText"] = json!(terms.label);
    }
    if let Some(minutes) = terms.good_for_minutes {
        otp["codeExpirationMinutes"] = json!(minutes);
    }
    if let Some(app) = terms.apps.first() {
        otp["packageName"] = json!(app.package_name);
        otp["signatureHash"] = json!(app.signature_hash);
    }
    otp
}

/// Names are one for the whole template: an address's variable gets one of its own.
fn link(at: usize) -> String {
    format!("link_{at}")
}

fn button(at: usize, button: &DraftButton) -> Value {
    match button {
        // The payload is fixed with the template; the label says as much.
        DraftButton::QuickReply { text } => json!({ "type": "QUICK_REPLY", "text": text, "payload": text }),
        DraftButton::Url { text, url, .. } => {
            json!({ "type": "URL", "text": text, "url": url.replace("{{1}}", &format!("{{{{{}}}}}", link(at))) })
        }
        DraftButton::PhoneNumber { text, phone_number } => {
            json!({ "type": "PHONE_NUMBER", "text": text, "phoneNumber": phone_number.trim_start_matches('+') })
        }
        DraftButton::CopyCode { .. } => json!({ "type": "COPY_CODE", "text": "" }),
        // Refused before it gets here: the form that they are asked for in is not documented.
        DraftButton::Catalog | DraftButton::Products => Value::Null,
    }
}

fn examples(draft: &Draft) -> Value {
    let mut examples: Map<String, Value> =
        draft.examples.iter().map(|(name, example)| (name.clone(), json!(example))).collect();
    match &draft.header {
        Some(DraftHeader::Image { sample }) => drop(examples.insert("imageUrl".to_owned(), json!(sample))),
        Some(DraftHeader::Video { sample }) => drop(examples.insert("videoUrl".to_owned(), json!(sample))),
        Some(DraftHeader::Document { sample }) => drop(examples.insert("documentUrl".to_owned(), json!(sample))),
        Some(DraftHeader::Text { .. } | DraftHeader::Location) | None => {}
    }
    for (at, button) in draft.buttons.iter().enumerate() {
        match button {
            DraftButton::Url { url, example, .. } if url.contains("{{1}}") => {
                let before = url.split("{{1}}").next().unwrap_or_default();
                let suffix = example.strip_prefix(before).unwrap_or(example);
                examples.insert(link(at), json!(suffix));
            }
            DraftButton::CopyCode { example } => drop(examples.insert("code".to_owned(), json!(example))),
            _ => {}
        }
    }
    Value::Object(examples)
}
