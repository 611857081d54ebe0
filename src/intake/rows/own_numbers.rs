//! Whose rows have one and the same id, where the phone tells people apart: in files of clients a family may share one.

use crate::domain::phone::Phone;

use super::seen::{Key, Seen};

/// The ids of the rows so far, kept as small as the file is long.
pub struct OwnNumbers(Seen);

impl OwnNumbers {
    /// For a file of about so many rows.
    pub fn for_rows(rows: u64) -> Self {
        Self(Seen::for_rows(rows))
    }

    /// The first row with this id, where that is another person's.
    pub fn see(&mut self, id: &str, to: &Phone, row: i64) -> Option<i64> {
        let key = Key::of_appointment(id, None, to);
        let Some(first) = self.0.earlier(&key) else {
            self.0.remember(&key, row);
            return None;
        };
        first.other_person.then(|| first.row.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_persons_row_is_told_and_every_time() {
        let [ana, eva] = ["5491155550101", "5491155550102"].map(|p| Phone::from_international(p).unwrap());
        let mut seen = OwnNumbers::for_rows(4);
        assert_eq!(seen.see("C-1", &ana, 1), None);
        assert_eq!(seen.see("C-2", &eva, 2), None);
        assert_eq!(seen.see("C-1", &eva, 3), Some(1));
        assert_eq!(seen.see("C-1", &ana, 4), None, "her own");
    }
}
