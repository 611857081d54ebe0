//! What changed, told from node to node on one PostgreSQL by NOTIFY and heard by LISTEN. On SQLite there is one node, and
//! nobody to tell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;

use super::{Db, Result, Store, json};
use crate::domain::callback::Instance;
use crate::domain::change::Change;

const POSTGRES_NOTIFY: &str = "SELECT pg_notify($1, $2)";

/// Changes in one notification: its text must be shorter than 8,000 bytes (postgresql.org, NOTIFY), and one takes at most 50.
const TOGETHER: usize = 100;

/// Senders in one notification: a name and its count take at most 90 bytes.
const SENDERS_TOGETHER: usize = 80;

/// What one node tells the others.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Heard {
    /// What changed.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// How many messages people have written, by sender.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub written: BTreeMap<String, u64>,
}

impl Heard {
    /// Something may have been missed.
    fn all() -> Self {
        Self { changes: vec![Change::All], ..Self::default() }
    }

    /// In pieces that fit a notification.
    fn pieces(&self) -> impl Iterator<Item = Self> {
        let changes = self.changes.chunks(TOGETHER).map(|some| Self { changes: some.to_vec(), ..Self::default() });
        let written: Vec<(String, u64)> = self.written.iter().map(|(sender, n)| (sender.clone(), *n)).collect();
        let of = |some: &[(String, u64)]| Self { written: some.iter().cloned().collect(), ..Self::default() };
        let written: Vec<Self> = written.chunks(SENDERS_TOGETHER).map(of).collect();
        changes.chain(written)
    }
}

/// A notification's text.
#[derive(Serialize, Deserialize)]
struct Told<'a> {
    node: std::borrow::Cow<'a, str>,
    #[serde(flatten)]
    heard: Heard,
}

/// Stores that share a database have channels apart.
fn channel(instance: &Instance) -> String {
    format!("recado_{}", instance.as_str())
}

/// Tells the other nodes what changed at `node`, and what people wrote to it.
///
/// # Errors
/// The database.
pub async fn tell(store: &Store, instance: &Instance, node: &str, what: &Heard) -> Result<()> {
    let Db::Postgres(pool) = &store.write else { return Ok(()) };
    let channel = channel(instance);
    for heard in what.pieces() {
        let told = json(&Told { node: node.into(), heard });
        sqlx::query(POSTGRES_NOTIFY).bind(&channel).bind(&told).execute(pool).await?;
    }
    Ok(())
}

/// Hears what other nodes tell, on a connection of its own.
#[derive(Debug)]
pub struct Ear {
    listener: PgListener,
    node: String,
}

impl Ear {
    /// Begins to listen for `node`; `None`: on this database there is nobody to hear.
    ///
    /// # Errors
    /// The database.
    pub async fn open(store: &Store, instance: &Instance, node: &str) -> Result<Option<Self>> {
        let Db::Postgres(pool) = &store.write else { return Ok(None) };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(&channel(instance)).await?;
        Ok(Some(Self { listener, node: node.to_owned() }))
    }

    /// What another node tells next, however long that takes. [`Change::All`] where the connection broke meanwhile.
    ///
    /// # Errors
    /// The database is gone, or being closed: a new ear is to be opened.
    pub async fn next(&mut self) -> Result<Heard> {
        loop {
            let Some(heard) = self.listener.try_recv().await? else { return Ok(Heard::all()) };
            // A node of another version may tell what this one does not know.
            let Ok(told) = serde_json::from_str::<Told<'_>>(heard.payload()) else { return Ok(Heard::all()) };
            if told.node != self.node {
                return Ok(told.heard);
            }
        }
    }
}
