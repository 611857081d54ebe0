//! The pages and the API, served on port 0 over the engine's stage, and a caller with a token of each role.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use recado::domain::role::Role;
use recado::store::{Store, token};
use recado::web::{self, Metrics, WebState};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::engine::stage::Stage;
use crate::support::sandbox::plain_client;

/// A site, gone with the test.
pub struct Site {
    pub stage: Stage,
    pub address: SocketAddr,
    tokens: BTreeMap<&'static str, String>,
    client: reqwest::Client,
    _stop: DropGuard,
}

/// An answer.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub kind: String,
    pub body: Value,
}

impl Site {
    /// Serves the real router; every role has a token of its name.
    pub async fn open(store: &Store, dir: &std::path::Path) -> Self {
        Self::with(store, dir, "").await
    }

    /// The same with `more` in its configuration.
    pub async fn with(store: &Store, dir: &std::path::Path, more: &str) -> Self {
        let stage = Stage::with(store, dir, more).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (arrived, metrics) = (Arc::new(Notify::new()), Arc::new(Metrics::of(&stage.engine.store)));
        let state = WebState::new(stage.engine.clone(), arrived, metrics, stop.clone(), recado::clock::Clock::real());
        let service = web::router(state).into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(served.into_future());
        tasks.detach_all();
        let now = recado::clock::Clock::real().now().max(stage.clock.now());
        let mut tokens = BTreeMap::new();
        for role in Role::ALL {
            let ends = now.plus(Duration::from_hours(1));
            let (_, shown) = token::add(store, role.as_str(), role, now, ends).await.unwrap();
            tokens.insert(role.as_str(), shown);
        }
        Self { stage, address, tokens, client: plain_client(), _stop: stop.drop_guard() }
    }

    pub fn token(&self, role: Role) -> &str {
        &self.tokens[role.as_str()]
    }

    pub fn request(&self, role: Role, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address)).bearer_auth(self.token(role))
    }

    /// A request without a token.
    pub fn stranger(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub async fn get(&self, role: Role, path: &str) -> Told {
        told(self.request(role, Method::GET, path)).await
    }

    pub async fn post(&self, role: Role, path: &str, body: &Value) -> Told {
        told(self.request(role, Method::POST, path).json(body)).await
    }

    pub async fn post_once(&self, role: Role, path: &str, key: &str, body: &Value) -> Told {
        told(self.request(role, Method::POST, path).header("idempotency-key", key).json(body)).await
    }
}

/// Sends it and reads the answer.
pub async fn told(request: RequestBuilder) -> Told {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").map_or("", |v| v.to_str().unwrap()).to_owned();
    let text = answer.text().await.unwrap();
    Told { status, kind, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}
