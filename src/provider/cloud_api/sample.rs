//! Samples of headers, by Meta's resumable upload (cloud-api.md 2): a session for the file, then its bytes.

use reqwest::header::AUTHORIZATION;
use serde_json::Value;

use super::{CloudApi, node};
use crate::config::Through;
use crate::provider::{ProviderError, Sample, TemplateAnswer, TemplateDone, loose};

impl CloudApi {
    /// Uploads a sample to the account's app. Done: its handle.
    pub(in crate::provider) async fn upload_sample(&self, sample: Sample) -> Result<TemplateAnswer, ProviderError> {
        if self.through != Through::Meta {
            return Ok(TemplateAnswer::NotOffered);
        }
        let Some(app) = &self.app_id else { return Ok(TemplateAnswer::Unfit { code: "template_sample_no_app" }) };
        let Some(media_type) = sample.media_type() else {
            return Ok(TemplateAnswer::Unfit { code: "template_sample_kind" });
        };
        let length = sample.bytes.len().to_string();
        let query = [("file_name", sample.name.as_str()), ("file_length", &length), ("file_type", media_type)];
        let session = self.client.post(self.address(&[app, "uploads"])).query(&query);
        let session = session.header(self.authorization.0.clone(), &self.authorization.1).build();
        let session = session.map_err(|e| ProviderError::Unreachable(e.without_url()))?;
        let told = match node(&self.managed(session).await?) {
            // What Meta says against the file is the person's to know, not a failure of the account.
            Err(ProviderError::Refused { code: 100, .. }) => {
                return Ok(TemplateAnswer::Unfit { code: "template_sample_refused" });
            }
            told => told?,
        };
        let unreadable = ProviderError::Unreadable { what: "answer" };
        let id = loose::some_text(&told, "id").filter(|id| id.starts_with("upload:")).ok_or(unreadable)?;
        self.bring(&id, sample.bytes).await
    }

    async fn bring(&self, session: &str, bytes: Vec<u8>) -> Result<TemplateAnswer, ProviderError> {
        // Its name may bring a query of its own: `upload:…?sig=…`.
        let (path, query) = session.split_once('?').unwrap_or((session, ""));
        let mut address = self.address(&[path]);
        address.set_query(Some(query).filter(|query| !query.is_empty()));
        let request = self.client.post(address).header("file_offset", "0").body(bytes);
        // This one endpoint takes the same token under another word.
        let token = self.authorization.1.to_str().unwrap_or_default().replacen("Bearer ", "OAuth ", 1);
        let request = request.header(AUTHORIZATION, token).build();
        let request = request.map_err(|e| ProviderError::Unreachable(e.without_url()))?;
        let told: Value = node(&self.managed(request).await?)?;
        let handle = loose::some_text(&told, "h").ok_or(ProviderError::Unreadable { what: "answer" })?;
        Ok(TemplateAnswer::Done(TemplateDone { provider_id: handle, ..TemplateDone::default() }))
    }
}
