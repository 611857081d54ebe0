//! Chatwoot on this machine, as its documentation has it (developers.chatwoot.com, application API): contacts,
//! conversations, messages and their statuses of one account with one API inbox. It keeps what a webhook would say.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::Notify;

pub const TOKEN: &str = "woot-token";

/// What goes wrong with one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Nothing is done, and the answer is a 500.
    Before,
    /// It is done, and the answer is a 500.
    After,
}

/// A file: the status it is answered with, where that sends, its bytes.
#[derive(Clone)]
pub struct Kept {
    status: u16,
    to: String,
    bytes: Vec<u8>,
}

#[derive(Default)]
pub struct Woot {
    pub contacts: Mutex<Vec<Value>>,
    pub conversations: Mutex<Vec<Value>>,
    pub messages: Mutex<Vec<Value>>,
    /// What a webhook would have said.
    pub said: Mutex<Vec<Value>>,
    /// For the next calls that change something.
    pub faults: Mutex<VecDeque<Option<Fault>>>,
    /// Calls that change something.
    pub calls: Mutex<usize>,
    /// What never gets an answer.
    hangs_at: Mutex<Option<String>>,
    /// Calls that never get one.
    pub hanging: Mutex<usize>,
    /// Something was written.
    news: Notify,
    /// Files by name.
    pub files: Mutex<BTreeMap<String, Kept>>,
    /// Files that were asked for with our token, which belongs to calls alone.
    pub told_token: Mutex<usize>,
}

type Shared = State<Arc<Woot>>;

impl Woot {
    /// Listens; where.
    pub async fn listen() -> (Arc<Self>, String) {
        let woot = Arc::new(Self::default());
        let router = Router::new()
            .route("/api/v1/accounts/1/contacts/search", get(search))
            .route("/api/v1/accounts/1/contacts", post(add_contact))
            .route("/api/v1/accounts/1/contacts/{id}/contact_inboxes", post(add_session))
            .route("/api/v1/accounts/1/contacts/{id}/conversations", get(of_contact))
            .route("/api/v1/accounts/1/conversations", post(add_conversation))
            .route("/api/v1/accounts/1/conversations/{id}", get(one_conversation))
            .route("/api/v1/accounts/1/conversations/{id}/toggle_status", post(toggle))
            .route("/api/v1/accounts/1/conversations/{id}/messages", get(messages).post(add_message))
            .route("/api/v1/accounts/1/conversations/{id}/messages/{message}", patch(set_status))
            .layer(from_fn_with_state(Arc::clone(&woot), guard))
            .route("/rails/active_storage/blobs/redirect/{id}/{name}", get(file))
            .with_state(Arc::clone(&woot));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await });
        tasks.detach_all();
        (woot, url)
    }

    pub fn fails(&self, faults: &[Option<Fault>]) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// Calls that have to do with `word` never get an answer: lines with it, or the state of the conversation of that number.
    pub fn hangs_at(&self, word: &str) {
        *self.hangs_at.lock().unwrap() = Some(word.to_owned());
    }

    async fn hang_at(&self, words: &str) {
        let hangs = self.hangs_at.lock().unwrap().as_ref().is_some_and(|word| words.contains(word));
        if hangs {
            *self.hanging.lock().unwrap() += 1;
            std::future::pending::<()>().await;
        }
    }

    /// What was written in all conversations, the first first.
    pub fn texts(&self) -> Vec<String> {
        let all = self.messages.lock().unwrap();
        all.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until what was written is enough.
    pub async fn until(&self, enough: impl Fn(&[String]) -> bool) {
        loop {
            let news = self.news.notified();
            if enough(&self.texts()) {
                return;
            }
            news.await;
        }
    }

    /// Direction and text of what stands in a conversation, in order; private notes in brackets.
    pub fn thread(&self, conversation: i64) -> Vec<String> {
        let all = self.messages.lock().unwrap();
        let of = all.iter().filter(|message| message["conversation_id"] == conversation);
        of.map(|message| {
            let text = message["content"].as_str().unwrap();
            match (message["message_type"].as_str().unwrap(), message["private"].as_bool().unwrap()) {
                ("incoming", _) => format!("< {text}"),
                (_, true) => format!("[{text}]"),
                _ => format!("> {text}"),
            }
        })
        .collect()
    }

    pub fn statuses(&self, conversation: i64) -> Vec<String> {
        let all = self.messages.lock().unwrap();
        let of = all.iter().filter(|m| m["conversation_id"] == conversation && m["message_type"] == "outgoing");
        of.map(|message| message["status"].as_str().unwrap().to_owned()).collect()
    }

    pub fn state(&self, conversation: i64) -> String {
        let all = self.conversations.lock().unwrap();
        all.iter().find(|one| one["id"] == conversation).unwrap()["status"].as_str().unwrap().to_owned()
    }

    /// An agent writes there.
    pub fn agent_writes(&self, conversation: i64, text: &str, private: bool) -> i64 {
        self.message(conversation, &json!({"content": text, "message_type": "outgoing", "private": private}), "Lucía")
    }

    /// An agent writes there and attaches files: what kind they are, and where they lie.
    pub fn agent_attaches(&self, conversation: i64, text: &str, files: &[(&str, String)]) -> i64 {
        let id = self.agent_writes(conversation, text, false);
        let attachments: Vec<Value> = files
            .iter()
            .map(
                |(kind, url)| json!({"id": 7, "message_id": id, "file_type": kind, "extension": null, "data_url": url}),
            )
            .collect();
        let mut said = self.said.lock().unwrap();
        said.last_mut().unwrap()["attachments"] = json!(attachments);
        id
    }

    /// A file lies there from now on.
    pub fn keeps(&self, name: &str, status: u16, to: &str, bytes: &[u8]) {
        let kept = Kept { status, to: to.to_owned(), bytes: bytes.to_vec() };
        self.files.lock().unwrap().insert(name.to_owned(), kept);
    }

    /// How a message stands there, and why.
    pub fn standing(&self, message: i64) -> (String, String) {
        let all = self.messages.lock().unwrap();
        let one = all.iter().find(|one| one["id"] == message).unwrap();
        let word = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        (word("status"), word("external_error"))
    }

    /// An agent resolves or opens there.
    pub fn agent_sets(&self, conversation: i64, state: &str) {
        self.set(conversation, state);
    }

    fn set(&self, conversation: i64, state: &str) {
        let mut all = self.conversations.lock().unwrap();
        let one = all.iter_mut().find(|one| one["id"] == conversation).unwrap();
        if one["status"] != state {
            one["status"] = json!(state);
            let said = json!({"event": "conversation_status_changed", "id": conversation, "status": state});
            self.said.lock().unwrap().push(said);
        }
    }

    fn message(&self, conversation: i64, sent: &Value, author: &str) -> i64 {
        let mut all = self.messages.lock().unwrap();
        let id = 1_000 + all.len() as i64;
        let message = json!({"id": id, "content": sent["content"], "message_type": sent["message_type"],
            "private": sent["private"].as_bool().unwrap_or(false), "source_id": sent["source_id"], "status": "sent",
            "conversation_id": conversation});
        all.push(message);
        drop(all);
        self.news.notify_waiters();
        let said = json!({"event": "message_created", "id": id, "content": sent["content"],
            "message_type": sent["message_type"], "private": sent["private"].as_bool().unwrap_or(false),
            "source_id": sent["source_id"], "conversation": {"id": conversation}, "sender": {"name": author},
            "inbox": {"id": 5}, "account": {"id": 1}});
        self.said.lock().unwrap().push(said);
        if sent["message_type"] == "incoming" {
            self.set(conversation, "open");
        }
        id
    }
}

async fn guard(State(woot): Shared, request: Request, next: Next) -> Response {
    if request.headers().get("api_access_token").is_none_or(|token| token != TOKEN) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if request.method() == "GET" {
        return next.run(request).await;
    }
    *woot.calls.lock().unwrap() += 1;
    let fault = woot.faults.lock().unwrap().pop_front().flatten();
    if fault == Some(Fault::Before) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let answer = next.run(request).await;
    if fault == Some(Fault::After) { StatusCode::INTERNAL_SERVER_ERROR.into_response() } else { answer }
}

async fn file(State(woot): Shared, Path((_, name)): Path<(String, String)>, request: Request) -> Response {
    if request.headers().contains_key("api_access_token") {
        *woot.told_token.lock().unwrap() += 1;
    }
    let found = woot.files.lock().unwrap().get(&name).cloned();
    let Some(Kept { status, to, bytes }) = found else { return StatusCode::NOT_FOUND.into_response() };
    (StatusCode::from_u16(status).unwrap(), [("location", to)], bytes).into_response()
}

async fn search(State(woot): Shared, Query(asked): Query<BTreeMap<String, String>>) -> Json<Value> {
    let all = woot.contacts.lock().unwrap();
    let fits = |one: &&Value| ["phone_number", "identifier"].iter().any(|key| one[*key].as_str() == Some(&asked["q"]));
    Json(json!({"meta": {"count": 1}, "payload": all.iter().filter(fits).collect::<Vec<_>>()}))
}

async fn add_contact(State(woot): Shared, Json(sent): Json<Value>) -> Response {
    let mut all = woot.contacts.lock().unwrap();
    let taken = |key: &str| !sent[key].is_null() && all.iter().any(|one| one[key] == sent[key]);
    if taken("identifier") || taken("phone_number") {
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"message": "has already been taken"}))).into_response();
    }
    let id = 10 + all.len() as i64;
    let mut contact = json!({"id": id, "name": sent["name"], "phone_number": sent["phone_number"],
        "identifier": sent["identifier"]});
    contact["contact_inboxes"] = json!([{"source_id": sent["source_id"], "inbox": {"id": sent["inbox_id"]}}]);
    all.push(contact.clone());
    Json(json!({"payload": {"contact": contact, "contact_inbox": {"source_id": sent["source_id"]}}})).into_response()
}

async fn add_session(State(_): Shared, Json(sent): Json<Value>) -> Json<Value> {
    Json(json!({"source_id": sent["source_id"], "inbox": {"id": sent["inbox_id"]}}))
}

async fn of_contact(State(woot): Shared, Path(id): Path<i64>) -> Json<Value> {
    let all = woot.conversations.lock().unwrap();
    Json(json!({"payload": all.iter().filter(|one| one["contact_id"] == id).collect::<Vec<_>>()}))
}

async fn add_conversation(State(woot): Shared, Json(mut sent): Json<Value>) -> Json<Value> {
    let mut all = woot.conversations.lock().unwrap();
    sent["id"] = json!(100 + all.len());
    all.push(sent.clone());
    Json(sent)
}

async fn one_conversation(State(woot): Shared, Path(id): Path<i64>) -> Response {
    woot.hang_at(&id.to_string()).await;
    let all = woot.conversations.lock().unwrap();
    match all.iter().find(|one| one["id"] == id) {
        Some(one) => Json(one.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn toggle(State(woot): Shared, Path(id): Path<i64>, Json(sent): Json<Value>) -> Json<Value> {
    woot.set(id, sent["status"].as_str().unwrap());
    Json(json!({"payload": {"success": true, "current_status": sent["status"], "conversation_id": id}}))
}

async fn messages(
    State(woot): Shared,
    Path(id): Path<i64>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    let all = woot.messages.lock().unwrap();
    let before = asked.get("before").map_or(i64::MAX, |id| id.parse().unwrap());
    let of = all.iter().filter(|one| one["conversation_id"] == id && one["id"].as_i64().unwrap() < before);
    let mut page: Vec<&Value> = of.collect();
    let page = page.split_off(page.len().saturating_sub(20));
    Json(json!({"meta": {}, "payload": page}))
}

async fn add_message(State(woot): Shared, Path(id): Path<i64>, Json(sent): Json<Value>) -> Json<Value> {
    woot.hang_at(sent["content"].as_str().unwrap()).await;
    let made = woot.message(id, &sent, "Recado");
    Json(json!({"id": made}))
}

async fn set_status(State(woot): Shared, Path((_, message)): Path<(i64, i64)>, Json(sent): Json<Value>) -> Response {
    let mut all = woot.messages.lock().unwrap();
    let Some(one) = all.iter_mut().find(|one| one["id"] == message) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    one["status"] = sent["status"].clone();
    one["external_error"] = sent["external_error"].clone();
    Json(one.clone()).into_response()
}
