//! How long, how many, how large; and what a provider cannot pass on.

use std::collections::BTreeSet;

use super::emoji::is_one;
use super::{Free, ListRow, Place, ReplyButton, Section, is_blank};
use crate::domain::event::MediaKind;
use crate::domain::failure::Dialect;
use crate::domain::problem::Problem;
use crate::domain::template::slot::degrees;

/// WhatsApp's limits, in characters (cloud-api.md 2).
const TEXT: usize = 4_096;
const CAPTION: usize = 1_024;
const BODY: usize = 1_024;
const LIST_BODY: usize = 4_096;
/// Zenvia takes no longer body of a list (gupshup-zenvia.md 2.2).
const ZENVIA_BODY: usize = 1_024;
const EDGE: usize = 60;
const LABEL: usize = 20;
const BUTTON_ID: usize = 256;
const ROW_ID: usize = 200;
const ROW_TITLE: usize = 24;
const DESCRIPTION: usize = 72;
const ADDRESS: usize = 2_000;
/// A name, a number, an address of a card: WhatsApp names no limit; longer ones are no such thing.
const CARD: usize = 256;
const MOST_BUTTONS: usize = 3;
const MOST_ROWS: usize = 10;
const MOST_CARDS: usize = 20;

const MB: u64 = 1 << 20;

/// Whether `free` can be sent through a provider; what is wrong with it, each thing once.
pub fn problems(free: &Free, through: Dialect) -> Vec<Problem> {
    let mut check = Check::default();
    if !is_offered(free, through) {
        return vec![Problem::new("answer_not_offered", &[("what", free.word())])];
    }
    if through == Dialect::Gupshup && matches!(free, Free::List { footer: Some(_), .. }) {
        return vec![Problem::new("answer_not_offered", &[("what", "footer")])];
    }
    match free {
        Free::Text { body } => check.words("text", body, TEXT),
        Free::Attachment(attached) => {
            let takes_none = matches!(attached.kind, Some(MediaKind::Audio | MediaKind::Voice | MediaKind::Sticker));
            match &attached.caption {
                Some(_) if takes_none => check.wrong("answer_no_caption", &[]),
                caption => check.perhaps("caption", caption.as_deref(), CAPTION),
            }
        }
        Free::Location(place) => check.place(place),
        Free::Contacts { contacts } => {
            check.count("contacts", contacts.len(), MOST_CARDS);
            for contact in contacts {
                check.words("contacts.name", &contact.name, CARD);
                check.count("contacts.phones", contact.phones.len(), MOST_CARDS);
                contact.phones.iter().for_each(|phone| check.words("contacts.phones", phone, CARD));
                contact.emails.iter().for_each(|email| check.words("contacts.emails", email, CARD));
                check.perhaps("contacts.company", contact.company.as_deref(), CARD);
            }
        }
        Free::Buttons { header, body, footer, buttons } => {
            check.frame((header.as_deref(), footer.as_deref()), body, BODY);
            check.buttons(buttons);
        }
        Free::List { header, body, footer, button, sections } => {
            let most = if through == Dialect::Zenvia { ZENVIA_BODY } else { LIST_BODY };
            check.frame((header.as_deref(), footer.as_deref()), body, most);
            check.words("button", button, LABEL);
            check.sections(sections);
        }
        Free::Link { header, body, footer, label, url } => {
            check.frame((header.as_deref(), footer.as_deref()), body, BODY);
            check.words("label", label, LABEL);
            check.words("url", url, ADDRESS);
            if !["https://", "http://"].iter().any(|start| url.starts_with(start)) {
                check.wrong("answer_part", &[("what", "url")]);
            }
        }
        Free::Reaction { emoji: Some(emoji) } if !is_one(emoji) => check.wrong("answer_emoji", &[]),
        Free::Reaction { .. } => {}
    }
    check.problems
}

/// What a provider documents no way for (docs/providers.md).
const fn is_offered(free: &Free, through: Dialect) -> bool {
    !matches!(
        (through, free),
        (Dialect::Gupshup, Free::Contacts { .. } | Free::Link { .. })
            | (Dialect::Zenvia, Free::Link { .. } | Free::Reaction { .. })
    )
}

#[derive(Default)]
struct Check {
    problems: Vec<Problem>,
}

impl Check {
    fn wrong(&mut self, code: &'static str, args: &[(&'static str, &str)]) {
        let problem = Problem::new(code, args);
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Words that must be there.
    fn words(&mut self, what: &str, text: &str, most: usize) {
        if is_blank(text) || text.contains('\0') {
            self.wrong("answer_part", &[("what", what)]);
        } else if text.chars().count() > most {
            self.wrong("answer_part_long", &[("what", what), ("limit", &most.to_string())]);
        }
    }

    fn perhaps(&mut self, what: &str, text: Option<&str>, most: usize) {
        if let Some(text) = text {
            self.words(what, text, most);
        }
    }

    fn count(&mut self, what: &str, n: usize, most: usize) {
        if n == 0 || n > most {
            self.wrong("answer_part_count", &[("what", what), ("limit", &most.to_string())]);
        }
    }

    fn once<'a>(&mut self, what: &str, all: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for one in all {
            if !seen.insert(one) {
                self.wrong("answer_part_twice", &[("what", what)]);
            }
        }
    }

    fn frame(&mut self, (header, footer): (Option<&str>, Option<&str>), body: &str, most: usize) {
        self.perhaps("header", header, EDGE);
        self.words("body", body, most);
        self.perhaps("footer", footer, EDGE);
    }

    fn buttons(&mut self, buttons: &[ReplyButton]) {
        self.count("buttons", buttons.len(), MOST_BUTTONS);
        for button in buttons {
            self.words("buttons.id", &button.id, BUTTON_ID);
            self.words("buttons.title", &button.title, LABEL);
        }
        self.once("buttons.id", buttons.iter().map(|b| b.id.as_str()));
        self.once("buttons.title", buttons.iter().map(|b| b.title.as_str()));
    }

    fn sections(&mut self, sections: &[Section]) {
        self.count("sections", sections.len(), MOST_ROWS);
        let rows: Vec<&ListRow> = sections.iter().flat_map(|section| &section.rows).collect();
        self.count("sections.rows", rows.len(), MOST_ROWS);
        for section in sections {
            if section.rows.is_empty() {
                self.wrong("answer_part_count", &[("what", "sections.rows"), ("limit", &MOST_ROWS.to_string())]);
            }
            if sections.len() > 1 || !section.title.is_empty() {
                self.words("sections.title", &section.title, ROW_TITLE);
            }
        }
        for row in &rows {
            self.words("sections.rows.id", &row.id, ROW_ID);
            self.words("sections.rows.title", &row.title, ROW_TITLE);
            self.perhaps("sections.rows.description", row.description.as_deref(), DESCRIPTION);
        }
        self.once("sections.rows.id", rows.iter().map(|row| row.id.as_str()));
    }

    fn place(&mut self, place: &Place) {
        for (what, text, most) in [("latitude", &place.latitude, 90.0), ("longitude", &place.longitude, 180.0)] {
            if degrees(text, most).is_none() || text.contains(',') {
                self.wrong("answer_part", &[("what", what)]);
            }
        }
        self.perhaps("name", place.name.as_deref(), BODY);
        self.perhaps("address", place.address.as_deref(), BODY);
    }
}

/// What a file may be sent as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fits {
    /// As what.
    pub kind: MediaKind,
    /// The type it is uploaded under.
    pub mime_type: &'static str,
    /// Most bytes.
    pub most: u64,
}

/// Documents by the end of their names: what WhatsApp opens (cloud-api.md 2).
const DOCUMENTS: [(&str, &str); 9] = [
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("csv", "text/plain"),
    ("doc", "application/msword"),
    ("xls", "application/vnd.ms-excel"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
];

/// Largest file that Zenvia fetches (gupshup-zenvia.md 2.2).
const ZENVIA_MOST: u64 = 64 * MB;

/// How a file whose bytes are `mime_type` and whose name is `filename` can be sent; `None`: WhatsApp takes no such file.
pub fn fits(mime_type: &str, filename: &str, is_voice: bool, through: Dialect) -> Option<Fits> {
    let fits = |kind, mime_type, most| Some(Fits { kind, mime_type, most });
    match mime_type {
        "image/jpeg" => fits(MediaKind::Image, "image/jpeg", 5 * MB),
        "image/png" => fits(MediaKind::Image, "image/png", 5 * MB),
        // A sticker that moves may be larger; which it is, its beginning does not tell.
        "image/webp" => fits(MediaKind::Sticker, "image/webp", 500 << 10),
        "audio/ogg" if is_voice => fits(MediaKind::Voice, "audio/ogg", 16 * MB),
        "audio/ogg" => fits(MediaKind::Audio, "audio/ogg", 16 * MB),
        "audio/aac" => fits(MediaKind::Audio, "audio/aac", 16 * MB),
        "audio/amr" => fits(MediaKind::Audio, "audio/amr", 16 * MB),
        "audio/mpeg" => fits(MediaKind::Audio, "audio/mpeg", 16 * MB),
        "audio/mp4" => fits(MediaKind::Audio, "audio/mp4", 16 * MB),
        "video/mp4" => fits(MediaKind::Video, "video/mp4", 16 * MB),
        "video/3gpp" => fits(MediaKind::Video, "video/3gpp", 16 * MB),
        _ => {
            let end = filename.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
            let by_name = DOCUMENTS.iter().find(|(known, _)| *known == end).map(|(_, mime)| *mime);
            let mime = if mime_type == "application/pdf" { Some("application/pdf") } else { by_name };
            // A name does not make a PDF.
            let mime = mime.filter(|mime| *mime != "application/pdf" || mime_type == "application/pdf")?;
            let most = if through == Dialect::Zenvia { ZENVIA_MOST } else { 100 * MB };
            fits(MediaKind::Document, mime, most)
        }
    }
}
