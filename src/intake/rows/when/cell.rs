//! A cell taken apart into a date and a time of day.

use jiff::civil::{Date, Time};

use super::super::super::audience::DateOrder;
use super::super::super::columns::fold;
use super::NoMoment;

/// A cell taken apart: its time of day, and what is left for the date.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) time: Option<Time>,
    /// Value and number of digits.
    pub(super) numbers: Vec<(i64, usize)>,
    pub(super) month: Option<i8>,
    /// From Monday, which is 0.
    pub(super) weekday: Option<i8>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    Number(i64, usize),
    Word(String),
    Mark(char),
}

impl Parts {
    /// `None` when something in the cell is neither date nor time.
    pub(super) fn of(cell: &str) -> Option<Self> {
        let tokens = tokens(cell)?;
        let mut parts = Self::default();
        let mut at = 0;
        while at < tokens.len() {
            if parts.time.is_none()
                && let Some((time, length)) = clock(&tokens[at..])
            {
                parts.time = Some(time?);
                at += length;
                continue;
            }
            match &tokens[at] {
                Token::Number(value, digits) => parts.numbers.push((*value, *digits)),
                Token::Word(word) => parts.word(word)?,
                Token::Mark(mark) => matches!(mark, '/' | '-' | '.' | ',').then_some(())?,
            }
            at += 1;
        }
        parts.dotted_time(&tokens);
        Some(parts)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        if let Some(month) = month(word) {
            return self.month.replace(month).is_none().then_some(());
        }
        if FILLERS.contains(&word) {
            return Some(());
        }
        self.weekday = Some(weekday(word)?);
        Some(())
    }

    /// `8.30`, alone in a cell or behind a whole date that ends with a number: `25.11.2026 8.30`.
    fn dotted_time(&mut self, tokens: &[Token]) {
        let [before @ .., Token::Number(hour, 1 | 2), Token::Mark('.'), Token::Number(minute, 2)] = tokens else {
            return;
        };
        let of_date = if self.month.is_some() { 2 } else { 3 };
        let stands_apart = match before.last() {
            None => true,
            Some(last) => matches!(last, Token::Number(..)) && self.numbers.len() == of_date + 2,
        };
        if let Some(time) = time_of(*hour, *minute, 0).filter(|_| stands_apart && self.time.is_none()) {
            self.time = Some(time);
            self.numbers.truncate(self.numbers.len() - 2);
        }
    }

    pub(super) fn date(&self, order: DateOrder) -> Result<Option<Date>, NoMoment> {
        let (year, month, day) = match (self.numbers.as_slice(), self.month) {
            ([], None) => return Ok(None),
            ([(ymd, 8)], None) => (*ymd / 10_000, *ymd / 100 % 100, *ymd % 100),
            ([(year, 4), (month, _), (day, _)], None) => (*year, *month, *day),
            ([(year, 2), (month, 1 | 2), (day, 1 | 2)], None) if order == DateOrder::YearFirst => {
                (full(*year, 2), *month, *day)
            }
            ([(first, 1 | 2), (second, 1 | 2), (year, digits @ (2 | 4))], None) => match order {
                DateOrder::DayFirst | DateOrder::YearFirst => (full(*year, *digits), *second, *first),
                DateOrder::MonthFirst => (full(*year, *digits), *first, *second),
            },
            ([(year, digits @ 4), (day, 1 | 2)] | [(day, 1 | 2), (year, digits @ (2 | 4))], Some(month)) => {
                (full(*year, *digits), i64::from(month), *day)
            }
            _ => return Err(NoMoment::Unreadable),
        };
        // A time alone comes out of spreadsheets as a time of their first day.
        if year == 1899 || year == 1900 {
            return Ok(None);
        }
        let date = Date::new(narrow(year)?, narrow(month)?, narrow(day)?).map_err(|_| NoMoment::Unreadable)?;
        if (1901..=2200).contains(&date.year()) { Ok(Some(date)) } else { Err(NoMoment::Unreadable) }
    }
}

/// The time of day in a column of times: `1430`, or the part of a day as spreadsheets keep it, `0.604166`. With fewer
/// decimals it could be hours and minutes.
pub(super) fn bare_time(cell: &str) -> Option<Time> {
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if cell.len() == 4 && are_digits(cell) {
        return time_of(cell[..2].parse().ok()?, cell[2..].parse().ok()?, 0);
    }
    let part = cell.strip_prefix("0.").or_else(|| cell.strip_prefix("0,"))?;
    if !are_digits(part) || !(3..=17).contains(&part.len()) {
        return None;
    }
    let day = to_the_minute(format!("0.{part}").parse().ok()?, part.len());
    // What is kept of a second is rounding, and so is the last second of a minute.
    let seconds = (day * 86_400.0).round() as i64;
    let seconds = seconds + i64::from(seconds % 60 == 59);
    time_of(seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// A number of days of which so few decimals were kept that a minute is no longer told by them: the minute that was meant,
/// of three decimals (a minute and a half) one in five, as appointments are.
pub(in super::super) fn to_the_minute(days: f64, decimals: usize) -> f64 {
    const MINUTES: f64 = 24.0 * 60.0;
    let minutes = days * MINUTES;
    let fifth = (minutes / 5.0).round() * 5.0;
    match decimals {
        3 if (fifth - minutes).abs() <= MINUTES / 1_000.0 => fifth / MINUTES,
        3..=5 => minutes.round() / MINUTES,
        _ => days,
    }
}

fn narrow<T: TryFrom<i64>>(value: i64) -> Result<T, NoMoment> {
    T::try_from(value).map_err(|_| NoMoment::Unreadable)
}

fn full(year: i64, digits: usize) -> i64 {
    if digits == 2 { 2000 + year } else { year }
}

fn tokens(cell: &str) -> Option<Vec<Token>> {
    let text = cell.to_lowercase().replace(['\u{a0}', '\u{202f}'], " ");
    let text = ["a", "p"].iter().fold(text, |text, half| {
        [". m.", ".m.", ". m", ".m"]
            .iter()
            .fold(text, |t, tail| t.replace(&format!("{half}{tail}"), &format!("{half}m")))
    });
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(first) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        let same = |c: &char| {
            if first.is_ascii_digit() { c.is_ascii_digit() } else { first.is_alphabetic() && c.is_alphabetic() }
        };
        let mut run = String::from(first);
        while let Some(c) = chars.next_if(same) {
            run.push(c);
        }
        tokens.push(match first {
            '0'..='9' => Token::Number(run.parse().ok()?, run.len()),
            c if c.is_alphabetic() => Token::Word(fold(&run)),
            c => Token::Mark(c),
        });
    }
    Some(tokens)
}

/// A time of day at the start of `tokens` and how many of them it takes; inside, `None` for one that does not exist.
fn clock(tokens: &[Token]) -> Option<(Option<Time>, usize)> {
    let Some(Token::Number(hour, 1 | 2)) = tokens.first() else { return None };
    let number = |at: usize| match tokens.get(at) {
        Some(Token::Number(value, 1 | 2)) => Some(*value),
        _ => None,
    };
    let is = |at: usize, mark: char| tokens.get(at) == Some(&Token::Mark(mark));
    let word = |at: usize| match tokens.get(at) {
        Some(Token::Word(word)) => word.as_str(),
        _ => "",
    };
    let (minute, second, mut length) = if is(1, ':') {
        let minute = number(2)?;
        match number(4).filter(|_| is(3, ':')) {
            // Fractions of a second are left out.
            Some(second) if is(5, '.') && matches!(tokens.get(6), Some(Token::Number(..))) => (minute, second, 7),
            Some(second) => (minute, second, 5),
            None => (minute, 0, 3),
        }
    } else if HOUR_WORDS.contains(&word(1)) {
        // "8 h 30", but not the day after in "14 hs 25/11/2026".
        match number(2).filter(|_| !is(3, '/') && !is(3, '-')) {
            Some(minute) => (minute, 0, 3),
            None => (0, 0, 2),
        }
    } else if matches!(word(1), "am" | "pm") {
        (0, 0, 1)
    } else {
        return None;
    };
    let mut hour = *hour;
    match word(length) {
        "am" if hour == 12 => hour = 0,
        "pm" if hour < 12 => hour += 12,
        _ => {}
    }
    length += usize::from(matches!(word(length), "am" | "pm"));
    Some((time_of(hour, minute, second), length))
}

fn time_of(hour: i64, minute: i64, second: i64) -> Option<Time> {
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, 0).ok()
}

fn month(word: &str) -> Option<i8> {
    let is_it = |name: &&str| word.len() >= 3 && name.starts_with(word);
    let place = MONTHS.iter().position(|names| names.iter().any(is_it))?;
    i8::try_from(place + 1).ok()
}

/// From Monday, which is 0.
fn weekday(word: &str) -> Option<i8> {
    let place = WEEKDAYS.iter().position(|day| word.len() >= 3 && day.starts_with(word))?;
    // Saturday and Sunday are called the same in Spanish and Portuguese.
    let day = match place {
        0..7 => place,
        7..12 => place - 7,
        _ => place - 12,
    };
    i8::try_from(day).ok()
}

const HOUR_WORDS: [&str; 5] = ["h", "hs", "hrs", "horas", "hora"];

const FILLERS: [&str; 17] =
    ["de", "del", "do", "of", "the", "a", "as", "at", "las", "la", "t", "h", "hs", "hrs", "horas", "hora", "feira"];

/// By their whole names, in three languages.
pub(in super::super) const WEEKDAYS: [&str; 19] = [
    "lunes",
    "martes",
    "miercoles",
    "jueves",
    "viernes",
    "sabado",
    "domingo",
    "segunda",
    "terca",
    "quarta",
    "quinta",
    "sexta",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// By their whole names, in three languages.
pub(in super::super) const MONTHS: [[&str; 3]; 12] = [
    ["enero", "janeiro", "january"],
    ["febrero", "fevereiro", "february"],
    ["marzo", "marco", "march"],
    ["abril", "abril", "april"],
    ["mayo", "maio", "may"],
    ["junio", "junho", "june"],
    ["julio", "julho", "july"],
    ["agosto", "agosto", "august"],
    ["septiembre", "setembro", "september"],
    ["octubre", "outubro", "october"],
    ["noviembre", "novembro", "november"],
    ["diciembre", "dezembro", "december"],
];
