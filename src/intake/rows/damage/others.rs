//! The numbers of a row besides the one that is sent to: whoever was written to at one of them is the row's person.

use super::super::super::phone_number::Home;
use super::number::{Wanted, between_marks, joined, phone};
use crate::domain::phone::Phone;

/// Every number of a row that can be one, but for `to`, in the order in which they stand.
pub(in super::super) fn other_numbers(
    cells: &[String],
    phones: &[Vec<usize>],
    (home, to): (Option<&Home>, &Phone),
) -> Vec<Phone> {
    let mut others: Vec<Phone> = Vec::new();
    for given in phones.iter().map(|places| joined(cells, places)) {
        let pieces = between_marks(&given);
        let is_one = phones.len() == 1 && pieces.len() == 1;
        for piece in pieces.into_iter().filter(|_| !is_one) {
            let found = phone(&[piece.to_owned()], &[vec![0]], &Wanted::anywhere(home));
            let is_new = |found: &Phone| {
                let person = found.person_key();
                person != to.person_key() && others.iter().all(|known| known.person_key() != person)
            };
            let found = if found.is_good() { found.to.ok() } else { None };
            others.extend(found.filter(is_new));
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::phone_number;

    #[test]
    fn every_number_of_the_columns_and_of_a_cell_is_found_but_the_one_that_is_sent_to() {
        let home = Home::new("AR", None).expect("a country");
        let to = phone_number::read("+54 9 11 5555-0101", Some(&home)).expect("a number");
        let found = |cells: &[&str], phones: &[Vec<usize>]| {
            let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
            let found = other_numbers(&cells, phones, (Some(&home), &to));
            found.iter().map(|other| other.digits().to_owned()).collect::<Vec<_>>()
        };
        let columns = ["+54 9 11 5555-0101", "+5491155550102", "no tiene"];
        assert_eq!(found(&columns, &[vec![1], vec![2], vec![0]]), ["5491155550102"]);
        let cell = ["+54 9 11 5555-0103 / +54 11 5555-0101 / +5491155550103"];
        assert_eq!(found(&cell, &[vec![0]]), ["5491155550103"]);
        assert_eq!(found(&["+5491155550101"], &[vec![0]]), [""; 0]);
    }
}
