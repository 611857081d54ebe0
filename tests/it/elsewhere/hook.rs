//! Somebody who is told by webhook.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;

#[derive(Default)]
pub struct Hook {
    pub heard: Mutex<Vec<(HeaderMap, String)>>,
    /// What it answers next; then success.
    pub next: Mutex<VecDeque<u16>>,
    /// What it answers always.
    pub always: Mutex<Option<u16>>,
    /// It never answers a body that holds this.
    pub hangs_at: Mutex<Option<String>>,
}

impl Hook {
    /// Listens; where.
    pub async fn listen() -> (Arc<Self>, String) {
        let hook = Arc::new(Self::default());
        let router = Router::new().route("/hook", post(hear)).with_state(Arc::clone(&hook));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await });
        tasks.detach_all();
        (hook, url)
    }

    /// Never answers a body that holds `word`.
    pub fn hangs_at(&self, word: &str) {
        *self.hangs_at.lock().unwrap() = Some(word.to_owned());
    }

    pub fn answers(&self, status: Option<u16>) {
        *self.always.lock().unwrap() = status;
    }

    /// What was said, in order.
    pub fn bodies(&self) -> Vec<Value> {
        self.heard.lock().unwrap().iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect()
    }

    /// The types of what was said.
    pub fn kinds(&self) -> Vec<String> {
        self.bodies().iter().map(|body| body["type"].as_str().unwrap().to_owned()).collect()
    }

    /// A header of what was said at that place.
    pub fn header(&self, place: usize, name: &str) -> String {
        self.heard.lock().unwrap()[place].0[name].to_str().unwrap().to_owned()
    }

    pub fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }
}

async fn hear(State(hook): State<Arc<Hook>>, headers: HeaderMap, body: String) -> (StatusCode, &'static str) {
    let hangs = hook.hangs_at.lock().unwrap().as_ref().is_some_and(|word| body.contains(word));
    if hangs {
        std::future::pending::<()>().await;
    }
    hook.heard.lock().unwrap().push((headers, body));
    let next = hook.next.lock().unwrap().pop_front();
    let status = next.or(*hook.always.lock().unwrap()).unwrap_or(204);
    (StatusCode::from_u16(status).unwrap(), if status < 300 { "" } else { "not now, please" })
}
