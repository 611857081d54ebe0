//! The XML of a part, event by event, none longer and nothing nested deeper than any real workbook has.

use std::io::{self, BufRead, BufReader, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::refused::{Refused, reason};
use super::package::PartReader;

/// Bytes of a tag or a text: Excel allows a cell 32,767 characters.
const LONGEST_EVENT: usize = 1024 * 1024;
/// Tags within tags; sheets have some ten.
const DEEPEST: usize = 100;

/// A part as XML.
pub(super) struct Xml {
    reader: Reader<Bounded>,
    buffer: Vec<u8>,
    depth: usize,
}

/// Refuses to read on inside one event.
struct Bounded {
    inner: BufReader<PartReader>,
    left: usize,
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into)
    }
}

impl BufRead for Bounded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(Refused::TooLarge("a cell").into());
        }
        let bytes = self.inner.fill_buf()?;
        Ok(&bytes[..bytes.len().min(self.left)])
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount);
        self.inner.consume(amount);
    }
}

impl Xml {
    pub(super) fn new(part: PartReader) -> Self {
        let inner = BufReader::with_capacity(64 * 1024, part);
        let mut reader = Reader::from_reader(Bounded { inner, left: LONGEST_EVENT });
        reader.config_mut().enable_all_checks(false);
        reader.config_mut().allow_unmatched_ends = true;
        reader.config_mut().allow_dangling_amp = true;
        Self { reader, buffer: Vec::new(), depth: 0 }
    }

    /// The next event; `Eof` at the end.
    pub(super) fn next(&mut self) -> Result<Event<'_>, Refused> {
        self.buffer.clear();
        self.reader.get_mut().left = LONGEST_EVENT;
        let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| match error {
            quick_xml::Error::Io(e) => reason(&e),
            _ => Refused::Damaged("a part is not XML"),
        })?;
        match &event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > DEEPEST { Err(Refused::Damaged("its parts are nested without end")) } else { Ok(event) }
    }
}

/// What an event adds to a text: characters and the references in them.
pub(super) fn push_text(event: &Event<'_>, out: &mut String) -> Result<(), Refused> {
    const NO_TEXT: Refused = Refused::Damaged("a text is not UTF-8");
    if out.len() > LONGEST_EVENT {
        return Err(Refused::TooLarge("a cell"));
    }
    match event {
        Event::Text(text) => out.push_str(&text.xml10_content().map_err(|_| NO_TEXT)?),
        Event::CData(data) => out.push_str(&data.xml10_content().map_err(|_| NO_TEXT)?),
        Event::GeneralRef(reference) => {
            if let Ok(Some(c)) = reference.resolve_char_ref() {
                out.push(c);
            } else if let Some(text) =
                reference.decode().ok().and_then(|name| quick_xml::escape::resolve_predefined_entity(&name))
            {
                out.push_str(text);
            }
        }
        _ => {}
    }
    Ok(())
}

/// The attributes of a tag by their names without prefix. Twice the same is not looked for: with a hundred thousand of
/// them that would take minutes.
pub(super) fn attributes(tag: &BytesStart<'_>, mut each: impl FnMut(&[u8], &str)) {
    for attribute in tag.attributes().with_checks(false).flatten() {
        let text = String::from_utf8_lossy(&attribute.value);
        let name = attribute.key.local_name();
        if text.contains('&') {
            let text = quick_xml::escape::unescape(&text).unwrap_or_default();
            each(name.as_ref(), &text);
        } else {
            each(name.as_ref(), &text);
        }
    }
}
