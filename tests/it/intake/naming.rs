//! What people are called is asked for the rows of a piece at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use recado::domain::phone::Phone;
use recado::domain::problem::Problem;
use recado::intake::rows::{Names, RowFate, open_rows};

use super::given::Given;

/// Everybody whose number ends in 1, until it is asked too often.
#[derive(Debug)]
struct Ones {
    asked: AtomicUsize,
    most: AtomicUsize,
    answers: usize,
}

impl Names for Ones {
    fn nobody(&self) -> Option<&'static str> {
        None
    }

    fn of(&self, phones: &[Phone]) -> Result<BTreeMap<String, String>, Problem> {
        self.most.fetch_max(phones.len(), Ordering::Relaxed);
        if self.asked.fetch_add(1, Ordering::Relaxed) >= self.answers {
            return Err(Problem::new("names_unread", &[]));
        }
        let known = |phone: &&Phone| phone.digits().starts_with("549") && phone.digits().ends_with('1');
        Ok(phones.iter().filter(known).map(|phone| (phone.digits().to_owned(), "Ana Paz".to_owned())).collect())
    }
}

const CAMPAIGN: &str = "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{ client_name | first_name }}\"\n";

/// Rows that become messages, those that lack a name, and whether there was a failure.
fn read(names: &Ones, rows: usize) -> (usize, usize, bool) {
    let given = Given::promotion(CAMPAIGN);
    // Without the 9 of mobiles: the same people.
    let row = |no: usize| format!("+54 11 5{no:07}\n");
    let audience = given.file(format!("Celular\n{}", (0..rows).map(row).collect::<String>()));
    let request = recado::intake::rows::RowsRequest { names, ..given.request(&audience) };
    let mut all = open_rows(&request).unwrap_or_else(|problems| panic!("{problems:?}"));
    let (mut messages, mut left) = (0, 0);
    for row in &mut all {
        match row.fate {
            RowFate::Message(draft) => {
                assert_eq!((draft.fill.body[0].text.as_str(), row.no % 10), ("Ana", 2));
                messages += 1;
            }
            RowFate::Excluded(_) => left += 1,
        }
    }
    (messages, left, all.failure().is_some())
}

#[test]
fn names_are_asked_for_a_piece_of_rows_whichever_way_their_numbers_are_written() {
    let names = Ones { asked: AtomicUsize::new(0), most: AtomicUsize::new(0), answers: usize::MAX };
    assert_eq!(read(&names, 6_000), (600, 5_400, false));
    let most = names.most.load(Ordering::Relaxed);
    assert!((1..=5_000).contains(&most), "{most} numbers at once");
}

#[test]
fn where_names_cannot_be_asked_for_no_row_follows_and_the_reason_is_kept() {
    let names = Ones { asked: AtomicUsize::new(0), most: AtomicUsize::new(0), answers: 1 };
    let (messages, left, failed) = read(&names, 6_000);
    assert!(failed && messages > 0 && messages + left < 6_000, "{messages} {left}");
}
