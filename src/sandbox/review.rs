//! Pacing: a share of the templates is held for review (`held_for_quality_assessment`), and released or dropped later
//! (cloud-api.md 4.7). Meta's alone.

use std::collections::VecDeque;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Sandbox;
use super::control::{Wrong, read};
use super::ledger::{Deed, Wait};
use super::world::World;

/// What a message fails with that is not released: its template is paused.
const DROPPED: i64 = 132_015;

/// How much is held for review, for how long, and what comes of it.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Review {
    /// Share of the templates that is held.
    pub share: f64,
    /// Share of those that are dropped in the end (132015).
    pub dropped: f64,
    /// Minutes of the sandbox's clock until it is decided.
    pub minutes: u64,
}

impl Default for Review {
    fn default() -> Self {
        Self { share: 0.0, dropped: 0.0, minutes: 30 }
    }
}

impl Review {
    /// Each share with its key in `sandbox.toml`.
    pub(super) fn shares(&self) -> [(&'static str, f64); 2] {
        [("review.share", self.share), ("review.dropped", self.dropped)]
    }
}

/// `POST /_sandbox/review`: what is held from now on; what is left out is as by default.
pub(super) async fn set_review(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let review: Review = match read(&body) {
        Ok(review) => review,
        Err(wrong) => return wrong.into_response(),
    };
    if let Some((key, _)) = review.shares().into_iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
        return Wrong(format!("{key} is a share: from 0 to 1")).into_response();
    }
    sandbox.world().review = review;
    Json(json!({ "review": review })).into_response()
}

impl World {
    /// Whether the next template is held.
    pub fn holds_for_review(&mut self) -> bool {
        self.review.share > 0.0 && self.dice.chance(self.review.share)
    }

    /// The review comes before all else that happens to a message, and may be the end of it.
    pub fn hold(review: Review, is_dropped: bool, story: &mut VecDeque<(Wait, Deed)>) {
        let decided = Wait::Clock(Duration::from_mins(review.minutes));
        if is_dropped {
            story.clear();
            story.push_back((decided, Deed::Failed(DROPPED)));
        } else if let Some((wait, _)) = story.front_mut() {
            *wait = decided;
        }
    }
}
