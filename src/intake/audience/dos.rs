//! DOS code page 850, which programs of the last century still write in Latin America and Brazil. The codecs of the web do not
//! have it.

use std::fs::File;
use std::io::{self, Read};

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// What the bytes from 80 on are.
const TABLE: &str = "ÇüéâäàåçêëèïîìÄÅ\
    ÉæÆôöòûùÿÖÜø£Ø×ƒ\
    áíóúñÑªº¿®¬½¼¡«»\
    ░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤\
    ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\
    \u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}";

/// The character of a byte.
pub(super) fn character(byte: u8) -> char {
    if byte.is_ascii() { char::from(byte) } else { TABLE.chars().nth(usize::from(byte & 0x7F)).unwrap_or('\u{FFFD}') }
}

/// A text in code page 850; what that does not have becomes a question mark.
pub fn encode_dos(text: &str) -> Vec<u8> {
    let high = |c: char| TABLE.chars().position(|known| known == c).map_or(b'?', |at| at as u8 | 0x80);
    text.chars().map(|c| if c.is_ascii() { c as u8 } else { high(c) }).collect()
}

/// A file's text in UTF-8.
pub(super) struct Dos {
    file: File,
    table: [char; 128],
    input: Vec<u8>,
    output: Vec<u8>,
    /// Bytes of `output` that were taken.
    taken: usize,
}

impl Dos {
    pub(super) fn of(file: File) -> Self {
        let table = std::array::from_fn(|at| character(at as u8 | 0x80));
        Self { file, table, input: vec![0; CHUNK], output: Vec::new(), taken: 0 }
    }
}

impl Read for Dos {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.output.len() {
            let read = self.file.read(&mut self.input)?;
            self.output.clear();
            self.taken = 0;
            for byte in &self.input[..read] {
                let character = if byte.is_ascii() { char::from(*byte) } else { self.table[usize::from(byte & 0x7F)] };
                self.output.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        let length = into.len().min(self.output.len() - self.taken);
        into[..length].copy_from_slice(&self.output[self.taken..self.taken + length]);
        self.taken += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_another_character_and_goes_back() {
        assert_eq!(TABLE.chars().count(), 128);
        for byte in 0..=255_u8 {
            assert_eq!(encode_dos(&character(byte).to_string()), [byte]);
        }
        assert_eq!(encode_dos("Ñandú → ção"), b"\xA5and\xA3 ? \x87\xC6o");
    }
}
