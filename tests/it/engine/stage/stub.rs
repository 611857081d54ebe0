//! A provider on this machine that does as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Path as UrlPath, RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use recado::domain::callback::CallbackData;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What the provider does with one request.
#[derive(Clone, Debug)]
pub enum Does {
    Accepts,
    /// Answers this Graph error with this status.
    Says(u16, i64),
    /// Accepts, and holds it for review.
    Reviews,
    /// Accepts and does not answer until it is released.
    Waits,
}

#[derive(Default)]
pub struct Stub {
    next: Mutex<VecDeque<Does>>,
    always: Mutex<Option<Does>>,
    pub seen: Mutex<Vec<CallbackData>>,
    /// To whom each went, and the first value of its template, in the same order.
    pub values: Mutex<Vec<(String, String)>>,
    /// One, or a list of them.
    pub template: Mutex<Value>,
    /// The list leaves it out; asked for by its name it is there.
    pub unlisted: Mutex<bool>,
    /// Languages of the templates sent.
    pub languages: Mutex<Vec<String>>,
    /// What each message quoted, in the same order.
    pub quoted: Mutex<Vec<Option<String>>>,
    /// The messaging limit it tells.
    pub tier: Mutex<Option<&'static str>>,
    /// Country code nobody may write to.
    pub closed: Mutex<Option<&'static str>>,
    /// How the number stands, where it is not connected.
    pub status: Mutex<Option<&'static str>>,
    arrived: Notify,
    release: Notify,
    /// Where it listens, and what ends that.
    place: Mutex<Option<(std::net::SocketAddr, CancellationToken)>>,
}

impl Stub {
    /// One that listens; what it says of the template.
    pub async fn listening(template: Value) -> Arc<Self> {
        let stub = Arc::new(Self::default());
        *stub.template.lock().unwrap() = template;
        listen(&stub, "127.0.0.1:0".parse().unwrap()).await;
        stub
    }

    /// Where it listens, or last did.
    pub fn address(&self) -> std::net::SocketAddr {
        self.place.lock().unwrap().as_ref().unwrap().0
    }

    /// What it does with the next requests, in order; afterwards it accepts.
    pub fn next(&self, what: impl IntoIterator<Item = Does>) {
        self.next.lock().unwrap().extend(what);
    }

    pub fn always(&self, what: Does) {
        *self.always.lock().unwrap() = Some(what);
    }

    /// Nothing is planned any more: it accepts.
    pub fn forget(&self) {
        self.next.lock().unwrap().clear();
        *self.always.lock().unwrap() = None;
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub async fn request(&self) {
        self.arrived.notified().await;
    }

    pub fn release(&self) {
        self.release.notify_waiters();
    }

    /// Nobody listens there any more.
    pub fn down(&self) {
        self.place.lock().unwrap().as_ref().unwrap().1.cancel();
    }

    /// Somebody does again, at the same place.
    pub async fn up(self: &Arc<Self>) {
        listen(self, self.address()).await;
    }
}

async fn listen(stub: &Arc<Stub>, place: std::net::SocketAddr) {
    let router = Router::new()
        .route("/{id}", get(node))
        .route("/{id}/messages", post(send))
        .route("/{id}/media", post(async |_: Bytes| Json(json!({"id": "77"}))))
        .route("/{id}/message_templates", get(templates).delete(gone))
        .with_state(Arc::clone(stub));
    let listener = tokio::net::TcpListener::bind(place).await.unwrap();
    let (place, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    *stub.place.lock().unwrap() = Some((place, stop.clone()));
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        // Dropping the server closes its connections, as a provider that is gone does.
        tokio::select! { () = stop.cancelled() => {}, served = axum::serve(listener, router) => served.unwrap() }
    });
    tasks.detach_all();
}

async fn send(State(stub): State<Arc<Stub>>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let callback = CallbackData::parse(body["biz_opaque_callback_data"].as_str().unwrap()).unwrap();
    let id = format!("wamid.{}.{}", callback.message, callback.attempt);
    stub.seen.lock().unwrap().push(callback);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let value = text(&body["template"]["components"][0]["parameters"][0]["text"]);
    stub.values.lock().unwrap().push((text(&body["to"]), value));
    stub.languages.lock().unwrap().extend(body["template"]["language"]["code"].as_str().map(str::to_owned));
    stub.quoted.lock().unwrap().push(body["context"]["message_id"].as_str().map(str::to_owned));
    let always = stub.always.lock().unwrap().clone();
    let closed = stub.closed.lock().unwrap().filter(|code| body["to"].as_str().unwrap().starts_with(code));
    if closed.is_some() {
        return (StatusCode::FORBIDDEN, Json(json!({"error": {"message": "no", "code": 130_497, "fbtrace_id": "t"}})));
    }
    let does = stub.next.lock().unwrap().pop_front().or(always).unwrap_or(Does::Accepts);
    let accepted = json!({"messaging_product": "whatsapp", "contacts": [{"input": body["to"], "wa_id": "5491100000000"}],
        "messages": [{"id": id, "message_status": "accepted"}]});
    match does {
        Does::Accepts => (StatusCode::OK, Json(accepted)),
        Does::Reviews => {
            let mut held = accepted;
            held["messages"][0]["message_status"] = json!("held_for_quality_assessment");
            (StatusCode::OK, Json(held))
        }
        Does::Says(status, code) => {
            let error = json!({"error": {"message": "no", "code": code, "fbtrace_id": "t"}});
            (StatusCode::from_u16(status).unwrap(), Json(error))
        }
        Does::Waits => {
            let released = stub.release.notified();
            stub.arrived.notify_one();
            released.await;
            (StatusCode::OK, Json(accepted))
        }
    }
}

async fn node(State(stub): State<Arc<Stub>>, UrlPath(id): UrlPath<String>) -> Json<Value> {
    let mut node =
        json!({"id": id, "throughput": {"level": "STANDARD"}, "status": "CONNECTED", "quality_rating": "GREEN"});
    if let Some(status) = *stub.status.lock().unwrap() {
        node["status"] = json!(status);
    }
    if let Some(tier) = *stub.tier.lock().unwrap() {
        node["whatsapp_business_manager_messaging_limit"] = json!(tier);
        node["throughput"] = json!({"messages_per_second": 1000});
    }
    Json(node)
}

async fn templates(State(stub): State<Arc<Stub>>, RawQuery(query): RawQuery) -> Json<Value> {
    let is_named = query.is_some_and(|query| query.contains("name="));
    if *stub.unlisted.lock().unwrap() && !is_named {
        return Json(json!({"data": []}));
    }
    let template = stub.template.lock().unwrap().clone();
    Json(json!({"data": if template.is_array() { template } else { json!([template]) }}))
}

async fn gone() -> Json<Value> {
    Json(json!({"success": true}))
}
