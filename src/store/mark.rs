//! How far sending has come, kept beside the database as well: the data directory remembers the number of the last claim
//! that it knows of for each sender. A database that has counted fewer is an older one: it was restored, or overwritten
//! by a copy, and what has left since would leave again.
//!
//! The number rises in the transaction of each claim (`sent_mark`); the file is written after the commit and before any
//! request, so that it is never ahead of the database it belongs to, and no crash looks like a restoration. Writing it is
//! one small write into the system's cache, which outlives the process; power cuts are what [`sync`] is for.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::warn;

use super::{Result, Store, Tx, on, on_tx};
use crate::domain::callback::Instance;

const RAISE: &str = "INSERT INTO sent_mark (sender, claims) VALUES ($1, $2)
    ON CONFLICT (sender) DO UPDATE SET claims = sent_mark.claims + excluded.claims RETURNING claims";
const ALL: &str = "SELECT sender, claims FROM sent_mark";
const SET: &str = "INSERT INTO sent_mark (sender, claims) VALUES ($1, $2)
    ON CONFLICT (sender) DO UPDATE SET claims = excluded.claims WHERE sent_mark.claims < excluded.claims";

/// Folder of the data directory.
const FOLDER: &str = "marks";

/// What a person who says that this database is the one that sends puts it ahead by: past whatever any node remembers.
const JUMP: i64 = 1_000_000_000_000;

/// The data directory's memory; shared by the clones of a store.
#[derive(Clone, Debug)]
pub(super) struct Marks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    /// The store's own name: another store in the same data directory is no older copy of this one.
    instance: Instance,
    known: Mutex<BTreeMap<String, Mark>>,
    is_dirty: AtomicBool,
}

#[derive(Debug, Default)]
struct Mark {
    claims: i64,
    /// Open once it was written by this process.
    file: Option<File>,
}

impl Marks {
    /// What `data_dir` remembers of the store `instance`. Nothing is written yet.
    pub(super) fn open(data_dir: &Path, instance: Instance) -> io::Result<Self> {
        let folder = data_dir.join(FOLDER);
        let mut known = BTreeMap::new();
        let prefix = format!("{}-", instance.as_str());
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            entries => Some(entries?),
        };
        for entry in entries.into_iter().flatten() {
            let entry = entry?;
            let name = entry.file_name();
            let Some(sender) = name.to_str().and_then(|name| name.strip_prefix(&prefix)) else { continue };
            // A mark that a power cut tore says nothing.
            let claims = fs::read_to_string(entry.path())?.trim().parse().unwrap_or_default();
            known.insert(sender.to_owned(), Mark { claims, file: None });
        }
        Ok(Self(Arc::new(Inner { folder, instance, known: Mutex::new(known), is_dirty: AtomicBool::new(false) })))
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Mark>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last claim that is remembered of `sender`; 0: none.
    fn of(&self, sender: &str) -> i64 {
        self.known().get(sender).map_or(0, |mark| mark.claims)
    }

    fn all(&self) -> BTreeMap<String, i64> {
        self.known().iter().map(|(sender, mark)| (sender.clone(), mark.claims)).collect()
    }

    /// Remembers that the database has counted `claims` of `sender`. One that cannot be written stops nothing: only a
    /// restoration is seen later, by its receipts.
    pub(super) fn remember(&self, sender: &str, claims: i64) {
        let mut known = self.known();
        let mark = known.entry(sender.to_owned()).or_default();
        if claims <= mark.claims {
            return;
        }
        mark.claims = claims;
        match self.write(sender, mark) {
            Ok(()) => self.0.is_dirty.store(true, Ordering::Relaxed),
            Err(cause) => {
                mark.file = None;
                let error = &cause as &dyn std::error::Error;
                warn!(error, sender.name = sender, "how far {sender} has come cannot be written to the data directory");
            }
        }
    }

    fn write(&self, sender: &str, mark: &mut Mark) -> io::Result<()> {
        let text = format!("{:020}\n", mark.claims);
        let file = if let Some(file) = mark.file.take() {
            file
        } else {
            fs::create_dir_all(&self.0.folder)?;
            let path = self.0.folder.join(format!("{}-{sender}", self.0.instance.as_str()));
            File::options().create(true).write(true).truncate(false).open(path)?
        };
        file.write_all_at(text.as_bytes(), 0)?;
        mark.file = Some(file);
        Ok(())
    }

    /// Brings to the disk what was written.
    fn sync(&self) -> io::Result<()> {
        if !self.0.is_dirty.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let files: Vec<File> = self.known().values().filter_map(|mark| mark.file.as_ref()?.try_clone().ok()).collect();
        files.iter().try_for_each(File::sync_data)
    }
}

/// Counts `n` claims of `sender`, as part of the claim's unit of work, and says how many there are. `None`: the data
/// directory remembers more, so that this database is an older one and nothing of it may be sent.
pub(super) async fn raise(store: &Store, tx: &mut Tx, sender: &str, n: usize) -> Result<Option<i64>> {
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    let claims: i64 = on_tx!(tx, |conn| sqlx::query_scalar(RAISE).bind(sender).bind(n).fetch_one(conn).await)?;
    Ok((claims - n >= store.marks.of(sender)).then_some(claims))
}

/// Whether the database has counted fewer claims than the data directory remembers.
pub async fn is_behind(store: &Store) -> Result<bool> {
    // What is remembered first: claims that come meanwhile only make the database's number larger.
    let known = store.marks.all();
    let counted = counted(store).await?;
    Ok(known.iter().any(|(sender, known)| counted.get(sender).copied().unwrap_or_default() < *known))
}

/// Remembers what all nodes have claimed; false where the database has counted less than is remembered already.
pub async fn learn(store: &Store) -> Result<bool> {
    let known = store.marks.all();
    let counted = counted(store).await?;
    if known.iter().any(|(sender, known)| counted.get(sender).copied().unwrap_or_default() < *known) {
        return Ok(false);
    }
    for (sender, claims) in &counted {
        store.marks.remember(sender, *claims);
    }
    Ok(true)
}

async fn counted(store: &Store) -> Result<BTreeMap<String, i64>> {
    let counted: Vec<(String, i64)> = on!(&store.write, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?;
    Ok(counted.into_iter().collect())
}

/// A person says that this database is the one that sends: it goes ahead of whatever any node's data directory remembers.
pub(super) async fn jump(store: &Store) -> Result<()> {
    let mut ahead = store.marks.all();
    for (sender, claims) in counted(store).await? {
        let most = ahead.entry(sender).or_default();
        *most = claims.max(*most);
    }
    for (sender, claims) in ahead {
        let claims = claims.saturating_add(JUMP);
        on!(&store.write, |pool| sqlx::query(SET).bind(&sender).bind(claims).execute(pool).await.map(drop))?;
        store.marks.remember(&sender, claims);
    }
    Ok(())
}

/// Brings to the disk what the data directory remembers, where it has changed. Blocks for as long as the disk takes.
///
/// # Errors
/// When the disk refuses.
pub fn sync(store: &Store) -> io::Result<()> {
    store.marks.sync()
}
