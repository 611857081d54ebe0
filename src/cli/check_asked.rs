//! What `recado check` asks a running daemon while it reads the rows: what a standing run has planned for some of them, and
//! what their people are called. Nothing of it is held for longer than those rows are looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tracing::debug;

use super::client::{CallError, Client};
use crate::domain::amend::Standing;
use crate::domain::earlier::{Earlier, Gone};
use crate::domain::id::{MessageId, RunId};
use crate::domain::message::MessageState;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::intake::rows::{Draft, Names};
use crate::preflight::before::SentBefore;
use crate::preflight::diff::{Feed, FeedView, PlannedView};
use crate::preflight::planned::Planned;
use crate::store::message::Unnamed;

/// A daemon, for a thread that waits for its answers.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    daemon: Client,
    handle: Handle,
}

/// What a campaign's runs have sent.
#[derive(Debug, Default)]
pub(super) struct Before {
    earlier: Earlier,
    /// Who is asked about people who were erased, and where; `None`: nothing went to any.
    erased: Option<(Asked, String)>,
}

/// Which rows went to people who were erased.
#[derive(Deserialize)]
struct ErasedTold {
    any: bool,
    runs: BTreeMap<String, RunId>,
}

/// Of a campaign's standing run.
#[derive(Debug)]
struct AskedOfRun {
    asked: Asked,
    path: String,
    run: RunId,
}

/// Whoever is known by name could not be asked for.
#[derive(Debug)]
pub(super) struct NotAsked;

/// The problem of a sheet whose people's names are the daemon's secret.
pub(super) const NAMES_NOT_LOOKED_AT: &str = "names_not_looked_at";

impl Names for NotAsked {
    fn nobody(&self) -> Option<&'static str> {
        Some(NAMES_NOT_LOOKED_AT)
    }

    fn of(&self, _: &[Phone]) -> Result<BTreeMap<String, String>, Problem> {
        Ok(BTreeMap::new())
    }
}

/// What people are called.
#[derive(Deserialize)]
struct NamesTold {
    anybody: bool,
    names: BTreeMap<String, String>,
}

async fn names(daemon: &Client, phones: &[Phone]) -> Result<NamesTold, CallError> {
    daemon.post("/api/v1/people/names", &json!({ "phones": phones })).await
}

impl Asked {
    pub(super) fn of(daemon: &Client) -> Self {
        Self { daemon: daemon.clone(), handle: Handle::current() }
    }

    /// Who is known by name; `None`: nobody is. What cannot be asked is told as that.
    pub(super) async fn names(self) -> Option<Box<dyn Names>> {
        match names(&self.daemon, &[]).await {
            Ok(told) if told.anybody => Some(Box::new(self)),
            Ok(_) => None,
            Err(_) => Some(Box::new(NotAsked)),
        }
    }

    /// The standing run of that folder's campaign, as far as the daemon tells.
    pub(super) async fn standing(&self, folder: &str) -> Option<Feed> {
        let path = format!("/api/v1/campaigns/{folder}/standing");
        let told = self.daemon.get::<Option<FeedView>>(&path, &[]).await.ok()??;
        let planned = AskedOfRun { asked: self.clone(), path, run: told.run };
        Some(Feed { run: told.run, planned: Arc::new(planned), header: told.header, own: None, moved: None })
    }

    /// What the runs of that folder's campaign have sent, but for one; `None` where the daemon does not tell.
    pub(super) async fn sent(&self, folder: &str, but: Option<RunId>) -> Option<Before> {
        let (path, but) = (format!("/api/v1/campaigns/{folder}/sent"), but.unwrap_or_default().to_string());
        let (mut earlier, mut cursor) = (Earlier::default(), None::<String>);
        loop {
            let mut query = vec![("limit", "500"), ("but", but.as_str())];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page: SentPage = match self.daemon.get(&path, &query).await {
                Ok(page) => page,
                // It was never loaded.
                Err(CallError::Refused { status: StatusCode::NOT_FOUND, .. }) => return Some(Before::default()),
                Err(_) => return None,
            };
            for told in page.items {
                earlier.add(told.gone()?);
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        let any = to_erased(&self.daemon, &path, &[]).await.ok()?.any;
        Some(Before { earlier: earlier.done(), erased: any.then(|| (self.clone(), path)) })
    }
}

async fn to_erased(daemon: &Client, path: &str, rows: &[Value]) -> Result<ErasedTold, CallError> {
    daemon.post(path, &json!({ "rows": rows })).await
}

impl SentBefore for Before {
    fn earlier(&self) -> &Earlier {
        &self.earlier
    }

    fn to_erased(&self, rows: &[&Draft]) -> Result<BTreeMap<String, RunId>, Problem> {
        let Some((asked, path)) = self.erased.as_ref().filter(|_| !rows.is_empty()) else { return Ok(BTreeMap::new()) };
        let rows = rows.iter().map(|row| json!({ "key": row.key, "to": row.to, "happens_at": row.happens_at }));
        let rows: Vec<Value> = rows.collect();
        let told = asked.handle.block_on(to_erased(&asked.daemon, path, &rows));
        told.map(|told| told.runs).map_err(|cause| unread(&cause, "sent_unread", &[]))
    }
}

impl Names for Asked {
    fn nobody(&self) -> Option<&'static str> {
        None
    }

    fn of(&self, phones: &[Phone]) -> Result<BTreeMap<String, String>, Problem> {
        let told = self.handle.block_on(names(&self.daemon, phones));
        told.map(|told| told.names).map_err(|cause| unread(&cause, "names_unread", &[]))
    }
}

impl AskedOfRun {
    fn unread(&self, cause: &CallError) -> Problem {
        unread(cause, "feed_unread", &[("run", &self.run.to_string())])
    }
}

impl Planned for AskedOfRun {
    fn standing(&self, ids: &[&str], phones: &[Phone]) -> Result<Arc<Standing>, Problem> {
        let body = json!({ "ids": ids, "phones": phones });
        let told = self.asked.handle.block_on(self.asked.daemon.post::<Option<PlannedView>>(&self.path, &body));
        let told = told.map_err(|cause| self.unread(&cause))?.unwrap_or_default();
        Ok(Arc::new(told.into()))
    }

    fn waiting(&self, mut after: MessageId) -> Result<Vec<Unnamed>, Problem> {
        loop {
            let from = after.to_string();
            let query = [("after", from.as_str())];
            let asked = self.asked.daemon.get::<Option<FeedView>>(&self.path, &query);
            let Some(told) = self.asked.handle.block_on(asked).map_err(|cause| self.unread(&cause))? else {
                return Ok(Vec::new());
            };
            let waits = told.planned.iter().filter(|one| one.state == MessageState::Queued);
            let waits: Vec<Unnamed> = waits.map(Unnamed::from).collect();
            match told.next {
                // Many that went may lie between two that wait.
                Some(next) if waits.is_empty() => after = next,
                _ => return Ok(waits),
            }
        }
    }
}

fn unread(cause: &CallError, code: &str, args: &[(&str, &str)]) -> Problem {
    let error = cause as &dyn std::error::Error;
    debug!(error, "the daemon did not tell");
    Problem::new(code, args)
}

#[derive(Deserialize)]
struct SentPage {
    items: Vec<Told>,
    next: Option<String>,
}

/// A row that a run has sent.
#[derive(Deserialize)]
struct Told {
    key: String,
    to: String,
    happens_at: Option<UnixMs>,
    run: RunId,
}

impl Told {
    fn gone(self) -> Option<Gone> {
        let to = Phone::from_international(self.to.trim_start_matches('+'))?;
        Some(Gone { key: self.key, to, happens_at: self.happens_at, run: self.run })
    }
}

/// Whether the daemon has a campaign of that folder. A folder may be called `2`: the campaign with that number is another.
pub(super) async fn is_loaded(daemon: &Client, folder: &str) -> bool {
    let is_number = folder.bytes().all(|b| b.is_ascii_digit());
    let named = async |path: String| daemon.get::<Value>(&path, &[]).await;
    !is_number || named(format!("/api/v1/campaigns/{folder}")).await.is_ok_and(|found| found["name"] == folder)
}
