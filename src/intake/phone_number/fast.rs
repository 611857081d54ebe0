//! The fast way through the numbers that most files are full of: mobiles of the Americas and Iberia, written with digits
//! and the usual marks. It knows fewer numbers than the numbering plans do, and says what they say of those it knows; all
//! others take the long way. A property test compares the two.

use super::Home;
use crate::domain::phone::Phone;

/// Numbers of one country.
struct Plan {
    /// Calling code.
    code: &'static str,
    /// Digits after it.
    length: usize,
    /// What they may begin with.
    lead: &'static [u8],
}

const fn plan(code: &'static str, length: usize, lead: &'static [u8]) -> Plan {
    Plan { code, length, lead }
}

/// Mobiles, and where these cannot be told from fixed lines both.
const PLANS: [Plan; 23] = [
    plan("54", 11, b"9"),
    plan("54", 10, b"123"),
    plan("55", 11, b"123456789"),
    plan("55", 10, b"123456789"),
    plan("52", 10, b"23456789"),
    plan("57", 10, b"3"),
    plan("51", 9, b"9"),
    plan("56", 9, b"9"),
    plan("598", 8, b"9"),
    plan("595", 9, b"9"),
    plan("591", 8, b"67"),
    plan("593", 9, b"9"),
    plan("58", 10, b"4"),
    plan("506", 8, b"678"),
    plan("502", 8, b"345"),
    plan("503", 8, b"67"),
    plan("504", 8, b"389"),
    plan("505", 8, b"578"),
    plan("507", 8, b"6"),
    plan("34", 9, b"67"),
    plan("351", 9, b"9"),
    plan("1", 10, b"23456789"),
    plan("39", 10, b"3"),
];

/// The longest number there is.
const LONGEST: usize = 15;

/// The number that `typed` is, where that is certain; `None`: take the long way.
pub(super) fn read(typed: &str, home: Option<&Home>) -> Option<Phone> {
    let mut buffer = [0_u8; LONGEST];
    let (plus, length) = digits(typed, &mut buffer)?;
    let digits = std::str::from_utf8(&buffer[..length]).ok()?;
    match home {
        Some(home) if !plus => national(digits, home),
        None if !plus && length < 12 => None,
        _ => international(digits),
    }
}

/// Copies the digits; `None` when there is anything else than digits, blanks, dashes, round brackets and a `+` in front.
fn digits(typed: &str, buffer: &mut [u8; LONGEST]) -> Option<(bool, usize)> {
    let (plus, rest) = typed.strip_prefix('+').map_or((false, typed), |rest| (true, rest));
    let mut length = 0;
    for byte in rest.bytes() {
        match byte {
            b'0'..=b'9' => {
                *buffer.get_mut(length)? = byte;
                length += 1;
            }
            b' ' | b'-' | b'(' | b')' => {}
            _ => return None,
        }
    }
    Some((plus, length))
}

/// Digits with their country code.
fn international(digits: &str) -> Option<Phone> {
    let fits = |plan: &&Plan| digits.strip_prefix(plan.code).is_some_and(|national| plan.has(national));
    PLANS.iter().find(fits).and_then(|_| Phone::from_international(digits))
}

/// Digits as they are dialled at home, with or without its country code.
fn national(digits: &str, home: &Home) -> Option<Phone> {
    // An area code is only put in front of what does not begin with it.
    let complete = home.area_code.as_ref().is_none_or(|area| digits.starts_with(area.as_str()));
    let longest = PLANS.iter().filter(|plan| plan.code == home.code).map(|plan| plan.length).max()?;
    if let Some(national) = digits.strip_prefix(home.code.as_str()) {
        let whole = digits.len() > longest && PLANS.iter().any(|plan| plan.code == home.code && plan.has(national));
        // Shorter, it could be a national number that happens to begin like the country code.
        return (complete && whole).then(|| Phone::from_international(digits)).flatten();
    }
    let plan = PLANS.iter().find(|plan| plan.code == home.code && plan.has(digits)).filter(|_| complete)?;
    // Area and line alone are taken for a mobile in Argentina.
    let nine = if plan.code == "54" && plan.length == 10 { "9" } else { "" };
    Phone::from_international(&format!("{}{nine}{digits}", plan.code))
}

impl Plan {
    fn has(&self, national: &str) -> bool {
        let bytes = national.as_bytes();
        bytes.len() == self.length
            && self.lead.contains(&bytes[0])
            && bytes.iter().any(|byte| *byte != bytes[0])
            && match self.code {
                // 15 behind the area is Argentina's local way of writing a mobile; no area begins with more than 3.
                "54" => {
                    (self.length == 11 && matches!(bytes[1], b'1'..=b'3'))
                        || self.length == 10
                            && !(national.starts_with("15") || (2..=4).any(|at| &bytes[at..at + 2] == b"15"))
                }
                // Areas have no nought; the plan of old mobiles and fixed lines begins with 2.
                "55" => bytes[1] != b'0' && if self.length == 11 { bytes[2] == b'9' } else { bytes[2] >= b'2' },
                // Services stand among the numbers of people; which of these are some is for the plans to say.
                "52" => !matches!(&bytes[..3], b"300" | b"800" | b"888" | b"900"),
                "1" => !(matches!(bytes[0], b'8' | b'9') && bytes[1] == bytes[2]),
                "595" => !national.starts_with("90") && !national.starts_with("980"),
                _ => true,
            }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::intake::phone_number::plans::is_known;
    use crate::intake::phone_number::read_slowly;

    const HOMES: [(&str, &str); 14] = [
        ("AR", ""),
        ("AR", "11"),
        ("AR", "341"),
        ("BR", ""),
        ("BR", "11"),
        ("MX", ""),
        ("MX", "55"),
        ("CO", ""),
        ("CL", ""),
        ("PE", ""),
        ("UY", ""),
        ("ES", ""),
        ("US", ""),
        ("DE", ""),
    ];

    /// Digits as numbers of the plans have them, now and then with a digit more or less.
    fn written() -> impl Strategy<Value = String> {
        let plan = (0..PLANS.len(), any::<bool>(), "[0-9]{0,12}", any::<prop::sample::Index>(), 0_usize..12);
        let like_a_plan = plan.prop_map(|(no, coded, tail, lead, off)| {
            let plan = &PLANS[no];
            let lead = char::from(*lead.get(plan.lead));
            let length = if off == 0 { plan.length + 1 } else { plan.length };
            let national: String = format!("{lead}{tail}5550123000000").chars().take(length).collect();
            if coded { format!("{}{national}", plan.code) } else { national }
        });
        prop_oneof![8 => like_a_plan, 1 => "[0-9]{6,15}", 2 => "(54)?9?(11|341|2966)?15[0-9]{6,9}",
            2 => "(55)?[0-9]{2}[2-9][0-9]{7,8}",
            1 => "1{8,13}|5{8,13}|9{8,13}",
            1 => "(52|1|595|34|54|55|0)?(300|400|8[0-8]{2}|90[0-2]|980|70)[0-9]{4,8}",
            1 => "(11|341|55|15|0)[0-9]{6,11}", 1 => "(57)?0?3[0-9]{8,9}", 1 => "(55)?55[6-9][0-9]{7}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn the_fast_way_says_what_the_numbering_plans_say(
            digits in written(), plus in any::<bool>(), home in 0..=HOMES.len(), cut in 0_usize..8
        ) {
            let typed = match digits.split_at_checked(cut) {
                Some((before, after)) if !before.is_empty() => format!("{before} {after}"),
                _ => digits,
            };
            let typed = if plus { format!("+{typed}") } else { typed };
            let home = HOMES.get(home).and_then(|(country, area)| Home::new(country, Some(area)));
            if let Some(phone) = read(&typed, home.as_ref()) {
                prop_assert_eq!(Ok(phone.digits().to_owned()), read_slowly(&typed, home.as_ref()).map(|p| p.digits().to_owned()));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn a_number_of_home_that_begins_like_its_country_code_is_one_of_home(
            tail in "(9[0-9]{8}|[2-5][0-9]{7})", cut in 0_usize..4
        ) {
            let home = Home::new("BR", None).unwrap();
            let digits = format!("55{tail}");
            let number = |digits: &str| Phone::from_international(digits).filter(is_known);
            let (known, (before, after)) = (number(&format!("55{digits}")), digits.split_at(cut));
            // What is a number with its country code as it stands (3003 and the like have no area) is that one.
            if known.is_some() && number(&digits).is_none() {
                prop_assert_eq!(super::super::read(&format!("{before} {after}"), Some(&home)).ok(), known, "{}", digits);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn the_0_before_a_number_takes_nothing_from_it(
            no in 0..PLANS.len(), tail in "[0-9]{12}", lead in any::<prop::sample::Index>(), cut in 0_usize..5
        ) {
            let plan = &PLANS[no];
            let lead = char::from(*lead.get(plan.lead));
            let national: String = format!("{lead}{tail}").chars().take(plan.length).collect();
            let whole = Phone::from_international(&format!("{}{national}", plan.code)).unwrap();
            let homes = HOMES.iter().filter_map(|(country, _)| Home::new(country, None));
            let home = homes.filter(|home| home.code == plan.code).find(dials_a_nought);
            if let Some(home) = home.filter(|_| plan.has(&national) && is_known(&whole)) {
                let (before, after) = national.split_at(cut);
                let written = format!("0{before} {after}");
                let read = |text: &str| super::super::read(text, Some(&home)).map(|p| p.digits().to_owned());
                prop_assert_eq!(read(&written), read(&national), "{}", written);
                for coded in [format!("+{} {written}", plan.code), format!("{} {written}", plan.code)] {
                    prop_assert_eq!(read(&coded), Ok(whole.digits().to_owned()), "{}", coded);
                }
            }
        }
    }

    fn dials_a_nought(home: &Home) -> bool {
        let plan = phonenumber::metadata::DATABASE.by_id(home.country.as_ref());
        plan.is_some_and(|plan| plan.national_prefix() == Some("0"))
    }

    #[test]
    fn the_usual_ways_of_writing_take_the_fast_way() {
        for (country, area, typed, expected) in [
            ("AR", "11", "+54 9 11 5555-0123", "5491155550123"),
            ("AR", "11", "11 5555-0123", "5491155550123"),
            ("AR", "", "5491155550123", "5491155550123"),
            ("BR", "", "(11) 98765-4321", "5511987654321"),
            ("BR", "", "5511987654321", "5511987654321"),
            ("MX", "", "55 1234 5678", "525512345678"),
            ("CO", "", "3001234567", "573001234567"),
        ] {
            let home = Home::new(country, Some(area));
            assert_eq!(read(typed, home.as_ref()).map(|p| p.digits().to_owned()).as_deref(), Some(expected), "{typed}");
        }
    }
}
