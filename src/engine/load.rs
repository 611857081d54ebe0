//! Loading a campaign: from the page, the API or its folder, always through the folder.

use std::fs;
use std::path::Path;
use std::sync::PoisonError;

use tracing::{info, warn};

use super::folder::Seen;
use super::media::header;
use super::readings::{Going, Subject};
use super::{Engine, EngineError, aside, audience, feed, folder, room};
use crate::config::toml_file::TomlProblem;
use crate::domain::change::Change;
use crate::domain::id::{CampaignId, VersionId};
use crate::domain::problem::Problem;
use crate::intake::audience::not_plain;
use crate::intake::campaign_file::{self, CampaignFile, fits_pattern, is_pattern};
use crate::intake::rows::{Fingerprint, fingerprint};
use crate::store::campaign::{self, Described};
use crate::store::json;
use crate::store::version::file::VersionFile;
use crate::store::version::{self, NewVersion};

/// What became of a loaded campaign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Loaded {
    /// Its files are good.
    Version {
        /// Which campaign.
        campaign: CampaignId,
        /// Which version of it.
        version: VersionId,
        /// False: the same content was known already.
        is_new: bool,
    },
    /// Something is wrong with them.
    Refused(Vec<Problem>),
}

/// What a folder holds, read and kept.
struct Read {
    file: CampaignFile,
    definition: String,
    audience_name: String,
    audience_hash: String,
    content: Fingerprint,
    shown: Vec<VersionFile>,
}

/// Why a folder could not be read.
enum Unread {
    /// Something is wrong with what lies there.
    Problems(Vec<Problem>),
    /// The disk is full: nothing is wrong with the campaign, and it is tried again.
    NoRoom(std::io::Error),
}

impl From<Vec<Problem>> for Unread {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Problems(problems)
    }
}

/// A file by its name, and where it lies.
type NamedFile<'a> = (&'a str, &'a Path);

impl Engine {
    /// The same as [`Engine::load_campaign_from`] with the bytes of an audience.
    pub async fn load_campaign(
        &self,
        name: &str,
        definition: &str,
        audience: Option<(&str, Vec<u8>)>,
        by: &str,
    ) -> Result<Loaded, EngineError> {
        let Some((given, bytes)) = audience else { return self.load_campaign_from(name, definition, None, by).await };
        let Some(mut arriving) = self.take_in(given).await? else {
            let wanted = parse(definition).map(|file| file.file).unwrap_or_default();
            let args = [("file", given), ("wanted", wanted.as_str())];
            return Ok(Loaded::Refused(vec![Problem::new("audience_name", &args)]));
        };
        arriving.write(&bytes).await?;
        let incoming = arriving.done().await?;
        self.load_campaign_from(name, definition, Some((given, &incoming.path())), by).await
    }

    /// Writes the campaign's folder and loads it as if it had been dropped there. A definition that cannot be read is
    /// refused before anything is written. `audience` is its file's name and where it lies; without one the folder's counts.
    pub async fn load_campaign_from(
        &self,
        name: &str,
        definition: &str,
        audience: Option<(&str, &Path)>,
        by: &str,
    ) -> Result<Loaded, EngineError> {
        self.load_campaign_with(name, definition, (audience, &[]), by).await
    }

    /// The same with files that the template shows in its header and its cards: their names must be in the definition.
    pub async fn load_campaign_with(
        &self,
        name: &str,
        definition: &str,
        (audience, shown): (Option<NamedFile<'_>>, &[NamedFile<'_>]),
        by: &str,
    ) -> Result<Loaded, EngineError> {
        if !folder::is_campaign_name(name) {
            return Ok(Loaded::Refused(vec![Problem::new("campaign_name", &[("name", name)])]));
        }
        let file = match parse(definition) {
            Ok(file) => file,
            Err(problems) => return Ok(Loaded::Refused(problems)),
        };
        let audience = match audience.map(|(given, lies)| (stored_name(&file.file, given), lies)) {
            None => None,
            Some((Ok(name), lies)) => Some((name, lies.to_owned())),
            Some((Err(problem), _)) => return Ok(Loaded::Refused(vec![problem])),
        };
        let given = audience.as_ref().map(|(name, _)| name.clone());
        let named = file.shown_files();
        if let Some((given, _)) = shown.iter().find(|(given, _)| named.iter().all(|file| file.name != *given)) {
            let wanted = named.iter().map(|file| file.name).collect::<Vec<_>>().join(", ");
            return Ok(Loaded::Refused(vec![Problem::new(
                "header_file_name",
                &[("file", given), ("wanted", &wanted)],
            )]));
        }
        let shown: Vec<_> = shown.iter().map(|(given, lies)| ((*given).to_owned(), lies.to_path_buf())).collect();
        let dir = self.config.campaigns_dir.join(name);
        let is_new = !dir.exists();
        if is_new && audience.is_none() && !is_pattern(&file.file) {
            // Nothing could come of it but a folder that somebody has to remove.
            return Ok(Loaded::Refused(vec![Problem::new("audience_missing", &[("file", &file.file)])]));
        }
        let (into, definition, placed) = (dir.clone(), definition.to_owned(), given.clone());
        let written = aside(move || {
            let mut names = vec![folder::DEFINITION.to_owned()];
            for (name, lies) in audience.into_iter().chain(shown) {
                folder::place(&into, &name, &lies)?;
                names.push(name);
            }
            folder::write(&into, folder::DEFINITION, definition.as_bytes())?;
            let placed = folder::files(&into)?.into_iter().find(|seen| placed.as_ref() == Some(&seen.name));
            Ok((names, placed))
        });
        let at_folder = |cause| EngineError::File { place: "the campaigns' folder", cause };
        let (names, placed): (Vec<String>, Option<Seen>) = written.await?.map_err(at_folder)?;
        if let Some(seen) = placed {
            self.placed.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), seen);
        }
        let loaded = self.take(name, by, (given, is_new)).await?;
        if is_new && matches!(loaded, Loaded::Refused(_)) {
            aside(move || folder::take_back(&dir, &names)).await?.map_err(at_folder)?;
        }
        Ok(loaded)
    }

    /// Loads a campaign from its folder as it lies there now; `audience` is the file to take, where that is known.
    pub(super) async fn take_folder(
        &self,
        name: &str,
        audience: Option<String>,
        by: &str,
    ) -> Result<Loaded, EngineError> {
        self.take(name, by, (audience, false)).await
    }

    /// `given` is the audience's name, where it came with the campaign file; what `is_new` and refused leaves no trace, as
    /// whoever gave it is told.
    async fn take(&self, name: &str, by: &str, (given, is_new): (Option<String>, bool)) -> Result<Loaded, EngineError> {
        let (dir, data_dir) = (self.config.campaigns_dir.join(name), self.config.server.data_dir.clone());
        let used = self.used_audience(name).await?;
        let subject = Subject::Folder(name.to_owned());
        let read = self.read_telling(subject, move |going| read((&dir, &data_dir), (given.as_deref(), used), going));
        let read = read.await?;
        let now = self.clock.now();
        let read = match read {
            Ok(read) => read,
            Err(Unread::NoRoom(cause)) => return Err(EngineError::File { place: "the data directory", cause }),
            Err(Unread::Problems(problems)) if is_new => return Ok(Loaded::Refused(problems)),
            Err(Unread::Problems(problems)) => {
                let id = campaign::save_problem(&self.store, name, &json(&problems), now).await?;
                self.tell(Change::Campaign(id));
                warn!(campaign.id = %id, "campaign {id} cannot be loaded from its folder");
                return Ok(Loaded::Refused(problems));
            }
        };
        self.share_audience(&read.audience_hash).await?;
        let title = read.file.title.as_deref().unwrap_or(name);
        let described = Described { name, title, kind: read.file.kind, sender: &read.file.sender };
        let id = campaign::save(&self.store, &described, now).await?;
        let new = NewVersion {
            campaign: id,
            definition: &read.definition,
            audience_name: &read.audience_name,
            audience_hash: &read.audience_hash,
            content_hash: &read.content.content,
            rows_hash: &read.content.rows,
            by,
        };
        let (version, is_new) = version::save(&self.store, &new, now).await?;
        for file in &read.shown {
            version::file::keep(&self.store, version, file).await?;
            self.share_media(&file.hash).await?;
        }
        if is_new {
            info!(campaign.id = %id, version.id = %version, "version {version} of campaign {id} is loaded");
            self.read_template(&read.file).await;
        } else {
            self.seen_before(version, &read, by).await?;
        }
        self.tell(Change::Campaign(id));
        Ok(Loaded::Version { campaign: id, version, is_new })
    }

    /// Content that is known: of a standing run it may have come back after another, and is then the latest again. What
    /// runs already is used.
    async fn seen_before(&self, id: VersionId, read: &Read, by: &str) -> Result<(), EngineError> {
        let Some(version) = version::get(&self.store, id).await? else { return Ok(()) };
        let latest = version::latest(&self.store, version.campaign_id).await?;
        if read.file.is_standing() && latest.is_some_and(|latest| latest.id != id) {
            version::bring_back(&self.store, id, self.clock.now(), by).await?;
        }
        if feed::started(self, &version).await?.is_some() {
            self.file_away(version.campaign_id, &read.file, (&read.audience_name, &read.audience_hash)).await?;
        }
        Ok(())
    }

    /// Name and hash of the audience that was used last: where used files are filed away, it still counts when none lies
    /// in the folder.
    async fn used_audience(&self, name: &str) -> Result<Option<(String, String)>, EngineError> {
        let Some(known) = campaign::by_name(&self.store, name).await? else { return Ok(None) };
        let Some(used) = version::used(&self.store, known.id).await? else { return Ok(None) };
        self.audience(&used.audience_hash).await?;
        Ok(Some((used.audience_name, used.audience_hash)))
    }

    /// What lies in the campaigns' folder and is left alone although somebody may wait for it.
    pub async fn strangers(&self) -> Result<Vec<Problem>, EngineError> {
        let dir = self.config.campaigns_dir.clone();
        let found = aside(move || if dir.exists() { folder::strangers(&dir) } else { Ok(Vec::new()) }).await?;
        found.map_err(|cause| EngineError::File { place: "the campaigns' folder", cause })
    }

    /// Keeps what the provider says of the template now. That it cannot be asked is told by the pre-flight, which then
    /// works with what was read last.
    async fn read_template(&self, file: &CampaignFile) {
        let Ok((_, account)) = self.way_out(&file.sender) else { return };
        if let Err(error) = self.fresh_templates(&account.name, file).await {
            let error = &error as &dyn std::error::Error;
            warn!(error, account.name = account.name, "a template could not be read from the provider");
        }
    }
}

/// The campaign file, or its problems with file, line and column.
pub(super) fn parse(definition: &str) -> Result<CampaignFile, Vec<Problem>> {
    CampaignFile::parse(definition, folder::DEFINITION).map_err(|problems| problems.iter().map(told).collect())
}

/// What is wrong in a campaign file, with its place.
pub(super) fn told(problem: &TomlProblem) -> Problem {
    Problem::new("campaign_file", &[("detail", &problem.to_string())])
}

/// The name under which an uploaded audience is kept so that the campaign file finds it.
fn stored_name(wanted: &str, given: &str) -> Result<String, Problem> {
    let extension = |name: &str| name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    let refused = || Problem::new("audience_name", &[("file", given), ("wanted", wanted)]);
    if !folder::is_file_name(given) {
        return Err(refused());
    }
    if fits_pattern(wanted, given) {
        Ok(given.to_owned())
    } else if !is_pattern(wanted) && extension(wanted) == extension(given) && folder::is_file_name(wanted) {
        Ok(wanted.to_owned())
    } else {
        Err(refused())
    }
}

/// `given` is the name of an audience that came with the campaign file, `used` name and hash of the one used last.
fn read(
    (dir, data_dir): (&Path, &Path),
    (given, used): (Option<&str>, Option<(String, String)>),
    going: &Going,
) -> Result<Read, Unread> {
    let unreadable = |name: &str, cause: &std::io::Error| {
        vec![Problem::new("file_unreadable", &[("file", name), ("cause", &cause.to_string())])]
    };
    let definition = folder::read_definition(dir).map_err(|e| unreadable(folder::DEFINITION, &e))?;
    let definition = campaign_file::text(definition, folder::DEFINITION).map_err(|problem| vec![told(&problem)])?;
    let file = parse(&definition)?;
    let files = folder::files(dir).map_err(|e| unreadable(".", &e))?;
    let found = folder::audience(&files, &file.file, feed::in_order(&file)).map(|seen| seen.name.clone());
    let found = given.map(str::to_owned).or(found);
    let used = used.filter(|(name, _)| is_pattern(&file.file) && fits_pattern(&file.file, name));
    let (audience_name, audience_hash) = match (found, used) {
        (None, Some(used)) => used,
        (None, None) => {
            let other = not_plain(dir, &file.file).map_err(|e| unreadable(".", &e))?;
            return Err(vec![other.unwrap_or_else(|| Problem::new("audience_missing", &[("file", &file.file)]))].into());
        }
        (Some(name), _) => {
            let mut source = folder::open_plain(&dir.join(&name)).map_err(|e| unreadable(&name, &e))?;
            let unkept = |cause: std::io::Error| {
                let is_full = room::is_full(&cause);
                if is_full { Unread::NoRoom(cause) } else { Unread::Problems(unreadable(&name, &cause)) }
            };
            fs::create_dir_all(data_dir).map_err(unkept)?;
            let hash = audience::keep(data_dir, &mut source).map_err(unkept)?;
            (name, hash)
        }
    };
    let told = |rows| going.tell(rows, 0);
    let content = fingerprint(&definition, &audience::path(data_dir, &audience_hash), &told)
        .map_err(|e| unreadable(&audience_name, &e))?;
    let shown = header::keep(dir, data_dir, &file)?;
    let content = Fingerprint { content: header::joined(content.content, &shown), ..content };
    Ok(Read { file, definition, audience_name, audience_hash, content, shown })
}
