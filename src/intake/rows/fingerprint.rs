//! Recognising the same content again.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::super::audience::{Audience, Line, Rules, Unreadable};
use super::super::campaign_file::CampaignFile;
use super::super::columns::fold;
use super::TOLD_EVERY;

mod meaning;

/// By what content is recognised when it comes again. SHA-256 each, in hex.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fingerprint {
    /// Of a campaign file's keys and values and of the audience's cells: the same after saving with another encoding,
    /// delimiter or line end, or after a comment was changed.
    pub content: String,
    /// Of the audience alone, as its values are meant: the same in another campaign, and after a spreadsheet has opened
    /// and saved it (dates written another way, numbers without plus and zeros).
    pub rows: String,
}

/// Reads the whole audience, and tells now and then how many rows are read.
///
/// # Errors
/// When the audience cannot be read.
pub fn fingerprint(definition: &str, audience: &Path, told: &dyn Fn(u64)) -> io::Result<Fingerprint> {
    let (mut content, mut rows) = (Sha256::new(), Sha256::new());
    match toml::from_str::<toml::Table>(definition) {
        Ok(table) => feed(&mut content, table.to_string().as_bytes()),
        Err(_) => feed(&mut content, definition.as_bytes()),
    }
    // How the file is read is part of what the campaign says; a campaign that cannot be read says nothing.
    let campaign = CampaignFile::parse(definition, "campaign.toml");
    let rules = campaign.map_or_else(|_| Rules::default(), |campaign| campaign.reading);
    let Ok(open) = Audience::open_by(audience, &rules) else {
        // A file that is refused still has an identity: its bytes.
        io::copy(&mut File::open(audience)?, &mut Sink(&mut content))?;
        io::copy(&mut File::open(audience)?, &mut Sink(&mut rows))?;
        return Ok(Fingerprint { content: hex::encode(content.finalize()), rows: hex::encode(rows.finalize()) });
    };
    feed_row(&mut content, &open.facts.header);
    let names: Vec<String> = open.facts.header.iter().map(|name| fold(name)).collect();
    feed_row(&mut rows, &names);
    let mut lines = open.lines()?;
    let mut meant = String::new();
    for (done, line) in (1..).zip(&mut lines) {
        if done % TOLD_EVERY == 0 {
            told(done);
        }
        match line {
            Line::Cells(cells) => {
                feed_row(&mut content, &cells);
                for cell in &cells {
                    meaning::of(cell, &mut meant);
                    feed(&mut rows, meant.as_bytes());
                }
            }
            Line::Unreadable(Unreadable::Width { found, .. }, _) => {
                feed(&mut content, &found.to_le_bytes());
                feed(&mut rows, &found.to_le_bytes());
            }
            Line::Unreadable(Unreadable::Encoding, _) => {
                feed(&mut content, b"?");
                feed(&mut rows, b"?");
            }
        }
    }
    if let Some(failure) = lines.failure() {
        return Err(failure.kind().into());
    }
    Ok(Fingerprint { content: hex::encode(content.finalize()), rows: hex::encode(rows.finalize()) })
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
