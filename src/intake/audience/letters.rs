//! Windows-1252, Latin-1 or Mac Roman: any bytes are text in each, but only one gives the letters of words.

use std::sync::LazyLock;

use encoding_rs::{Encoding as Codec, MACINTOSH, WINDOWS_1252};

use super::Encoding;
use super::facts::EncodingEvidence;

/// Letters of Spanish, Portuguese and (in names) their neighbours, small; capitals are these in capitals.
const LETTERS: &str = "áéíóúüñçãõâêôàèìòùäöëï";

/// What stands before words, or between them.
const OPENING: &str = "¿¡“‘«–—€";

/// What stands after words and numbers; the apostrophe within them too.
const CLOSING: &str = "ºª°”’»…´";

/// `’` in Windows-1252, as in `O’Brien`.
const APOSTROPHE: u8 = 0x92;

/// Whether a capital between these begins a word, or is one.
const fn is_word(left: u8, right: u8) -> bool {
    right.is_ascii_alphabetic() || (!left.is_ascii_alphanumeric() && !right.is_ascii_digit())
}

/// How well a character fits where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Small,
    Capital,
    Opening,
    Closing,
    Other,
}

type Table = [Kind; 128];

static WINDOWS: LazyLock<Table> = LazyLock::new(|| table(WINDOWS_1252));
static MAC: LazyLock<Table> = LazyLock::new(|| table(MACINTOSH));

fn table(codec: &'static Codec) -> Table {
    let capitals = LETTERS.to_uppercase();
    std::array::from_fn(|at| {
        let byte = [at as u8 | 0x80];
        let text = codec.decode_without_bom_handling(&byte).0;
        let is_in = |set: &str| text.chars().all(|c| set.contains(c));
        if is_in(LETTERS) {
            Kind::Small
        } else if is_in(&capitals) {
            Kind::Capital
        } else if is_in(OPENING) {
            Kind::Opening
        } else if is_in(CLOSING) {
            Kind::Closing
        } else {
            Kind::Other
        }
    })
}

/// Counts bytes above 127 that fit their neighbours, in both encodings.
#[derive(Default)]
pub(super) struct Letters {
    /// The two bytes before the next one.
    before: [u8; 2],
    high: u64,
    windows: u64,
    mac: u64,
    /// Bytes that only Windows-1252 has, not Latin-1.
    beyond_latin: u64,
}

impl Letters {
    pub(super) fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // The byte before is judged once its neighbours on both sides are known.
            if self.before[1] >= 0x80 {
                self.judge(self.before[0], self.before[1], *byte);
            }
            self.before = [self.before[1], *byte];
        }
    }

    fn judge(&mut self, left: u8, byte: u8, right: u8) {
        self.high += 1;
        self.beyond_latin += u64::from(byte < 0xA0);
        let fits = |table: &Table| match table[usize::from(byte & 0x7F)] {
            Kind::Small => {
                // No small letter stands before a capital.
                (left.is_ascii_alphabetic() || right.is_ascii_alphabetic()) && !right.is_ascii_uppercase()
            }
            // An initial stands alone: `Ñ. Pérez`.
            Kind::Capital => !left.is_ascii_lowercase() && (left.is_ascii_uppercase() || is_word(left, right)),
            Kind::Opening => !left.is_ascii_alphabetic(),
            Kind::Closing => !right.is_ascii_lowercase() || byte == APOSTROPHE,
            Kind::Other => false,
        };
        self.windows += u64::from(fits(&WINDOWS));
        self.mac += u64::from(fits(&MAC));
    }

    /// Windows-1252 unless more of the bytes fit as Mac Roman.
    pub(super) fn encoding(&self) -> (Encoding, EncodingEvidence) {
        let evidence = |fitting| EncodingEvidence::Letters { fitting, of: self.high };
        if self.mac > self.windows {
            (Encoding::MacRoman, evidence(self.mac))
        } else if self.beyond_latin == 0 {
            (Encoding::Latin1, evidence(self.windows))
        } else {
            (Encoding::Windows1252, evidence(self.windows))
        }
    }
}
