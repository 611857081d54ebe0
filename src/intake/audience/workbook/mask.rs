//! Formats that put the digits of a whole number into places: `00000`, `(00) 00000-0000`, `000\.000\.000\-00`.

use std::sync::Arc;

/// Parts of a format; spreadsheets have four.
const MOST_SECTIONS: usize = 4;

/// Characters of a format; spreadsheets have some 250.
const LONGEST: usize = 500;

/// Whole numbers beyond this are not told apart any more.
const MOST: f64 = 1e15;

/// A format of places for digits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mask(Arc<[Section]>);

/// What counts for numbers of a size.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Section {
    /// `[<=9999999]`: up to which number it counts, in whole numbers; `None`: for all that are left.
    up_to: Option<u64>,
    places: Vec<Place>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// A digit, or 0 where the number has none.
    Zero,
    /// A digit, where the number has one.
    Digit,
    /// Printed as it stands.
    Printed(char),
}

impl Mask {
    /// The mask of a format's code; `None`: it is none, but a number, a date, or whatever else.
    pub(super) fn of(code: &str) -> Option<Self> {
        if code.chars().count() > LONGEST {
            return None;
        }
        let all: Vec<Section> = sections(code).iter().map(|part| Section::of(part)).collect::<Option<_>>()?;
        // Of parts without conditions the first is for what is not negative.
        let conditional = all.iter().any(|section| section.up_to.is_some());
        let kept: Vec<Section> = all.into_iter().take(if conditional { MOST_SECTIONS } else { 1 }).collect();
        kept.iter().all(Section::is_mask).then(|| Self(kept.into()))
    }

    /// What a person sees of a number; `None`: it is no whole number that the format is for.
    pub(super) fn show(&self, value: f64) -> Option<String> {
        if !(0.0..MOST).contains(&value) || value.fract() != 0.0 {
            return None;
        }
        let digits = format!("{value:.0}");
        let fits = |section: &&Section| section.up_to.is_none_or(|most| value <= most as f64);
        Some(self.0.iter().find(fits)?.fill(&digits))
    }
}

/// The parts of a code between semicolons that are not printed.
fn sections(code: &str) -> Vec<String> {
    let (mut all, mut chars) = (vec![String::new()], code.chars());
    while let Some(c) = chars.next() {
        let part = all.last_mut().expect("there is always a part");
        match c {
            ';' => all.push(String::new()),
            '"' => {
                part.push('"');
                part.extend(chars.by_ref().take_while(|c| *c != '"'));
                part.push('"');
            }
            '\\' => part.extend([c].into_iter().chain(chars.next())),
            c => part.push(c),
        }
    }
    all
}

impl Section {
    /// `None`: it has something that no mask has.
    fn of(part: &str) -> Option<Self> {
        let mut section = Self { up_to: None, places: Vec::new() };
        let mut chars = part.chars();
        while let Some(c) = chars.next() {
            let printed = |c: char| Place::Printed(c);
            match c {
                '0' => section.places.push(Place::Zero),
                '#' => section.places.push(Place::Digit),
                '"' => section.places.extend(chars.by_ref().take_while(|c| *c != '"').map(printed)),
                '\\' => section.places.extend(chars.next().map(printed)),
                // As wide as the next character, or as the column: nothing that is read.
                '_' | '*' => drop(chars.next()),
                '[' => section.bracket(&chars.by_ref().take_while(|c| *c != ']').collect::<String>())?,
                ' ' | '-' | '(' | ')' | '+' | ':' | '!' | '&' | '\'' => section.places.push(printed(c)),
                _ => return None,
            }
        }
        Some(section)
    }

    /// A condition, a colour or a language; `None`: something else.
    fn bracket(&mut self, inner: &str) -> Option<()> {
        let whole = |text: &str| text.trim().parse::<u64>().ok();
        if let Some(most) = inner.strip_prefix("<=") {
            self.up_to = Some(whole(most)?);
        } else if let Some(most) = inner.strip_prefix('<') {
            self.up_to = Some(whole(most)?.checked_sub(1)?);
        } else if inner.starts_with(['>', '=']) || inner.starts_with(['h', 'm', 's', 'H', 'M', 'S']) {
            return None;
        } else if let Some(currency) = inner.strip_prefix('$') {
            // `[$-C0A]` is a language, `[$R$-416]` money.
            return currency.starts_with('-').then_some(());
        }
        Some(())
    }

    /// Whether it puts digits into places: it completes them with zeros, or writes something between them.
    fn is_mask(&self) -> bool {
        let is_digit = |place: &Place| !matches!(place, Place::Printed(_));
        let (first, last) = (self.places.iter().position(is_digit), self.places.iter().rposition(is_digit));
        let Some(between) = first.zip(last).map(|(first, last)| &self.places[first..=last]) else { return false };
        let zeros = between.iter().filter(|place| **place == Place::Zero).count();
        zeros > 1 || between.iter().any(|place| !is_digit(place))
    }

    /// The digits in their places, from the last on; the first place takes all that are left.
    fn fill(&self, digits: &str) -> String {
        let first = self.places.iter().position(|place| !matches!(place, Place::Printed(_)));
        let mut left: Vec<char> = digits.chars().collect();
        let mut out: Vec<char> = Vec::with_capacity(self.places.len());
        for (at, place) in self.places.iter().enumerate().rev() {
            match place {
                Place::Printed(c) => out.push(*c),
                Place::Zero => out.push(left.pop().unwrap_or('0')),
                Place::Digit => out.extend(left.pop()),
            }
            if Some(at) == first {
                out.extend(left.drain(..).rev());
            }
        }
        out.into_iter().rev().collect::<String>().trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;

    #[test]
    fn digits_stand_in_their_places_as_a_person_sees_them() {
        for (code, value, seen) in [
            ("00000", 42.0, "00042"),
            ("00000", 1_234_567.0, "1234567"),
            ("00000-000", 1_310_100.0, "01310-100"),
            (r"000\.000\.000\-00", 1_234_567_890.0, "012.345.678-90"),
            (r#"000"."000"."000"-"00"#, 1_234_567_890.0, "012.345.678-90"),
            ("(00) 00000-0000", 11_987_654_321.0, "(11) 98765-4321"),
            (r"\(##\)\ #####\-####", 11_987_654_321.0, "(11) 98765-4321"),
            (r"[<=9999999]###\-####;\(##\)\ ###\-####", 5_550_101.0, "555-0101"),
            (r"[<=9999999]###\-####;\(##\)\ ###\-####", 1_155_550_101.0, "(115) 555-0101"),
            ("[<=9999999999](00) 0000-0000;(00) 00000-0000", 1_134_567_890.0, "(11) 3456-7890"),
            ("[<=9999999999](00) 0000-0000;(00) 00000-0000", 11_987_654_321.0, "(11) 98765-4321"),
            (r#""+54 9 "00 0000-0000"#, 1_155_550_101.0, "+54 9 11 5555-0101"),
            (r#""A-"0000"#, 42.0, "A-0042"),
            ("[$-416]00\\:00", 830.0, "08:30"),
        ] {
            assert_eq!(Mask::of(code).and_then(|mask| mask.show(value)).as_deref(), Some(seen), "{code}");
        }
    }

    #[test]
    fn what_is_a_number_a_date_or_money_is_no_mask() {
        for code in [
            "General",
            "0",
            "#",
            "0.00",
            "#,##0",
            "#,##0.00",
            "0%",
            "0.00E+00",
            "@",
            "# ?/?",
            "dd/mm/yyyy",
            "hh:mm",
            "[h]:mm",
            "[$R$-416] #,##0.00",
            "[$R$-416] # ##0",
            "\"$\" 0",
            "0\" años\"",
            "",
        ] {
            assert_eq!(Mask::of(code), None, "{code}");
        }
        let mask = Mask::of("00000").unwrap();
        assert_eq!([1.5, -3.0, 1e15, f64::NAN].map(|value| mask.show(value)), [const { None }; 4]);
    }
}
