//! Chatwoot's application API, as far as an API inbox needs it: contacts, conversations, messages, statuses
//! (developers.chatwoot.com, API reference 1.1.0: Contacts, Contact Inboxes, Conversations, Messages).
//!
//! Contacts and conversations are looked for before they are made, so that a call whose answer never came makes nothing
//! twice; messages carry our id as `source_id`, by which they are found again.

mod file;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use super::ProviderError;
use super::http::{self, Limits};
use crate::config::ChatwootInbox;

/// Where the token goes.
const TOKEN: HeaderName = HeaderName::from_static("api_access_token");

/// Pages of twenty messages that are looked through for one that may be there.
const PAGES: usize = 10;

/// What a conversation of ours is called there.
const KEY: &str = "recado_conversation";

/// Why Chatwoot did not do it. Holds no address and no text of the peer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChatwootError {
    /// It was not reached, or the answer broke off.
    #[error("{0}")]
    Unreachable(String),
    /// It said no.
    #[error("answered with status {0}")]
    Refused(u16),
    /// The answer is not what its documentation says.
    #[error("the answer has no {0}")]
    Unreadable(&'static str),
}

impl ChatwootError {
    /// Whether what was asked for is not there any more.
    pub const fn is_gone(&self) -> bool {
        matches!(self, Self::Refused(404))
    }
}

/// A person as a contact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewContact {
    /// Our name for them, the same in `identifier` and as the source id of their session in the inbox.
    pub key: String,
    /// What they are called.
    pub name: String,
    /// Their number, with its +.
    pub phone: Option<String>,
}

/// A conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewConversation {
    /// Its contact.
    pub contact: i64,
    /// The contact's key.
    pub source: String,
    /// Our name for it.
    pub key: String,
    /// The campaign it is about.
    pub campaign: Option<String>,
    /// Its page here.
    pub url: String,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewLine<'a> {
    /// Whether the person wrote it.
    pub incoming: bool,
    /// Whether agents alone see it.
    pub private: bool,
    /// Its text.
    pub content: &'a str,
    /// Our name for it.
    pub source: &'a str,
    /// A file that goes with it.
    pub file: Option<NewFile>,
}

/// A file of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewFile {
    /// Its name.
    pub name: String,
    /// What its bytes are.
    pub mime_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// One inbox.
#[derive(Clone, Debug)]
pub struct Chatwoot {
    root: Url,
    inbox: i64,
    token: HeaderValue,
    client: Client,
}

impl Chatwoot {
    /// The inbox that `config` names.
    ///
    /// # Errors
    /// No client can be built, or the token is none.
    pub fn connect(config: &ChatwootInbox) -> Result<Self, ProviderError> {
        let mut token = HeaderValue::from_str(config.api_token.expose_secret())
            .map_err(|_| ProviderError::Unreadable { what: "api_token" })?;
        token.set_sensitive(true);
        let mut root = config.base_url.clone();
        let path = format!("{}/api/v1/accounts/{}/", root.path().trim_end_matches('/'), config.account_id);
        root.set_path(&path);
        Ok(Self { client: http::client(&root, Limits::default())?, root, inbox: config.inbox_id, token })
    }

    /// The contact's number there, with a session in the inbox; one that is there already is taken.
    ///
    /// # Errors
    /// It was not reached, or said no.
    pub async fn contact(&self, new: &NewContact) -> Result<i64, ChatwootError> {
        if let Some(id) = self.find_contact(new).await? {
            let body = json!({"inbox_id": self.inbox, "source_id": new.key});
            self.call(Method::POST, &format!("contacts/{id}/contact_inboxes"), &[], Some(body)).await?;
            return Ok(id);
        }
        let body = json!({"inbox_id": self.inbox, "source_id": new.key, "identifier": new.key, "name": new.name,
            "phone_number": new.phone});
        let made = match self.call(Method::POST, "contacts", &[], Some(body)).await {
            // Another conversation of theirs has just made it.
            Err(ChatwootError::Refused(422)) => {
                return self.find_contact(new).await?.ok_or(ChatwootError::Refused(422));
            }
            made => made?,
        };
        let places = ["/payload/contact/id", "/payload/id", "/id"];
        let id = places.iter().find_map(|place| made.pointer(place)?.as_i64());
        id.ok_or(ChatwootError::Unreadable("contact"))
    }

    async fn find_contact(&self, new: &NewContact) -> Result<Option<i64>, ChatwootError> {
        let wanted = new.phone.as_deref().unwrap_or(&new.key);
        let found = self.call(Method::GET, "contacts/search", &[("q", wanted)], None).await?;
        let is_them = |contact: &&Value| {
            contact["identifier"].as_str() == Some(&new.key)
                || (new.phone.is_some() && contact["phone_number"].as_str() == new.phone.as_deref())
        };
        Ok(list(&found)?.iter().find(is_them).and_then(|contact| contact["id"].as_i64()))
    }

    /// The conversation's number there, and its state; one that is there already is taken.
    ///
    /// # Errors
    /// It was not reached, or said no.
    pub async fn conversation(&self, new: &NewConversation) -> Result<(i64, String), ChatwootError> {
        let path = format!("contacts/{}/conversations", new.contact);
        let all = self.call(Method::GET, &path, &[], None).await?;
        let ours = list(&all)?.iter().find(|one| one["custom_attributes"][KEY].as_str() == Some(&new.key));
        let one = if let Some(one) = ours {
            one.clone()
        } else {
            let attributes = json!({KEY: new.key, "recado_campaign": new.campaign, "recado_url": new.url});
            let body = json!({"inbox_id": self.inbox, "source_id": new.source, "contact_id": new.contact,
                    "status": "open", "custom_attributes": attributes});
            self.call(Method::POST, "conversations", &[], Some(body)).await?
        };
        let id = one["id"].as_i64().ok_or(ChatwootError::Unreadable("conversation"))?;
        Ok((id, one["status"].as_str().unwrap_or("open").to_owned()))
    }

    /// The number of the message with this source id, where it is there.
    ///
    /// # Errors
    /// It was not reached, or said no.
    pub async fn find(&self, conversation: i64, source: &str) -> Result<Option<i64>, ChatwootError> {
        let path = format!("conversations/{conversation}/messages");
        let mut before: Option<i64> = None;
        for _ in 0..PAGES {
            let asked = before.map(|id| id.to_string());
            let query: Vec<(&str, &str)> = asked.iter().map(|id| ("before", id.as_str())).collect();
            let page = self.call(Method::GET, &path, &query, None).await?;
            let messages = list(&page)?;
            if let Some(found) = messages.iter().find(|message| message["source_id"].as_str() == Some(source)) {
                return Ok(found["id"].as_i64());
            }
            let oldest = messages.iter().filter_map(|message| message["id"].as_i64()).min();
            if oldest.is_none() || oldest == before {
                return Ok(None);
            }
            before = oldest;
        }
        Ok(None)
    }

    /// Writes a message; its number there.
    ///
    /// # Errors
    /// It was not reached, or said no.
    pub async fn write(&self, conversation: i64, line: &NewLine<'_>) -> Result<i64, ChatwootError> {
        let kind = if line.incoming { "incoming" } else { "outgoing" };
        let path = format!("conversations/{conversation}/messages");
        if let Some(file) = &line.file {
            let form = Form::new()
                .text("content", line.content.to_owned())
                .text("message_type", kind)
                .text("private", line.private.to_string())
                .text("source_id", line.source.to_owned())
                .text("echo_id", line.source.to_owned())
                .part("attachments[]", part(file)?);
            let url = self.root.join(&path).map_err(|_| ChatwootError::Unreadable("address"))?;
            let made = self.send(self.client.post(url).multipart(form)).await?;
            return made["id"].as_i64().ok_or(ChatwootError::Unreadable("message"));
        }
        let body = json!({"content": line.content, "message_type": kind, "private": line.private,
            "source_id": line.source, "echo_id": line.source});
        let made = self.call(Method::POST, &path, &[], Some(body)).await?;
        made["id"].as_i64().ok_or(ChatwootError::Unreadable("message"))
    }

    /// Says how a message stands: `sent`, `delivered`, `read` or `failed`, with why.
    ///
    /// # Errors
    /// It was not reached, or said no.
    pub async fn status(
        &self,
        (conversation, message): (i64, i64),
        status: &str,
        why: Option<&str>,
    ) -> Result<(), ChatwootError> {
        let path = format!("conversations/{conversation}/messages/{message}");
        let body = json!({"status": status, "external_error": why});
        self.call(Method::PATCH, &path, &[], Some(body)).await.map(drop)
    }

    /// The state of a conversation: `open`, `resolved`, `pending` or `snoozed`.
    ///
    /// # Errors
    /// It was not reached, or said no.
    pub async fn state(&self, conversation: i64) -> Result<String, ChatwootError> {
        let one = self.call(Method::GET, &format!("conversations/{conversation}"), &[], None).await?;
        one["status"].as_str().map(str::to_owned).ok_or(ChatwootError::Unreadable("status"))
    }

    /// Opens or resolves a conversation.
    ///
    /// # Errors
    /// It was not reached, or said no.
    pub async fn set_state(&self, conversation: i64, state: &str) -> Result<(), ChatwootError> {
        let path = format!("conversations/{conversation}/toggle_status");
        self.call(Method::POST, &path, &[], Some(json!({"status": state}))).await.map(drop)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Value, ChatwootError> {
        let mut url = self.root.join(path).map_err(|_| ChatwootError::Unreadable("address"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        self.send(request).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, ChatwootError> {
        let unbuilt = |_| ChatwootError::Unreachable("the request cannot be built".to_owned());
        let request = request.header(TOKEN, self.token.clone()).build().map_err(unbuilt)?;
        let reply = http::call(&self.client, request).await;
        let reply = reply.map_err(|broken| ChatwootError::Unreachable(broken.reason()))?;
        if !(200..300).contains(&reply.status) {
            return Err(ChatwootError::Refused(reply.status));
        }
        Ok(serde_json::from_slice(&reply.body).unwrap_or_default())
    }
}

fn part(file: &NewFile) -> Result<Part, ChatwootError> {
    let part = Part::bytes(file.bytes.clone()).file_name(file.name.clone());
    part.mime_str(&file.mime_type).map_err(|_| ChatwootError::Unreadable("type of the file"))
}

/// The items of a list, which stand in `payload`.
fn list(answer: &Value) -> Result<&Vec<Value>, ChatwootError> {
    answer["payload"].as_array().ok_or(ChatwootError::Unreadable("payload"))
}
