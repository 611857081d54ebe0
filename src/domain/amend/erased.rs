//! Whose an id was whose person was erased since: told by hashes that are made for that id alone.

use serde::{Deserialize, Serialize};

use super::Row;
use crate::domain::sent_digest::keyed;

/// Those who were written to under an id and were erased since.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Whose {
    /// What the hashes are made with: another for each id.
    key: String,
    /// Number and name of each, hashed; the name empty where they had none.
    people: Vec<(String, String)>,
}

impl Whose {
    /// As they are kept, see [`Whose::kept`].
    pub fn of(key: String, kept: &str) -> Self {
        let pairs = kept.split_whitespace().filter_map(|pair| pair.split_once('/'));
        Self { key, people: pairs.map(|(number, name)| (number.to_owned(), name.to_owned())).collect() }
    }

    /// What is kept of somebody with this number ([`Phone::person_key`](super::Phone::person_key)), whom this number stands for
    /// ([`who`](super::who)).
    pub fn kept(key: &str, person: &str, who: u64) -> String {
        let name = if who == 0 { String::new() } else { hash_of_name(key, who) };
        format!("{}/{name}", hash_of_number(key, person))
    }

    /// These and those.
    pub fn join(&mut self, other: Self) {
        self.people.extend(other.people);
    }

    /// Whether the row is one of theirs: by a number, or the name with a corrected one; `None`: nobody can know, as the number is
    /// another and no name tells.
    pub(super) fn has(&self, row: &Row<'_>) -> Option<bool> {
        let all = std::iter::once(row.to).chain(row.others);
        let numbers: Vec<String> = all.map(|to| hash_of_number(&self.key, &to.person_key())).collect();
        if self.people.iter().any(|(number, _)| numbers.contains(number)) {
            return Some(true);
        }
        if row.who == 0 || self.people.is_empty() {
            return None;
        }
        let name = hash_of_name(&self.key, row.who);
        let is_unnamed = self.people.iter().any(|(_, theirs)| theirs.is_empty());
        let is_named = self.people.iter().any(|(_, theirs)| *theirs == name);
        if is_named { Some(true) } else { (!is_unnamed).then_some(false) }
    }
}

fn hash_of_number(key: &str, person: &str) -> String {
    keyed(key.as_bytes(), &format!("number|{person}"))
}

fn hash_of_name(key: &str, who: u64) -> String {
    keyed(key.as_bytes(), &format!("name|{who}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::amend::{UnixMs, who};
    use crate::domain::phone::Phone;

    fn has(kept: &str, to: &str, others: &[&str], name: &str) -> Option<bool> {
        let phone = |digits: &str| Phone::from_international(digits).unwrap();
        let (to, others) = (phone(to), others.iter().map(|digits| phone(digits)).collect::<Vec<_>>());
        let row = Row {
            key: "i:3",
            external_id: Some("3"),
            to: &to,
            others: &others,
            happens_at: Some(UnixMs(9)),
            due_at: UnixMs(8),
            latest_at: None,
            mark: 1,
            moved_mark: 1,
            said: 1,
            who: who(name),
        };
        Whose::of("of 3".to_owned(), kept).has(&row)
    }

    #[test]
    fn an_erased_person_is_known_by_number_or_name_and_somebody_else_by_both() {
        let (ana, other) = ("5491155550101", "5491155550102");
        let person = |digits: &str| Phone::from_international(digits).unwrap().person_key();
        let named = Whose::kept("of 3", &person(ana), who("Ana Núñez"));
        assert!(!named.contains("1155550101") && !named.contains("Ana"), "{named}");
        assert_eq!(has(&named, "541155550101", &[], "Ana"), Some(true), "her number, written otherwise");
        assert_eq!(has(&named, other, &[ana], "Eva"), Some(true), "beside another");
        assert_eq!(has(&named, other, &[], "ana nunez"), Some(true), "her number was corrected");
        assert_eq!(has(&named, other, &[], "Eva"), Some(false));
        assert_eq!(has(&named, other, &[], ""), None, "nobody says who it is");
        let unnamed = Whose::kept("of 3", &person(ana), 0);
        assert_eq!(has(&unnamed, other, &[], "Eva"), None);
        assert_eq!(has("", other, &[], "Eva"), None, "nothing is kept");
        let both = format!("{named} {}", Whose::kept("of 3", &person(other), who("Eva")));
        assert_eq!(has(&both, other, &[], "Leo"), Some(true), "one of several who had the id");
        assert_eq!(has(&both, "5491155550103", &[], "Leo"), Some(false));
        // What is kept of another id says nothing here.
        assert_eq!(has(&Whose::kept("of 4", &person(ana), who("Ana")), ana, &[], "Ana"), Some(false));
    }
}
