//! Who is told what stands still, when it begins and when it ends.

mod conditions;
mod lateness;
mod nodes;
mod renamed;
mod telling;
mod ways;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use recado::engine::Engine;
use recado::engine::alerts::{Alerts, Ways};
use recado::store::Store;
use recado::store::hold::{self, HoldCause, HoldScope, NewHold};
use serde_json::Value;

use super::stage::Stage;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// More than `for`.
pub const LASTS: Duration = Duration::from_secs(31);

/// Somebody who is told by webhook.
#[derive(Default)]
pub struct Ear {
    pub heard: Mutex<Vec<(HeaderMap, String)>>,
    /// What it answers; success where nothing is set.
    pub answers: Mutex<Option<u16>>,
}

impl Ear {
    /// Listens; where.
    pub async fn listen() -> (Arc<Self>, String) {
        let ear = Arc::new(Self::default());
        let router = Router::new().route("/hook", post(hear)).with_state(Arc::clone(&ear));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await });
        tasks.detach_all();
        (ear, url)
    }

    /// What was said, as type and kind.
    pub fn said(&self) -> Vec<(String, String)> {
        let heard = self.heard.lock().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        heard
            .iter()
            .map(|(_, body)| serde_json::from_str::<Value>(body).unwrap())
            .map(|told| (text(&told["type"]), text(&told["data"]["kind"])))
            .collect()
    }

    /// The sentences.
    pub fn sentences(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let told = heard.iter().map(|(_, body)| serde_json::from_str::<Value>(body).unwrap());
        told.map(|told| told["data"]["message"].as_str().unwrap().to_owned()).collect()
    }

    pub fn answers(&self, status: u16) {
        *self.answers.lock().unwrap() = Some(status);
    }
}

async fn hear(State(ear): State<Arc<Ear>>, headers: HeaderMap, body: String) -> StatusCode {
    ear.heard.lock().unwrap().push((headers, body));
    StatusCode::from_u16(ear.answers.lock().unwrap().unwrap_or(204)).unwrap()
}

/// A stage whose alerts go to `url`.
pub async fn stage(store: &Store, dir: &std::path::Path, url: &str) -> Stage {
    let more = format!("[alerts]\nwebhook = \"{url}\"\nwebhook_secret = \"{SECRET}\"\n");
    Stage::with(store, dir, &more).await
}

/// Alerts of a process that starts now.
pub fn alerts(engine: &Engine) -> Alerts {
    Alerts::new(engine.clone(), Ways::new(&engine.config))
}

/// A hold that a person or the provider ends.
pub async fn hold(store: &Store, stage: &Stage) {
    hold_for(store, stage, 131_042).await;
}

/// The same for what the provider's `code` says.
pub async fn hold_for(store: &Store, stage: &Stage, code: i64) {
    let (scope, scope_key, cause) = (HoldScope::Account, "meta".to_owned(), HoldCause::Refused);
    let new = NewHold { scope, scope_key, cause, code: Some(code), until_at: None };
    hold::place(store, &new, stage.clock.now()).await.unwrap();
}

pub async fn lift(stage: &Stage) {
    for open in hold::open(&stage.engine.store).await.unwrap() {
        stage.engine.lift_hold(open.id, "ana").await.unwrap();
    }
}

impl Stage {
    /// Time passes, and everybody looks; how much was told.
    pub async fn later(&self, by: Duration, alerts: &mut Alerts) -> usize {
        self.clock.advance(by);
        alerts.step().await.unwrap()
    }
}
