//! The files of a campaign's folder that its template shows in its header and its cards.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::files;
use crate::domain::event::MediaKind;
use crate::domain::failure::Dialect;
use crate::domain::free::fits;
use crate::domain::media::{HEAD, type_of};
use crate::domain::problem::Problem;
use crate::engine::folder;
use crate::intake::campaign_file::{CampaignFile, LinkKind};
use crate::store::version::file::VersionFile;

/// Bytes of a moving picture (cloud-api.md 1.3: 3.5 MB).
const LARGEST_GIF: u64 = 3_500_000;

/// Read at once.
const PIECE: usize = 256 * 1024;

/// Keeps the files named in the campaign's folder.
pub fn keep(dir: &Path, data_dir: &Path, file: &CampaignFile) -> Result<Vec<VersionFile>, Vec<Problem>> {
    file.shown_files()
        .iter()
        .map(|shown| keep_file(&dir.join(shown.name), data_dir, (shown.name, shown.kind)))
        .collect()
}

/// Keeps the file at `path`, called `name`, if a header of that kind can show it; `None`: a card.
pub fn keep_file(
    path: &Path,
    data_dir: &Path,
    (name, kind): (&str, Option<LinkKind>),
) -> Result<VersionFile, Vec<Problem>> {
    let unreadable =
        |cause: &io::Error| vec![Problem::new("file_unreadable", &[("file", name), ("cause", &cause.to_string())])];
    let mut source = folder::open_plain(path).map_err(|e| unreadable(&e))?;
    let media = data_dir.join("media");
    std::fs::create_dir_all(&media).map_err(|e| unreadable(&e))?;
    let mut fresh = tempfile::Builder::new().prefix(".new-").tempfile_in(&media).map_err(|e| unreadable(&e))?;
    let (hash, size, head) = copy(&mut source, &mut fresh).map_err(|e| unreadable(&e))?;
    // The strictest that any provider asks.
    let fit = fits(type_of(&head, ""), name, false, Dialect::Zenvia).filter(|fit| is_of(kind, fit.kind));
    let Some(fit) = fit else { return Err(vec![Problem::new("header_file_type", &[("file", name)])]) };
    let most = if kind == Some(LinkKind::Gif) { fit.most.min(LARGEST_GIF) } else { fit.most };
    if size == 0 || size > most {
        let limit = format!("{:.1} MB", most as f64 / f64::from(1 << 20)).replace(".0 ", " ");
        return Err(vec![Problem::new("header_file_large", &[("file", name), ("limit", &limit)])]);
    }
    fresh.persist(files::path(data_dir, &hash)).map_err(|e| unreadable(&e.error))?;
    Ok(VersionFile { name: name.to_owned(), hash, mime_type: fit.mime_type.to_owned() })
}

/// Documents of a header are PDF (cloud-api.md 1.3); what is kept as one is looked at by its type above.
const fn is_of(wanted: Option<LinkKind>, kind: MediaKind) -> bool {
    matches!(
        (wanted, kind),
        (None | Some(LinkKind::Image), MediaKind::Image)
            | (None | Some(LinkKind::Video | LinkKind::Gif), MediaKind::Video)
            | (Some(LinkKind::Document), MediaKind::Document)
    )
}

fn copy(source: &mut File, target: &mut impl Write) -> io::Result<(String, u64, Vec<u8>)> {
    let (mut digest, mut size, mut head) = (Sha256::new(), 0, Vec::with_capacity(HEAD));
    let mut piece = vec![0; PIECE];
    loop {
        let n = source.read(&mut piece)?;
        if n == 0 {
            target.flush()?;
            return Ok((hex::encode(digest.finalize()), size, head));
        }
        head.extend_from_slice(&piece[..n.min(HEAD - head.len())]);
        digest.update(&piece[..n]);
        target.write_all(&piece[..n])?;
        size += n as u64;
    }
}

/// A content's hash with the files' in it: another picture is another version.
pub fn joined(content_hash: String, files: &[VersionFile]) -> String {
    let add = |hash: String, file: &VersionFile| hex::encode(Sha256::digest(format!("{hash} {}", file.hash)));
    files.iter().fold(content_hash, add)
}
