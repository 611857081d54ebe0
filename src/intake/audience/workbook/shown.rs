//! What a cell of an ODS shows, beside its value.

/// Whether what is read is what the cell shows: its paragraphs, not the notes at its edge.
#[derive(Default)]
pub(super) struct Shown {
    paragraphs: usize,
    notes: usize,
    has_one: bool,
}

impl Shown {
    pub(super) fn start(&mut self, name: &[u8], text: &mut String) {
        match name {
            b"annotation" => self.notes += 1,
            b"p" if self.notes == 0 => {
                if self.has_one {
                    text.push('\n');
                }
                self.has_one = true;
                self.paragraphs += 1;
            }
            _ => {}
        }
    }

    pub(super) fn end(&mut self, name: &[u8]) {
        match name {
            b"annotation" => self.notes = self.notes.saturating_sub(1),
            b"p" if self.notes == 0 => self.paragraphs = self.paragraphs.saturating_sub(1),
            _ => {}
        }
    }

    pub(super) fn is_text(&self) -> bool {
        self.paragraphs > 0 && self.notes == 0
    }
}

/// Whether what is shown are the digits of a whole number, completed with zeros or with something between them that is no
/// mark of thousands: `00042`, `(11) 98765-4321`.
pub(super) fn shows_places(shown: &str, value: &str) -> bool {
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    let is_whole = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let is_same = digits.trim_start_matches('0') == value.trim_start_matches('0');
    is_whole && is_same && (digits.len() > value.len() || shown.contains(['-', '(', '+', '/']))
}
