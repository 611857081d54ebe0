//! Telling a person that their message was read, and that an answer is being written (cloud-api.md 2).

use serde_json::json;

use super::{CloudApi, node};
use crate::provider::{ProviderError, http};

impl CloudApi {
    /// Marks the message `id` of a person as read; with `typing` the person sees for up to 25 s that somebody writes.
    pub(in crate::provider) async fn mark_read(
        &self,
        sender_ref: &str,
        id: &str,
        typing: bool,
    ) -> Result<(), ProviderError> {
        let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": id });
        if typing {
            body["typing_indicator"] = json!({ "type": "text" });
        }
        let request = self
            .client
            .post(self.of_number(sender_ref, "messages"))
            .header(self.authorization.0.clone(), &self.authorization.1)
            .json(&body)
            .build()
            .map_err(ProviderError::Unreachable)?;
        let reply = http::call(&self.client, request).await.map_err(http::Broken::into_error)?;
        node(&reply).map(drop)
    }
}
