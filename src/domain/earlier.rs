//! What earlier runs of one campaign have sent, so that a file that comes again sends only what is new in it.

use std::collections::BTreeMap;

use super::id::RunId;
use super::phone::Phone;
use super::sent_digest::SentDigests;
use super::time::UnixMs;

/// Keys of messages whose rows have ids begin so; all others are a person's.
const BY_ID: &str = "i:";

/// A message that an earlier run has sent, or will send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gone {
    /// Unique within its run: `p:<person>` or `i:<id>|<when>`.
    pub key: String,
    /// Where it went.
    pub to: Phone,
    /// Its row's date and time.
    pub happens_at: Option<UnixMs>,
    /// Which run.
    pub run: RunId,
}

impl Gone {
    /// The same, found again by its person alone: another campaign's ids and times say nothing about this one's rows.
    #[must_use]
    pub fn of_person(self) -> Self {
        Self { key: String::new(), happens_at: None, ..self }
    }
}

/// The same by what finds it again. Kept small: a million people take some 40 MB.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Earlier {
    ids: BTreeMap<String, RunId>,
    /// In order, so that a person's are found by halving.
    people: Vec<Reached>,
    /// What went to people who were erased since, by this run too.
    erased: SentDigests,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Reached {
    /// Their number's digits as all ways of writing it share them.
    person: u64,
    happens_at: Option<UnixMs>,
    has_id: bool,
    run: RunId,
}

impl Earlier {
    /// Of everything that has gone.
    pub fn of(gone: impl IntoIterator<Item = Gone>) -> Self {
        let mut earlier = Self::default();
        gone.into_iter().for_each(|gone| earlier.add(gone));
        earlier.done()
    }

    /// One more; nothing is asked for before [`Self::done`].
    pub fn add(&mut self, gone: Gone) {
        let has_id = has_id(&gone.key);
        if has_id {
            let run = self.ids.entry(gone.key).or_insert(gone.run);
            *run = gone.run.max(*run);
        }
        let person = person(&gone.to);
        self.people.push(Reached { person, happens_at: gone.happens_at, has_id, run: gone.run });
    }

    /// That was everything.
    #[must_use]
    pub fn done(mut self) -> Self {
        self.people.sort_unstable();
        self.people.dedup();
        self
    }

    /// The same with what went to people who were erased since.
    #[must_use]
    pub fn with_erased(self, erased: SentDigests) -> Self {
        Self { erased, ..self }
    }

    /// The run that has sent the row of this key to this person, who was erased since.
    pub fn run_of_erased(&self, key: &str, to: &Phone, happens_at: Option<UnixMs>) -> Option<RunId> {
        self.erased.run_of(key, to, happens_at)
    }

    /// The latest run that has sent the row of this key.
    pub fn run_of(&self, key: &str, to: &Phone, happens_at: Option<UnixMs>) -> Option<RunId> {
        self.run_of_known(key, to, happens_at).max(self.run_of_erased(key, to, happens_at))
    }

    /// The same, as far as people are known: the same id and time; or, where one of the two files had no ids, the same
    /// person and time. Where only one of the files had times, the person alone decides: whoever corrects a file by a
    /// column must not write to everybody again.
    pub fn run_of_known(&self, key: &str, to: &Phone, happens_at: Option<UnixMs>) -> Option<RunId> {
        let has_id = has_id(key);
        let same_id = if has_id { self.ids.get(key).copied() } else { None };
        let person = person(to);
        let from = self.people.partition_point(|p| p.person < person);
        let theirs = self.people[from..].iter().take_while(|p| p.person == person);
        let same = theirs.filter(|p| !(has_id && p.has_id)).filter(|p| match (p.happens_at, happens_at) {
            (Some(then), Some(now)) => then == now,
            _ => true,
        });
        same.map(|p| p.run).max().max(same_id)
    }
}

/// The key of a row with an id.
pub fn id_key(id: &str, happens_at: Option<UnixMs>) -> String {
    format!("{BY_ID}{id}|{}", happens_at.map_or_else(String::new, |at| at.0.to_string()))
}

/// Whether a key is of a row with an id.
pub(super) fn has_id(key: &str) -> bool {
    key.starts_with(BY_ID)
}

fn person(phone: &Phone) -> u64 {
    phone.person_key().parse().expect("at most 15 digits fit 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: &str = "5491155550101";

    fn gone(key: &str, to: &str, at: Option<i64>, run: i64) -> Gone {
        Gone { key: key.to_owned(), to: phone(to), happens_at: at.map(UnixMs), run: RunId(run) }
    }

    fn phone(digits: &str) -> Phone {
        Phone::from_international(digits).unwrap()
    }

    fn found(gone: &[Gone], key: &str, to: &str, at: Option<i64>) -> Option<i64> {
        Earlier::of(gone.to_vec()).run_of(key, &phone(to), at.map(UnixMs)).map(|run| run.0)
    }

    #[test]
    fn without_ids_a_row_is_its_person_and_its_time() {
        let sent = [gone("p:541155550101", ANA, Some(7), 1), gone("p:541155550101", ANA, Some(8), 2)];
        let of = |to, at| found(&sent, "p:x", to, at);
        assert_eq!((of(ANA, Some(7)), of(ANA, Some(8)), of(ANA, Some(9))), (Some(1), Some(2), None));
        assert_eq!(of("541155550101", Some(7)), Some(1), "the same person, written otherwise");
        assert_eq!(of("5491155550102", Some(7)), None);
        assert_eq!(of(ANA, None), Some(2), "a file that lost its times writes to nobody again");
        assert_eq!(found(&[gone("p:x", ANA, None, 1)], "p:x", ANA, Some(7)), Some(1));
    }

    #[test]
    fn with_ids_a_row_is_its_id_and_where_one_file_had_none_its_person() {
        let sent = [gone("i:A|7", ANA, Some(7), 1)];
        assert_eq!(found(&sent, "i:A|7", "5491155550199", Some(7)), Some(1), "the person's number was corrected");
        assert_eq!(found(&sent, "i:B|7", ANA, Some(7)), None, "another appointment of the same person");
        assert_eq!(found(&sent, "p:x", ANA, Some(7)), Some(1), "the column of ids was removed");
        assert_eq!(found(&[gone("p:x", ANA, Some(7), 3)], "i:B|7", ANA, Some(7)), Some(3), "it was added");
    }
}
