//! Bytes of any encoding as UTF-8, and the guard against rows without an end.

use std::fs::File;
use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, MACINTOSH, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::Encoding;
use super::dos::Dos;
use super::refused::Refused;

const CHUNK: usize = 64 * 1024;

/// Longest row, in bytes of UTF-8: a thousand cells of a thousand characters. An open quotation mark would make one cell
/// of the rest of the file.
const LONGEST_ROW: usize = LONGEST_ROW_MB * 1024 * 1024;
/// The same in megabytes.
pub(super) const LONGEST_ROW_MB: usize = 1;

/// A file's text in UTF-8. What claims to be UTF-8 comes as it is, so that a broken row can be told from the others.
pub(super) enum Text {
    Plain(File),
    Decoded(Box<Decoded>),
    Dos(Box<Dos>),
}

pub(super) struct Decoded {
    file: File,
    decoder: Decoder,
    input: Vec<u8>,
    /// What of `input` is not decoded yet.
    left: std::ops::Range<usize>,
    output: Vec<u8>,
    /// What of `output` was not taken yet.
    ready: std::ops::Range<usize>,
    is_done: bool,
}

impl Text {
    /// The text of a file that stands at its start.
    pub(super) fn of(file: File, encoding: Encoding) -> Self {
        let codec = match encoding {
            Encoding::Utf8 => return Self::Plain(file),
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
            Encoding::Windows1252 | Encoding::Latin1 => WINDOWS_1252,
            Encoding::MacRoman => MACINTOSH,
            Encoding::Dos => return Self::Dos(Box::new(Dos::of(file))),
        };
        Self::Decoded(Box::new(Decoded {
            file,
            decoder: codec.new_decoder_with_bom_removal(),
            input: vec![0; CHUNK],
            left: 0..0,
            // No character of these encodings takes more than three times its bytes.
            output: vec![0; 3 * CHUNK + 16],
            ready: 0..0,
            is_done: false,
        }))
    }
}

impl Read for Text {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(into),
            Self::Decoded(decoded) => decoded.read(into),
            Self::Dos(dos) => dos.read(into),
        }
    }
}

impl Read for Decoded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.is_done {
            self.refill()?;
        }
        let length = into.len().min(self.ready.len());
        let from = self.ready.start;
        into[..length].copy_from_slice(&self.output[from..from + length]);
        self.ready.start += length;
        Ok(length)
    }
}

impl Decoded {
    fn refill(&mut self) -> io::Result<()> {
        let mut is_last = false;
        if self.left.is_empty() {
            let read = self.file.read(&mut self.input)?;
            self.left = 0..read;
            is_last = read == 0;
        }
        let (result, read, written, _) =
            self.decoder.decode_to_utf8(&self.input[self.left.clone()], &mut self.output, is_last);
        self.left.start += read;
        self.ready = 0..written;
        self.is_done = is_last && result == CoderResult::InputEmpty;
        Ok(())
    }
}

/// Refuses to read on inside one row.
pub(super) struct Guarded {
    text: Text,
    /// Bytes handed out since a row ended.
    since: usize,
    /// One of them was a line end: it stood between quotation marks.
    breaks: bool,
    /// Line on which the row in hand starts.
    pub(super) line: u64,
    /// What was read last ended with a carriage return.
    after_return: bool,
}

impl Guarded {
    pub(super) fn new(text: Text, line: u64) -> Self {
        Self { text, since: 0, breaks: false, line, after_return: false }
    }

    /// A row has ended; the next one starts on `line`.
    pub(super) fn row_ended(&mut self, line: u64) {
        (self.since, self.breaks) = (0, false);
        self.line = line;
    }
}

impl Read for Guarded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.since > LONGEST_ROW {
            let line = self.line;
            return Err(if self.breaks { Refused::EndlessRow { line } } else { Refused::LongLine { line } }.into());
        }
        loop {
            let read = self.text.read(into)?;
            let kept = one_line_end(&mut into[..read], &mut self.after_return);
            // Where only the second half of a line end was read, the text goes on.
            if kept > 0 || read == 0 {
                self.since += kept;
                self.breaks |= into[..kept].contains(&b'\n');
                return Ok(kept);
            }
        }
    }
}

/// Every line end as a line feed, so that lines are counted alike whoever wrote them; how many bytes are left.
/// `after_return`: the bytes before ended with a carriage return, and so do these.
fn one_line_end(bytes: &mut [u8], after_return: &mut bool) -> usize {
    let was_after =
        std::mem::replace(after_return, bytes.last() == Some(&b'\r') || (bytes.is_empty() && *after_return));
    let skips_first = was_after && bytes.first() == Some(&b'\n');
    let Some(first) = (if skips_first { Some(0) } else { bytes.iter().position(|b| *b == b'\r') }) else {
        return bytes.len();
    };
    let (mut kept, mut before) = (first, if skips_first { b'\r' } else { 0 });
    for at in first..bytes.len() {
        let byte = bytes[at];
        if byte != b'\n' || before != b'\r' {
            bytes[kept] = if byte == b'\r' { b'\n' } else { byte };
            kept += 1;
        }
        before = byte;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_one_wherever_the_reading_is_cut() {
        let text = b"a\r\nb\r\r\n\nc\rd\n\r\n";
        for cut in 0..=text.len() {
            let (mut one, mut other) = (text[..cut].to_vec(), text[cut..].to_vec());
            let mut after = false;
            let kept = one_line_end(&mut one, &mut after);
            one.truncate(kept);
            let kept = one_line_end(&mut other, &mut after);
            one.extend_from_slice(&other[..kept]);
            assert_eq!(one, b"a\nb\n\n\nc\nd\n\n", "{cut}");
        }
    }
}
