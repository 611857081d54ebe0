//! Recognising the same content again.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::super::audience::{Audience, Line, Rules, Unreadable};
use super::super::campaign_file::CampaignFile;

/// Hash of a campaign file's keys and values and of the audience's cells: the same after saving with another encoding,
/// delimiter or line end, or after a comment was changed.
///
/// # Errors
/// When the audience cannot be read.
pub fn content_hash(definition: &str, audience: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    match toml::from_str::<toml::Table>(definition) {
        Ok(table) => feed(&mut hash, table.to_string().as_bytes()),
        Err(_) => feed(&mut hash, definition.as_bytes()),
    }
    // How the file is read is part of what the campaign says; a campaign that cannot be read says nothing.
    let campaign = CampaignFile::parse(definition, "campaign.toml");
    let rules = campaign.map_or_else(|_| Rules::default(), |campaign| campaign.reading);
    let Ok(open) = Audience::open_by(audience, &rules) else {
        // A file that is refused still has an identity: its bytes.
        io::copy(&mut File::open(audience)?, &mut Sink(&mut hash))?;
        return Ok(hex::encode(hash.finalize()));
    };
    feed_row(&mut hash, &open.facts.header);
    let mut lines = open.lines()?;
    for line in &mut lines {
        match line {
            Line::Cells(cells) => feed_row(&mut hash, &cells),
            Line::Unreadable(Unreadable::Width { found, .. }) => feed(&mut hash, &found.to_le_bytes()),
            Line::Unreadable(Unreadable::Encoding) => feed(&mut hash, b"?"),
        }
    }
    if let Some(failure) = lines.failure() {
        return Err(failure.kind().into());
    }
    Ok(hex::encode(hash.finalize()))
}

fn feed_row(hash: &mut Sha256, cells: &[String]) {
    hash.update((cells.len() as u64).to_le_bytes());
    for cell in cells {
        feed(hash, cell.as_bytes());
    }
}

/// With its length, so that no two sequences of texts run together.
fn feed(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

struct Sink<'a>(&'a mut Sha256);

impl io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
