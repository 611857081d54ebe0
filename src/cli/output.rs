//! What a command prints.

use std::io::{self, BufWriter, Write};

/// Prints `text` on standard output. A reader that stops early (`| head`) is no error.
pub fn answer(text: &str) -> io::Result<()> {
    answer_with(|out| out.write_all(text.as_bytes()))
}

/// The same of what is written as it is made.
pub fn answer_with(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
