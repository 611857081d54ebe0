//! Keys in sorted runs in a file without a name, and a filter in memory that tells nearly always that a key is in none.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

use crate::domain::hashed::hashed;

/// A key. Bytes, because beside a row they take 24 of them in memory, where a `u128` would take 32.
pub(super) type Number = [u8; 16];

/// The row of a key, and whom it is for where that matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Row {
    pub(super) no: u32,
    pub(super) who: u32,
}

/// Bytes of a key and its row in the file.
const ENTRY: usize = 24;
/// Entries between two marks: one read of the disk finds a key between them.
const STRIDE: usize = 200;
/// Bits of the filter for each key: one key in some hundred that are new is looked for in the file.
const BITS: u64 = 16;
/// Bits of the filter that a key sets, all within 64 bytes.
const PROBES: u32 = 6;
/// Words of a block of the filter.
const BLOCK: usize = 8;

/// The runs.
#[derive(Default)]
pub(super) struct Runs {
    file: Option<File>,
    all: Vec<Run>,
    /// Bytes written.
    length: u64,
    filter: Vec<u64>,
    keys: u64,
}

struct Run {
    at: u64,
    entries: usize,
    /// Every [`STRIDE`]th key.
    marks: Vec<Number>,
}

impl Runs {
    /// For about so many keys; the filter is made when the first run is.
    pub(super) fn for_keys(keys: u64) -> Self {
        Self { keys, ..Self::default() }
    }

    /// Adds a run.
    pub(super) fn add(&mut self, keys: &HashMap<Number, Row>) -> io::Result<()> {
        let mut sorted: Vec<(Number, Row)> = keys.iter().map(|(key, row)| (*key, *row)).collect();
        sorted.sort_unstable();
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile()?);
            let blocks = (self.keys.max(keys.len() as u64) * BITS).div_ceil(64 * BLOCK as u64).max(1);
            self.filter = vec![0; blocks as usize * BLOCK];
        }
        let Some(file) = &self.file else { return Ok(()) };
        let mut writer = BufWriter::with_capacity(ENTRY * 4096, At { file, at: self.length });
        for (key, row) in &sorted {
            let mut entry = [0; ENTRY];
            entry[..16].copy_from_slice(key);
            entry[16..20].copy_from_slice(&row.no.to_be_bytes());
            entry[20..].copy_from_slice(&row.who.to_be_bytes());
            writer.write_all(&entry)?;
        }
        writer.flush()?;
        drop(writer);
        for (key, _) in &sorted {
            let (block, mask) = self.place(*key);
            self.filter[block..block + BLOCK].iter_mut().zip(mask).for_each(|(word, bits)| *word |= bits);
        }
        let marks = sorted.iter().step_by(STRIDE).map(|(key, _)| *key).collect();
        self.all.push(Run { at: self.length, entries: sorted.len(), marks });
        self.length += (sorted.len() * ENTRY) as u64;
        Ok(())
    }

    /// The row of a key, if one of the runs has it.
    pub(super) fn find(&self, key: Number) -> Option<Row> {
        let file = self.file.as_ref()?;
        let (block, mask) = self.place(key);
        let may_be = self.filter[block..block + BLOCK].iter().zip(mask).all(|(word, bits)| word & bits == bits);
        if !may_be {
            return None;
        }
        self.all.iter().find_map(|run| run.find(file, key))
    }

    /// The block of the filter and the bits in it.
    fn place(&self, key: Number) -> (usize, [u64; BLOCK]) {
        let hash = hashed(key);
        let blocks = (self.filter.len() / BLOCK).max(1) as u64;
        let block = ((u128::from(hash) * u128::from(blocks)) >> 64) as usize * BLOCK;
        // The block took the upper bits; the probes take others.
        let mut rest = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut mask = [0; BLOCK];
        for _ in 0..PROBES {
            let bit = (rest & 511) as usize;
            mask[bit / 64] |= 1 << (bit % 64);
            rest >>= 9;
        }
        (block, mask)
    }
}

impl Run {
    fn find(&self, file: &File, key: Number) -> Option<Row> {
        let stride = self.marks.partition_point(|mark| *mark <= key).checked_sub(1)? * STRIDE;
        let entries = STRIDE.min(self.entries - stride);
        let mut bytes = [0; STRIDE * ENTRY];
        let bytes = &mut bytes[..entries * ENTRY];
        // A disk that does not give back what it took: the row counts as new, and the store finds its double.
        file.read_exact_at(bytes, self.at + (stride * ENTRY) as u64).ok()?;
        let entries = bytes.as_chunks::<ENTRY>().0;
        let of = |entry: &[u8; ENTRY]| -> Number { std::array::from_fn(|at| entry[at]) };
        let at = entries.binary_search_by_key(&key, of).ok()?;
        let half = |from: usize| u32::from_be_bytes(std::array::from_fn(|i| entries[at][from + i]));
        Some(Row { no: half(16), who: half(20) })
    }
}

/// Writes to a file from a place on.
struct At<'a> {
    file: &'a File,
    at: u64,
}

impl Write for At<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
