//! Windows-1252, Latin-1, Mac Roman or DOS: any bytes are text in each, but only one gives the letters of words.

use std::sync::LazyLock;

use encoding_rs::{MACINTOSH, WINDOWS_1252};

use super::Encoding;
use super::dos;
use super::facts::EncodingEvidence;

/// Letters of Spanish, Portuguese and (in names) their neighbours, small; capitals are these in capitals.
const LETTERS: &str = "áéíóúüñçãõâêôàèìòùäöëï";

/// Those of them that neighbours bring: seldom in a file, and never many.
const SELDOM: &str = "àèìòùäöëïÀÈÌÒÙÄÖËÏ";

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

/// What each byte from 80 on is, and whether that is seldom.
type Table = [(Kind, bool); 128];

static WINDOWS: LazyLock<Table> =
    LazyLock::new(|| table(|byte| WINDOWS_1252.decode_without_bom_handling(&[byte]).0.chars().next()));
static MAC: LazyLock<Table> =
    LazyLock::new(|| table(|byte| MACINTOSH.decode_without_bom_handling(&[byte]).0.chars().next()));
static DOS: LazyLock<Table> = LazyLock::new(|| table(|byte| Some(dos::character(byte))));

fn table(character: impl Fn(u8) -> Option<char>) -> Table {
    let capitals = LETTERS.to_uppercase();
    std::array::from_fn(|at| {
        let Some(c) = character(at as u8 | 0x80) else { return (Kind::Other, false) };
        let kind = if LETTERS.contains(c) {
            Kind::Small
        } else if capitals.contains(c) {
            Kind::Capital
        } else if OPENING.contains(c) {
            Kind::Opening
        } else if CLOSING.contains(c) {
            Kind::Closing
        } else {
            Kind::Other
        };
        (kind, SELDOM.contains(c))
    })
}

/// Bytes above 127 that fit their neighbours in one encoding: how many, and how many of these are no seldom letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Fitting {
    all: u64,
    usual: u64,
}

impl Fitting {
    fn judge(&mut self, table: &Table, [left, byte, right]: [u8; 3]) {
        let (kind, is_seldom) = table[usize::from(byte & 0x7F)];
        let fits = match kind {
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
        self.all += u64::from(fits);
        self.usual += u64::from(fits && !is_seldom);
    }
}

/// Counts bytes above 127 that fit their neighbours, in each encoding.
#[derive(Default)]
pub(super) struct Letters {
    /// The three bytes before the next one.
    before: [u8; 3],
    high: u64,
    windows: Fitting,
    mac: Fitting,
    dos: Fitting,
    /// Bytes that only Windows-1252 has, not Latin-1.
    beyond_latin: u64,
}

impl Letters {
    pub(super) fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // The byte before is judged once its neighbours on both sides are known.
            let [first, left, last] = self.before;
            if last >= 0x80 {
                self.judge(left, last, *byte);
            }
            // A word in capitals goes on in capitals: `OÕHiggins` is none, what stands there is an apostrophe.
            if left >= 0x80 && first.is_ascii_uppercase() && last.is_ascii_uppercase() && byte.is_ascii_lowercase() {
                self.no_capital(left);
            }
            self.before = [left, last, *byte];
        }
    }

    fn judge(&mut self, left: u8, byte: u8, right: u8) {
        self.high += 1;
        self.beyond_latin += u64::from(byte < 0xA0);
        let place = [left, byte, right];
        self.windows.judge(&WINDOWS, place);
        self.mac.judge(&MAC, place);
        self.dos.judge(&DOS, place);
    }

    /// A byte that was taken for a capital, where it is one, fits no more.
    fn no_capital(&mut self, byte: u8) {
        for (table, fitting) in [(&WINDOWS, &mut self.windows), (&MAC, &mut self.mac), (&DOS, &mut self.dos)] {
            let (kind, is_seldom) = table[usize::from(byte & 0x7F)];
            if kind == Kind::Capital {
                fitting.all -= 1;
                fitting.usual -= u64::from(!is_seldom);
            }
        }
    }

    /// Windows-1252 unless more of the bytes fit as Mac Roman or DOS.
    pub(super) fn encoding(&self) -> (Encoding, EncodingEvidence) {
        let evidence = |fitting: Fitting| EncodingEvidence::Letters { fitting: fitting.all, of: self.high };
        let (other, fitting) =
            if self.dos > self.mac { (Encoding::Dos, self.dos) } else { (Encoding::MacRoman, self.mac) };
        if fitting.all > self.windows.all {
            (other, evidence(fitting))
        } else if self.beyond_latin == 0 {
            (Encoding::Latin1, evidence(self.windows))
        } else {
            (Encoding::Windows1252, evidence(self.windows))
        }
    }
}
