//! Searching conversations by name, number and text. SQLite: FTS5; PostgreSQL: `tsvector`, which needs no extension. Triggers
//! of the schema keep the words.

use std::collections::BTreeSet;

use super::lines::{self, ConversationLine};
use super::list::{ConversationFilter, Show};
use crate::domain::id::ConversationId;
use crate::store::{Dialects, Result, Store, json, on};

/// By who the person is, newest conversation first.
const PEOPLE: Dialects = Dialects {
    sqlite: "SELECT h.rowid, h.rowid FROM conversation_words AS h WHERE h.words MATCH $1 AND h.rowid < $2
        ORDER BY h.rowid DESC LIMIT $3",
    postgres: "SELECT h.rowid, h.rowid FROM conversation_words AS h
        WHERE h.words @@ to_tsquery('simple', $1) AND h.rowid < $2 ORDER BY h.rowid DESC LIMIT $3",
};

/// By a number's digits: `$1` finds those with the same end or beginning, `$4` says which of them have the digits.
const NUMBERS: Dialects = Dialects {
    sqlite: "SELECT h.rowid, h.rowid FROM conversation_words AS h WHERE h.words MATCH $1 AND h.rowid < $2
            AND EXISTS (SELECT 1 FROM conversation AS c JOIN person AS p ON p.id = c.person_id OR p.linked_to = c.person_id
                LEFT JOIN message AS m ON m.id = c.origin_message_id JOIN json_each($4) AS d
                WHERE c.id = h.rowid AND (p.phone LIKE d.value OR p.wa_id LIKE d.value OR m.recipient LIKE d.value))
        ORDER BY h.rowid DESC LIMIT $3",
    postgres: "SELECT h.rowid, h.rowid FROM conversation_words AS h
        WHERE h.words @@ to_tsquery('simple', $1) AND h.rowid < $2
            AND EXISTS (SELECT 1 FROM conversation AS c JOIN person AS p ON p.id = c.person_id OR p.linked_to = c.person_id
                LEFT JOIN message AS m ON m.id = c.origin_message_id JOIN json_array_elements_text($4::json) AS d (value) ON TRUE
                WHERE c.id = h.rowid AND (p.phone LIKE d.value OR p.wa_id LIKE d.value OR m.recipient LIKE d.value))
        ORDER BY h.rowid DESC LIMIT $3",
};

/// By what was written, newest line first.
const TEXTS: Dialects = Dialects {
    sqlite: "SELECT e.id, e.conversation_id FROM entry_words AS w CROSS JOIN entry AS e ON e.id = w.rowid
        WHERE w.words MATCH $1 AND w.rowid < $2 ORDER BY w.rowid DESC LIMIT $3",
    postgres: "SELECT e.id, e.conversation_id FROM entry_words AS w JOIN entry AS e ON e.id = w.rowid
        WHERE w.words @@ to_tsquery('simple', $1) AND w.rowid < $2 ORDER BY w.rowid DESC LIMIT $3",
};

/// The same for later pages: of each conversation its newest line, and none that its person's name finds.
const TEXTS_ON: Dialects = Dialects {
    sqlite: "SELECT e.id, e.conversation_id FROM entry_words AS w CROSS JOIN entry AS e ON e.id = w.rowid
        WHERE w.words MATCH $1 AND w.rowid < $2
            AND NOT EXISTS (SELECT 1 FROM entry AS n CROSS JOIN entry_words AS x ON x.rowid = n.id
                WHERE n.conversation_id = e.conversation_id AND n.id > e.id AND x.words MATCH $1)
            AND NOT EXISTS (SELECT 1 FROM conversation_words AS h WHERE h.rowid = e.conversation_id AND h.words MATCH $1)
        ORDER BY w.rowid DESC LIMIT $3",
    postgres: "SELECT e.id, e.conversation_id FROM entry_words AS w JOIN entry AS e ON e.id = w.rowid
        WHERE w.words @@ to_tsquery('simple', $1) AND w.rowid < $2
            AND NOT EXISTS (SELECT 1 FROM entry AS n JOIN entry_words AS x ON x.rowid = n.id
                WHERE n.conversation_id = e.conversation_id AND n.id > e.id AND x.words @@ to_tsquery('simple', $1))
            AND NOT EXISTS (SELECT 1 FROM conversation_words AS h
                WHERE h.rowid = e.conversation_id AND h.words @@ to_tsquery('simple', $1))
        ORDER BY w.rowid DESC LIMIT $3",
};

/// By signs that are no words (emoji), which no index has: among the newest [`LINES`] lines, newest first.
const SIGNS: &str = "SELECT e.id, e.conversation_id FROM entry AS e
        LEFT JOIN message AS m ON m.id = e.message_id AND e.direction = 'out'
    WHERE e.id < $2 AND e.id > (SELECT COALESCE(MAX(l.id), 0) - $4 FROM entry AS l)
        AND (e.content LIKE $1 OR m.content LIKE $1) ORDER BY e.id DESC LIMIT $3";

/// The same for later pages: of each conversation its newest line.
const SIGNS_ON: &str = "SELECT e.id, e.conversation_id FROM entry AS e
        LEFT JOIN message AS m ON m.id = e.message_id AND e.direction = 'out'
    WHERE e.id < $2 AND e.id > (SELECT COALESCE(MAX(l.id), 0) - $4 FROM entry AS l)
        AND (e.content LIKE $1 OR m.content LIKE $1)
        AND NOT EXISTS (SELECT 1 FROM entry AS n LEFT JOIN message AS x ON x.id = n.message_id AND n.direction = 'out'
            WHERE n.conversation_id = e.conversation_id AND n.id > e.id AND (n.content LIKE $1 OR x.content LIKE $1))
    ORDER BY e.id DESC LIMIT $3";

/// The same folding as of the words kept.
const POSTGRES_FOLD: &str = "SELECT fold_words($1)";

/// Candidates read at once, and how often: a search that other filters empty ends, and goes on from there when asked.
const AT_ONCE: i64 = 100;
const ROUNDS: usize = 8;
/// Beginnings of words longer than this are in no index of SQLite's (see the schema).
const LONGEST_BEGINNING: usize = 7;
/// Digits of a number by whose end it is found.
const END: usize = 4;
/// From so many digits on a number is found by its beginning too.
const BEGINNING: usize = 7;
/// Lines in which signs are looked for: all of them are read.
const LINES: i64 = 100_000;
/// Longest row of signs, in characters.
const LONGEST_SIGN: usize = 24;
/// Words of a search; more narrow nothing.
const MOST_WORDS: usize = 8;

/// What is looked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sought {
    /// As typed.
    pub text: String,
    /// The digits of each way of writing it, where it can be a number.
    pub numbers: Vec<String>,
}

impl Sought {
    /// What can be looked for; `None`: no letter, no digit and no emoji.
    pub fn of(typed: &str, numbers: Vec<String>) -> Option<Self> {
        let found = Self { text: typed.trim().to_owned(), numbers };
        (!found.words().is_empty() || found.sign().is_some()).then_some(found)
    }

    /// The first emoji, with what belongs to it, where there is no word.
    fn sign(&self) -> Option<String> {
        let is_sign = |c: char| c >= '\u{2190}' && !c.is_alphanumeric() && !c.is_whitespace();
        let is_joiner = |c: char| matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
        let rest = &self.text[self.text.find(|c: char| is_sign(c) && !is_joiner(c))?..];
        let sign: String = rest.chars().take_while(|c| is_sign(*c) || is_joiner(*c)).take(LONGEST_SIGN).collect();
        // Some keyboards add how it is to be shown, others do not.
        let sign = sign.trim_end_matches(is_joiner).to_owned();
        self.words().is_empty().then_some(sign)
    }

    /// Its words: letters and digits of the alphabets that both databases know.
    fn words(&self) -> Vec<String> {
        let is_of_word =
            |c: char| c.is_ascii_alphanumeric() || (('\u{c0}'..='\u{ffff}').contains(&c) && c.is_alphanumeric());
        let words = self.text.split(|c| !is_of_word(c)).filter(|word| !word.is_empty());
        words.take(MOST_WORDS).map(str::to_owned).collect()
    }
}

/// Where a page of a search ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// Among those whom the person's name or number finds.
    People(i64),
    /// Among those whom what was written finds.
    Texts(i64),
}

impl Place {
    /// As in addresses.
    pub fn word(self) -> String {
        match self {
            Self::People(row) => format!("p{row}"),
            Self::Texts(row) => format!("t{row}"),
        }
    }

    /// The place of that word.
    pub fn parse(word: &str) -> Option<Self> {
        let (kind, row) = word.split_at_checked(1)?;
        let row = row.parse().ok()?;
        match kind {
            "p" => Some(Self::People(row)),
            "t" => Some(Self::Texts(row)),
            _ => None,
        }
    }
}

/// A page of what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The conversations: first those whose person is meant, then those where it was written.
    pub lines: Vec<ConversationLine>,
    /// Where the next page begins; `None`: that was all.
    pub next: Option<Place>,
}

/// The statements of one search on one database.
struct Search<'a> {
    store: &'a Store,
    query: String,
    numbers: Option<(String, String)>,
    /// The pattern of what is no word.
    sign: Option<String>,
}

/// Conversations in which `sought` is found, from `from` on, that fit `filter`. `show` of `None`: open and closed ones.
pub async fn search(
    store: &Store,
    sought: &Sought,
    (filter, show): (&ConversationFilter, Option<Show>),
    from: Option<Place>,
) -> Result<Found> {
    let search = Search::new(store, sought).await?;
    let limit = usize::try_from(filter.limit).unwrap_or(0);
    let (mut lines, mut known) = (Vec::new(), BTreeSet::new());
    let mut place = from.unwrap_or(Place::People(i64::MAX));
    for _ in 0..ROUNDS {
        let rows = search.rows(place, from.is_some()).await?;
        let ids: Vec<ConversationId> = rows.iter().map(|(_, id)| *id).filter(|id| known.insert(*id)).collect();
        let candidates = lines::of(store, &ids, filter.reader).await?;
        for line in candidates.into_iter().filter(|line| line.fits(filter, show)) {
            if lines.len() == limit {
                return Ok(Found { lines, next: Some(place) });
            }
            let row = rows.iter().find(|(_, id)| *id == line.id).map_or(0, |(row, _)| *row);
            place = place.at(row);
            lines.push(line);
        }
        match (rows.len() < AT_ONCE as usize, place) {
            (false, _) => place = place.at(rows.last().map_or(0, |(row, _)| *row)),
            (true, Place::People(_)) => place = Place::Texts(i64::MAX),
            (true, Place::Texts(_)) => return Ok(Found { lines, next: None }),
        }
    }
    Ok(Found { lines, next: Some(place) })
}

impl Place {
    const fn at(self, row: i64) -> Self {
        match self {
            Self::People(_) => Self::People(row),
            Self::Texts(_) => Self::Texts(row),
        }
    }
}

impl<'a> Search<'a> {
    async fn new(store: &'a Store, sought: &Sought) -> Result<Self> {
        let words = sought.words();
        if let Some(sign) = sought.sign() {
            return Ok(Self { store, query: String::new(), numbers: None, sign: Some(format!("%{sign}%")) });
        }
        let (mut query, mut number) = (sqlite_query(&words), Vec::new());
        for digits in sought.numbers.iter().filter(|digits| digits.len() >= END) {
            number.push(format!("\"{}\"", &digits[digits.len() - END..]));
            if digits.len() >= BEGINNING {
                number.push(format!("\"{digits}\"*"));
            }
        }
        let mut numbers = number.join(" OR ");
        if !store.is_of_one_node() {
            let folded: String = match &store.read {
                crate::store::Db::Postgres(pool) => {
                    sqlx::query_scalar(POSTGRES_FOLD).bind(sought.words().join(" ")).fetch_one(pool).await?
                }
                crate::store::Db::Sqlite(_) => String::new(),
            };
            query = folded.split(' ').map(str::to_owned).collect::<Vec<_>>().join(" & ") + ":*";
            numbers = numbers.replace('"', "").replace('*', ":*").replace(" OR ", " | ");
        }
        let patterns: Vec<String> = sought.numbers.iter().map(|digits| format!("%{digits}%")).collect();
        let numbers = (!numbers.is_empty()).then(|| (numbers, json(&patterns)));
        let mut search = Self { store, query, numbers, sign: None };
        if store.is_of_one_node() && words.last().is_some_and(|word| word.chars().count() > LONGEST_BEGINNING) {
            search.finish().await?;
        }
        Ok(search)
    }

    /// A long last word that somebody wrote just so is whole.
    async fn finish(&mut self) -> Result<()> {
        let beginning = self.query.clone();
        self.query.pop();
        if self.rows(Place::Texts(i64::MAX), false).await?.is_empty() {
            self.query = beginning;
        }
        Ok(())
    }

    /// Row and conversation of the next candidates. `on`: what pages before had is not known any more.
    async fn rows(&self, place: Place, on: bool) -> Result<Vec<(i64, ConversationId)>> {
        let db = &self.store.read;
        if let Some(sign) = &self.sign {
            let Place::Texts(before) = place else { return Ok(Vec::new()) };
            let sql = if on { SIGNS_ON } else { SIGNS };
            return Ok(on!(db, |pool| sqlx::query_as(sql)
                .bind(sign)
                .bind(before)
                .bind(AT_ONCE)
                .bind(LINES)
                .fetch_all(pool)
                .await?));
        }
        let (sql, query, before) = match (place, &self.numbers) {
            (Place::People(before), Some((query, digits))) => {
                let sql = NUMBERS.of(db);
                return Ok(on!(db, |pool| sqlx::query_as(sql)
                    .bind(query)
                    .bind(before)
                    .bind(AT_ONCE)
                    .bind(digits)
                    .fetch_all(pool)
                    .await?));
            }
            (Place::People(before), None) => (PEOPLE.of(db), &self.query, before),
            (Place::Texts(before), _) if on => (TEXTS_ON.of(db), &self.query, before),
            (Place::Texts(before), _) => (TEXTS.of(db), &self.query, before),
        };
        Ok(on!(db, |pool| sqlx::query_as(sql).bind(query).bind(before).bind(AT_ONCE).fetch_all(pool).await?))
    }
}

/// Every word must be there, the last one perhaps unfinished.
fn sqlite_query(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(" ") + "*"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_a_command_of_the_index() {
        let sought = Sought::of("\"AND* NEAR(maría:x) - O'Brien -- %", Vec::new()).unwrap();
        assert_eq!(sqlite_query(&sought.words()), "\"AND\" \"NEAR\" \"maría\" \"x\" \"O\" \"Brien\"*");
        assert_eq!(Sought::of(" - ? %", Vec::new()), None);
    }

    #[test]
    fn an_emoji_is_looked_for_as_it_is_and_without_how_it_is_shown() {
        let sign = |typed| Sought::of(typed, Vec::new()).and_then(|sought| sought.sign());
        assert_eq!(sign(" \u{1f600} - ?"), Some("\u{1f600}".to_owned()));
        assert_eq!(sign("\u{2764}\u{fe0f}"), Some("\u{2764}".to_owned()));
        assert_eq!(sign("\u{1f469}\u{200d}\u{2695}\u{fe0f}"), Some("\u{1f469}\u{200d}\u{2695}".to_owned()));
        assert_eq!(sign("hola \u{1f600}"), None, "there is a word");
        assert_eq!(sign("\u{200d}\u{fe0f}"), None);
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for place in [Place::People(7), Place::Texts(i64::MAX)] {
            assert_eq!(Place::parse(&place.word()), Some(place));
        }
        for word in ["", "p", "x7", "é1"] {
            assert_eq!(Place::parse(word), None, "{word}");
        }
    }
}
