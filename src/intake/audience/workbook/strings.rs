//! The texts that cells of an XLSX workbook share. A full sheet can have millions: they lie in one block of memory, and
//! beyond a limit in a file without a name.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;

use quick_xml::events::Event;

use super::super::refused::Refused;
use super::package::PartReader;
use super::xml::{Xml, push_text};

/// Bytes kept in memory.
const IN_MEMORY: u64 = 64 * 1024 * 1024;
/// Texts that are read; beyond, nobody's sheet.
const MOST: usize = 20_000_000;
/// Bytes of the file that a reader holds at once.
const WINDOW: usize = 64 * 1024;

/// The shared texts.
#[derive(Debug)]
pub(super) struct Strings {
    /// Bytes that stay in memory.
    most: u64,
    /// Where each text ends.
    ends: Vec<u64>,
    memory: Vec<u8>,
    /// What does not fit into memory; its first byte is the one after the memory's last.
    file: Option<File>,
}

/// The bytes of the file that one reader looked at last.
#[derive(Default)]
pub(super) struct Window {
    start: u64,
    bytes: Vec<u8>,
}

impl Default for Strings {
    fn default() -> Self {
        Self::within(IN_MEMORY)
    }
}

impl Strings {
    fn within(most: u64) -> Self {
        Self { most, ends: Vec::new(), memory: Vec::new(), file: None }
    }

    /// Reads the part `sharedStrings.xml`.
    pub(super) fn read(part: PartReader) -> Result<Self, Refused> {
        let mut xml = Xml::new(part);
        let mut strings = Self::default();
        let mut unwritten = Vec::new();
        let mut text = String::new();
        // Inside <si>, inside <t>, and inside <rPh>: how a text is spoken, which is not part of it.
        let (mut is_item, mut is_text, mut is_spoken) = (false, false, false);
        loop {
            let event = xml.next()?;
            match &event {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    b"si" => (is_item, is_text, is_spoken) = (true, false, false),
                    b"t" => is_text = true,
                    b"rPh" => is_spoken = true,
                    _ => {}
                },
                Event::Empty(tag) if tag.local_name().as_ref() == b"si" => strings.add("", &mut unwritten)?,
                Event::End(tag) => match tag.local_name().as_ref() {
                    b"si" => {
                        strings.add(unescaped(&text).trim(), &mut unwritten)?;
                        text.clear();
                        is_item = false;
                    }
                    b"t" => is_text = false,
                    b"rPh" => is_spoken = false,
                    _ => {}
                },
                Event::Eof => break,
                other if is_item && is_text && !is_spoken => push_text(other, &mut text)?,
                _ => {}
            }
        }
        strings.flush(&mut unwritten)?;
        strings.memory.shrink_to_fit();
        Ok(strings)
    }

    fn add(&mut self, text: &str, unwritten: &mut Vec<u8>) -> Result<(), Refused> {
        if self.ends.len() >= MOST {
            return Err(Refused::TooLarge("its list of texts"));
        }
        let end = self.ends.last().copied().unwrap_or(0) + text.len() as u64;
        // Once something went to the file, everything after it does.
        if self.file.is_none() && unwritten.is_empty() && end <= self.most {
            self.memory.extend_from_slice(text.as_bytes());
        } else {
            unwritten.extend_from_slice(text.as_bytes());
            if unwritten.len() >= WINDOW {
                self.flush(unwritten)?;
            }
        }
        self.ends.push(end);
        Ok(())
    }

    fn flush(&mut self, unwritten: &mut Vec<u8>) -> Result<(), Refused> {
        if unwritten.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile()?);
        }
        if let Some(file) = &mut self.file {
            file.write_all(unwritten)?;
        }
        unwritten.clear();
        Ok(())
    }

    /// The text of that number.
    pub(super) fn get(&self, no: usize, window: &mut Window) -> Result<String, Refused> {
        const NO_TEXT: Refused = Refused::Damaged("a cell names a text that is not there");
        let end = *self.ends.get(no).ok_or(NO_TEXT)?;
        let start = if no == 0 { 0 } else { self.ends[no - 1] };
        let length = (end - start) as usize;
        let bytes = if end <= self.memory.len() as u64 {
            &self.memory[start as usize..end as usize]
        } else if let Some(file) = &self.file {
            window.bytes(file, start - self.memory.len() as u64, length)?
        } else {
            return Err(NO_TEXT);
        };
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| NO_TEXT)
    }
}

impl Window {
    fn bytes(&mut self, file: &File, start: u64, length: usize) -> Result<&[u8], Refused> {
        let is_in = start >= self.start && start + length as u64 <= self.start + self.bytes.len() as u64;
        if !is_in {
            self.bytes.resize(WINDOW.max(length), 0);
            let mut read = 0;
            while read < self.bytes.len() {
                match file.read_at(&mut self.bytes[read..], start + read as u64)? {
                    0 => break,
                    n => read += n,
                }
            }
            self.bytes.truncate(read);
            self.start = start;
        }
        let from = (start - self.start) as usize;
        self.bytes.get(from..from + length).ok_or(Refused::Damaged("a text cannot be read back"))
    }
}

/// `_x000D_` is how XLSX writes a character that XML cannot hold, and `_x005F_` the first character of a text that looks
/// like that.
pub(super) fn unescaped(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("_x") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let code = code.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        match code {
            Some('\r') => out.push_str(&rest[..at]),
            Some(c) => {
                out.push_str(&rest[..at]);
                out.push(c);
            }
            None => out.push_str(&rest[..at + 2]),
        }
        rest = &rest[if code.is_some() { at + 7 } else { at + 2 }..];
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_do_not_fit_into_memory_are_found_in_the_file() {
        let text = |no: usize| format!("texto {no} ñ{}", "x".repeat(no % 90));
        let mut strings = Strings::within(5_000);
        let mut unwritten = Vec::new();
        for no in 0..5_000 {
            strings.add(&text(no), &mut unwritten).unwrap();
        }
        strings.flush(&mut unwritten).unwrap();
        assert!(strings.file.is_some() && strings.memory.len() <= 5_000);
        let mut window = Window::default();
        // One after the other, as sheets name them, and from all over.
        for no in (0..5_000).chain((0..5_000).map(|no| no * 1_009 % 5_000)) {
            assert_eq!(strings.get(no, &mut window).unwrap(), text(no));
        }
        assert!(strings.get(5_000, &mut window).is_err());
        assert!(window.bytes.len() <= WINDOW);
    }
}
